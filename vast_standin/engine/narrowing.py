"""Spans of a table that may hold matching values, found without opening every segment.

The zones of a column, united over each segment, are one zone per segment: a table of a
thousand segments is searched by one comparison of arrays instead of a thousand. Within
the remaining segments, zones and sort order narrow further.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.intervals import Intervals
from vast_standin.engine.physical import physical_type
from vast_standin.engine.positions import Span
from vast_standin.engine.segment import Segment, runs_of
from vast_standin.engine.table import Table
from vast_standin.engine.zones import ColumnZones

_Bounds = tuple[object, object, int, int]
_UNKNOWN: _Bounds = (None, None, 1, 2)
_NULL: _Bounds = (None, None, 1, 1)
_NEAR = 256
_FEW_VALUES = 64


def narrowed(
    table: Table, possible: Mapping[int, Intervals]
) -> Iterator[tuple[int, int, int]]:
    """Yield segment index, first position and end of each span that may hold matching rows."""
    for index in segments_to_look_at(table, possible).tolist():
        segment = table.segments[index]
        key = segment.key or (table.definition.sort_key if segment.base.run else ())
        for start, stop in _narrowed(segment, possible, key):
            yield index, start, stop


def segments_to_look_at(
    table: Table, possible: Mapping[int, Intervals]
) -> npt.NDArray[np.int64]:
    """Return the indices of the segments that may hold rows matching in every column."""
    mask = np.ones(len(table.segments), dtype=np.bool_)
    for number, values in possible.items():
        outline = table.outlines.get(number)
        if outline is None:
            outline = table.outlines[number] = _outline(table, number)
        mask &= outline.possible(values)
    return np.flatnonzero(mask)


def _outline(table: Table, number: int) -> ColumnZones:
    kind = physical_type(table.definition.by_number[number].field.type)
    bounds = [_bounds(segment, number) for segment in table.segments]
    lows, highs, nulls, rows = ([b[i] for b in bounds] for i in range(4))
    return ColumnZones(
        np.arange(len(bounds)),
        pa.array(lows, type=kind),
        pa.array(highs, type=kind),
        np.array(nulls, dtype=np.int64),
        np.array(rows, dtype=np.int64),
    )


def _bounds(segment: Segment, number: int) -> _Bounds:
    if any(number in patch.numbers for patch in segment.patches):
        return _UNKNOWN
    zones = segment.base.zones.get(number)
    if zones is not None:
        return zones.extremes
    return _NULL if segment.base.column(number) is None else _UNKNOWN


def _narrowed(
    segment: Segment, possible: Mapping[int, Intervals], key: Sequence[int]
) -> list[Span]:
    if segment.live == 0:
        return []
    spans: list[Span] = [(0, segment.rows)]
    mask: npt.NDArray[np.bool_] | None = None
    for number, values in possible.items():
        matching = segment.sorted_spans(number, values)
        if matching is not None:
            if len(key) > 1 and key[0] == number and key[1] in possible:
                matching = _among_equals(segment, matching, values, possible, key[1])
            spans = _near(matching)
            continue
        groups = segment.possible_groups(number, values)
        if groups is not None:
            mask = groups if mask is None else mask & groups
    if mask is not None and not mask.all():
        spans = _meet(spans, list(runs_of(mask, segment.rows)))
    return spans


def _among_equals(
    segment: Segment,
    spans: list[Span],
    values: Intervals,
    possible: Mapping[int, Intervals],
    number: int,
) -> list[Span]:
    """Narrow spans, each of rows with one leading value, by the next column they are sorted by."""
    few = len(values.spans) <= _FEW_VALUES and not values.nulls
    if not few or any(low is None or low != high for low, high in values.spans):
        return spans
    return [
        span
        for start, stop in spans
        for span in segment.spans_within(number, possible[number], start, stop)
    ]


def _near(spans: list[Span]) -> list[Span]:
    """Join neighbouring spans: opening few spans is faster than opening exact ones."""
    result: list[Span] = []
    for start, stop in sorted(spans):
        if result and start - result[-1][1] <= _NEAR:
            result[-1] = (result[-1][0], max(stop, result[-1][1]))
        else:
            result.append((start, stop))
    return result


def _meet(first: list[Span], second: list[Span]) -> list[Span]:
    result: list[Span] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, stop = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if start < stop:
            result.append((start, stop))
        if first[i][1] <= second[j][1]:
            i += 1
        else:
            j += 1
    return result
