"""Selective queries compared with DuckDB and Polars on Parquet, sorted and unsorted.

    python benchmarks/bench_queries.py [--rows 1000000 10000000] [--asks 40]
        [--parquet-asks 40] [--clients 1 8] [--tables swift.rates …] [--keep FOLDER]
        [--plot PICTURE]

Tables and queries are seeded (query_tables.py) and the same for all engines
(query_engines.py); an answer of another length than Orbital's stops the run. Cold is the
first query of a new connection. Clients are threads of one process. The last lines of
Orbital are measured while another process inserts 10,000 rows into each table every half
second. Parquet has row groups of 122,880 rows; unsorted files get a quarter of the queries,
from one client, and no file more than --parquet-asks. With --keep, ratios and picture
include all runs in that folder.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import query_tables as tables
from query_engines import Ours, Polars, duck
from query_ledger import ledger_cost
from query_plot import draw
from query_ratios import print_ratios

from orbital_kernel import connect, embedded
from orbital_kernel import query as planner

COLDS = 5
FEWER = 4
INGEST_ROWS = 10_000
INGEST_SECONDS = 0.5
ROW_GROUP = 65_536
HEAD = "| kind | engine | clients | cold ms | p50 | p95 | p99 | rows | read/stored |"


def measure(engine, kind, queries, clients):
    """Return milliseconds (n,), lengths of the answers, and how each was answered."""

    def answer(query):
        start = time.perf_counter()
        rows, how = engine.ask(query, kind)
        return 1e3 * (time.perf_counter() - start), rows, how

    with ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(answer, queries))
    ms, rows, hows = zip(*done, strict=True)
    return np.array(ms), list(rows), [how for how in hows if how is not None]


def line(kind, engine, clients, cold, measured, note=""):
    """Print one line of the table and return it as values."""
    ms, rows, hows = measured
    p50, p95, p99 = (float(p) for p in np.percentile(ms, (50, 95, 99)))
    share = None
    if hows:
        share = sum(h.rows_read for h in hows) / sum(h.rows_stored for h in hows)
    shown = "" if cold is None else f"{cold:.0f}"
    print(
        f"| {kind} | {engine.name}{note} | {clients} | {shown} | {p50:.1f} | {p95:.1f} "
        f"| {p99:.1f} | {np.mean(rows):.0f} | {'' if share is None else f'{share:.1e}'} |",
        flush=True,
    )
    return {
        "kind": kind,
        "engine": engine.name + note,
        "clients": clients,
        "cold_ms": cold,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "share": share,
    }


def cold(folder, kind, queries, name):
    """Return the median of a new connection's first query, ms."""
    milliseconds = []
    for query in queries[:COLDS]:
        if name == "Orbital":
            fresh = Ours(connect(folder / "home"))
            fresh.orbital.store  # noqa: B018 connects only
        elif name.startswith("DuckDB"):
            fresh = duck(folder / name.split()[1])
        else:
            fresh = Polars(folder / name.split()[1])
        milliseconds.append(measure(fresh, kind, [query], 1)[0][0])
    return float(np.median(milliseconds))


def compare(folder, orbital, queries, clients, parquet_asks):
    """Run every kind of query on every engine; return all lines."""
    engines = [Ours(orbital)]
    for kind in ("sorted", "unsorted"):
        if (folder / kind).exists():
            engines += [duck(folder / kind), Polars(folder / kind)]
    lines = []
    for kind, many in queries.items():
        right = measure(engines[0], kind, many, 1)[1]
        for engine in engines:
            path = getattr(engine, "folder", None)
            if path and not (path / f"{many[0].table}.parquet").exists():
                continue
            first = cold(folder, kind, many, engine.name)
            slow = "unsorted" in engine.name
            some = slice(None, None, FEWER if slow else 1)
            most = parquet_asks if path else None
            for number in clients[:1] if slow else clients:
                measured = measure(engine, kind, many[some][:most], number)
                if measured[1] != right[some][:most]:
                    raise SystemExit(
                        f"{engine.name} and Orbital differ in the answer to {kind}"
                    )
                lines.append(line(kind, engine, number, first, measured))
                first = None
                check_reading(kind, measured)
    return lines


def check_reading(kind, measured):
    """Stop if more was read than the result and two row groups per range.

    The result of a count is the rows counted.
    """
    _, results, hows = measured
    for result, how in zip(results, hows, strict=bool(hows)):
        ranges = max(how.sky_ranges, 1)
        if how.rows_read > result + 2 * ROW_GROUP * ranges:
            raise SystemExit(f"{kind} read {how.rows_read:,} rows: {how}")


@contextmanager
def ingesting(folder, names):
    """Insert rows into the tables, by another process, while the block runs."""
    command = [sys.executable, __file__, "--ingest-into", str(folder / "home")]
    writer = subprocess.Popen([*command, "--tables", *names], stdout=subprocess.PIPE)
    try:
        writer.stdout.readline()
        yield
    finally:
        writer.terminate()
        writer.wait()


