"""Tables of realistic shape for the questions: names, positions, points in clusters.

Columns without which no question changes are empty: the text of the band, the mode and
the file. Slices are drawn one by one, so that memory holds few of them.
"""

import time as clock
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model import sky, times

SEED = 17
TAG = "BENCH"
FEWEST, MOST = 1_000, 100_000
"""Points of an object."""
FIELD_DEG = 0.2
FIELD_SOURCES = 500
START = "2015-01-01T00:00:00"
SPAN_S = 9 * 365 * 86_400
SLICE = 1_000_000
AT_ONCE = 2
"""Slices inserted side by side: one is drawn while the other is sent."""
SLIM_FROM = 20_000_000
MOST_SOURCES = 10_000_000
TABLES = ("swift.photometry", "chandra.sources", "cross.names")
UNUSED = {"swift.photometry": ("by_value", "by_obs_id")}
"""Projections that no question here reads, dropped where tables are slim."""


@dataclass(frozen=True)
class Scene:
    """Objects: name, position and number of points."""

    names: list[str]
    ra: np.ndarray
    dec: np.ndarray
    points: np.ndarray


def scene(rows: int, seed: int = SEED) -> Scene:
    """Return objects whose points add up to `rows`, most of them with few points."""
    rng = np.random.default_rng(seed)
    counts: list[int] = []
    remaining = rows
    while remaining > 0:
        most = max(min(MOST, remaining, rows // 8), 1)
        least = min(FEWEST, most)
        number = int(np.exp(rng.uniform(np.log(least), np.log(most))))
        counts.append(min(max(number, 1), remaining))
        remaining -= counts[-1]
    number = len(counts)
    ra = rng.uniform(0, 360, number)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, number)))
    names = [name_of(k) for k in range(number)]
    return Scene(names, ra, dec, np.array(counts))


def name_of(number: int) -> str:
    """Return an object's name: all have the same width, as those of surveys and bursts.

    So a beginning without its last digit is that of ten names, however many there are.
    """
    return f"{TAG} {number:05d}"


def photometry(objects: Scene, seed: int = SEED + 1) -> pa.Table:
    """Return the objects' points, in the order of time."""
    return pa.concat_tables(photometry_slices(objects, seed)).combine_chunks()


def photometry_slices(objects: Scene, seed: int = SEED + 1) -> Iterator[pa.Table]:
    """Yield the objects' points in the order of time, SLICE by SLICE."""
    rng = np.random.default_rng(seed)
    index = np.repeat(np.arange(len(objects.names), dtype=np.int32), objects.points)
    rng.shuffle(index)
    seconds = np.sort(rng.uniform(0, SPAN_S, len(index)))
    cells = sky.healpix(objects.ra, objects.dec)
    for at in range(0, len(index), SLICE):
        some = slice(at, at + SLICE)
        yield _points(objects, cells, index[some], seconds[some], rng)


def _points(
    objects: Scene,
    cells: np.ndarray,
    index: np.ndarray,
    seconds: np.ndarray,
    rng: np.random.Generator,
) -> pa.Table:
    start = times.tt_from_utc([START])[0]
    value = 1e-12 * rng.lognormal(0, 1, len(index))
    names = pa.DictionaryArray.from_arrays(index, objects.names)
    number = len(index)
    return pa.table(
        {
            "object": names.cast(pa.string()),
            "time": start + (seconds * 1e9).astype("timedelta64[ns]"),
            "ra": objects.ra[index],
            "dec": objects.dec[index],
            "healpix": cells[index],
            "value": value,
            "value_err_plus": 0.1 * value,
            "value_err_minus": 0.1 * value,
            "is_limit": rng.random(number) < 0.05,
            "unit": pa.repeat("erg / (cm2 s)", number),
            "band_low_kev": np.full(number, 0.3),
            "band_high_kev": np.full(number, 10.0),
            "instrument": pa.repeat("XRT", number),
            "simulated": np.ones(number, dtype=bool),
        }
    )


