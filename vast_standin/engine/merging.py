"""Merging sorted runs slice by slice of the leading key, in bounded memory."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vast_standin.engine.rewriting import Rows, most_rows, read_rows, sort_order
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Table


def merged_runs(table: Table, runs: Sequence[Sequence[Segment]]) -> Iterator[Rows]:
    """Yield the rows of all runs in order, about a segment at a time."""
    segments = [segment for run in runs for segment in run]
    key = table.definition.sort_key
    starts = [0] * len(segments)
    for pivot in [*_pivots(segments, key[0]), None]:
        stops = [
            s.rows if pivot is None else _left(s.base.sorted_values, pivot)
            for s in segments
        ]
        spans = [
            (s, a, b) for s, a, b in zip(segments, starts, stops, strict=True) if a < b
        ]
        starts = [max(a, b) for a, b in zip(starts, stops, strict=True)]
        if spans:
            rows = read_rows(table.definition, spans)
            yield rows.take(sort_order([rows.columns[n] for n in key]))


def _pivots(segments: Sequence[Segment], lead: int) -> list[Any]:
    """Choose values of the leading column that cut the rows into like slices."""
    lows: list[tuple[Any, int]] = []
    for segment in segments:
        zones = segment.base.zones[lead]
        for low, rows in zip(zones.lows.to_pylist(), zones.rows, strict=True):
            if low is not None:
                lows.append((low, int(rows)))
    lows.sort()
    most = most_rows(sum(s.rows for s in segments), sum(s.nbytes for s in segments))
    pivots: list[Any] = []
    filled = 0
    for low, rows in lows:
        if filled >= most and (not pivots or low > pivots[-1]):
            pivots.append(low)
            filled = 0
        filled += rows
    return pivots


def _left(values: Sequence[Any] | np.ndarray, pivot: Any) -> int:
    if isinstance(values, np.ndarray):
        return int(np.searchsorted(values, values.dtype.type(pivot), side="left"))
    return bisect_left(values, pivot)
