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
from vast_standin.engine.intervals import Intervals
from vast_standin.engine.patch import Patch
from vast_standin.engine.positions import Positions, Span
from vast_standin.engine.zones import GROUP


@dataclass(frozen=True)
class _Layers:
    """One column of a segment: pieces side by side, and scattered changes on top."""

    pieces: tuple[tuple[int, int, pa.Array | None], ...]
    scattered: tuple[Patch, ...]


@dataclass(frozen=True, eq=False)
class Segment:
    """A run of rows as of one moment."""

    base: Base
    patches: tuple[Patch, ...] = ()
    deleted: Positions | None = None
    _layers: dict[int, _Layers] = field(default_factory=dict, repr=False)

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
    def nbytes(self) -> int:
        """Bytes on disk, patches included."""
        nbytes = self.base.nbytes
        for patch in self.patches:
            nbytes += (
                patch.extent.length * patch.rows // max(1, patch.extent.batch.num_rows)
            )
        return nbytes

    def with_patch(self, patch: Patch) -> "Segment":
        """Return this segment with a patch on top."""
        return Segment(self.base, (*self.patches, patch), self.deleted)

    def without(self, positions: Positions) -> "Segment":
        """Return this segment without some positions."""
        gone = np.unique(positions)
        if self.deleted is not None:
            gone = np.union1d(self.deleted, gone)
        return replace(self, deleted=gone, _layers=self._layers)

    def read(self, number: int, kind: pa.DataType, start: int, stop: int) -> pa.Array:
        """Read positions [start, stop) of a column, without copying if possible."""
        layers = self._layers.get(number)
        if layers is None:
            layers = self._layers[number] = self._lay(number)
        parts = [
            array.slice(max(start, low) - low, min(stop, high) - max(start, low))
            if array is not None
            else pa.nulls(min(stop, high) - max(start, low), kind)
            for low, high, array in layers.pieces
            if low < stop and high > start
        ]
        if not parts:
            return pa.nulls(0, kind)
        result = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
        for patch in layers.scattered:
            result = _overlaid(result, patch, number, start, stop)
        return result

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
        values = self.base.sorted_values
        if isinstance(values, np.ndarray):
            spans = _search_all(values, intervals)
        else:
            spans = [_search(values, low, high) for low, high in intervals.spans]
        if intervals.nulls and len(values) < self.rows:
            spans.append((len(values), self.rows))
        return [s for s in spans if s[0] < s[1]]

    def _lay(self, number: int) -> _Layers:
        pieces: list[tuple[int, int, pa.Array | None]] = [
            (0, self.rows, self.base.column(number))
        ]
        scattered: list[Patch] = []
        for patch in self.patches:
            if number not in patch.numbers:
                continue
            if scattered or patch.start is None:
                scattered.append(patch)
            else:
                new = (patch.start, patch.start + patch.rows, patch.values(number))
                pieces = sorted([*_around(pieces, new), new], key=_start)
        return _Layers(tuple(pieces), tuple(scattered))


def _start(piece: tuple[int, int, pa.Array | None]) -> int:
    return piece[0]


def _around(
    pieces: list[tuple[int, int, pa.Array | None]],
    new: tuple[int, int, pa.Array | None],
) -> Iterator[tuple[int, int, pa.Array | None]]:
    """Cut the range of a new piece out of the others."""
    for low, high, array in pieces:
        if low < new[0]:
            stop = min(high, new[0])
            yield low, stop, None if array is None else array.slice(0, stop - low)
        if high > new[1]:
            begin = max(low, new[1])
            yield begin, high, None if array is None else array.slice(begin - low)


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
