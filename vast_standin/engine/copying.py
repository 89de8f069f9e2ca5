"""Runs made for projections: of segments that are in none, and of runs together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.constants import joined
from vast_standin.engine.merging import slices
from vast_standin.engine.rewriting import Rewriter, Rows, read_rows, sort_order
from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import Origin, SortedRun
from vast_standin.engine.table import Projection, Table
from vast_standin.engine.views import pieces_of

if TYPE_CHECKING:
    from vast_standin.engine.base import Base
    from vast_standin.engine.positions import Positions

Writers = Callable[[Projection], Rewriter]
"""Returns what writes the pieces of a projection: each has files of its own."""
_Span = tuple[Segment, int, int]


def sorted_run(
    segments: Sequence[Segment], projection: Projection, rewriter: Rewriter
) -> SortedRun:
    """Write the columns of a projection of segments, sorted, as a run of one piece."""
    kinds = rewriter.definition.by_number
    columns = {
        n: _column(segments, n, kinds[n].field.type, plain=n in projection.sorted)
        for n in projection.columns
    }
    ids = np.concatenate([s.base.row_ids for s in segments])
    order = sort_order([columns[n] for n in projection.sorted])
    piece = rewriter.piece(Rows(columns, ids).take(order), order, projection)
    origins = tuple(Origin(s.id, len(s.patches), s.rows) for s in segments)
    return SortedRun(rewriter.new_id(), projection.id, origins, (piece,))


def merged_run(
    table: Table,
    projection: Projection,
    runs: Sequence[SortedRun],
    rewriter: Rewriter,
    between: Callable[[], None],
) -> SortedRun:
    """Write the live rows of runs as one run, slice by slice; `between` them it calls."""
    origins: list[Origin] = []
    moves: dict[int, tuple[SortedRun, Positions]] = {}
    pieces: list[Segment] = []
    for run in runs:
        shifts = np.zeros(len(run.origins), dtype=np.int64)
        for i, origin in enumerate(run.origins):
            if table.is_current(origin):
                shifts[i] = sum(o.rows for o in origins) - run.starts[i]
                origins.append(origin)
        for piece in pieces_of(table, projection, run):
            pieces.append(piece)
            moves[piece.id] = run, shifts
    written: list[Base] = []
    for spans in slices(pieces, projection.sorted):
        rows = read_rows(table.definition, spans, frozenset(projection.columns))
        numbers = np.concatenate([_numbers(span, *moves[span[0].id]) for span in spans])
        order = sort_order([rows.columns[n] for n in projection.sorted])
        rows, numbers = rows.take(order), numbers[order]
        for start, stop in rows.parts():
            part = rows.slice(start, stop - start)
            base = rewriter.piece(part, numbers[start:stop], projection)
            written.append(replace(base, ordinal=float(len(written))))
        between()
    return SortedRun(rewriter.new_id(), projection.id, tuple(origins), tuple(written))


def runs_along(
    table: Table,
    old: Sequence[Segment],
    new: Sequence[Segment],
    groups: Callable[[Sequence[Segment]], Iterator[Sequence[Segment]]],
    rewriters: Writers,
) -> Iterator[SortedRun]:
    """Yield runs of new segments, for projections the table is in step with.

    Without them readers of such a projection would read whole segments meanwhile. A
    projection that lags behind is caught up with later, when there is less to write.
    """
    same = renamed(old, new)
    for projection in table.definition.projections:
        covered = table.covered(projection)
        in_step = sum(s.live for s in table.segments if s.id in covered)
        if 2 * in_step <= table.live:
            continue
        done = {same[number] for number in covered if number in same}
        for group in groups([s for s in new if s.id not in done]):
            yield sorted_run(group, projection, rewriters(projection))


def renamed(old: Sequence[Segment], new: Sequence[Segment]) -> Mapping[int, int]:
    """Return the new numbers of segments whose data did not move, by the old ones."""
    extents = {id(s.base.extent): s.id for s in new if s.base.extent is not None}
    return {
        s.id: extents[id(s.base.extent)]
        for s in old
        if id(s.base.extent) in extents and not s.patches
    }


def _numbers(
    span: _Span, run: SortedRun, shifts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the numbers that the live rows of a span have in the new run."""
    piece, start, stop = span
    numbers = piece.base.origins(start, stop)
    mask = piece.live_mask(start, stop)
    numbers = numbers if mask is None else numbers[mask]
    return numbers + shifts[np.searchsorted(run.starts, numbers, side="right") - 1]


def _column(
    segments: Sequence[Segment], number: int, kind: pa.DataType, *, plain: bool
) -> pa.Array:
    """Read a column of whole segments, a constant one as a run unless it is to be plain."""
    runs = [None if plain else segment.run(number) for segment in segments]
    return joined(
        [
            segment.read(number, kind, 0, segment.rows) if run is None else run
            for segment, run in zip(segments, runs, strict=True)
        ]
    )
