"""Selective queries beside DuckDB and Polars over Parquet, sorted and unsorted, in one run.

    python benchmarks/bench_queries.py [--rows 1000000 ...] [--asks 40] [--clients 1 8]

Seeded tables of the product's own shapes: sources crowded in fields, 64 ms rates,
photometry of N/200 objects. The same questions go to all: ours through `orbital.query`
with its ledger; to the others the planner's own ranges as SQL or Polars filters over
Parquet (row groups of 122,880), the exact residual by the same Polars expression. An
answer of another length than ours stops the run. Clients are threads of one process.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from orbital_kernel import Cone, Query, TimeSpan, connect, embedded, sky, times
from orbital_kernel.predicate import Equal
from orbital_kernel.query import plan

ZERO = datetime(2020, 1, 1)  # noqa: DTZ001 UTC by the planner's rule
SOURCES, RATES, PHOTOMETRY = "chandra.sources", "swift.rates", "swift.photometry"
SORT = {SOURCES: "healpix", RATES: "time", PHOTOMETRY: "time"}
SKY = ("source_id", "ra", "dec", "flux", "significance")
POINTS = ("object", "time", "value")
BATCH = 1_000_000
GROUP = 122_880


def sources(dice, rows):
    """Return sources in fields of 12 arcmin, in order of discovery, not of the sky."""
    fields = max(rows // 500, 1)
    ra0, dec0 = (
        dice.uniform(0, 360, fields),
        np.degrees(np.arcsin(dice.uniform(-0.99, 0.99, fields))),
    )
    at = dice.integers(0, fields, rows)
    dec = dec0[at] + dice.uniform(-0.2, 0.2, rows)
    ra = (ra0[at] + dice.uniform(-0.2, 0.2, rows) / np.cos(np.radians(dec))) % 360
    return pa.table(
        {
            "source_id": pa.array(np.char.add("S", np.arange(rows).astype("U9"))),
            "ra": ra,
            "dec": dec,
            "healpix": sky.healpix(ra, dec),
            "flux": dice.lognormal(-31, 1.5, rows),
            "significance": dice.gamma(2, 5, rows),
        }
    )


def rates(dice, rows):
    """Return a stream of 64 ms bins."""
    tt = times.tt_from_utc(np.datetime64(ZERO))[0]
    return pa.table(
        {
            "time": tt + np.arange(rows) * np.timedelta64(64_000_000, "ns"),
            "channel": pa.array(np.arange(rows) % 4, pa.int16()),
            "rate": dice.poisson(400, rows) / 0.064,
        }
    )


def photometry(dice, rows):
    """Return points of rows/200 objects over ten years, in order of time."""
    tt = times.tt_from_utc(np.datetime64(ZERO))[0]
    since = np.sort(dice.uniform(0, 3652 * 86_400e9, rows)).astype("timedelta64[ns]")
    named = dice.integers(0, max(rows // 200, 1), rows).astype("U9")
    return pa.table(
        {
            "object": pa.array(np.char.add("object ", named)),
            "time": tt + since,
            "value": dice.lognormal(-26, 2, rows),
        }
    )


MAKERS = {SOURCES: sources, RATES: rates, PHOTOMETRY: photometry}


def questions(dice, tables, asks):
    """Return by kind as many different questions as asked for."""
    rows = len(tables[RATES])
    near = tables[SOURCES].take(dice.integers(0, rows, asks)).to_pylist()
    starts = [ZERO + timedelta(seconds=s) for s in dice.uniform(0, 0.05 * rows, asks)]
    days = [ZERO + timedelta(days=d) for d in dice.uniform(0, 3600, asks)]
    names = tables[PHOTOMETRY]["object"].take(dice.integers(0, rows, asks)).to_pylist()

    def within(start, **length):
        return TimeSpan(start, start + timedelta(**length))

    return {
        "cone 2'": [
            Query(SOURCES, SKY, cone=Cone(s["ra"], s["dec"], 2.0)) for s in near
        ],
        "60 s window": [
            Query(RATES, ("time", "rate"), time=within(s, seconds=60)) for s in starts
        ],
        "object history": [
            Query(PHOTOMETRY, POINTS, sets={"object": [name]}, full_scan=True)
            for name in names
        ],
        "flux and time": [
            Query(
                PHOTOMETRY,
                POINTS,
                time=within(d, days=30),
                ranges={"value": (1e-9, None)},
            )
            for d in days
        ],
        "count of 1 h": [
            Query(RATES, ("channel",), time=within(s, hours=1)) for s in starts
        ],
    }


def sql(clause):
    """Return a clause of ranges or values as SQL."""

    def one(term):
        if isinstance(term, Equal):
            return f"{clause.column} = {literal(term.value)}"
        ends = ((">=", term.low), ("<=", term.high))
        said = (f"{clause.column} {o} {literal(v)}" for o, v in ends if v is not None)
        return "(" + " AND ".join(said) + ")"

    return "(" + " OR ".join(map(one, clause.any_of)) + ")"


def literal(value):
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    return f"'{value}'" if isinstance(value, str) else repr(value)


@dataclass(frozen=True)
class Ours:
    orbital: object

    def ask(self, asked, kind):
        answer = self.orbital.query(asked, kind=kind)
        how = answer.how
        return len(answer.frame), how.rows_read, how.rows_stored


@dataclass(frozen=True)
class Duck:
    folder: Path
    database: duckdb.DuckDBPyConnection

    def ask(self, asked, _kind):
        planned = plan(asked)
        file = self.folder / f"{asked.table}.parquet"
        what = ", ".join(planned.columns)
        where = " AND ".join(map(sql, planned.pushed))
        text = f"SELECT {what} FROM read_parquet('{file}') WHERE {where}"
        found = pl.from_arrow(self.database.cursor().sql(text).to_arrow_table())
        return len(found.filter(*(e for _, e in planned.residual))), None, None


@dataclass(frozen=True)
class Polars:
    folder: Path

    def ask(self, asked, _kind):
        planned = plan(asked)
        found = (
            pl.scan_parquet(self.folder / f"{asked.table}.parquet")
            .filter(*(c.expr() for c in planned.pushed))
            .select(planned.columns)
            .collect()
        )
        return len(found.filter(*(e for _, e in planned.residual))), None, None


def measure(engine, kind, asked, clients):
    """Return milliseconds (n,), answers' lengths, and rows read over rows stored."""

    def one(query):
        start = time.perf_counter()
        told = engine.ask(query, kind)
        return 1e3 * (time.perf_counter() - start), told

    with ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(one, asked))
    read = [(r, stored) for _, (_, r, stored) in done if r is not None]
    share = sum(r for r, _ in read) / sum(s for _, s in read) if read else None
    return np.array([ms for ms, _ in done]), [told[0] for _, told in done], share


