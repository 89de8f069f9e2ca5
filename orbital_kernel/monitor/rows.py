"""Excursions as rows of cross.bursts: what the detector tells and where it was found."""

from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel.model import schema, times
from orbital_kernel.model.frames import frame_of

TABLE = "cross.bursts"
KEPT = (
    "series",
    "obs_id",
    "object",
    "utcf_s",
    "time_rule",
    "simulated",
    "file_sha256",
)
_TYPES = {"utcf_s": pl.Float64(), "simulated": pl.Boolean()}


def origin(series: pl.DataFrame) -> dict[str, Any]:
    """Return what all rows of a series share, and the clock of its first row.

    `time_ns` is TT in nanoseconds, null where the file's clock cannot be told.
    """
    first = series.sort("met_s").head(1)
    instant = first["time"].cast(pl.Datetime("ns")).cast(pl.Int64)[0]
    return first.select("met_s", *KEPT).row(0, named=True) | {"time_ns": instant}


def described(
    found: pl.DataFrame, observatory: str, first: dict[str, Any]
) -> pl.DataFrame:
    """Return the detector's rows with identity, time and provenance of their series."""
    start = pl.lit(first["time_ns"], pl.Int64).cast(pl.Datetime("ns"))
    offset = pl.duration(
        nanoseconds=((pl.col("met_s") - first["met_s"]) * 1e9).round().cast(pl.Int64)
    )
    return found.with_columns(
        pl.lit(observatory).alias("observatory"),
        (start + offset).alias("time"),
        *(
            pl.lit(first[name], _TYPES.get(name, pl.String())).alias(name)
            for name in KEPT
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
    """Return rows as the table wants them, columns it does not know left out."""
    wanted = schema.table(TABLE)
    names = [c.name for c in wanted.columns if c.name in rows.columns]
    return schema.conform(rows.select(names).to_arrow(), wanted)


def none() -> pl.DataFrame:
    """Return no rows, with all columns."""
    return with_utc(frame_of(schema.table(TABLE).arrow.empty_table()))
