"""Segments: immutable runs of rows, with later changes laid over them.

A segment is a record batch on disk, patches of single columns, and the positions that
are deleted. Changing one makes another that shares everything else.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vast_standin.engine.base import Base
from vast_standin.engine.constants import is_encoded, plain
from vast_standin.engine.intervals import Intervals
from vast_standin.engine.patch import Patch
from vast_standin.engine.positions import Positions, Span
from vast_standin.engine.rising import rising
from vast_standin.engine.zones import GROUP

FEW = 4 * GROUP
"""Most rows that are read without what the disk reads ahead."""
_Piece = tuple[int, int, pa.Array | None, bool]
"""First position, end, values, and whether these are of the base: verified when read."""


@dataclass(frozen=True)
class _Layers:
    """One column of a segment: pieces side by side, and scattered changes on top."""

    pieces: tuple[_Piece, ...]
    scattered: tuple[Patch, ...]


@dataclass(frozen=True, eq=False)
class Segment:
    """A run of rows as of one moment."""

    base: Base
    patches: tuple[Patch, ...] = ()
    deleted: Positions | None = None
    _layers: dict[tuple[int, bool], _Layers] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> int:
        """Number of the segment, the same for all its versions."""
        return self.base.id

    @property
    def rows(self) -> int:
        """Positions, deleted ones included."""
        return self.base.rows

    @property
    def live(self) -> int:
        """Rows that are not deleted."""
        return self.rows - (0 if self.deleted is None else len(self.deleted))

    def require(self) -> None:
        """Raise ProtocolError if one of its files is missing."""
        if self.base.extent is not None:
            self.base.extent.file.require()
        for patch in self.patches:
            patch.extent.file.require()

    @cached_property
    def stored_nbytes(self) -> int:
        """Bytes on disk, patches included."""
        nbytes = self.base.nbytes
        for patch in self.patches:
            nbytes += patch.nbytes
        return nbytes

    @cached_property
    def nbytes(self) -> int:
        """Bytes of its rows in memory, where constant columns have a value per row."""
        return self.stored_nbytes + self.base.spared_nbytes

    def with_patch(self, patch: Patch) -> "Segment":
        """Return this segment with a patch on top."""
        return Segment(self.base, (*self.patches, patch), self.deleted)

    def without(self, positions: Positions) -> "Segment":
        """Return this segment without some positions."""
        gone = rising(positions)
        if self.deleted is not None:
            gone = rising(np.concatenate((self.deleted, gone)))
        return replace(self, deleted=gone, _layers=self._layers)

    def verify(self, number: int, start: int, stop: int) -> None:
        """Verify what a read of these positions needs; 500 if a file is damaged."""
        for low, high, array, of_base in self._layers_of(number, few=True).pieces:
            if of_base and array is not None and low < stop and high > start:
                begin = max(start, low) - low + array.offset
                self.base.verify(
                    number, begin, begin + min(stop, high) - max(start, low)
                )

    def expect(self, number: int, start: int, stop: int) -> None:
        """Ask for these positions of a column, which are read next, if they are few."""
        if stop - start <= FEW:
            self.base.expect(number, start, stop)

    @property
    def whole(self) -> bool:
        """Return whether reading needs no more verification."""
        return self.base.whole

    def read(
        self,
        number: int,
        kind: pa.DataType,
        start: int,
        stop: int,
        *,
        verified: bool = False,
    ) -> pa.Array:
        """Read positions [start, stop) of a column, without copying if possible.

        They are verified first unless the caller has seen to that.
        """
        if not verified:
            self.require()
            self.verify(number, start, stop)
        few = stop - start <= FEW
        layers = self._layers_of(number, few=few)
        parts = [
            plain(array.slice(max(start, low) - low, min(stop, high) - max(start, low)))
            if array is not None
            else pa.nulls(min(stop, high) - max(start, low), kind)
            for low, high, array, _ in layers.pieces
            if low < stop and high > start
        ]
        if not parts:
            return pa.nulls(0, kind)
        result = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
        for patch in layers.scattered:
            result = _overlaid(result, patch, number, start, stop)
        return result

    def run(self, number: int) -> pa.Array | None:
        """Return a constant column, verified, as one run; None if it is another."""
        column = self.base.column(number)
        if column is None or not is_encoded(column):
            return None
        if any(number in patch.numbers for patch in self.patches):
            return None
        self.require()
        self.base.verify(number, 0, self.rows)
        return column

    def live_mask(self, start: int, stop: int) -> npt.NDArray[np.bool_] | None:
        """Mark the rows of [start, stop) that are not deleted; None when all are."""
        if self.deleted is None:
            return None
        low, high = np.searchsorted(self.deleted, (start, stop))
        if low == high:
            return None
        mask = np.ones(stop - start, dtype=np.bool_)
        mask[self.deleted[low:high] - start] = False
        return mask

    def possible_groups(
        self, number: int, values: Intervals
    ) -> npt.NDArray[np.bool_] | None:
        """Mark the zones that may hold one of the values; None if there are no zones."""
        groups = -(-self.rows // GROUP)
        base = self.base.column(number)
        mask = np.full(groups, fill_value=values.nulls)
        if base is not None:
            zones = self.base.zones.get(number)
            if zones is None:
                return None
            mask = zones.possible(values)
        for patch in self.patches:
            if number in patch.numbers:
                changed = patch.zones.get(number)
                if changed is None:
                    return None
                mask[changed.groups] |= changed.possible(values)
        return mask

    def sorted_spans(self, number: int, intervals: Intervals) -> list[Span] | None:
        """Return the spans that hold the values; None if it is not sorted by the column."""
        if self.base.sorted_by != number or any(
            number in p.numbers for p in self.patches
        ):
            return None
        self.require()
        spans = [
            (start + low, start + high)
            for start, stop in self._searched(number, intervals)
            for low, high in _found(self.base.ordered(number, start, stop), intervals)
        ]
        column = self.base.column(number)
        nulls = self.rows if column is None else column.null_count
        if intervals.nulls and nulls:
            spans.append((self.rows - nulls, self.rows))
        return [s for s in spans if s[0] < s[1]]

    def spans_within(
        self, number: int, intervals: Intervals, start: int, stop: int
    ) -> list[Span]:
        """Return the spans that hold the values in [start, stop), sorted by the column."""
        if any(number in patch.numbers for patch in self.patches):
            return [(start, stop)]
        values = self.base.ordered(number, start, stop)
        spans = [(start + low, start + high) for low, high in _found(values, intervals)]
        if intervals.nulls:
            spans.append((start + len(values), stop))
        return [s for s in spans if s[0] < s[1]]

    @property
    def key(self) -> tuple[int, ...]:
        """Columns it is sorted by, if that is not the sort key of its table."""
        return ()

    def _searched(self, number: int, intervals: Intervals) -> list[Span]:
        """Return where to search: row groups ruled out need not be verified for that."""
        if self.whole:
            return [(0, self.rows)]
        groups = self.possible_groups(number, intervals)
        return [(0, self.rows)] if groups is None else list(runs_of(groups, self.rows))

    def _layers_of(self, number: int, *, few: bool) -> _Layers:
        layers = self._layers.get((number, few))
        if layers is None:
            column = self.base.scattered(number) if few else self.base.column(number)
            layers = self._layers[number, few] = self._lay(number, column)
        return layers

    def _lay(self, number: int, column: pa.Array | None) -> _Layers:
        pieces: list[_Piece] = [(0, self.rows, column, True)]
        scattered: list[Patch] = []
        for patch in self.patches:
            if number not in patch.numbers:
                continue
            if scattered or patch.start is None:
                scattered.append(patch)
            else:
                values = patch.values(number)
                new = (patch.start, patch.start + patch.rows, values, False)
                pieces = sorted([*_around(pieces, new), new], key=_start)
        return _Layers(tuple(pieces), tuple(scattered))


def runs_of(groups: npt.NDArray[np.bool_], rows: int) -> Iterator[Span]:
    """Yield the spans of marked row groups, neighbours joined."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], groups.view(np.int8), [0]))))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(first) * GROUP, min(int(end) * GROUP, rows)