def sources(rows: int, seed: int = SEED + 2) -> pa.Table:
    """Return catalogue sources in fields of 0.2 deg, each with a name and an error."""
    return pa.concat_tables(source_slices(rows, seed)).combine_chunks()


def source_slices(rows: int, seed: int = SEED + 2) -> Iterator[pa.Table]:
    """Yield the catalogue sources, SLICE by SLICE."""
    rng = np.random.default_rng(seed)
    fields = max(rows // FIELD_SOURCES, 1)
    field_ra = rng.uniform(0, 360, fields)
    field_dec = np.degrees(np.arcsin(rng.uniform(-1, 1, fields)))
    for at in range(0, rows, SLICE):
        number = min(SLICE, rows - at)
        field = rng.integers(0, fields, number)
        dec = np.clip(field_dec[field] + rng.normal(0, FIELD_DEG, number), -90, 90)
        width = np.maximum(np.cos(np.radians(dec)), 0.01)
        ra = (field_ra[field] + rng.normal(0, FIELD_DEG, number) / width) % 360
        digits = pl.int_range(at, at + number).cast(pl.String).str.zfill(9)
        ids = pl.select(pl.format("2CXO J{}", digits)).to_series()
        yield pa.table(
            {
                "catalog": pa.repeat("bench", number),
                "source_id": ids.to_arrow().cast(pa.string()),
                "ra": ra,
                "dec": dec,
                "healpix": sky.healpix(ra, dec),
                "error_radius_arcsec": rng.uniform(0.3, 2.0, number),
                "error_confidence": np.full(number, 0.95),
                "flux": 1e-14 * rng.lognormal(0, 1, number),
                "flux_unit": pa.repeat("erg / (cm2 s)", number),
                "simulated": np.ones(number, dtype=bool),
            }
        )


def number_of_sources(rows: int) -> int:
    """Return how many sources a platform with so many points has."""
    return min(rows, MOST_SOURCES)


def fill(store: Store, rows: int, report: Callable[[str], object] = str) -> Scene:
    """Insert points, and as many sources up to MOST_SOURCES; return the objects.

    From SLIM_FROM rows on the projections of UNUSED are dropped before.
    """
    objects = scene(rows)
    if rows >= SLIM_FROM:
        with store.transaction() as tx:
            for table, names in UNUSED.items():
                for name in names:
                    tx.drop_projection(table, name)
    for table, slices in (
        ("swift.photometry", photometry_slices(objects)),
        ("chandra.sources", source_slices(number_of_sources(rows))),
    ):
        start = clock.perf_counter()
        _insert(store, table, slices)
        report(f"{table}: filled in {clock.perf_counter() - start:.0f} s")
    return objects


def _insert(store: Store, table: str, slices: Iterator[pa.Table]) -> None:
    """Insert slices, AT_ONCE side by side."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = []
        for data in slices:
            waiting.append(pool.submit(store.insert, table, data))
            if len(waiting) >= AT_ONCE:
                waiting.pop(0).result()
        for insert in waiting:
            insert.result()


def settle(store: Store, seconds: float) -> float | None:
    """Wait until all is sorted, tables and projections; return the time, s.

    None if it is not by then.
    """
    start = clock.perf_counter()
    while clock.perf_counter() - start < seconds:
        with store.transaction() as tx:
            if all(_is_settled(tx, table) for table in TABLES):
                return round(clock.perf_counter() - start, 1)
        clock.sleep(0.2)
    return None


def _is_settled(tx: Transaction, table: str) -> bool:
    return tx.is_sorted(table) and all(
        tx.in_order(table, name) for name in tx.projections(table)
    )


def disk_bytes(folder: Path) -> int:
    """Return the bytes of all files in a folder, as the disk has them."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 512 * path.lstat().st_blocks
        except FileNotFoundError:
            continue  # deleted while we count
    return total
