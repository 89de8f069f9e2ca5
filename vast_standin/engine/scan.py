"""Scans: which rows to open, test and return, in table order.

Zones and sort order select the spans that may hold matching rows; only those are opened. A
scan is cut into slots (the wire's splits and sub-splits) by position: blocks of row
groups are dealt out to the slots in turn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.certain import certainly_holds
from vast_standin.engine.narrowing import narrowed
from vast_standin.engine.positions import Positions, Span
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
_APART = 8192
_MOST_ROWS_AHEAD = 1 << 20
_Step = tuple[int, int, int, int]

Virtual = Callable[[Segment, int, int], pa.Array]


@dataclass(frozen=True)
class Span3:
    """A span of one segment: its index in the table, first position and end."""

    segment: int
    start: int
    stop: int


@dataclass(frozen=True)
class Piece:
    """Rows to return: a span of a segment, or the chosen rows of it."""

    segment: Segment
    start: int
    stop: int
    chosen: Positions | None

    @property
    def rows(self) -> int:
        """Number of rows to return."""
        return self.stop - self.start if self.chosen is None else len(self.chosen)

    @cached_property
    def spans(self) -> list[Span]:
        """Where its rows are: what lies between chosen rows far apart is left out."""
        if self.chosen is None:
            return [(self.start, self.stop)]
        if not len(self.chosen):
            return []
        cuts = np.flatnonzero(np.diff(self.chosen) > _APART)
        starts = self.chosen[np.concatenate(([0], cuts + 1))]
        ends = self.chosen[np.concatenate((cuts, [len(self.chosen) - 1]))]
        return [
            (self.start + low, self.start + high + 1)
            for low, high in zip(starts.tolist(), ends.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Slot:
    """A share of a table: block b belongs to it if b % slots == number."""

    number: int
    slots: int
    block: int

    def own_span(self, position: int) -> tuple[int, int]:
        """Return the first span of this slot at or after a position."""
        block = position // self.block
        ahead = (self.number - block) % self.slots
        if ahead:
            position = (block + ahead) * self.block
        return position, (position // self.block + 1) * self.block


@dataclass(frozen=True)
class Share:
    """The rows of a slot for one page, where the next page begins, and what was opened."""

    pieces: tuple[Piece, ...]
    next: int
    rows_read: int
    groups_read: int


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
                piece, cut = _cut(tested, most)
                if self.condition is ALWAYS:
                    read += (high if cut is None else cut) - low
                    groups.update(_groups(step))
                if piece.rows:
                    pieces.append(piece)
                    rows += piece.rows
                if cut is not None:
                    return Share(tuple(pieces), at + cut - low, read, len(groups))
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
    possible = {
        number: values
        for number, values in possible_values(condition).items()
        if number in table.definition.by_number
    }
    spans = tuple(Span3(*span) for span in narrowed(table, possible))
    for number in {span.segment for span in spans}:
        table.segments[number].require()
    return Scan(table, condition, virtual or {}, spans)


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
    for piece in _joined(pieces):
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


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Join neighbours that are returned whole."""
    last: Piece | None = None
    for piece in pieces:
        if (
            last is not None
            and last.segment is piece.segment
            and last.stop == piece.start
            and last.chosen is None
            and piece.chosen is None
        ):
            last = Piece(last.segment, last.start, piece.stop, None)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _cut(piece: Piece, most: int | None) -> tuple[Piece, int | None]:
    """Cut a piece to `most` rows; also return the position after it, if cut."""
    if most is None or piece.rows < most:
        return piece, None
    if piece.chosen is None:
        stop = piece.start + most
        return Piece(piece.segment, piece.start, stop, None), stop
    chosen = piece.chosen[:most]
    stop = piece.start + (int(chosen[-1]) + 1 if len(chosen) else 0)
    return Piece(piece.segment, piece.start, stop, chosen), stop
