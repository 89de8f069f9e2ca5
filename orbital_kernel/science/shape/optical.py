"""Magnitudes as flux densities: a mean, a ratio or a decay of magnitudes has no meaning."""

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.converted import scaled
from orbital_kernel.science.lightcurves.flux_units import parse_unit
from orbital_kernel.science.lightcurves.magnitudes import density_of_magnitude

UNIT = "mJy"


def in_flux(points: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the points with magnitudes as flux densities (mJy), and what was done.

    Points of a filter without a zero point are excluded and counted.
    """
    magnitude = pl.col("unit").str.starts_with("mag").fill_null(value=False)
    bright, others = points.filter(magnitude), points.filter(~magnitude)
    if bright.is_empty():
        return points, []
    kinds = bright.select("unit", "band").unique(maintain_order=True)
    zeros: list[float | None] = []
    notes: list[str] = []
    for unit, band in kinds.iter_rows():
        try:
            zeros.append(density_of_magnitude(unit, band, parse_unit(UNIT))[0])
        except QueryError as reason:
            zeros.append(None)
            notes.append(f"not used: {reason}")
    factors = kinds.with_columns(pl.Series("factor", zeros, dtype=pl.Float64))
    no_reason = (pl.lit(None, pl.String).alias(n) for n in ("excluded", "refused"))
    flux = (
        bright.drop("factor", "excluded", "refused", strict=False)
        .join(factors, on=["unit", "band"], nulls_equal=True, maintain_order="left")
        .filter(pl.col("factor").is_not_null())
        .with_columns(*no_reason)
    )
    flux = scaled(flux).with_columns(pl.lit(UNIT).alias("unit"))
    flux = flux.select(name for name in others.columns if name in flux.columns)
    together = pl.concat([others, flux], how="diagonal")
    done = f"{len(flux)} magnitudes are used as flux densities, {UNIT}"
    return together, [*notes, done]