def ingest_into(home, names):
    """Insert rows that no query selects, until stopped: later, and faint at the pole."""
    orbital = connect(home)
    at = 10_000
    while True:
        start = time.monotonic()
        for name in names:
            rows = tables.batch(name, at, (at + 1) * tables.BATCH).slice(0, INGEST_ROWS)
            orbital.store.insert(name, _away(rows))
        print("inserted", flush=True)
        at += 1
        time.sleep(max(0.0, INGEST_SECONDS - (time.monotonic() - start)))


def _away(rows):
    frame = pl.from_arrow(rows)
    if "flux" in rows.column_names:
        pole = (1 << 58) - 1  # a cell of base pixel 0, in a corner without fields
        frame = frame.with_columns(
            pl.lit(pole).alias("healpix"), dec=pl.lit(89.99), flux=pl.lit(1e-20)
        )
    if "object" in rows.column_names:
        frame = frame.with_columns(object=pl.lit("elsewhere"))
    return frame.to_arrow()


def fill(folder, rows, names):
    """Fill the store and both kinds of Parquet; return rows per second into the store."""
    folder.mkdir(parents=True, exist_ok=True)
    orbital = connect(folder / "home")
    orbital.storage.apply()
    start = time.perf_counter()
    for name in names:
        for part in tables.batches(name, rows):
            orbital.store.insert(name, part)
    pace = len(names) * rows / (time.perf_counter() - start)
    for name in names:
        tables.to_parquet(name, rows, folder)
        (folder / f"{name}.filled").touch()
    return pace


def settle(orbital, queries, names, seconds=1800):
    """Wait until background sorting has finished, or stop."""
    until, before, since = time.monotonic() + seconds, None, time.monotonic()
    while time.monotonic() - since < 6:
        if time.monotonic() > until:
            raise SystemExit(
                f"sorting has not finished after {seconds} s: run again with --keep"
            )
        now = [planner.run(q, orbital.store).how.rows_read for q in queries]
        with orbital.store.transaction() as tx:
            done = all(
                tx.in_order(table, name)
                for table in names
                for name in tx.projections(table)
            )
        if now != before or not done:
            before, since = now, time.monotonic()
        time.sleep(1)


def bench(folder, rows, options):
    """Measure tables of one size; return all lines."""
    missing = [n for n in options.tables if not (folder / f"{n}.filled").exists()]
    pace = fill(folder, rows, missing) if missing else None
    orbital = connect(folder / "home")
    try:
        queries = {
            kind: many
            for kind, many in tables.questions(rows, options.asks).items()
            if many[0].table in options.tables
        }
        settle(orbital, [many[0] for many in queries.values()], options.tables)
        stored = "" if pace is None else f" (stored at {pace:,.0f} rows/s)"
        print(f"\n#### {rows:,} rows per table{stored}\n")
        most = min(options.asks, options.parquet_asks)
        print(f"{options.asks} queries per line, for Parquet at most {most}.\n\n{HEAD}")
        print("|" + " --- |" * (HEAD.count("|") - 1))
        lines = compare(folder, orbital, queries, options.clients, options.parquet_asks)
        with ingesting(folder, options.tables):
            for kind, many in queries.items():
                for number in options.clients:
                    measured = measure(Ours(orbital), kind, many, number)
                    check_reading(kind, measured)
                    note = ", ingesting"
                    lines.append(
                        line(kind, Ours(orbital), number, None, measured, note)
                    )
        if "cone 2'" in queries:
            ledger_cost(orbital, queries["cone 2'"])
        orbital.flush()
    finally:
        embedded.stop(folder / "home")
    return [{"rows": rows, **values} for values in lines]


def kept_lines(folder):
    """Return the lines of every run in a folder."""
    return [
        row
        for path in sorted(folder.glob("*.json"))
        for row in json.loads(path.read_text())
    ]


def main():
    """Measure each size in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--asks", type=int, default=40)
    parser.add_argument("--parquet-asks", type=int, default=40)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument(
        "--tables", nargs="+", default=list(tables.MAKERS), choices=tables.MAKERS
    )
    parser.add_argument("--keep", type=Path, help="keep tables and lines here")
    parser.add_argument("--plot", type=Path, help="draw the kept lines as this picture")
    parser.add_argument("--ingest-into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ingest_into is not None:
        ingest_into(options.ingest_into, options.tables)
    with TemporaryDirectory() as scratch:
        results = options.keep or Path(scratch)
        for rows in options.rows:
            lines = bench(results / str(rows), rows, options)
            name = "-".join([str(rows), *options.tables])
            (results / f"{name}.json").write_text(json.dumps(lines))
        print_ratios(kept_lines(results))
        if options.plot is not None:
            draw(kept_lines(results), options.plot)


if __name__ == "__main__":
    main()
