"""One observatory's sources of a piece of sky: read, given errors, made one list."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Null, Range
from orbital_kernel.model.sky import FULL_SKY
from orbital_kernel.science.matching.errorcircles import covariances, largest_sigma
from orbital_kernel.science.matching.onelist import one_list
from orbital_kernel.science.matching.typical import with_typical_errors

ERRORS = (
    *("catalog", "healpix", "error_radius_arcsec", "error_major_arcsec"),
    *("error_minor_arcsec", "error_angle_deg", "error_confidence"),
    *("band_low_kev", "band_high_kev", "flux", "flux_unit", "exposure_s"),
)
SOURCE = (*ERRORS, "source_id", "obs_id", "ra", "dec", "kind", "simulated")
MOST_SIGMA_ARCSEC = 600.0
TOO_WIDE = "position error above 10 arcmin (one sigma)"
NO_POSITION = "no position"
RANGES_AT_ONCE = 64
Read = Callable[..., pa.Table]
"""The database's `read`: rows of a table that clauses hold for."""


class Sky(NamedTuple):
    """Half-open ranges of HEALPix cells (order 29)."""

    ranges: tuple[tuple[int, int], ...] = (FULL_SKY,)


class Listed(NamedTuple):
    """All rows with an error each and the row number of their source; the sources.

    Sources have `members`, the number of their rows, and `row`, their own row.
    """

    rows: pl.DataFrame
    sources: pl.DataFrame
    too_wide: pl.DataFrame


def listed(read: Read, name: str, sky: Sky) -> Listed:
    """Read one observatory's rows of some sky and make one list of them."""
    rows = with_typical_errors(
        _read(read, f"{name}.sources", sky), observatories()[name].instruments
    ).sort(*("healpix", "catalog", "source_id", "obs_id", "ra", "dec"), nulls_last=True)
    usable = largest_sigma(covariances(rows, side=name)) <= MOST_SIGMA_ARCSEC
    mask = pl.Series(usable)
    too_wide, rows = rows.filter(~mask), rows.filter(mask)
    root = one_list(rows)
    rows = rows.with_columns(
        pl.Series("row", np.arange(root.size)), pl.Series("root", root)
    )
    members = np.bincount(root, minlength=root.size)
    sources = rows.filter(pl.col("root") == pl.col("row")).with_columns(
        pl.Series("members", members[np.unique(root)], dtype=pl.Int64)
    )
    return Listed(rows, sources, too_wide)


def _read(read: Read, table: str, sky: Sky) -> pl.DataFrame:
    """Return the rows with a position; `extra` only of those without an error."""
    parts = []
    for start in range(0, max(len(sky.ranges), 1), RANGES_AT_ONCE):
        ranges = sky.ranges[start : start + RANGES_AT_ONCE]
        parts.append(_read_ranges(read, table, ranges))
    return pl.concat(parts)


def _read_ranges(
    read: Read, table: str, ranges: Sequence[tuple[int, int]]
) -> pl.DataFrame:
    clause = Clause("healpix", tuple(Range(low, high - 1) for low, high in ranges))
    limit = None if ranges else 0
    rows = frame_of(read(table, [clause], columns=list(SOURCE), limit=limit))
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias("extra"))
    bare = pl.col("error_radius_arcsec").is_null()
    if rows.select(bare.any()).item():
        unstated = read(
            table,
            [clause, Clause("error_radius_arcsec", (Null(),))],
            columns=[*SOURCE, "extra"],
        )
        rows = pl.concat([rows.filter(~bare), frame_of(unstated).select(rows.columns)])
    return rows.filter(pl.col("ra").is_not_null(), pl.col("dec").is_not_null())
