"""Tables as their projections show them: sorted pieces in place of segments."""

from collections.abc import Sequence

import numpy as np

from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import Living, SortedPiece, SortedRun
from vast_standin.engine.table import Projection, Table


def projected(table: Table, projection: Projection) -> Table:
    """Return a table with the pieces of a projection's runs in place of segments.

    Segments that are in no run as they are now stay themselves.
    """
    view = table.views.get(projection.id)
    if view is None:
        covered = table.covered(projection)
        runs = table.runs_of(projection)
        pieces = [piece for run in runs for piece in pieces_of(table, projection, run)]
        remainder = [s for s in table.segments if s.id not in covered]
        view = table.with_segments((*pieces, *remainder))
        table.views[projection.id] = view
    return view


def pieces_of(
    table: Table, projection: Projection, run: SortedRun
) -> Sequence[Segment]:
    """Return the pieces of a run; rows that the table has no more are masked."""
    current = np.array([table.is_current(origin) for origin in run.origins], np.bool_)
    deleted = {
        index: segment.deleted
        for index, origin in enumerate(run.origins)
        if table.is_current(origin)
        and (segment := table.by_id[origin.segment]).deleted is not None
        and len(segment.deleted)
    }
    living = None
    if deleted or not current.all():
        living = Living(run.starts, current, deleted)
    return [SortedPiece(p, key=projection.sorted, living=living) for p in run.pieces]
