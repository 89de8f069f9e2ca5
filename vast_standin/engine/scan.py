"""Scans: which rows to open, test and return, in table order.

Zones and sort order select the spans that may hold matching rows; only those are opened. A
scan is cut into slots (the wire's splits and sub-splits) by position: blocks of row
groups are dealt out to the slots in turn.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.certain import certainly_holds
from vast_standin.engine.narrowing import narrowed
from vast_standin.engine.pieces import Piece, Share, Slot, Span3, cut, joined
from vast_standin.engine.predicate import (
    ALWAYS,
    Expression,
    columns_of,
    holds,
    possible_values,
)
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Table
from vast_standin.engine.zones import GROUP

ROW_ID_COLUMN = -1
FINISHED = (1 << 48) - 1
_STEP = 2 * GROUP
_MOST_ROWS_TESTED = 1 << 24
_BATCH = GROUP
_FEW = 4096
_MOST_ROWS_AHEAD = 1 << 20
_Step = tuple[int, int, int, int]

Virtual = Callable[[Segment, int, int], pa.Array]


@dataclass(frozen=True, eq=False)
class Scan:
    """A table, a condition on its rows, and the spans that may hold such rows."""

    table: Table
    condition: Expression
    virtual: Mapping[int, Virtual]
    spans: tuple[Span3, ...]

    def share(self, slot: Slot, *, start: int, limit: int | None) -> Share:
        """Find the next rows of a slot, at most `limit`, from position `start` on."""
        pieces: list[Piece] = []
        rows = read = 0
        groups: set[tuple[int, int]] = set()
        for steps in _lumps(self._own_steps(slot, start)):
            if self.condition is not ALWAYS:
                read += _rows(steps)
                groups.update(g for step in steps for g in _groups(step))
            for step, tested in zip(steps, self._tested(steps), strict=True):
                _, low, high, at = step
                most = None if limit is None else limit - rows
                piece, end = cut(tested, most)
                if self.condition is ALWAYS:
                    read += (high if end is None else end) - low
                    groups.update(_groups(step))
                if piece.rows:
                    pieces.append(piece)
                    rows += piece.rows
                if end is not None:
                    return Share(tuple(pieces), at + end - low, read, len(groups))
                if limit is not None and read >= _MOST_ROWS_TESTED:
                    return Share(tuple(pieces), at + high - low, read, len(groups))
        return Share(tuple(pieces), FINISHED, read, len(groups))

    @property
    def rows_to_open(self) -> int:
        """Count the rows of the spans."""
        return sum(span.stop - span.start for span in self.spans)

    @property
    def groups(self) -> int:
        """Count the row groups that may hold matching rows."""
        return len(
            {
                (span.segment, group)
                for span in self.spans
                for group in range(span.start // GROUP, -(-span.stop // GROUP))
            }
        )

    def read(self, segment: Segment, number: int, start: int, stop: int) -> pa.Array:
        """Read positions of a column, virtual ones included."""
        if number == ROW_ID_COLUMN:
            return pa.array(segment.base.ids(start, stop))
        if number in self.virtual:
            return self.virtual[number](segment, start, stop)
        kind = self.table.definition.by_number[number].field.type
        return segment.read(number, kind, start, stop)

    def take(self, piece: Piece, number: int) -> pa.Array:
        """Read the rows of a piece in one column."""
        if self._is_stored(number):
            self._verify(piece, number)
            kind = self.table.definition.by_number[number].field.type
            array = piece.segment.read(
                number, kind, piece.start, piece.stop, verified=True
            )
        else:
            array = self.read(piece.segment, number, piece.start, piece.stop)
        return array if piece.chosen is None else array.take(pa.array(piece.chosen))

    def verify(self, pieces: Sequence[Piece], numbers: Sequence[int]) -> None:
        """Verify all that reading pieces needs, so that an answer does not end halfway.

        Raises ProtocolError 500 with the file's name if it is damaged or cut.
        """
        ahead = few(pieces)
        for piece in pieces:
            piece.segment.require()
            for number in numbers if ahead else ():
                self.expect(piece, number)
        for piece in pieces:
            for number in numbers:
                if self._is_stored(number):
                    self._verify(piece, number)
                else:
                    self.read(piece.segment, number, piece.start, piece.stop)

    def _is_stored(self, number: int) -> bool:
        return number != ROW_ID_COLUMN and number not in self.virtual

    def expect(self, piece: Piece, number: int) -> None:
        """Ask for what `take` reads next."""
        if not self._is_stored(number):
            return
        for start, stop in piece.spans:
            piece.segment.expect(number, start, stop)

    def _verify(self, piece: Piece, number: int) -> None:
        for start, stop in piece.spans:
            piece.segment.verify(number, start, stop)

    def _own_steps(self, slot: Slot, start: int) -> Iterator[_Step]:
        """Yield segment index, first position, end, and position in the table."""
        offsets = self.table.offsets
        for span in self.spans:
            offset = int(offsets[span.segment])
            at, end = max(offset + span.start, start), offset + span.stop
            while at < end:
                at, edge = slot.own_span(at)
                stop = min(end, edge, at + _STEP)
                if at < stop:
                    yield span.segment, at - offset, stop - offset, at
                at = max(at, stop)

    def _tested(self, steps: list[_Step]) -> Iterator[Piece]:
        """Test several steps at once."""
        held = None if self._is_certain(steps) else self._held(steps)
        at = 0
        for index, start, stop, _ in steps:
            segment = self.table.segments[index]
            mask = segment.live_mask(start, stop)
            if held is not None:
                part = held[at : at + stop - start]
                mask = part if mask is None else part & mask
                at += stop - start
            chosen = None if mask is None or mask.all() else np.flatnonzero(mask)
            yield Piece(segment, start, stop, chosen)

    def _is_certain(self, steps: list[_Step]) -> bool:
        """Return whether the condition holds for all rows, known without reading them."""
        if self.condition is ALWAYS:
            return True
        if len(steps) > 1 or _rows(steps) <= _FEW:
            return False
        ((index, start, stop, _),) = steps
        segment = self.table.segments[index]
        return certainly_holds(self.condition, segment, start, stop, self.virtual)

    def _held(self, steps: list[_Step]) -> npt.NDArray[np.bool_]:
        """Return for each row of the steps whether the condition holds."""
        columns = {}
        for number in columns_of(self.condition):
            for index, start, stop, _ in steps if self._is_stored(number) else ():
                self.table.segments[index].expect(number, start, stop)
            parts = [
                self.read(self.table.segments[index], number, start, stop)
                for index, start, stop, _ in steps
            ]
            columns[number] = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
        return np.asarray(holds(self.condition, columns, _rows(steps)))


def scan(
    table: Table, condition: Expression, virtual: Mapping[int, Virtual] | None = None
) -> Scan:
    """Plan a scan: narrow a table to the spans that may hold matching rows.

    Raises ProtocolError if these are in a file that is missing.
    """
    spans = _spans(table, condition, None)
    return Scan(table, condition, virtual or {}, spans or ())


def smallest_scan(
    states: Mapping[str, Table], condition: Expression, virtual: Mapping[int, Virtual]
) -> tuple[str, Scan]:
    """Plan the scan that opens the fewest rows, of those alike the first.

    A table is given up as soon as it would open as many as one before.
    """
    best: tuple[str, Scan] | None = None
    for name, table in states.items():
        most = None if best is None else best[1].rows_to_open
        spans = _spans(table, condition, most)
        if spans is not None:
            best = name, Scan(table, condition, virtual, spans)
    if best is None:
        raise ValueError("there is nothing to scan")
    return best


def _spans(
    table: Table, condition: Expression, fewer_than: int | None
) -> tuple[Span3, ...] | None:
    """Find the spans that may hold matching rows; None if they are not fewer rows."""
    possible = {
        number: values
        for number, values in possible_values(condition).items()
        if number in table.definition.by_number
    }
    spans: list[Span3] = []
    rows = 0
    if fewer_than == 0:
        return None
    for span in narrowed(table, possible):
        spans.append(Span3(*span))
        rows += spans[-1].stop - spans[-1].start
        if fewer_than is not None and rows >= fewer_than:
            return None
    for number in {span.segment for span in spans}:
        table.segments[number].require()
    return tuple(spans)


def _lumps(steps: Iterator[_Step]) -> Iterator[list[_Step]]:
    """Join small steps: a test costs more than reading a few rows."""
    lump: list[_Step] = []
    rows = 0
    for step in steps:
        rows += _rows([step])
        if lump and rows > _FEW:
            yield lump
            lump, rows = [], _rows([step])
        lump.append(step)
    if lump:
        yield lump


def _rows(steps: list[_Step]) -> int:
    return sum(stop - start for _, start, stop, _ in steps)


def _groups(step: _Step) -> Iterator[tuple[int, int]]:
    index, start, stop, _ = step
    return ((index, g) for g in range(start // GROUP, -(-stop // GROUP)))


def batches(
    scan_: Scan, pieces: Sequence[Piece], numbers: tuple[int, ...]
) -> Iterator[tuple[list[pa.Array], int]]:
    """Read pieces as batches of columns: small pieces joined, big ones not copied."""
    group: list[Piece] = []
    rows = 0
    asked = few(pieces)
    for piece in joined(pieces):
        if group and rows + piece.rows > _BATCH:
            yield _columns(scan_, group, numbers, asked=asked), rows
            group, rows = [], 0
        group.append(piece)
        rows += piece.rows
    if group:
        yield _columns(scan_, group, numbers, asked=asked), rows


def few(pieces: Sequence[Piece]) -> bool:
    """Return whether all that pieces read can be asked for at once."""
    return sum(piece.rows for piece in pieces) <= _MOST_ROWS_AHEAD


def _columns(
    scan_: Scan, pieces: list[Piece], numbers: tuple[int, ...], *, asked: bool
) -> list[Any]:
    for piece in pieces:
        piece.segment.require()
    result = []
    for number in numbers:
        for piece in pieces if not asked else ():
            scan_.expect(piece, number)
        parts = [scan_.take(piece, number) for piece in pieces]
        result.append(parts[0] if len(parts) == 1 else pa.concat_arrays(parts))
    return result