def load(orbital, tables, folder):
    """Fill the store and both kinds of Parquet; return rows a second into the store."""
    start = time.perf_counter()
    for name, rows in tables.items():
        for at in range(0, len(rows), BATCH):
            orbital.store.insert(name, rows.slice(at, BATCH))
    took = time.perf_counter() - start
    dice = np.random.default_rng(1)
    for kind in ("sorted", "unsorted"):
        (folder / kind).mkdir()
    for name, rows in tables.items():
        shuffled = rows.take(dice.permutation(len(rows)))
        for kind, data in (
            ("sorted", rows.sort_by(SORT[name])),
            ("unsorted", shuffled),
        ):
            path = folder / kind / f"{name}.parquet"
            pq.write_table(data, path, row_group_size=GROUP)
    return sum(map(len, tables.values())) / took


def settle(orbital, asked, seconds=120):
    """Wait until the background's sorting changes nothing any more."""
    until, before, since = time.monotonic() + seconds, None, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < 10:
        hows = [orbital.query(q, kind="settle").how for q in asked]
        now = [how.rows_read for how in hows]
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(1)


def bench(rows, asks, clients):
    dice = np.random.default_rng(42)
    tables = {name: make(dice, rows) for name, make in MAKERS.items()}
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        orbital = connect(folder / "home")
        try:
            orbital.storage.apply()
            pace = load(orbital, tables, folder)
            asked = questions(dice, tables, asks)
            settle(orbital, [many[0] for many in asked.values()])
            print(f"\n## {rows:,} rows a table (stored at {pace:,.0f} rows/s)\n")
            compare(orbital, folder, asked, clients)
            orbital.flush()
        finally:
            embedded.stop(folder / "home")


def compare(orbital, folder, asked, clients):
    engines = {
        "Orbital": Ours(orbital),
        "DuckDB sorted": Duck(folder / "sorted", duckdb.connect()),
        "Polars sorted": Polars(folder / "sorted"),
        "DuckDB unsorted": Duck(folder / "unsorted", duckdb.connect()),
        "Polars unsorted": Polars(folder / "unsorted"),
    }
    print(
        "| kind | clients | engine | first ms | p50 | p95 | p99 | rows | read/stored |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind, many in asked.items():
        firsts = {}
        for number in clients:
            lengths = None
            for name, engine in engines.items():
                if name not in firsts:
                    firsts[name] = measure(engine, kind, many[:1], 1)[0][0]
                ms, found, share = measure(engine, kind, many[1:], number)
                if lengths is not None and found != lengths:
                    raise SystemExit(f"{name} answers {kind} otherwise than Orbital")
                lengths = found
                p50, p95, p99 = np.percentile(ms, (50, 95, 99))
                told = "" if share is None else f"{share:.1e}"
                print(
                    f"| {kind} | {number} | {name} | {firsts[name]:.0f} | {p50:.1f} | "
                    f"{p95:.1f} | {p99:.1f} | {np.mean(found):.0f} | {told} |",
                    flush=True,
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--asks", type=int, default=40)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    told = parser.parse_args()
    for rows in told.rows:
        bench(rows, told.asks, told.clients)


if __name__ == "__main__":
    main()
