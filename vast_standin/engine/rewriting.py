"""Rewriting segments: without what was deleted, patches folded in, sorted if asked.

The content stays the same; its form becomes faster to read.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vast_standin.engine.base import Base
from vast_standin.engine.constants import (
    joined,
    plain,
    plain_bytes,
    repeated,
    taken,
    with_constants,
)
from vast_standin.engine.file_writer import FileWriter
from vast_standin.engine.physical import physical
from vast_standin.engine.positions import ORIGIN, ROW_ID, Positions, RowIds, Span
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Column, Definition, Projection
from vast_standin.engine.zones import GROUP, pack, zones_of

LARGEST = 1 << 20
LARGEST_BYTES = 64 << 20
"""What a segment may hold; upkeep has two to three times as much in memory."""
_MOST_NARROW = (1 << 31) - 1


@dataclass(frozen=True)
class Rows:
    """Rows in memory: columns by number, and their row ids."""

    columns: dict[int, pa.Array]
    row_ids: RowIds

    def take(self, order: npt.NDArray[np.int64]) -> "Rows":
        """Return the rows in another order; themselves if it is theirs."""
        if np.array_equal(order, np.arange(len(self.row_ids))):
            return self
        index = pa.array(order)
        return Rows(
            {n: taken(c, index) for n, c in self.columns.items()}, self.row_ids[order]
        )

    def slice(self, start: int, rows: int) -> "Rows":
        """Return some of the rows."""
        return Rows(
            {n: c.slice(start, rows) for n, c in self.columns.items()},
            self.row_ids[start : start + rows],
        )

    def parts(self) -> Iterator[Span]:
        """Yield the spans of parts of like size, none larger than a segment may be."""
        total = len(self.row_ids)
        sizes = [plain_bytes(c) for c in self.columns.values() if c.null_count < total]
        parts = max(1, -(-total // most_rows(total, sum(sizes))))
        step = max(1, -(-total // parts))
        for start in range(0, total, step):
            yield start, min(start + step, total)


def is_large(segment: Segment) -> bool:
    """Return whether a segment is large enough to stay by itself."""
    return segment.rows >= LARGEST // 2 or segment.nbytes >= LARGEST_BYTES // 3


def most_rows(rows: int, nbytes: int) -> int:
    """Return the largest number of rows per segment if `rows` rows take `nbytes` bytes."""
    most = min(LARGEST, LARGEST_BYTES * rows // max(1, nbytes))
    return max(1, most if most < GROUP else most // GROUP * GROUP)


def read_rows(
    definition: Definition,
    spans: Sequence[tuple[Segment, int, int]],
    numbers: Collection[int] | None = None,
) -> Rows:
    """Read the live rows of spans of segments, in all columns or those of `numbers`."""
    masked = [(span, span[0].live_mask(*span[1:])) for span in spans]
    masked = [(span, mask) for span, mask in masked if mask is None or mask.any()]
    spans, masks = [span for span, _ in masked], [mask for _, mask in masked]
    columns = {}
    for column in definition.columns:
        if column.is_row_id or (numbers is not None and column.number not in numbers):
            continue
        parts = [
            _read(definition, segment, column, (start, stop), mask)
            for (segment, start, stop), mask in zip(spans, masks, strict=True)
        ]
        columns[column.number] = (
            joined(parts) if parts else pa.nulls(0, column.field.type)
        )
    ids = [
        segment.base.ids(start, stop)[slice(None) if mask is None else mask]
        for (segment, start, stop), mask in zip(spans, masks, strict=True)
    ]
    return Rows(columns, np.concatenate([np.empty(0, dtype=np.uint64), *ids]))


def sort_order(columns: Sequence[pa.Array]) -> npt.NDArray[np.int64]:
    """Return the order that sorts rows by columns, nulls last; equal rows keep their order."""
    keys = [physical(plain(c)) for c in columns]
    if len(keys) == 1 and keys[0].null_count == 0 and _is_number(keys[0].type):
        return np.argsort(keys[0].to_numpy(), kind="stable")
    table = pa.table(keys, names=[str(i) for i in range(len(keys))])
    order = [(str(i), "ascending") for i in range(len(keys))]
    return np.asarray(pc.sort_indices(table, sort_keys=order)).astype(np.int64)


@dataclass(frozen=True)
class Rewriter:
    """Writes new segments of one table into one file."""

    definition: Definition
    writer: FileWriter
    new_id: Any

    def write(
        self, rows: Rows, *, ordinal: float, run: int = 0, is_sorted: bool = False
    ) -> Iterator[Segment]:
        """Write rows as segments of like size, none larger than a segment may be."""
        total = len(rows.row_ids)
        for start, stop in rows.parts():
            part = rows.slice(start, stop - start)
            place = ordinal + start / max(1, total) * 1e-3
            yield Segment(self._base(part, place, run=run, is_sorted=is_sorted))

    def piece(self, rows: Rows, numbers: Positions, projection: Projection) -> Base:
        """Write rows in the order of a projection, with their numbers in its run."""
        wide = len(numbers) and int(numbers.max()) > _MOST_NARROW
        kind = pa.int64() if wide else pa.int32()
        extra = {ORIGIN: pa.array(numbers, type=kind)}
        keys = projection.sorted
        base = self._base(rows, 0.0, run=0, is_sorted=False, extra=extra, keys=keys)
        return replace(base, sorted_by=keys[0])

    def _base(
        self,
        rows: Rows,
        ordinal: float,
        *,
        run: int,
        is_sorted: bool,
        extra: dict[str, pa.Array] | None = None,
        keys: Collection[int] = (),
    ) -> Base:
        columns = {n: c for n, c in rows.columns.items() if self._is_stored(n, c, keys)}
        columns = columns or dict(list(rows.columns.items())[:1])
        columns = with_constants(columns, {*keys, *self.definition.fixed})
        arrays = {str(n): c for n, c in columns.items()} | (extra or {})
        ids = rows.row_ids
        together = bool(np.all(np.diff(ids) == 1))
        if not together or extra:
            arrays[ROW_ID] = pa.array(ids)
        batch = pa.record_batch(list(arrays.values()), names=list(arrays))
        return Base(
            id=self.new_id(),
            rows=len(ids),
            first_row_id=int(ids[0]) if together and not extra else None,
            extent=self.writer.append(batch),
            packed_zones=pack(zones_of(rows.columns | columns, 0)),
            ordinal=ordinal,
            sorted_by=self.definition.sort_key[0] if is_sorted else None,
            run=run,
        )

    def _is_stored(self, number: int, column: pa.Array, keys: Collection[int]) -> bool:
        """Return whether a column is stored: empty ones read as null, sort columns stay."""
        sorts = number in keys or number in self.definition.sort_key
        return sorts or column.null_count < len(column)


def _read(
    definition: Definition,
    segment: Segment,
    column: Column,
    span: Span,
    mask: npt.NDArray[np.bool_] | None,
) -> pa.Array:
    """Read the live rows of a span in one column, a constant one as a run."""
    start, stop = span
    run = None if column.number in definition.fixed else segment.run(column.number)
    if run is not None:
        rows = stop - start if mask is None else int(mask.sum())
        return repeated(run.values, rows)
    array = segment.read(column.number, column.field.type, start, stop)
    return array if mask is None else array.filter(pa.array(mask))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
