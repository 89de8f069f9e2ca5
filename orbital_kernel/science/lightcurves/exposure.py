"""Exposure: good times merged, summed by bin, and common to two observatories.

Frames are `intervals` rows (`time`, `time_stop`; half-open, TT). The start and stop of
an ObsID are not exposure; these functions use intervals only.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.science.columns import TT, demand, finite, with_seconds
from orbital_kernel.science.ranges import expand

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]

NS = 1_000_000_000
EXPOSED = ("gti", "snapshot")
"""Kinds of intervals that are exposure; slews, plans and bias frames are not."""


def merged(intervals: pl.DataFrame) -> pl.DataFrame:
    """Return the union of good times as disjoint intervals in order of time.

    Parameters
    ----------
    intervals
        time and time_stop (TT); if known instrument, kind and live_s (live time, s; all
        of an interval if null). Empty and null intervals are dropped, and those of a
        kind that is not exposure.

    Returns
    -------
    polars.DataFrame
        time, time_stop (TT), and live_s (s) if given.

    Raises
    ------
    QueryError
        If several instruments (or CCDs, whose good times differ) are mixed.
    """
    if "instrument" in intervals.columns:
        _one_instrument(intervals.filter(_exposed(intervals)))
    return merged_by(intervals)


def merged_by(intervals: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return `merged` of the intervals of each combination of `keys`, in their order.

    A sort and one running maximum per group: the same for one group and for many.
    """
    demand(intervals, "time", "time_stop", *keys, subject="intervals")
    intervals = intervals.filter(_exposed(intervals))
    seconds = (pl.col("time_stop") - pl.col("time")).dt.total_nanoseconds() / NS
    has_live = "live_s" in intervals.columns
    live = [finite("live_s").fill_null(seconds)] if has_live else []
    latest = pl.col("time_stop").cum_max().shift(1).alias("latest")
    blocks = (
        intervals.with_columns(pl.col("time").cast(TT), pl.col("time_stop").cast(TT))
        .select(*keys, "time", "time_stop", *live)
        .filter(pl.col("time_stop") > pl.col("time"))
        .sort(*keys, "time", nulls_last=True)
        .with_columns(latest.over(*keys) if keys else latest)
        .with_columns(
            (pl.col("time") > pl.col("latest"))
            .fill_null(value=True)
            .cum_sum()
            .alias("block")
        )
        .with_columns(seconds.alias("seconds"))
        .group_by("block", maintain_order=True)
        .agg(
            *(pl.col(key).first() for key in keys),
            pl.col("time").min(),
            pl.col("time_stop").max(),
            *([pl.col("live_s").sum() / pl.col("seconds").sum()] if has_live else []),
        )
    )
    if has_live:
        blocks = blocks.with_columns((pl.col("live_s") * seconds).alias("live_s"))
    return blocks.drop("block")


def live_seconds(good: pl.DataFrame, starts_ns: Ints, stops_ns: Ints) -> Reals:
    """Return the good time (n,), s, in each [start, stop): the live part of it if known.

    Parameters
    ----------
    good
        Good times as `merged` returns them. Live time is spread evenly over an interval.
    starts_ns, stops_ns
        Starts and stops (n,), ns TT.
    """
    return (_live_before(good, stops_ns) - _live_before(good, starts_ns)) / NS


def inside(good: pl.DataFrame, times_ns: Ints) -> NDArray[np.bool_]:
    """Return which instants (n,), ns TT, are in good time; `good` as `merged` returns it."""
    starts, stops = _bounds(good)
    which = np.searchsorted(starts, times_ns, side="right") - 1
    return (which >= 0) & (times_ns < np.append(stops, 0)[which])


