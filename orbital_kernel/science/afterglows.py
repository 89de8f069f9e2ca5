"""Bursts whose place lay in another observatory's field soon after, and the odds of it.

Null: the burst's time has nothing to do with what was observed. Its place is kept, so
fields that are observed often count as often: the chance is the share of all trigger
times in the span of the observations that wait no longer for good time.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import TT, demand

Ints = NDArray[np.int64]
DAY_NS = 86_400_000_000_000


def coverages(
    bursts: pl.DataFrame,
    intervals: pl.DataFrame,
    pairs: pl.DataFrame,
    *,
    within_days: float,
) -> pl.DataFrame:
    """Rank bursts by how soon good time at their place follows them.

    Parameters
    ----------
    bursts
        time (TT) of every burst examined.
    intervals
        Good time: time and time_stop (TT).
    pairs
        burst and interval: row numbers where the field contains the error circle.
    within_days
        Longest delay, d.

    Returns
    -------
    polars.DataFrame
        The bursts observed, with delay_s (s; 0 if good time was under way), good_s (s of
        good time within the days), intervals (how many), first (row of the first),
        statistic (within_days over the delay in days, at most 1e6), p_value (of as short
        a wait), expected (p_value times the bursts examined) and by_chance (chance of any
        such good time within the days); rarest first.
    """
    demand(bursts, "time", subject="bursts")
    demand(intervals, "time", "time_stop", subject="good time")
    trigger, start, stop = (
        column.cast(TT).cast(pl.Int64).to_numpy()
        for column in (bursts["time"], intervals["time"], intervals["time_stop"])
    )
    inside = _inside(trigger, start, stop)
    examined = int(inside.sum())
    longest = int(within_days * DAY_NS)
    low = int(start.min()) if start.size else 0
    span = max((int(stop.max()) - low) if stop.size else 0, 1)
    rows = []
    for (burst,), group in pairs.group_by(["burst"], maintain_order=True):
        if not inside[burst]:
            continue
        near = group["interval"].to_numpy()
        begin, end = start[near], stop[near]
        delay = np.maximum(begin - trigger[burst], 0)
        after = (end > trigger[burst]) & (delay <= longest)
        if not after.any():
            continue
        wait = int(delay[after].min())
        share = _covered(begin - wait, end, low) / span
        seconds = np.minimum(end, trigger[burst] + longest) - np.maximum(
            begin, trigger[burst]
        )
        rows.append(
            {
                "burst": burst,
                "first": int(near[after][np.argmin(delay[after])]),
                "intervals": int(after.sum()),
                "delay_s": wait / 1e9,
                "good_s": float(seconds[after].sum()) / 1e9,
                "statistic": longest / max(wait, longest / 1e6),
                "p_value": min(share, 1.0),
                "expected": min(share, 1.0) * examined,
                "by_chance": min(_covered(begin - longest, end, low) / span, 1.0),
            }
        )
    return pl.DataFrame(rows, schema=COVERAGE).sort("p_value", "delay_s")


COVERAGE: dict[str, pl.DataType] = {
    "burst": pl.Int64(),
    "first": pl.Int64(),
    "intervals": pl.Int64(),
    "delay_s": pl.Float64(),
    "good_s": pl.Float64(),
    "statistic": pl.Float64(),
    "p_value": pl.Float64(),
    "expected": pl.Float64(),
    "by_chance": pl.Float64(),
}


def examined(bursts: pl.DataFrame, intervals: pl.DataFrame) -> int:
    """Return how many bursts have a time in the span of the observations."""
    columns = (bursts["time"], intervals["time"], intervals["time_stop"])
    return int(_inside(*(c.cast(TT).cast(pl.Int64).to_numpy() for c in columns)).sum())


def _inside(trigger: Ints, start: Ints, stop: Ints) -> NDArray[np.bool_]:
    if not start.size:
        return np.zeros(trigger.size, dtype=bool)
    return np.asarray((trigger >= start.min()) & (trigger <= stop.max()))


def _covered(begin: Ints, end: Ints, low: int) -> int:
    """Return the length of a union of intervals from `low` on, ns."""
    order = np.argsort(begin)
    begin, end = np.maximum(begin[order], low), end[order]
    reach = np.maximum.accumulate(end)
    joined = np.maximum(begin, np.append([low], reach[:-1]))
    return int(np.maximum(end - joined, 0).sum())
