"""Tables of realistic shape for the questions: names, positions, points in clusters."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orbital_kernel.database import Store
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


@dataclass(frozen=True)
class Scene:
    """Objects: name, position and number of points; and where the source fields are."""

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
    names = [f"{TAG} {k}" for k in range(number)]
    return Scene(names, ra, dec, np.array(counts))


def photometry(objects: Scene, seed: int = SEED + 1) -> pa.Table:
    """Return the objects' points, in the order of time."""
    rng = np.random.default_rng(seed)
    index = np.repeat(np.arange(len(objects.names)), objects.points)
    order = rng.permutation(len(index))
    index = index[order]
    ra, dec = objects.ra[index], objects.dec[index]
    start = times.tt_from_utc([START])[0]
    seconds = np.sort(rng.uniform(0, SPAN_S, len(index)))
    value = 1e-12 * rng.lognormal(0, 1, len(index))
    names = pa.DictionaryArray.from_arrays(index.astype(np.int32), objects.names)
    number = len(index)
    return pa.table(
        {
            "object": names.cast(pa.string()),
            "time": start + (seconds * 1e9).astype("timedelta64[ns]"),
            "ra": ra,
            "dec": dec,
            "healpix": sky.healpix(objects.ra, objects.dec)[index],
            "value": value,
            "value_err_plus": 0.1 * value,
            "value_err_minus": 0.1 * value,
            "is_limit": rng.random(number) < 0.05,
            "unit": pa.repeat("erg / (cm2 s)", number),
            "band": pa.repeat("0.3-10 keV", number),
            "band_low_kev": np.full(number, 0.3),
            "band_high_kev": np.full(number, 10.0),
            "instrument": pa.repeat("XRT", number),
            "mode": pa.repeat("PC", number),
            "simulated": np.ones(number, dtype=bool),
            "file_sha256": pa.repeat(TAG, number),
        }
    )


def sources(rows: int, seed: int = SEED + 2) -> pa.Table:
    """Return catalogue sources in fields of 0.2 deg, each with a name and an error."""
    rng = np.random.default_rng(seed)
    fields = max(rows // FIELD_SOURCES, 1)
    field_ra = rng.uniform(0, 360, fields)
    field_dec = np.degrees(np.arcsin(rng.uniform(-1, 1, fields)))
    field = rng.integers(0, fields, rows)
    dec = np.clip(field_dec[field] + rng.normal(0, FIELD_DEG, rows), -90, 90)
    width = np.maximum(np.cos(np.radians(dec)), 0.01)
    ra = (field_ra[field] + rng.normal(0, FIELD_DEG, rows) / width) % 360
    return pa.table(
        {
            "catalog": pa.repeat("bench", rows),
            "source_id": [f"2CXO J{n:09d}" for n in range(rows)],
            "ra": ra,
            "dec": dec,
            "healpix": sky.healpix(ra, dec),
            "error_radius_arcsec": rng.uniform(0.3, 2.0, rows),
            "error_confidence": np.full(rows, 0.95),
            "flux": 1e-14 * rng.lognormal(0, 1, rows),
            "flux_unit": pa.repeat("erg / (cm2 s)", rows),
            "simulated": np.ones(rows, dtype=bool),
            "file_sha256": pa.repeat(TAG, rows),
        }
    )


def fill(store: Store, rows: int) -> Scene:
    """Insert points and sources, so many of each; return the objects."""
    objects = scene(rows)
    for table, data in (
        ("swift.photometry", photometry(objects)),
        ("chandra.sources", sources(rows)),
    ):
        for at in range(0, rows, SLICE):
            store.insert(table, data.slice(at, SLICE))
    return objects
