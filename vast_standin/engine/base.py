"""Runs of rows as first written: one record batch on disk, its zones and row ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.constants import FEWEST, plain
from vast_standin.engine.files import Extent
from vast_standin.engine.physical import physical
from vast_standin.engine.positions import ORIGIN, ROW_ID, Positions, RowIds
from vast_standin.engine.zones import ColumnZones, unpack


@dataclass(frozen=True, eq=False)
class Base:
    """The first form of a segment; columns are named by their number."""

    id: int
    rows: int
    first_row_id: int | None
    extent: Extent | None
    packed_zones: bytes
    ordinal: float
    sorted_by: int | None = None
    run: int = 0

    @cached_property
    def zones(self) -> Mapping[int, ColumnZones]:
        """Zone maps by column number."""
        return unpack(self.packed_zones)

    @property
    def nbytes(self) -> int:
        """Bytes on disk."""
        return 0 if self.extent is None else self.extent.length

    @cached_property
    def spared_nbytes(self) -> int:
        """Bytes that constant columns take less on disk than in memory, by their zones."""
        if self.rows < FEWEST:
            return 0
        return self.rows * sum(zones.constant_width for zones in self.zones.values())

    def column(self, number: int) -> pa.Array | None:
        """Return a column as first written, or None; its values are not yet verified."""
        if self.extent is None:
            return None
        at = self.extent.batch.schema.get_field_index(str(number))
        return None if at < 0 else self.extent.batch.column(at)

    def scattered(self, number: int) -> pa.Array | None:
        """Return a column as `column` does, mapped for reads of few rows."""
        if self.extent is None:
            return None
        at = self.extent.scattered.schema.get_field_index(str(number))
        return None if at < 0 else self.extent.scattered.column(at)

    def expect(self, number: int, start: int, stop: int) -> None:
        """Ask for rows [start, stop) of a column that are read next, if it has it."""
        if self.scattered(number) is not None and self.extent is not None:
            self.extent.expect(str(number), start, stop)

    def verify(self, number: int, start: int, stop: int) -> None:
        """Verify rows [start, stop) of a column that it has; 500 if they are damaged."""
        if self.extent is not None:
            self.extent.verify(str(number), start, stop)

    @property
    def whole(self) -> bool:
        """Return whether all of it was verified."""
        return self.extent is None or self.extent.whole

    @property
    def row_ids(self) -> RowIds:
        """Row ids by position."""
        return self.ids(0, self.rows)

    def ids(self, start: int, stop: int) -> RowIds:
        """Return the row ids of positions [start, stop); they are not cached."""
        if self.first_row_id is not None or self.extent is None:
            first = self.first_row_id or 0
            return np.arange(first + start, first + stop, dtype=np.uint64)
        self.extent.file.require()
        self.extent.verify(ROW_ID, start, stop)
        return np.asarray(self.extent.batch.column(ROW_ID).to_numpy())[start:stop]

    def origins(self, start: int, stop: int) -> Positions:
        """Numbers of the rows [start, stop) of a sorted piece among their origins'."""
        if self.extent is None:
            return np.empty(0, dtype=np.int64)
        self.extent.file.require()
        self.extent.verify(ORIGIN, start, stop)
        column = self.extent.scattered.column(ORIGIN)
        return np.asarray(column.to_numpy()[start:stop]).astype(np.int64)

    @cached_property
    def id_range(self) -> tuple[int, int]:
        """Smallest and largest row id; (0, -1) when empty."""
        if self.rows == 0:
            return 0, -1
        if self.first_row_id is not None:
            return self.first_row_id, self.first_row_id + self.rows - 1
        return int(self.row_ids.min()), int(self.row_ids.max())

    @cached_property
    def id_order(self) -> Positions | None:
        """Positions in the order of row ids, or None when they rise already."""
        ids = self.row_ids
        if bool(np.all(ids[1:] > ids[:-1])):
            return None
        return np.argsort(ids, kind="stable")

    def find(self, row_ids: RowIds) -> tuple[Positions, npt.NDArray[np.bool_]]:
        """Find positions of row ids; the mask tells which were found."""
        low, high = self.id_range
        if self.first_row_id is not None:
            hit = (row_ids >= np.uint64(low)) & (row_ids <= np.uint64(max(high, 0)))
            hit &= self.rows > 0
            return (row_ids[hit] - np.uint64(low)).astype(np.int64), hit
        order = self.id_order
        at = np.searchsorted(self.row_ids, row_ids, sorter=order)
        inside = at < self.rows
        at[~inside] = 0
        positions = at if order is None else order[at]
        hit = inside & (self.row_ids[positions] == row_ids)
        return positions[hit].astype(np.int64), hit

    @cached_property
    def sorted_values(self) -> Sequence[Any] | npt.NDArray[Any]:
        """Values of the sorting column without its trailing nulls, once verified."""
        number = -1 if self.sorted_by is None else self.sorted_by
        column = self.column(number)
        return () if column is None else self._ordered(column, 0, self.rows)

    def ordered(
        self, number: int, start: int, stop: int
    ) -> Sequence[Any] | npt.NDArray[Any]:
        """Values of a column in [start, stop), if it is sorted, without the nulls."""
        column = self.scattered(number)
        if column is None:
            return ()
        self.verify(number, start, stop)
        if number == self.sorted_by and (start, stop) == (0, self.rows) and self.whole:
            return self.sorted_values
        return self._ordered(column, start, stop)

    def _ordered(
        self, column: pa.Array, start: int, stop: int
    ) -> Sequence[Any] | npt.NDArray[Any]:
        part = plain(column.slice(start, stop - start))
        values = physical(part.slice(0, len(part) - part.null_count))
        if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
            return np.asarray(values.to_numpy())
        return _Texts(values) if pa.types.is_binary(values.type) else _Lazily(values)


class _Texts(Sequence[bytes]):
    """Strings as bytes, cut out of their buffer one at a time during a search."""

    def __init__(self, values: pa.Array) -> None:
        _, offsets, data = values.buffers()
        first = values.offset
        ends = np.frombuffer(offsets or bytes(4), dtype=np.int32)
        self._ends = ends[first : first + len(values) + 1]
        self._data = memoryview(data or b"")

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: Any) -> Any:
        return bytes(self._data[self._ends[index] : self._ends[index + 1]])


@dataclass(frozen=True)
class _Lazily(Sequence[Any]):
    """Physical values as Python objects, made one at a time during a search."""

    values: pa.Array

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        return self.values[index].as_py()
