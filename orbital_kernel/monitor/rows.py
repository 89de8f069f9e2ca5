"""Excursions as rows of cross.bursts: the detector's result and its series."""

from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel.model import schema, times
from orbital_kernel.model.frames import frame_of

TABLE = "cross.bursts"
FROM_SERIES = (
    "series",
    "obs_id",
    "object",
    "utcf_s",
    "time_rule",
    "simulated",
    "file_sha256",
)
SUFFIX = " (replay)"
"""Ends the name of a series that is replayed."""
_TYPES = {"utcf_s": pl.Float64(), "simulated": pl.Boolean()}


def origin(series: pl.DataFrame) -> dict[str, Any]:
    """Return the values that all rows of a series share, and its first row's clock.

    `time_ns` is TT in nanoseconds, null if the file's clock cannot be converted.
    """
    first = series.sort("met_s").head(1)
    instant = first["time"].cast(pl.Datetime("ns")).cast(pl.Int64)[0]
    return first.select("met_s", *FROM_SERIES).row(0, named=True) | {"time_ns": instant}


def described(
    excursions: pl.DataFrame, observatory: str, first: dict[str, Any]
) -> pl.DataFrame:
    """Return the detector's rows with identity, time and provenance of their series."""
    start = pl.lit(first["time_ns"], pl.Int64).cast(pl.Datetime("ns"))
    offset = pl.duration(
        nanoseconds=((pl.col("met_s") - first["met_s"]) * 1e9).round().cast(pl.Int64)
    )
    return excursions.with_columns(
        pl.lit(observatory).alias("observatory"),
        (start + offset).alias("time"),
        *(
            pl.lit(first[name], _TYPES.get(name, pl.String())).alias(name)
            for name in FROM_SERIES
        ),
    ).with_columns(
        pl.format(
            "{} {} {}",
            "series",
            pl.col("met_s").round(3),
            pl.col("timescale_s").round(3),
        ).alias("burst_id")
    )


def with_utc(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with `time_utc`, ISO text."""
    return rows.with_columns(
        pl.Series("time_utc", times.to_utc_iso(rows["time"].to_numpy()), pl.String)
    )


def conformed(rows: pl.DataFrame) -> pa.Table:
    """Return rows in the table's types, without columns it does not have."""
    target = schema.table(TABLE)
    names = [c.name for c in target.columns if c.name in rows.columns]
    return schema.conform(rows.select(names).to_arrow(), target)


def none() -> pl.DataFrame:
    """Return no rows, with all columns."""
    return with_utc(frame_of(schema.table(TABLE).arrow.empty_table()))
