"""The scale model, fitted to smaller sizes, compared with measurements of a larger one.

    python benchmarks/bench_scale.py [--rows 100000 300000 1000000 3000000 10000000]
        [--asks 120] [--seed 8] [--keep FILE]

Each size has its own embedded platform with seeded tables (query_tables.py). All sizes get
the same kinds of queries in turn, so that other work on the machine affects all of them.
Rows read and durations come from the query ledgers. The model of each kind is fitted to all
sizes but the largest, and its prediction there is compared with the measurement.
"""

import argparse
import time
from datetime import timedelta
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import query_tables as tables

from orbital_kernel import Cone, Query, TimeSpan, connect, embedded
from orbital_kernel.storage.cost.query_model import calibrated
from orbital_kernel.storage.cost.scale import predict_on_this_machine
from orbital_kernel.storage.history import History

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
STEADY = 3
SAMPLE = 6
HEAD = (
    "kind", "rows read: model", "measured", "error", "bytes: model", "measured", "error",
    "ms: model", "90 % interval", "measured p50", "inside",
)  # fmt: skip


def fill(orbital, rows):
    """Provision, and insert tables with a number of rows."""
    orbital.storage.apply()
    for table in tables.MAKERS:
        for part in tables.batches(table, rows):
            orbital.store.insert(table, part)


def questions(rows, asks, seed):
    """Return `asks` different queries of each kind for tables of `rows` rows.

    Places are those of randomly drawn rows; a share of a table is a share of the time it
    covers.
    """
    dice = np.random.default_rng((seed, rows))
    number = int(dice.integers(0, -(-rows // tables.BATCH)))
    some = tables.batch(tables.SOURCES, number, rows).select(["ra", "dec"])
    near = some.take(dice.integers(0, len(some), asks)).to_pylist()
    covered = 0.064 * rows
    ten_years = timedelta(days=3652)

    def span(share=None, seconds=None):
        length = seconds or share * covered
        start = tables.ZERO + timedelta(seconds=dice.uniform(0, covered - length))
        return TimeSpan(start, start + timedelta(seconds=length))

    def month(share):
        start = tables.ZERO + dice.uniform(0, 1 - share) * ten_years
        return TimeSpan(start, start + share * ten_years)

    rates = (tables.RATES, ("time", "rate"))
    return {
        "cone 10'": [
            Query(tables.SOURCES, tables.SKY, cone=Cone(s["ra"], s["dec"], 10.0))
            for s in near
        ],
        "60 s": [Query(*rates, time=span(seconds=60)) for _ in range(asks)],
        "1 % of the time": [Query(*rates, time=span(share=0.01)) for _ in range(asks)],
        "5 % and flux": [
            Query(
                tables.PHOTOMETRY,
                tables.POINTS,
                time=month(0.05),
                ranges={"value": (None, 1e9)},
            )
            for _ in range(asks)
        ],
        "unpruned": [
            Query(
                tables.SOURCES,
                ("source_id", "significance"),
                ranges={"significance": (40.0 + n / asks, None)},
                full_scan=True,
            )
            for n in range(asks // 4)
        ],
    }


def settle(orbital, queries, seconds=300):
    """Wait until background sorting has finished."""
    until, before, same = time.monotonic() + seconds, None, 0
    some = [query for many in queries.values() for query in many[:SAMPLE]]
    while time.monotonic() < until and same < STEADY:
        now = [orbital.query(query, kind="settle").how.rows_read for query in some]
        same = same + 1 if now == before else 0
        before = now
        time.sleep(1)


def measure(platforms, asks, seed):
    """Query all sizes in turn; return the ledgers' measurements by kind."""
    queries = {rows: questions(rows, asks, seed) for rows in platforms}
    for rows, orbital in platforms.items():
        settle(orbital, queries[rows])
    for number in range(asks):
        for rows, orbital in platforms.items():
            for kind, many in queries[rows].items():
                if number < len(many):
                    orbital.query(many[number], kind=kind)
    measured = {}
    for rows, orbital in platforms.items():
        orbital.flush()
        ledger = History(orbital.store).measured()
        for kind in queries[rows]:
            measured.setdefault(kind, []).extend(ledger[kind])
    return measured


def held(kind, measured):
    """Return a line: the prediction for the largest size, and the measurement."""
    largest = max(query.rows_stored for query in measured)
    last = [query for query in measured if query.rows_stored == largest]
    predicted = predict_on_this_machine(
        calibrated([m for m in measured if m.rows_stored < largest]), largest
    )
    rows = mean(query.rows_read for query in last)
    size = mean(query.bytes_read for query in last)
    inside = [
        predicted.low_ms <= query.milliseconds <= predicted.high_ms for query in last
    ]
    return {
        "kind": kind,
        "rows": (predicted.rows_read, rows, predicted.rows_read / rows - 1),
        "bytes": (predicted.bytes_read, size, predicted.bytes_read / size - 1),
        "ms": (predicted.milliseconds, predicted.low_ms, predicted.high_ms),
        "p50": median(query.milliseconds for query in last),
        "inside": sum(inside) / len(inside),
    }


def show(lines, sizes):
    """Print the table of RESULTS.md."""
    print(f"\nFitted to {', '.join(f'{n:,}' for n in sizes[:-1])} rows; compared with "
          f"{sizes[-1]:,}.\n")  # fmt: skip
    print("| " + " | ".join(HEAD) + " |")
    print("|" + " ---: |" * len(HEAD))
    for row in lines:
        rows, size, (ms, low, high) = row["rows"], row["bytes"], row["ms"]
        print(
            f"| {row['kind']} | {rows[0]:,.0f} | {rows[1]:,.0f} | {rows[2]:+.1%} "
            f"| {size[0]:,.0f} | {size[1]:,.0f} | {size[2]:+.1%} | {ms:.1f} "
            f"| {low:.1f} to {high:.1f} | {row['p50']:.1f} | {row['inside']:.0%} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--asks", type=int, default=120)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument(
        "--keep", type=Path, help="write all measurements to this CSV file"
    )
    options = parser.parse_args()
    sizes = sorted(set(options.rows))
    if len(sizes) < 3:
        parser.error("give three sizes or more: two to fit, one to compare with")
    with TemporaryDirectory() as scratch:
        homes = {rows: Path(scratch) / str(rows) for rows in sizes}
        try:
            platforms = {rows: connect(home) for rows, home in homes.items()}
            for rows, orbital in platforms.items():
                fill(orbital, rows)
            measured = measure(platforms, options.asks, options.seed)
        finally:
            for home in homes.values():
                embedded.stop(home)
    if options.keep:
        rows = [
            {"kind": kind, **vars(query)}
            for kind, many in measured.items()
            for query in many
        ]
        pl.DataFrame(rows).with_columns(pl.col("milliseconds").round(2)).write_csv(
            options.keep
        )
    lines = [held(kind, many) for kind, many in measured.items()]
    show(lines, sizes)
    off = max(abs(row[part][2]) for row in lines for part in ("rows", "bytes"))
    print(f"\nLargest error of rows and bytes read: {off:.1%}")


if __name__ == "__main__":
    main()
