"""Which segments of sorted runs can stay as they are when the runs become one.

A segment whose keys no other segment shares need not be rewritten: appending to a
table in the order of its key costs the new rows, not the table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vast_standin.engine.rewriting import is_large
from vast_standin.engine.segment import Segment

_LAST: tuple[int, Any] = (1, 0)
_SMALLEST_GAP = 1e-7
_STEP = 1e-3


@dataclass(frozen=True)
class Link:
    """One segment that stays, or several to be merged, in order of keys."""

    segments: tuple[Segment, ...]
    stays: bool


def links(runs: Sequence[Sequence[Segment]]) -> Iterator[Link]:
    """Cut all segments into those that stay and groups to be merged."""
    merged: list[Segment] = []
    for group in _overlapping([segment for run in runs for segment in run]):
        if len(group) == 1 and _is_good(group[0]):
            if merged:
                yield Link(tuple(merged), stays=False)
                merged = []
            yield Link(tuple(group), stays=True)
        else:
            merged += group
    if merged:
        yield Link(tuple(merged), stays=False)


def placed(
    segments: Sequence[Segment], unchanged: frozenset[int]
) -> list[Segment] | None:
    """Return segments that are not kept ordinals between those that are.

    None if the gaps have become too small for that.
    """
    result: list[Segment] = []
    at = 0
    while at < len(segments):
        if segments[at].id in unchanged:
            result.append(segments[at])
            at += 1
            continue
        end = at
        while end < len(segments) and segments[end].id not in unchanged:
            end += 1
        step, low = _gap(result, segments[end:], end - at)
        if step < _SMALLEST_GAP:
            return None
        result += [
            Segment(replace(s.base, ordinal=low + step * (i + 1)))
            for i, s in enumerate(segments[at:end])
        ]
        at = end
    return result


def _gap(
    before: Sequence[Segment], after: Sequence[Segment], count: int
) -> tuple[float, float]:
    """Tell how far apart `count` ordinals may lie, and after which."""
    if not before and not after:
        return _STEP, 0.0
    if not before:
        return _STEP, after[0].base.ordinal - _STEP * (count + 1)
    low = before[-1].base.ordinal
    if not after:
        return _STEP, low
    return (after[0].base.ordinal - low) / (count + 1), low


def _overlapping(segments: list[Segment]) -> Iterator[list[Segment]]:
    """Group segments whose ranges of leading keys touch."""
    ranges = sorted(
        ((_range(segment), segment) for segment in segments if segment.live),
        key=lambda pair: pair[0],
    )
    group: list[Segment] = []
    reached = _LAST
    for (low, high), segment in ranges:
        if group and low > reached:
            yield group
            group = []
        reached = high if not group else max(reached, high)
        group.append(segment)
    if group:
        yield group


def _range(segment: Segment) -> tuple[tuple[int, Any], tuple[int, Any]]:
    """Tell the smallest and largest leading key; NaN and null are the last."""
    values = segment.base.sorted_values
    if len(values) == 0:
        return _LAST, _LAST
    low, high = values[0], values[-1]
    has_last = len(values) < segment.rows or high != high  # noqa: PLR0124
    return (
        _LAST if low != low else (0, low),  # noqa: PLR0124
        _LAST if has_last else (0, high),
    )


def _is_good(segment: Segment) -> bool:
    """Return whether a segment is large, and as it was written."""
    unchanged = not segment.patches and segment.deleted is None
    return unchanged and is_large(segment)
