"""Sorted copies that go along when segments are written again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vast_standin.engine.rewriting import Rewriter, is_current
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Projection, SortedCopy, Table


def copies_along(
    table: Table, old: Sequence[Segment], new: Sequence[Segment], rewriter: Rewriter
) -> Iterator[SortedCopy]:
    """Yield copies of new segments, for projections the table is in step with.

    Without them readers of such a projection would read whole segments meanwhile. A
    projection that lags behind is caught up with later, when there is less to write.
    """
    for projection in table.definition.projections:
        current = {s.id: copy for s, copy in _current(table, projection)}
        in_step = sum(s.live for s in table.segments if s.id in current)
        if 2 * in_step <= table.live:
            continue
        by_extent = {id(s.base.extent): current[s.id] for s in old if s.id in current}
        for segment in new:
            copy = by_extent.get(id(segment.base.extent))
            if copy is None:
                yield rewriter.copy(segment, projection)
            elif copy.segment != segment.id:
                yield replace(copy, segment=segment.id)


def _current(
    table: Table, projection: Projection
) -> Iterator[tuple[Segment, SortedCopy]]:
    for segment in table.segments:
        copy = table.copies.get((projection.id, segment.id))
        if copy is not None and is_current(copy, segment):
            yield segment, copy
