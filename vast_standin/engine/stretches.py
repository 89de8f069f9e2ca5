"""Which runs of a projection become one: all, or those of a stretch of the table.

What equal values are searched by (names, identifiers, cells of the sky) is best in one
run. Floating-point values are searched by ranges, mostly together with a range of the
table's own key, such as time: their runs stay apart by stretches of the table, so that
stretches can be passed over.
"""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from vast_standin.engine.choosing import sorted_runs_to_merge
from vast_standin.engine.rewriting import LARGEST
from vast_standin.engine.table import Projection, Table

_STRETCHES = 16
_LEAST = 4
"""Rows of a stretch at least, in segments of the largest size."""


def runs_worth_merging(
    table: Table, projection: Projection, *, settled: bool
) -> list[int]:
    """Choose runs of a projection that are worth merging, by number."""
    sizes = {
        run.id: (sum(o.rows for o in run.origins if table.is_current(o)), run.rows)
        for run in table.runs_of(projection)
    }
    for numbers in _stretches(table, projection, sizes):
        chosen = sorted_runs_to_merge({n: sizes[n] for n in numbers}, settled=settled)
        if chosen:
            return chosen
    return []


def _stretches(
    table: Table, projection: Projection, sizes: Mapping[int, tuple[int, int]]
) -> Iterator[list[int]]:
    """Cut the runs of a projection into groups that may become one."""
    kind = table.definition.by_number[projection.sorted[0]].field.type
    if not pa.types.is_floating(kind):
        yield list(sizes)
        return
    most = max(_LEAST * LARGEST, sum(live for live, _ in sizes.values()) // _STRETCHES)
    group: list[int] = []
    rows = 0
    for number in _by_place(table, projection):
        live = sizes[number][0]
        if group and rows + live > most:
            yield group
            group, rows = [], 0
        group.append(number)
        rows += live
    if group:
        yield group


def _by_place(table: Table, projection: Projection) -> list[int]:
    """Order the runs of a projection by where their first segment is in the table."""
    places = {segment.id: place for place, segment in enumerate(table.segments)}
    last = len(places)
    first = {
        run.id: min((places.get(o.segment, last) for o in run.origins), default=last)
        for run in table.runs_of(projection)
    }
    return sorted(first, key=lambda number: first[number])
