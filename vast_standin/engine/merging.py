"""Merging sorted runs slice by slice of their key, in bounded memory."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vast_standin.engine.rewriting import Rows, most_rows, read_rows, sort_order
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Table

_LEAST_STEP = 1024

_Span = tuple[Segment, int, int]
_Values = Sequence[Any] | npt.NDArray[Any]
_Side = Literal["left", "right"]
_Wall = tuple[Any, _Side]
"""A value of a key: slices end before the rows that have it, or behind them."""


def merged_runs(table: Table, runs: Sequence[Sequence[Segment]]) -> Iterator[Rows]:
    """Yield the rows of all runs in order, about a segment at a time."""
    key = table.definition.sort_key
    for spans in slices([segment for run in runs for segment in run], key):
        rows = read_rows(table.definition, spans)
        yield rows.take(sort_order([rows.columns[n] for n in key]))


def slices(
    segments: Sequence[Segment], key: Sequence[int]
) -> Iterator[Sequence[_Span]]:
    """Cut segments sorted by a key into slices of about a segment, in its order."""
    most = most_rows(sum(s.rows for s in segments), sum(s.nbytes for s in segments))
    yield from _cut([(s, 0, s.rows) for s in segments], key, most)


def _cut(
    spans: Sequence[_Span], key: Sequence[int], most: int
) -> Iterator[Sequence[_Span]]:
    """Cut spans sorted by a key into slices of about so many rows, in its order.

    Rows that share a value of the first column, too many for a slice, are cut by the
    next; those that share all of the key, anywhere.
    """
    if sum(stop - start for _, start, stop in spans) <= most:
        yield from [spans] if spans else []
        return
    if not key:
        yield from _pieces(spans, most)
        return
    values = [s.base.ordered(key[0], start, stop) for s, start, stop in spans]
    at = [start for _, start, _ in spans]
    for wall in _walls(values, most):
        ends = [
            start + _place(v, wall)
            for (_, start, _), v in zip(spans, values, strict=True)
        ]
        slice_ = _between(spans, at, ends)
        at = ends
        if wall[1] == "right":
            yield from _cut(slice_, key[1:], most)
        elif slice_:
            yield slice_
    nulls = [start + len(v) for (_, start, _), v in zip(spans, values, strict=True)]
    last = _between(spans, at, nulls)
    if last:
        yield last
    yield from _cut(_between(spans, nulls, [s[2] for s in spans]), key[1:], most)


def _between(
    spans: Sequence[_Span], starts: Sequence[int], stops: Sequence[int]
) -> list[_Span]:
    return [
        (segment, start, stop)
        for (segment, _, _), start, stop in zip(spans, starts, stops, strict=True)
        if start < stop
    ]


def _walls(values: Sequence[_Values], most: int) -> list[_Wall]:
    """Choose where slices end; what fills a slice alone has a wall on both sides."""
    step = max(_LEAST_STEP, most // (4 * len(values)))
    samples = [value for v in values for value in _each(v, step)]
    nans = sum(value != value for value in samples)  # noqa: PLR0124
    walls: list[_Wall] = []
    filled = 0
    for value, alike in groupby(sorted(v for v in samples if v == v)):  # noqa: PLR0124
        rows = step * sum(1 for _ in alike)
        if filled and filled + rows > most:
            walls.append((value, "left"))
            filled = 0
        if rows >= most:
            walls += [(value, "left"), (value, "right")]
        else:
            filled += rows
    if nans * step >= most:
        walls += [(np.nan, "left"), (np.nan, "right")]
    return walls


def _each(values: _Values, step: int) -> list[Any]:
    if isinstance(values, np.ndarray):
        samples: list[Any] = values[::step].tolist()
        return samples
    return [values[i] for i in range(0, len(values), step)]


def _place(values: _Values, wall: _Wall) -> int:
    value, side = wall
    if isinstance(values, np.ndarray):
        return int(np.searchsorted(values, values.dtype.type(value), side=side))
    return (bisect_left if side == "left" else bisect_right)(values, value)


def _pieces(spans: Sequence[_Span], most: int) -> Iterator[list[_Span]]:
    piece: list[_Span] = []
    rows = 0
    for segment, start, stop in spans:
        at = start
        while at < stop:
            end = min(stop, at + most - rows)
            piece.append((segment, at, end))
            rows += end - at
            at = end
            if rows == most:
                yield piece
                piece, rows = [], 0
    if piece:
        yield piece
