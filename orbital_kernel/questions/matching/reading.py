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
from orbital_kernel.science.columns import finite
from orbital_kernel.science.matching.errorcircles import covariances, largest_sigma
from orbital_kernel.science.matching.motion import at_epoch
from orbital_kernel.science.matching.onelist import one_list
from orbital_kernel.science.matching.typical import with_typical_errors

STATED = (
    *("healpix", "error_radius_arcsec", "error_major_arcsec"),
    *("error_minor_arcsec", "error_angle_deg", "error_confidence"),
)
TYPICAL = (
    *("catalog", "band_low_kev", "band_high_kev", "flux", "flux_unit", "exposure_s"),
)
"""What typical errors follow from: read of rows without an error radius only."""
SOURCE = (*STATED, "catalog", "source_id", "obs_id", "ra", "dec", "kind", "simulated")
MOST_SIGMA_ARCSEC = 600.0
TOO_WIDE = "position error above 10 arcmin (one sigma)"
NO_POSITION = "no position"
RANGES_AT_ONCE = 128
FLUX = "flux"
Read = Callable[..., pa.Table]
"""The database's `read`: rows of a table that clauses hold for."""


class Sky(NamedTuple):
    """Half-open ranges of HEALPix cells (order 29)."""

    ranges: tuple[tuple[int, int], ...] = (FULL_SKY,)


class Choice(NamedTuple):
    """What is used of the rows besides positions: a brightness, and an epoch (yr)."""

    brightness: str | None = None
    epoch: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the further columns to read."""
        of_extra = self.epoch is not None or self.brightness not in (None, FLUX)
        of_flux = (FLUX, "is_limit") if self.brightness == FLUX else ()
        return (*of_flux, *(("extra",) if of_extra else ()))


PLAIN = Choice()


class Listed(NamedTuple):
    """All rows with an error each and the row number of their source; the sources.

    Sources have `members`, the number of their rows, and `row`, their own row.
    """

    rows: pl.DataFrame
    sources: pl.DataFrame
    too_wide: pl.DataFrame


def listed(placed: pl.DataFrame, name: str, choice: Choice = PLAIN) -> Listed:
    """Make one list of an observatory's rows with a position."""
    if choice.epoch is not None:
        placed = at_epoch(placed, choice.epoch)
    if choice.brightness is not None:
        placed = placed.with_columns(brightness_of(placed, choice.brightness))
    rows = _ordered(with_typical_errors(placed, observatories()[name].instruments))
    usable = largest_sigma(covariances(rows, side=name)) <= MOST_SIGMA_ARCSEC
    mask = pl.Series(usable)
    too_wide, rows = rows.filter(~mask), rows.filter(mask)
    root = one_list(rows)
    rows = rows.with_columns(
        pl.Series("row", np.arange(root.size)), pl.Series("root", root)
    )
    members = np.bincount(root, minlength=root.size)
    sources = rows.filter(pl.col("root") == pl.col("row")).with_columns(
        pl.Series("members", members[members > 0], dtype=pl.Int64)
    )
    return Listed(rows, sources, too_wide)


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in an order that does not depend on how they were read."""
    cells = rows["healpix"].to_numpy()
    if (cells[1:] > cells[:-1]).all():  # the usual case, and much faster
        return rows
    if rows["healpix"].n_unique() == rows.height:
        return rows.sort("healpix")
    names = ("healpix", "catalog", "source_id", "obs_id", "ra", "dec")
    return rows.sort(*names, nulls_last=True)


def near(read: Read, table: str, sky: Sky, more: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return the rows with a position in some sky."""
    parts = []
    for start in range(0, max(len(sky.ranges), 1), RANGES_AT_ONCE):
        ranges = sky.ranges[start : start + RANGES_AT_ONCE]
        clause = Clause("healpix", tuple(Range(low, high - 1) for low, high in ranges))
        limit = None if ranges else 0
        rows = with_errors(read, table, [clause], more, limit=limit)
        parts.append(
            rows.filter(pl.col("ra").is_not_null(), pl.col("dec").is_not_null())
        )
    return pl.concat(parts)


def with_errors(
    read: Read,
    table: str,
    clauses: Sequence[Clause],
    more: tuple[str, ...] = (),
    *,
    limit: int | None = None,
) -> pl.DataFrame:
    """Return rows of sources; columns for typical errors only of those without one."""
    columns = [*SOURCE, *more]
    every = list(dict.fromkeys((*columns, *TYPICAL, "extra")))
    rows = frame_of(read(table, clauses, columns=columns, limit=limit))
    return with_unstated(rows, lambda of: read(table, [*clauses, *of], columns=every))


def has_radius() -> pl.Expr:
    """Return the condition of a row with an error radius."""
    return (finite("error_radius_arcsec") > 0).fill_null(value=False)


def with_unstated(
    rows: pl.DataFrame, read: Callable[[Sequence[Clause]], pa.Table]
) -> pl.DataFrame:
    """Return the rows, those without an error radius read again with more columns."""
    bare = ~has_radius()
    counts = rows.select(
        bare.sum(), pl.col("error_radius_arcsec").null_count().alias("n")
    )
    if not counts.item(0, 0):
        return rows
    null = counts.item(0, 0) == counts.item(0, 1)
    unstated = read([Clause("error_radius_arcsec", (Null(),))] if null else [])
    return pl.concat(
        [rows.filter(~bare), frame_of(unstated).filter(bare)], how="diagonal"
    )


def brightness_of(rows: pl.DataFrame, column: str) -> pl.Series:
    """Return log10 of the flux of detections, or a number of `extra`, such as a magnitude."""
    if column == FLUX:
        detected = ~pl.col("is_limit").fill_null(value=False) & (finite(FLUX) > 0)
        flux = pl.when(detected).then(finite(FLUX).log10())
        return rows.select(flux.alias("brightness")).to_series()
    text = pl.col("extra").str.json_path_match(f"$.{column}")
    number = text.cast(pl.Float64, strict=False).alias("brightness")
    return rows.select(number).to_series()
