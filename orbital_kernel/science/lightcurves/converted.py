"""Values of points in the unit of the answer, or as they were given."""

from collections.abc import Mapping

import polars as pl

CONVERSION: Mapping[str, pl.DataType] = {
    "factor": pl.Float64(),
    "factor_err": pl.Float64(),
    "factor_err_plus": pl.Float64(),
    "factor_err_minus": pl.Float64(),
    "conversion": pl.String(),
}
VALUES = ("value", "value_err_plus", "value_err_minus")
MODEL_ERRORS = {
    "value_err_model": "factor_err",
    "value_err_model_plus": "factor_err_plus",
    "value_err_model_minus": "factor_err_minus",
}
"""Errors of the value from its conversion, and those of the factor."""


def as_given(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as they are, with columns of a conversion that is not made."""
    unstated = pl.when(pl.col("unit").is_null()).then(pl.lit("no unit is given"))
    return rows.with_columns(
        pl.coalesce("excluded", unstated).alias("excluded"),
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in CONVERSION.items()),
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in MODEL_ERRORS),
    )


def converted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with values in the target's unit; magnitudes are not linear."""
    rows = scaled(rows)
    usable = pl.when(pl.col("excluded").is_null())
    return rows.with_columns(
        *(
            usable.then(pl.col("value").abs() * pl.col(error) / pl.col("factor")).alias(
                name
            )
            for name, error in MODEL_ERRORS.items()
        ),
        *(
            pl.coalesce(f"to_{name}", name).alias(name)
            for name in ("unit", "band", "band_low_kev", "band_high_kev")
        ),
        pl.coalesce("to_absorption", "absorption").alias("absorption"),
    )


def valued(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with values only where a point counts; `given_value` stays."""
    usable = pl.when(pl.col("excluded").is_null())
    return rows.with_columns(usable.then(pl.col(name)).alias(name) for name in VALUES)


def scaled(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with their values multiplied by `factor`, or with why they are not."""
    rows = rows.with_columns(pl.coalesce("excluded", "refused").alias("excluded"))
    usable = pl.when(pl.col("excluded").is_null())
    value, plus, minus = VALUES
    columns = [
        usable.then(pl.col(name) * pl.col("factor")).alias(name) for name in VALUES
    ]
    is_magnitude = pl.col("unit").str.starts_with("mag").fill_null(value=False)
    if rows.select(is_magnitude.any()).item():
        bright = 10 ** (-0.4 * pl.col(value)) * pl.col("factor")
        of_magnitude = [
            usable.then(bright).alias(value),
            usable.then(bright * (10 ** (0.4 * pl.col(minus)) - 1)).alias(plus),
            usable.then(bright * (1 - 10 ** (-0.4 * pl.col(plus)))).alias(minus),
        ]
        columns = [
            pl.when(is_magnitude).then(m).otherwise(s).alias(name)
            for name, m, s in zip(VALUES, of_magnitude, columns, strict=True)
        ]
    return rows.with_columns(columns)