def overlaps(
    intervals_a: pl.DataFrame,
    intervals_b: pl.DataFrame,
    *,
    within_arcmin: float | None = None,
) -> pl.DataFrame:
    """Return the times when both frames were exposed, one row per overlapping pair.

    Parameters
    ----------
    intervals_a, intervals_b
        Good times: time and time_stop (TT); if known obs_id, instrument and kind, of
        which only exposure counts; ra and dec (deg, ICRS) if `within_arcmin` is given.
    within_arcmin
        Largest separation of the pointings, arcmin; by default the position does not count.

    Returns
    -------
    polars.DataFrame
        row_a, row_b, obs_id_a, instrument_a and the same of b, time and time_stop (TT,
        common to both), overlap_s (s), separation_arcmin (if requested). In order of time.
    """
    demand(intervals_a, "time", "time_stop", subject="intervals")
    demand(intervals_b, "time", "time_stop", subject="intervals")
    a, b = _overlapping(intervals_a, intervals_b)
    rows_a, rows_b = intervals_a[a], intervals_b[b]
    shared = pl.DataFrame(
        {
            "row_a": a,
            "row_b": b,
            **_named(rows_a, "a"),
            **_named(rows_b, "b"),
            "time": rows_a["time"].cast(TT),
            "time_stop": rows_a["time_stop"].cast(TT),
            "_start": rows_b["time"].cast(TT),
            "_stop": rows_b["time_stop"].cast(TT),
        }
    ).with_columns(
        pl.max_horizontal("time", "_start").alias("time"),
        pl.min_horizontal("time_stop", "_stop").alias("time_stop"),
    )
    shared = with_seconds(
        shared.drop("_start", "_stop"),
        "overlap_s",
        pl.col("time_stop") - pl.col("time"),
    )
    if within_arcmin is not None:
        shared = _near(shared, rows_a, rows_b, within_arcmin)
    return shared.sort("time", "row_a", "row_b")


def nanoseconds(frame: pl.DataFrame, name: str) -> Ints:
    """Return a time column as int64 nanoseconds; nulls become the smallest integer."""
    values = frame[name].cast(TT).cast(pl.Int64).fill_null(np.iinfo(np.int64).min)
    return values.to_numpy()


def _exposed(intervals: pl.DataFrame) -> pl.Series:
    """Return which intervals are exposure; all if the frame does not say their kind."""
    if "kind" not in intervals.columns:
        return pl.repeat(value=True, n=len(intervals), eager=True)
    return intervals["kind"].is_in(EXPOSED).fill_null(value=True)


def _one_instrument(intervals: pl.DataFrame) -> None:
    names = intervals["instrument"].drop_nulls().unique().sort().to_list()
    if len(names) > 1:
        raise QueryError(
            f"good times of {len(names)} instruments are mixed ({', '.join(names[:6])});"
            " keep the one the events or rates are of"
        )


def _bounds(good: pl.DataFrame) -> tuple[Ints, Ints]:
    return nanoseconds(good, "time"), nanoseconds(good, "time_stop")


def _live_before(good: pl.DataFrame, times: Ints) -> Ints:
    """Return the live time before each instant, ns: whole numbers, so that gaps are 0."""
    starts, stops = _bounds(good)
    if starts.size == 0:
        return np.zeros(times.shape, dtype=np.int64)
    length = stops - starts
    live = length
    if "live_s" in good.columns:
        live = np.rint(good["live_s"].to_numpy() * NS).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(live)])
    which = np.searchsorted(starts, times, side="right") - 1
    last = np.clip(which, 0, None)
    part = np.clip(times - starts[last], 0, length[last])
    part -= np.rint(part * (1 - live[last] / length[last])).astype(np.int64)
    return np.where(which < 0, 0, before[last] + part)


def _overlapping(a: pl.DataFrame, b: pl.DataFrame) -> tuple[Ints, Ints]:
    """Sort b by start; its running latest stop is sorted too, so both ends bisect."""
    rows_a, start_a, stop_a = _sorted(a)
    rows_b, start_b, stop_b = _sorted(b)
    if not (rows_a.size and rows_b.size):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = np.searchsorted(np.maximum.accumulate(stop_b), start_a, side="right")
    last = np.searchsorted(start_b, stop_a, side="left")
    of_a, of_b = expand(first, last)
    real = stop_b[of_b] > start_a[of_a]
    return rows_a[of_a[real]], rows_b[of_b[real]]


def _sorted(frame: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    start, stop = _bounds(frame)
    dated = (stop > start) & (start > np.iinfo(np.int64).min)
    rows = np.flatnonzero(dated & _exposed(frame).to_numpy())
    rows = rows[np.argsort(start[rows], kind="stable")]
    return rows, start[rows], stop[rows]


def _named(frame: pl.DataFrame, side: str) -> dict[str, pl.Series]:
    names = [name for name in ("obs_id", "instrument") if name in frame.columns]
    return {f"{name}_{side}": frame[name] for name in names}


def _near(
    shared: pl.DataFrame, a: pl.DataFrame, b: pl.DataFrame, within_arcmin: float
) -> pl.DataFrame:
    for side in (a, b):
        demand(side, "ra", "dec", subject="intervals selected by separation")
    apart = 60 * separation_deg(
        *(
            side[name].cast(pl.Float64).to_numpy()
            for side in (a, b)
            for name in ("ra", "dec")
        )
    )
    return shared.with_columns(pl.Series("separation_arcmin", apart)).filter(
        pl.col("separation_arcmin") <= within_arcmin
    )
