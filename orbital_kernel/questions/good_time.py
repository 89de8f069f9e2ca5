"""Good time of observations: merged intervals with the place of their field."""

import polars as pl

from orbital_kernel.questions.looks import is_look
from orbital_kernel.science.columns import fill
from orbital_kernel.science.lightcurves import merged

INTERVAL = (
    *("obs_id", "object", "time", "time_stop", "kind", "instrument", "ra", "dec"),
    *("simulated", "time_rule"),
)
KEYS = ("obs_id", "instrument", "object", "ra", "dec", "simulated")


def united(intervals: pl.DataFrame) -> pl.DataFrame:
    """Return good times merged by observation and instrument, across CCDs.

    Columns obs_id, instrument, object, ra, dec, simulated, time, time_stop; intervals
    without a position are dropped.
    """
    plain = (
        fill(intervals, {"simulated": pl.Boolean()})
        .with_columns(pl.col("instrument").str.replace(r" ccd \d+$", ""))
        .drop_nulls(["time", "time_stop", "ra", "dec"])
    )
    plain = plain.sort(*KEYS, "time", "time_stop", nulls_last=True)
    parts = [
        merged(group).select(
            *(
                pl.lit(key).cast(plain.schema[name]).alias(name)
                for name, key in zip(KEYS[:2], keys, strict=True)
            ),
            *(
                pl.lit(group[name][0], dtype=plain.schema[name]).alias(name)
                for name in KEYS[2:]
            ),
            pl.all(),
        )
        for keys, group in plain.group_by(list(KEYS[:2]), maintain_order=True)
    ]
    return pl.concat(parts) if parts else plain.select(*KEYS, "time", "time_stop")


def placed_intervals(intervals: pl.DataFrame, pointings: pl.DataFrame) -> pl.DataFrame:
    """Return intervals with a position: as stated, else that of the observation."""
    positions = pointings.sort(*pointings.columns, nulls_last=True).unique(
        "obs_id", keep="first", maintain_order=True
    )
    return (
        intervals.join(positions, on="obs_id", how="left", suffix="_of")
        .with_columns(
            pl.coalesce(name, f"{name}_of").alias(name)
            for name in ("object", "ra", "dec")
        )
        .filter(is_look(exposure=None))
    )
