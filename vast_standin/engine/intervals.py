"""Sets of closed intervals: the values a predicate allows for one column.

A set may be wider than the predicate, never narrower; the exact test runs on
the remaining rows. None as a bound means unbounded.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Interval = tuple[Any, Any]
_UNBOUNDED = ((None, None),)
_Arrays = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True)
class Intervals:
    """Disjoint closed intervals in rising order, and whether null is possible."""

    spans: tuple[Interval, ...]
    nulls: bool
    _arrays: dict[str, _Arrays] = field(default_factory=dict, repr=False, compare=False)

    def __or__(self, other: "Intervals") -> "Intervals":
        return union((self, other))

    def __and__(self, other: "Intervals") -> "Intervals":
        if self.spans == _UNBOUNDED:
            return Intervals(other.spans, self.nulls and other.nulls)
        return Intervals(
            tuple(_intersect(self.spans, other.spans)), self.nulls and other.nulls
        )

    def meets(
        self, lows: npt.NDArray[Any], highs: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Return for each [low, high] whether it shares a value with this set."""
        if not self.spans:
            return np.zeros(len(lows), dtype=np.bool_)
        if lows.dtype == object:
            return self._meets_objects(lows, highs)
        starts, stops = self.arrays(lows.dtype)
        first = np.searchsorted(stops, lows, side="left")
        inside = first < len(stops)
        first[~inside] = 0
        return np.asarray(inside & (starts[first] <= highs), dtype=np.bool_)

    def arrays(self, dtype: np.dtype[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the bounds as two arrays, in a numeric type, cut to what fits it."""
        bounds = self._arrays.get(dtype.str)
        if bounds is None:
            floor, ceiling = _limits(dtype)
            starts = _bounds([low for low, _ in self.spans], dtype, floor)
            stops = _bounds([high for _, high in self.spans], dtype, ceiling)
            bounds = self._arrays[dtype.str] = starts, stops
        return bounds

    def _meets_objects(
        self, lows: npt.NDArray[Any], highs: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        bounded = self.spans[-1][1] is not None
        stops = [h for _, h in (self.spans if bounded else self.spans[:-1])]
        result = np.zeros(len(lows), dtype=np.bool_)
        for i, (low, high) in enumerate(zip(lows, highs, strict=True)):
            at = bisect_left(stops, low)
            if at < len(self.spans):
                start = self.spans[at][0]
                result[i] = start is None or start <= high
        return result


NOTHING = Intervals((), nulls=False)
ONLY_NULL = Intervals((), nulls=True)
NOT_NULL = Intervals(((None, None),), nulls=False)
EVERYTHING = Intervals(((None, None),), nulls=True)


def point(value: Any) -> Intervals:
    """Return the set of one value; a NaN equals nothing."""
    return NOTHING if value != value else Intervals(((value, value),), nulls=False)  # noqa: PLR0124


def points(values: Iterable[Any]) -> Intervals:
    """Return the set of many values, none of them null or NaN."""
    return Intervals(tuple((v, v) for v in sorted(set(values))), nulls=False)


def between(low: Any, high: Any) -> Intervals:
    """Return the set of one closed interval; None means unbounded."""
    return Intervals(((low, high),), nulls=False)


def union(sets: Iterable[Intervals]) -> Intervals:
    """Join sets, merging what overlaps."""
    spans: list[Interval] = []
    nulls = False
    for item in sets:
        spans.extend(item.spans)
        nulls = nulls or item.nulls
    unbounded = [s for s in spans if s[0] is None]
    ordered = unbounded + sorted((s for s in spans if s[0] is not None), key=_low)
    merged: list[Interval] = []
    for low, high in ordered:
        if merged and (merged[-1][1] is None or low is None or low <= merged[-1][1]):
            last = merged[-1]
            stop = None if None in (last[1], high) else max(last[1], high)
            merged[-1] = (last[0], stop)
        else:
            merged.append((low, high))
    return Intervals(tuple(merged), nulls)


def _low(span: Interval) -> Any:
    return span[0]


def _intersect(
    first: tuple[Interval, ...], second: tuple[Interval, ...]
) -> list[Interval]:
    result: list[Interval] = []
    i = j = 0
    while i < len(first) and j < len(second):
        low = _highest(first[i][0], second[j][0])
        high = _lowest(first[i][1], second[j][1])
        if low is None or high is None or low <= high:
            result.append((low, high))
        if second[j][1] is None or (
            first[i][1] is not None and first[i][1] <= second[j][1]
        ):
            i += 1
        else:
            j += 1
    return result


def _highest(low: Any, high: Any) -> Any:
    if low is None or high is None:
        return high if low is None else low
    return max(low, high)


def _lowest(low: Any, high: Any) -> Any:
    if low is None or high is None:
        return high if low is None else low
    return min(low, high)


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype.kind == "f":
        return -np.inf, np.inf
    info = np.iinfo(dtype)
    return info.min, info.max


def _bounds(
    values: list[Any], dtype: np.dtype[Any], unbounded: Any
) -> npt.NDArray[Any]:
    if dtype.kind == "f":
        return np.array([unbounded if v is None else v for v in values], dtype=float)
    info = np.iinfo(dtype)
    return np.array(
        [unbounded if v is None else min(max(v, info.min), info.max) for v in values],
        dtype=dtype,
    )
