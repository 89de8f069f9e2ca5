"""Sorted runs: the rows of several segments in the order of a projection.

A projection is a few runs instead of a copy of every segment, so that the rows of one key
lie side by side in one or two pieces of each, however large the table is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vast_standin.engine.base import Base
from vast_standin.engine.positions import Positions
from vast_standin.engine.segment import Segment


@dataclass(frozen=True)
class Origin:
    """A segment whose rows are in a run, as it was after so many patches."""

    segment: int
    patches: int
    rows: int


@dataclass(frozen=True, eq=False)
class SortedRun:
    """Rows of its origins in the order of a projection: pieces, one behind the other.

    The rows of all origins are numbered, one origin after the other; each row of a piece
    has its number in a column of its own.
    """

    id: int
    projection: int
    origins: tuple[Origin, ...]
    pieces: tuple[Base, ...]

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Number of the first row of each origin."""
        rows = [origin.rows for origin in self.origins]
        return np.concatenate(([0], np.cumsum(rows[:-1], dtype=np.int64)))

    @property
    def rows(self) -> int:
        """Rows, dead ones included."""
        return sum(piece.rows for piece in self.pieces)

    @property
    def nbytes(self) -> int:
        """Bytes on disk."""
        return sum(piece.nbytes for piece in self.pieces)


@dataclass(frozen=True, eq=False)
class Living:
    """Which rows of a run's origins are in the table, as it is now.

    `current` marks the origins whose segments are as they were; `deleted` are the
    positions that were deleted there, by index of the origin.
    """

    starts: npt.NDArray[np.int64]
    current: npt.NDArray[np.bool_]
    deleted: Mapping[int, Positions]

    def mask(self, numbers: Positions) -> npt.NDArray[np.bool_]:
        """Mark the rows of these numbers that are in the table."""
        origins = np.searchsorted(self.starts, numbers, side="right") - 1
        mask: npt.NDArray[np.bool_] = self.current[origins]
        if not self.deleted:
            return mask
        order = np.argsort(origins, kind="stable")
        present, first = np.unique(origins[order], return_index=True)
        for index, rows in zip(
            present.tolist(), np.split(order, first[1:]), strict=True
        ):
            gone = self.deleted.get(index)
            if gone is not None:
                positions = numbers[rows] - self.starts[index]
                at = np.minimum(np.searchsorted(gone, positions), len(gone) - 1)
                mask[rows] &= gone[at] != positions
        return mask


@dataclass(frozen=True, eq=False)
class SortedPiece(Segment):
    """A piece of a run, sorted by a key.

    Without `living` all its rows are in the table.
    """

    key: tuple[int, ...] = ()
    living: Living | None = None

    @property
    def live(self) -> int:
        """Most rows that may be live: they are counted where they are read."""
        return self.rows

    def live_mask(self, start: int, stop: int) -> npt.NDArray[np.bool_] | None:
        """Mark the rows of [start, stop) that are in the table; None when all are."""
        if self.living is None:
            return None
        mask = self.living.mask(self.base.origins(start, stop))
        return None if mask.all() else mask
