"""Times of points that their file only counts from a trigger, and where they are of.

UKSSDC's curves without a T0 give seconds since the burst's trigger, so a catalogue's
trigger dates them. The date is assumed: `time_rule` names the catalogue and
`time_assumed_err_s` is the step of its times (a catalogue of whole seconds is good to
1 s). It is assumed when the question is asked, so that a better catalogue counts as soon
as it is stored.
"""

from datetime import datetime

import polars as pl

from orbital_kernel.model.times import SPACECRAFT, place_of, to_utc_iso
from orbital_kernel.science.columns import TT, fill

LIGHT_TRAVEL_S = 500.0
"""Most that arrival at the solar system's barycentre differs from arrival near Earth, s."""
AWAY = r"tdb$| at (?:barycentre|geocentre|heliocentre)$"
FINEST_STEP_S = 1e-3
ASSUMED = "since_t0_s after the trigger of {}, assumed"
_SAME = ("since_t0_s", "value", "unit", "instrument", "mode")


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
        itself dates the point). A point that another file dates stays without a time.
    """
    kinds = {"since_t0_s": pl.Float64(), "time_rule": pl.String()}
    rows = fill(points, {**kinds, "instrument": pl.String(), "mode": pl.String()})
    rows = rows.with_columns(pl.col("time").cast(TT))
    if trigger is None:
        return rows.with_columns(pl.lit(None, pl.Float64).alias("time_assumed_err_s"))
    undated = pl.col("time").is_null() & pl.col("since_t0_s").is_finite().fill_null(
        value=False
    )
    key = pl.struct(
        pl.col("since_t0_s").round(3),
        pl.col("value").round_sig_figs(5),
        *_SAME[2:],
    )
    elsewhere = rows.filter(pl.col("time").is_not_null()).select(key.alias("same"))
    assumed = undated & ~key.is_in(elsewhere["same"].implode())
    elapsed = pl.duration(
        nanoseconds=(pl.col("since_t0_s") * 1e9).round().cast(pl.Int64)
    )
    start = pl.lit(trigger, dtype=TT)
    return rows.with_columns(
        pl.when(assumed).then(start + elapsed).otherwise("time").alias("time"),
        pl.when(assumed)
        .then(pl.lit(ASSUMED.format(catalog)))
        .otherwise("time_rule")
        .alias("time_rule"),
        pl.when(assumed).then(step_s(trigger)).alias("time_assumed_err_s"),
    )


def step_s(trigger: datetime) -> float:
    """Return the step (s) of the decimals in which a time (TT) is given in UTC."""
    tt = pl.Series([trigger], dtype=TT).to_numpy()
    (utc,) = to_utc_iso(tt, unit="ms")
    decimals = (utc or "").rpartition(".")[2].rstrip("0")
    return max(10.0 ** -len(decimals), FINEST_STEP_S)


def is_local() -> pl.Expr:
    """Return whether a row's times are of arrival at the spacecraft, by its time_rule."""
    return ~pl.col("time_rule").str.contains(AWAY).fill_null(value=False)


def placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the points with `time_place`, widened where a curve mixes places.

    Times of arrival at the barycentre are up to 500 s from those at a spacecraft: beside
    points of a spacecraft their half-widths in time are wider by that.
    """
    place = pl.col("time_rule").map_elements(
        place_of, return_dtype=pl.String, skip_nulls=False
    )
    rows = rows.with_columns(place.alias("time_place"))
    if rows["time_place"].n_unique() < 2:
        return rows
    is_away = pl.col("time_place") != SPACECRAFT
    return rows.with_columns(
        pl.when(is_away)
        .then(pl.col(name).fill_null(0) + LIGHT_TRAVEL_S)
        .otherwise(name)
        .alias(name)
        for name in ("time_err_plus_s", "time_err_minus_s")
    )
