"""Good time of observations: merged intervals with the place of their field."""

import polars as pl

from orbital_kernel.questions.looks import is_look
from orbital_kernel.science.columns import fill
from orbital_kernel.science.lightcurves import merged_by

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
    groups = list(KEYS[:2])
    firsts = plain.group_by(groups, maintain_order=True).agg(pl.col(KEYS[2:]).first())
    return (
        merged_by(plain, *groups)
        .join(firsts, on=groups, how="left", nulls_equal=True, maintain_order="left")
        .select(*KEYS, pl.exclude(KEYS))
    )


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
