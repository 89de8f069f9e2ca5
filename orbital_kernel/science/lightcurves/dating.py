"""Times of points that their file only counts from a trigger.

UKSSDC's curves without a T0 give seconds since the burst's trigger, so a catalogue's
trigger dates them. The date is assumed: `time_rule` names the catalogue and
`time_assumed_err_s` is the step of its times (a catalogue of whole seconds is good to
1 s). It is assumed when the question is asked, so that a better catalogue counts as soon
as it is stored.
"""

from datetime import datetime

import polars as pl

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, fill, finite

AWAY = r"tdb$| at (?:barycentre|geocentre|heliocentre)$"
FINEST_STEP_S = 1e-3
ASSUMED = "since_t0_s after the trigger of {}, assumed"


def dated(
    points: pl.DataFrame, trigger: datetime | None, catalog: str | None
) -> pl.DataFrame:
    """Return the points with times assumed from a trigger where the file gives none.

    Parameters
    ----------
    points : polars.DataFrame
        `photometry` rows.
    trigger : datetime or None
        Trigger of the burst, TT; without one nothing is dated.
    catalog : str or None
        The catalogue that gives the trigger.

    Returns
    -------
    polars.DataFrame
        The rows with time (TT), time_rule and time_assumed_err_s (s, null where the file
        itself dates the point).
    """
    kinds = {"since_t0_s": pl.Float64(), "time_rule": pl.String()}
    rows = fill(points, {**kinds, "instrument": pl.String(), "mode": pl.String()})
    rows = rows.with_columns(pl.col("time").cast(TT))
    if trigger is None:
        return rows.with_columns(pl.lit(None, pl.Float64).alias("time_assumed_err_s"))
    undated = pl.col("time").is_null() & pl.col("since_t0_s").is_finite().fill_null(
        value=False
    )
    start = pl.lit(trigger, dtype=TT)
    return rows.with_columns(
        pl.when(undated).then(start + _elapsed()).otherwise("time").alias("time"),
        pl.when(undated)
        .then(pl.lit(ASSUMED.format(catalog)))
        .otherwise("time_rule")
        .alias("time_rule"),
        pl.when(undated).then(step_s(trigger)).alias("time_assumed_err_s"),
    )


def t0_of_files(points: pl.DataFrame) -> datetime | None:
    """Return the T0 (TT) from which dated points of files count; None without one.

    Of several, the one of most points.
    """
    rows = fill(points, {"since_t0_s": pl.Float64()})
    starts = rows.select(
        (pl.col("time").cast(TT) - _elapsed()).dt.round("1ms").alias("t0")
    ).drop_nulls()
    if starts.is_empty():
        return None
    start: datetime = starts["t0"].mode().sort()[0]
    return start


def step_s(trigger: datetime) -> float:
    """Return the step (s) of the decimals in which a time (TT) is given in UTC."""
    tt = pl.Series([trigger], dtype=TT).to_numpy()
    (utc,) = to_utc_iso(tt, unit="ms")
    decimals = (utc or "").rpartition(".")[2].rstrip("0")
    return max(10.0 ** -len(decimals), FINEST_STEP_S)


def is_local() -> pl.Expr:
    """Return whether a row's times are of arrival at the spacecraft, by its time_rule."""
    return ~pl.col("time_rule").str.contains(AWAY).fill_null(value=False)


def _elapsed() -> pl.Expr:
    seconds = finite("since_t0_s") * 1e9
    return pl.duration(nanoseconds=seconds.round().cast(pl.Int64))
