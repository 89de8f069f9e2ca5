"""Good time that two points share, or the gap between them, as a calibration counts it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.query import Answer, Query
from orbital_kernel.questions.asking import Asks, together
from orbital_kernel.science.columns import TT
from orbital_kernel.science.lightcurves import EXPOSED, is_local, merged

GOOD = ("obs_id", "time", "time_stop", "kind", "instrument", "time_rule")
NS = 1_000_000_000
Spans = NDArray[np.int64]
"""Rows of start and stop, ns."""


@dataclass(frozen=True)
class GoodTimes:
    """Good time of each observatory's ObsIDs."""

    by_obs_id: tuple[dict[str, Spans], dict[str, Spans]]
    answers: list[Answer]


def good_times(
    orbital: Asks, names: tuple[str, str], rows: tuple[pl.DataFrame, pl.DataFrame]
) -> GoodTimes:
    """Read the good times of the ObsIDs of candidates only."""
    ids = [side["obs_id"].drop_nulls().unique().sort().to_list() for side in rows]
    queries = [
        Query(
            f"{name}.intervals",
            GOOD,
            sets={"obs_id": obs_ids, "kind": EXPOSED},
            full_scan=True,
        )
        for name, obs_ids in zip(names, ids, strict=True)
        if obs_ids
    ]
    answers = iter(replies := together(orbital, queries, kind="calibration"))
    frames = [next(answers).frame if obs_ids else None for obs_ids in ids]
    first, second = (_by_obs_id(frame) for frame in frames)
    return GoodTimes((first, second), replies)


def timed(
    near: pl.DataFrame, a: pl.DataFrame, b: pl.DataFrame, good: GoodTimes
) -> pl.DataFrame:
    """Add shared_s and gap_s (s) of the good times of each pair, and how they are known."""
    sides = (
        _exposures(near["row_a"], a, good.by_obs_id[0]),
        _exposures(near["row_b"], b, good.by_obs_id[1]),
    )
    shared, gaps, known = [], [], []
    for (spans_a, by_a), (spans_b, by_b) in zip(*sides, strict=True):
        both_s, gap_s = _common(spans_a, spans_b)
        shared.append(both_s)
        gaps.append(gap_s)
        known.append("intervals" if by_a and by_b else "spans of points")
    return near.with_columns(
        pl.Series("shared_s", shared, dtype=pl.Float64),
        pl.Series("gap_s", gaps, dtype=pl.Float64),
        pl.Series("good_time", known, dtype=pl.String),
    )


def _by_obs_id(frame: pl.DataFrame | None) -> dict[str, Spans]:
    if frame is None:
        return {}
    local = frame.filter(is_local()).drop("instrument")
    return {
        str(obs_id): merged(group)
        .select(pl.col("time", "time_stop").cast(pl.Int64))
        .to_numpy()
        for (obs_id,), group in local.group_by(["obs_id"])
    }


def _exposures(
    rows: pl.Series, points: pl.DataFrame, by_obs_id: dict[str, Spans]
) -> list[tuple[Spans, bool]]:
    """Return the good time within each point's span, and whether intervals give it."""
    ends = points.select(pl.col("start", "stop").cast(TT).cast(pl.Int64)).to_numpy()
    obs_ids = points["obs_id"].to_list()
    found = []
    for row in rows:
        exposed = by_obs_id.get(obs_ids[row] or "")
        inside = None if exposed is None else _cut(exposed, ends[row])
        if inside is None or not len(inside):
            found.append((ends[row : row + 1], False))
        else:
            found.append((inside, True))
    return found


def _cut(exposed: Spans, span: Spans) -> Spans:
    """Return the parts of good times within a span."""
    low, high = np.maximum(exposed[:, 0], span[0]), np.minimum(exposed[:, 1], span[1])
    return np.asarray(np.stack([low, high], axis=1)[high > low])


def _common(a: Spans, b: Spans) -> tuple[float, float]:
    """Return how long two sets of spans share, and the shortest time between them, s."""
    low = np.maximum(a[:, None, 0], b[None, :, 0])
    high = np.minimum(a[:, None, 1], b[None, :, 1])
    shared = float(np.maximum(high - low, 0).sum()) / NS
    return shared, max(float((low - high).min()), 0.0) / NS
