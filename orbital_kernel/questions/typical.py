"""Typical position errors of instruments, for positions that state none."""

import polars as pl

from orbital_kernel.model.observatory import observatories


def typical_errors() -> dict[str, float]:
    """Return the typical position error of every instrument by its name, arcsec."""
    return {
        instrument.name: instrument.position_error.radius_arcsec
        for observatory in observatories().values()
        for instrument in observatory.instruments
    }


def with_errors(positions: pl.DataFrame) -> pl.DataFrame:
    """Return positions with the typical error of their instrument where none is stated.

    `error_assumed` is true there: the radius and its confidence are not the catalogue's.
    """
    instruments = [i for o in observatories().values() for i in o.instruments]
    radius, confidence = (
        pl.col("position_instrument")
        .str.to_uppercase()
        .replace_strict(values, default=None, return_dtype=pl.Float64)
        for values in (
            {i.name.upper(): i.position_error.radius_arcsec for i in instruments},
            {i.name.upper(): i.position_error.confidence for i in instruments},
        )
    )
    unstated = ~(pl.col("error_radius_arcsec") > 0).fill_null(value=False)
    assumed = unstated & pl.col("ra").is_not_null() & radius.is_not_null()
    return positions.with_columns(
        pl.when(assumed)
        .then(radius)
        .otherwise("error_radius_arcsec")
        .alias("error_radius_arcsec"),
        pl.when(assumed)
        .then(confidence)
        .otherwise("error_confidence")
        .alias("error_confidence"),
        assumed.fill_null(value=False).alias("error_assumed"),
    )
