"""The table of the stand-in's benchmark, and the same rows as Parquet."""

import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import vastdb
from vastdb.config import QueryConfig, SessionConfig

BUCKET, SCHEMA, TABLE = "bench", "s", "t"
BATCH = 65_536
STEP_NS = 64_000_000
START = np.datetime64("2020-01-01", "ns")


def batch(first, rows, dice, *, floats=5):
    """Return rows first … first + rows - 1: 61 bytes each with 5 floats."""
    floats = {f"f{i}": dice.normal(size=rows) for i in range(floats)}
    number = np.arange(first, first + rows)
    names = pa.array(np.char.add("src", (number % 100_000).astype("U6")))
    times = START + number * np.timedelta64(STEP_NS, "ns")
    return pa.record_batch({"time": times, **floats, "name": names})


def moment(row):
    """Return the time of a row, in whole microseconds."""
    return (START + int(row) * np.timedelta64(STEP_NS, "ns")).astype("M8[us]").item()


def open_session(standin, *, endpoints=1):
    """Open the vendor's session, with a bucket."""
    keys = standin.keys
    session = vastdb.connect(
        endpoint=standin.endpoint,
        access=keys["access_key"],
        secret=keys["secret_key"],
        config=SessionConfig(data_endpoints=[standin.endpoint] * endpoints),
    )
    _make_bucket(standin, keys)
    return session


def _make_bucket(standin, keys):
    client = boto3.client(
        "s3",
        endpoint_url=standin.endpoint,
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        region_name="us-east-1",
    )
    if BUCKET not in {b["Name"] for b in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=BUCKET)
    client.close()


def fill(session, rows, *, floats=5, sort=("time",), settle=True):
    """Create the table with rows in batches; wait for its sorting. Returns bytes."""
    dice = np.random.default_rng(2020)
    total = 0
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).schema(SCHEMA, fail_if_missing=False)
        schema = schema or tx.bucket(BUCKET).create_schema(SCHEMA)
        kind = batch(0, 1, dice, floats=floats).schema
        schema.create_table(TABLE, kind, sorting_key=list(sort))
    for start in range(0, rows, 16 * BATCH):
        with session.transaction() as tx:
            table = tx.bucket(BUCKET).schema(SCHEMA).table(TABLE)
            for first in range(start, min(rows, start + 16 * BATCH), BATCH):
                size = min(BATCH, rows - first)
                part = batch(first, size, dice, floats=floats)
                total += part.nbytes
                table.insert(part)
    while settle and not _settled(session):
        time.sleep(0.2)
    return total


def _settled(session):
    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema(SCHEMA).table(TABLE)
        return table.stats.sorting_done


@dataclass
class Parquet:
    """The rows as pyarrow, DuckDB and Polars write them by default."""

    pyarrow_file: Path
    duckdb_file: Path
    polars_file: Path

    @classmethod
    def of(cls, session, rows, folder):
        """Write the rows of the table, read through the SDK."""
        with session.transaction() as tx:
            table = tx.bucket(BUCKET).schema(SCHEMA).table(TABLE)
            data = table.select(config=QueryConfig(num_splits=1)).read_all()
        assert len(data) == rows, (len(data), rows)
        data = data.sort_by("time")
        names = ("pyarrow", "duckdb", "polars")
        files = cls(*(folder / f"{name}.parquet" for name in names))
        pq.write_table(data, files.pyarrow_file)
        duckdb.sql(f"COPY data TO '{files.duckdb_file}' (FORMAT parquet)")
        pl.from_arrow(data).write_parquet(files.polars_file)
        return files
