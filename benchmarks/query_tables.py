"""Seeded tables of realistic shape, in batches, and queries of them.

Sources cluster in fields of 12 arcmin, in order of discovery. A stream has 64 ms bins in
order of time. Photometry covers rows/200 objects over ten years, in order of time.
"""

from datetime import datetime, timedelta
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orbital_kernel import Cone, Query, TimeSpan
from orbital_kernel.model import sky, times
from orbital_kernel.query import Largest

ZERO = datetime(2020, 1, 1)  # noqa: DTZ001 UTC by the planner's rule
SOURCES, RATES, PHOTOMETRY = "chandra.sources", "swift.rates", "swift.photometry"
SORT = {SOURCES: "healpix", RATES: "time", PHOTOMETRY: "time"}
SKY = ("source_id", "ra", "dec", "flux", "significance")
POINTS = ("object", "time", "value")
BATCH = 1_000_000
GROUP = 122_880
TEN_YEARS_NS = 3652 * 86_400e9
SEED = 42


def sources(dice, start, count, _rows):
    """Return sources in fields, in order of discovery, not of the sky."""
    fields = max(count // 500, 1)
    ra0 = dice.uniform(0, 360, fields)
    dec0 = np.degrees(np.arcsin(dice.uniform(-0.99, 0.99, fields)))
    at = dice.integers(0, fields, count)
    dec = dec0[at] + dice.uniform(-0.2, 0.2, count)
    ra = (ra0[at] + dice.uniform(-0.2, 0.2, count) / np.cos(np.radians(dec))) % 360
    names = np.char.add("S", np.arange(start, start + count).astype("U9"))
    return pa.table(
        {
            "source_id": pa.array(names),
            "ra": ra,
            "dec": dec,
            "healpix": sky.healpix(ra, dec),
            "flux": dice.lognormal(-31, 1.5, count),
            "significance": dice.gamma(2, 5, count),
        }
    )


def rates(dice, start, count, _rows):
    """Return a stream of 64 ms bins."""
    at = np.arange(start, start + count)
    return pa.table(
        {
            "time": _zero() + at * np.timedelta64(64_000_000, "ns"),
            "channel": pa.array(at % 4, pa.int16()),
            "rate": dice.poisson(400, count) / 0.064,
        }
    )


def photometry(dice, start, count, rows):
    """Return points of rows/200 objects, in order of time."""
    step = TEN_YEARS_NS / rows
    since = np.sort(dice.uniform(start * step, (start + count) * step, count))
    named = dice.integers(0, max(rows // 200, 1), count).astype("U9")
    return pa.table(
        {
            "object": pa.array(np.char.add("object ", named)),
            "time": _zero() + since.astype("timedelta64[ns]"),
            "value": dice.lognormal(-26, 2, count),
        }
    )


MAKERS = {SOURCES: sources, RATES: rates, PHOTOMETRY: photometry}


def batch(table, number, rows):
    """Return batch `number` of a table of `rows` rows; each call returns the same."""
    dice = np.random.default_rng((SEED, sorted(MAKERS).index(table), number))
    start = number * BATCH
    return MAKERS[table](dice, start, min(BATCH, rows - start), rows)


def batches(table, rows):
    """Yield a table's batches."""
    for number in range(-(-rows // BATCH)):
        yield batch(table, number, rows)


def questions(rows, asks):
    """Return `asks` different queries of each kind."""
    dice = np.random.default_rng(SEED)
    last = (rows - 1) // BATCH
    some = batch(SOURCES, int(dice.integers(0, last + 1)), rows)
    near = some.take(dice.integers(0, len(some), asks)).to_pylist()
    starts = [ZERO + timedelta(seconds=s) for s in dice.uniform(0, 0.05 * rows, asks)]
    days = [ZERO + timedelta(days=d) for d in dice.uniform(0, 3600, asks)]
    objects = dice.integers(0, max(rows // 200, 1), asks)

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
            Query(PHOTOMETRY, POINTS, sets={"object": [f"object {n}"]}) for n in objects
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
        "10 brightest": [
            Query(SOURCES, SKY, largest=Largest("flux", 10)) for _ in range(asks)
        ],
        "count of 1 h": [Query(RATES, time=within(s, hours=1)) for s in starts],
    }


def to_parquet(table, rows, folder):
    """Write a table in the order in which people have it, and sorted as Orbital's.

    A hash of the time shuffles tables in order of time. Memory is bounded.
    """
    unsorted, ordered = (folder / kind / f"{table}.parquet" for kind in KINDS)
    first, other, by = ordered, unsorted, f"hash({SORT[table]})"
    if table == SOURCES:
        first, other, by = unsorted, ordered, SORT[table]
    _write(first, batches(table, rows))
    with (
        TemporaryDirectory(dir=folder) as spill,
        duckdb.connect(config={**SORTING, "temp_directory": spill}) as database,
    ):
        database.execute("SET enable_progress_bar = false")
        rows_in_order = database.sql(f"FROM '{first}' ORDER BY {by}")
        batched = rows_in_order.to_arrow_reader(GROUP)
        _write(other, (pa.Table.from_batches([part]) for part in batched))


KINDS = ("unsorted", "sorted")
SORTING = {"memory_limit": "5GB", "preserve_insertion_order": "false"}


def _write(path, parts):
    path.parent.mkdir(exist_ok=True)
    writer = None
    for part in parts:
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part, row_group_size=GROUP)
    writer.close()


def _zero():
    return times.tt_from_utc(np.datetime64(ZERO))[0]
