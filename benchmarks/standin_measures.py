"""Measurements of the stand-in's benchmark, one function per table of results."""

import shutil
import signal
import statistics
import time
from collections import defaultdict
from contextlib import contextmanager

import duckdb
import numpy as np
import polars as pl
from standin_process import Peak, Standin
from standin_tables import (
    BUCKET,
    SCHEMA,
    TABLE,
    fill,
    moment,
    open_session,
)
from vastdb import _internal
from vastdb.config import QueryConfig
from vastdb.table_metadata import TableMetadata, TableRef

MB = 1e6


def timed(work):
    """Return seconds and result of a call."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


class Costs:
    """Cost of queries by name: elapsed seconds, and CPU seconds of all processes."""

    def __init__(self, standin):
        self.standin = standin
        self.clock, self.cpu = defaultdict(list), defaultdict(float)

    def of(self, name, work):
        """Do work, record its cost, and return its result."""
        before = time.process_time() + self.standin.cpu_s
        spent, result = timed(work)
        self.clock[name].append(spent)
        self.cpu[name] += time.process_time() + self.standin.cpu_s - before
        return result

    def rows(self):
        """Yield name, median and 95th percentile of elapsed seconds, and mean CPU."""
        for name, spent in self.clock.items():
            late = np.percentile(spent, 95)
            yield name, statistics.median(spent), late, self.cpu[name] / len(spent)


def table_metadata(tx):
    """Return the table's metadata, for use in many queries."""
    metadata = TableMetadata(TableRef(BUCKET, SCHEMA, TABLE))
    metadata.load(tx)
    return metadata


def starting(folder, starts):
    """Time process start to first HTTP answer, in a new and in a used folder."""
    shutil.rmtree(folder, ignore_errors=True)
    again = []
    with Standin(folder) as standin:
        first = standin.first_answer_s
    for _ in range(starts):
        with Standin(folder) as standin:
            again.append(standin.first_answer_s)
    print("\n| process start to first answer over HTTP | s |\n| --- | ---: |")
    print(f"| new folder: keys and certificates created | {first:.2f} |")
    print(f"| folder in use before | {statistics.median(again):.2f} |", flush=True)


def stored(standin):
    """Return the number of stored rows."""
    with open_session(standin).transaction() as tx:
        return tx.bucket(BUCKET).schema(SCHEMA).table(TABLE).stats.num_rows


def ranges(standin, session, parquet, rows, asks):
    """Time 10-row ranges on the sort key, all engines in turn."""
    firsts = np.random.default_rng(3).integers(0, rows - 10, asks)
    costs = Costs(standin)
    with session.transaction() as running:
        askers = _askers(session, running, parquet)
        for first in firsts:
            for name, ask in askers.items():
                count = costs.of(name, lambda: ask(moment(first), moment(first + 9)))  # noqa: B023
                assert count == 10, (name, count)
    print(f"\n| 10-row range of {rows:,} rows | median ms | p95 | CPU ms |")
    print("| --- | ---: | ---: | ---: |")
    for name, middle, late, cpu in costs.rows():
        print(f"| {name} | {middle * 1e3:.1f} | {late * 1e3:.1f} | {cpu * 1e3:.1f} |")


def _askers(session, running, parquet):
    unsplit = QueryConfig(num_splits=1, num_sub_splits=1)
    metadata = table_metadata(running)
    open_table = running.table_from_metadata(metadata)

    def select(table, low, high, config=None):
        condition = (table["time"] >= low) & (table["time"] <= high)
        return len(table.select(predicate=condition, config=config).read_all())

    def default(low, high):
        with session.transaction() as tx:
            return select(tx.bucket(BUCKET).schema(SCHEMA).table(TABLE), low, high)

    def cached(low, high):
        with session.transaction() as tx:
            return select(tx.table_from_metadata(metadata), low, high, unsplit)

    def inside(low, high):
        return select(open_table, low, high, unsplit)

    return {
        "select, open transaction": inside,
        "transaction + select, cached metadata": cached,
        "transaction + open table + select": default,
        "DuckDB, Parquet by pyarrow": lambda *r: _by_duckdb(parquet.pyarrow_file, *r),
        "Polars, Parquet by pyarrow": lambda *r: _by_polars(parquet.pyarrow_file, *r),
        "DuckDB, Parquet by DuckDB": lambda *r: _by_duckdb(parquet.duckdb_file, *r),
        "Polars, Parquet by Polars": lambda *r: _by_polars(parquet.polars_file, *r),
    }


def _by_duckdb(file, low, high):
    between = f"time BETWEEN TIMESTAMP '{low}' AND TIMESTAMP '{high}'"
    return len(duckdb.sql(f"SELECT * FROM '{file}' WHERE {between}").to_arrow_table())


def _by_polars(file, low, high):
    condition = pl.col("time").is_between(low, high)
    return pl.scan_parquet(file).filter(condition).collect().height