def _start(piece: _Piece) -> int:
    return piece[0]


def _around(pieces: list[_Piece], new: _Piece) -> Iterator[_Piece]:
    """Cut the range of a new piece out of the others."""
    for low, high, array, of_base in pieces:
        if low < new[0]:
            stop = min(high, new[0])
            part = None if array is None else array.slice(0, stop - low)
            yield low, stop, part, of_base
        if high > new[1]:
            begin = max(low, new[1])
            part = None if array is None else array.slice(begin - low)
            yield begin, high, part, of_base


def _overlaid(
    array: pa.Array, patch: Patch, number: int, start: int, stop: int
) -> pa.Array:
    positions, order = patch.rising
    low, high = np.searchsorted(positions, (start, stop))
    if low == high:
        return array
    values = patch.values(number)
    values = (
        values.slice(low, high - low)
        if order is None
        else values.take(pa.array(order[low:high]))
    )
    source = np.arange(stop - start)
    source[positions[low:high] - start] = len(array) + np.arange(high - low)
    return pc.take(pa.concat_arrays([array, values]), pa.array(source))


def _found(
    values: Sequence[Any] | npt.NDArray[Any], intervals: Intervals
) -> list[Span]:
    if isinstance(values, np.ndarray):
        return _search_all(values, intervals)
    return [_search(values, low, high) for low, high in intervals.spans]


def _search(values: Sequence[Any], low: Any, high: Any) -> Span:
    begin = 0 if low is None else bisect_left(values, low)
    end = len(values) if high is None else bisect_right(values, high)
    return begin, end


def _search_all(values: npt.NDArray[Any], intervals: Intervals) -> list[Span]:
    lows, highs = intervals.arrays(values.dtype)
    begins = np.searchsorted(values, lows, side="left")
    ends = np.searchsorted(values, highs, side="right")
    if intervals.spans and intervals.spans[-1][1] is None:
        ends[-1] = len(values)
    return list(zip(begins.tolist(), ends.tolist(), strict=True))
