"""The stand-in, through the SDK, compared with DuckDB and Polars on Parquet.

    python benchmarks/bench_standin.py [--rows 10000000] [--floats 5] [--asks 40]
        [--scans 7] [--open-rows 0] [--batches 80] [--inserts 5] [--out DIR]

One seeded table of a time, floats and a text, sorted by time; Parquet holds the
same rows in the same order, in files as pyarrow (row groups of 1,048,576), DuckDB
(122,880) and Polars write them by default. Answers of another length than ours stop
the run. Every number is a median.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from standin_inserts import inserting
from standin_measures import (
    opening,
    ranges,
    rows_read,
    scans,
    small_requests,
    starting,
)
from standin_process import Standin
from standin_tables import Parquet, fill, open_session


def main():
    given = _parser().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-standin-", dir=given.out))
    try:
        _run(given, folder)
    finally:
        shutil.rmtree(folder)


def _run(given, folder):
    starting(folder / "empty", given.starts)
    if given.inserts:
        inserting(folder / "inserts", given.batches, given.inserts)
    with Standin(folder / "data") as standin:
        session = open_session(standin)
        nbytes = fill(session, given.rows, floats=given.floats)
        parquet = Parquet.of(session, given.rows, folder)
        ranges(standin, session, parquet, given.rows, given.asks)
        rows_read(session, given.rows)
        small_requests(standin)
        scans(standin, session, parquet, (given.rows, nbytes), given.scans)
    if given.open_rows:
        opening(folder / "large", given.open_rows)


def _parser():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--rows", type=int, default=10_000_000, help="rows of the table read")
    add("--floats", type=int, default=5, help="its columns of floats")
    add("--asks", type=int, default=40, help="questions of a kind of range")
    add("--scans", type=int, default=7, help="full scans of a kind")
    add("--starts", type=int, default=5, help="starts of an empty stand-in")
    add("--batches", type=int, default=80, help="batches of 65,536 rows inserted")
    add("--inserts", type=int, default=5, help="runs of a kind of inserting; 0: none")
    add("--open-rows", type=int, default=0, help="rows of a store opened anew; 0: none")
    add("--out", type=Path, help="where the files go while it runs")
    return parser


if __name__ == "__main__":
    main()
