"""What a scan opens and returns: spans and pieces of segments, by slots of a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vast_standin.engine.positions import Positions, Span
from vast_standin.engine.segment import Segment

_APART = 8192


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


def joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
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


def cut(piece: Piece, most: int | None) -> tuple[Piece, int | None]:
    """Cut a piece to `most` rows; also return the position after it, if cut."""
    if most is None or piece.rows < most:
        return piece, None
    if piece.chosen is None:
        stop = piece.start + most
        return Piece(piece.segment, piece.start, stop, None), stop
    chosen = piece.chosen[:most]
    stop = piece.start + (int(chosen[-1]) + 1 if len(chosen) else 0)
    return Piece(piece.segment, piece.start, stop, chosen), stop