def rows_read(session, rows):
    """Print what the server opened for narrow ranges on the sort key."""
    dice = np.random.default_rng(4)
    unsplit = QueryConfig(num_splits=1, num_sub_splits=1)
    print("\n| rows requested | rows read by the server | row groups opened |")
    print("| ---: | ---: | ---: |")
    with session.transaction() as tx:
        metadata = table_metadata(tx)
        for count in (1, 10, 1000, 100_000):
            read, groups = [], []
            for first in dice.integers(0, rows - count, 20):
                low = moment(first)
                high = moment(first + count - 1)
                table = tx.table_from_metadata(metadata)
                condition = (table["time"] >= low) & (table["time"] <= high)
                with heard() as headers:
                    length = len(
                        table.select(predicate=condition, config=unsplit).read_all()
                    )
                assert length == count, (length, count)
                read.append(sum(int(h["x-orbital-rows-read"]) for h in headers))
                groups.append(sum(int(h["x-orbital-row-groups-read"]) for h in headers))
            print(f"| {count:,} | {max(read):,} at most | {max(groups)} at most |")


@contextmanager
def heard():
    """Collect the headers of query answers the SDK receives in a block."""
    headers = []
    before = _internal.VastdbApi.query_data

    def query_data(*args, **options):
        answer = before(*args, **options)
        headers.append(answer.headers)
        return answer

    _internal.VastdbApi.query_data = query_data
    try:
        yield headers
    finally:
        _internal.VastdbApi.query_data = before


def small_requests(standin):
    """Print the server's own time of each kind of request so far, from its log."""
    spent = {}
    for entry in standin.log_lines:
        if entry["port"] == "data" and entry["query"] and entry["status"] == 200:
            command = next(iter(entry["query"]))
            if entry["bytes_out"] < 10_000 and entry["bytes_in"] < 100_000:
                spent.setdefault((entry["method"], command), []).append(entry["ms"])
    print("\n| small request | number | server ms, median | p95 |")
    print("| --- | ---: | ---: | ---: |")
    for (method, command), all_ms in sorted(spent.items()):
        middle, late = statistics.median(all_ms), np.percentile(all_ms, 95)
        print(f"| {method} ?{command} | {len(all_ms)} | {middle:.2f} | {late:.2f} |")


def scans(standin, session, parquet, size, times):
    """Scan all rows: one and two endpoints of the stand-in, DuckDB, Polars.

    Each round has another order: the method after one that returned its memory to the
    system pays for getting it again.
    """

    rows, nbytes = size

    def select(endpoints, **options):
        config = QueryConfig(data_endpoints=[standin.endpoint] * endpoints, **options)
        with session.transaction() as tx:
            return tx.table_from_metadata(metadata).select(config=config).read_all()

    with session.transaction() as tx:
        metadata = table_metadata(tx)
    asks = {
        "one endpoint": lambda: select(1),
        "one endpoint, 8 sub-splits": lambda: select(1, num_sub_splits=8),
        "two endpoints": lambda: select(2, num_splits=8),
        "DuckDB, to Arrow": lambda: duckdb.sql(
            f"SELECT * FROM '{parquet.duckdb_file}'"
        ).to_arrow_table(),
        "Polars": lambda: pl.read_parquet(parquet.polars_file),
    }
    before = standin.memory()
    costs, peaks = Costs(standin), {}
    dice = np.random.default_rng(5)
    for _ in range(times):
        for name in dice.permutation(list(asks)):
            ask = asks[name]
            with Peak(standin) as peak:
                answer = costs.of(name, ask)
            assert len(answer) == rows, (name, len(answer))
            del answer
            peaks[name] = max(peak.bytes, peaks.get(name, 0))
    print(
        f"\n| full scan, {nbytes / MB:,.0f} MB of Arrow | s | GB/s | CPU s | RssAnon |"
    )
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, middle, _, cpu in costs.rows():
        peak = f"{peaks[name] / MB:.0f} MB" if "endpoint" in name else ""
        speed = nbytes / middle / 1e9
        print(f"| {name} | {middle:.2f} | {speed:.2f} | {cpu:.2f} | {peak} |")
    print(f"\nRssAnon before the scans: {before / MB:.0f} MB", flush=True)


def opening(folder, rows):
    """Time opening a store of many rows, after a stop and after kill -9."""
    took = {}
    with Standin(folder) as standin:
        begun = time.perf_counter()
        nbytes = fill(open_session(standin), rows)
        filled = time.perf_counter() - begun
        for name, how in (("stop", signal.SIGTERM), ("kill -9", signal.SIGKILL)):
            for _ in range(3):
                standin.end(how)
                standin.start()
                took.setdefault(name, []).append(standin.first_answer_s)
                assert stored(standin) == rows, name
    print(
        f"\n{rows:,} rows, {nbytes / 1e9:.1f} GB, filled and sorted in {filled:.0f} s"
    )
    print("\n| store opened after | process start to first answer, s |")
    print("| --- | ---: |")
    for name, spent in took.items():
        print(f"| {name} | {statistics.median(spent):.2f} |")
