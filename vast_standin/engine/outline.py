"""Which segments of a table may hold wanted values, told without a look at each.

The zones of a column, united over each segment, are one zone a segment: a table of a
thousand segments is searched by one comparison of arrays instead of a thousand.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.intervals import Intervals
from vast_standin.engine.physical import physical_type
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Table
from vast_standin.engine.zones import ColumnZones

_Bounds = tuple[object, object, int, int]
_UNKNOWN: _Bounds = (None, None, 1, 2)
_NULL: _Bounds = (None, None, 1, 1)


def segments_to_look_at(
    table: Table, wanted: Mapping[int, Intervals]
) -> npt.NDArray[np.int64]:
    """Give the indices of the segments that may hold rows wanted in every column."""
    mask = np.ones(len(table.segments), dtype=np.bool_)
    for number, values in wanted.items():
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
        return zones.whole
    return _NULL if segment.base.column(number) is None else _UNKNOWN
