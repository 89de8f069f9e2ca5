"""Transactions: a snapshot, the changes made on it, and their commit.

Rows are added, changed and deleted here; `Definitions` changes schemas and
tables, and both build on `OwnRoot`.
"""

from collections import Counter

import numpy as np
import pyarrow as pa

from vast_standin.disk import disk_errors
from vast_standin.engine.base import Base
from vast_standin.engine.constants import with_constants
from vast_standin.engine.definitions import Definitions
from vast_standin.engine.file_writer import FileWriter
from vast_standin.engine.files import Extent
from vast_standin.engine.fresh import FreshRows
from vast_standin.engine.operations import Append, Change, RemoveRows
from vast_standin.engine.physical import physical
from vast_standin.engine.positions import ROW_ID, RowIds
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment
from vast_standin.engine.shared import Shared
from vast_standin.engine.table import Table
from vast_standin.engine.zones import pack, zones_of
from vast_standin.http import ProtocolError


class Transaction(Definitions):
    """One running transaction; Engine.begin returns one."""

    def __init__(self, shared: Shared, *, id: int, base: Root, sequence: int) -> None:  # noqa: A002
        super().__init__(shared, id=id, base=base, sequence=sequence)
        self.added: Counter[str] = Counter()
        """Bytes written so far for each bucket, committed by nobody."""
        self._writer: FileWriter | None = None
        self._fresh = FreshRows()

    def insert(
        self,
        table: Table,
        columns: dict[int, pa.Array],
        *,
        rows: int,
        external: RowIds | None = None,
    ) -> RowIds:
        """Add rows; columns by number, missing ones are null. Returns their row ids."""
        self.lock_table(table, "append")
        nbytes = sum(c.nbytes for c in columns.values())
        self._check_space(table, nbytes)
        if rows == 0:
            return np.empty(0, dtype=np.uint64)
        if external is None:
            first = self.shared.numbers.new_row_ids(table.id, rows)
            ids = np.arange(first, first + rows, dtype=np.uint64)
            with self.mutex:
                self._fresh.note(table.id, first, rows)
        else:
            ids = external
            self._claim_external(table, ids)
        segment = self._store(table, columns, ids)
        with self.mutex:
            was = self.root.tables[table.id]
            outside = external is not None if was.inserted == 0 else was.external
            self.apply(Append(table.id, segment, outside))
        return ids

    def update(
        self, table: Table, row_ids: RowIds, columns: dict[int, pa.Array]
    ) -> None:
        """Change columns of rows; row ids rise strictly, values are in their order."""
        if len(row_ids) == 0 or not columns:
            return
        self.lock_table(table, "rows")
        self._claim(table, row_ids)
        nbytes = sum(c.nbytes for c in columns.values())
        self._check_space(table, nbytes)
        batch = pa.record_batch(list(columns.values()), names=[str(n) for n in columns])
        extent = self._written(table, batch)
        with self.mutex:
            self.apply(Change(table.id, row_ids, extent, self.shared.numbers.new_id))

    def delete(self, table: Table, row_ids: RowIds) -> None:
        """Delete rows; row ids rise strictly, unknown ones are ignored."""
        if len(row_ids) == 0:
            return
        self.lock_table(table, "rows")
        self._claim(table, row_ids)
        with self.mutex:
            self.apply(RemoveRows(table.id, row_ids))

    def writer(self) -> FileWriter | None:
        """Return the file this transaction writes, if it wrote any."""
        return self._writer

    def is_fresh(self, table_id: int, row_ids: RowIds) -> bool:
        """Return whether this transaction itself inserted all these rows."""
        with self.mutex:
            return self._fresh.holds(table_id, row_ids)

    def _check_space(self, table: Table, nbytes: int) -> None:
        bucket = self._bucket(table)
        if bucket is not None:
            self.shared.check_space(bucket, self.added[bucket] + nbytes)

    def _bucket(self, table: Table) -> str | None:
        schema = self.root.schemas.get(table.schema_id)
        return None if schema is None else schema.bucket

    def _written(self, table: Table, batch: pa.RecordBatch) -> Extent:
        with disk_errors():
            extent = self._file().append(batch)
        bucket = self._bucket(table)
        if bucket is not None:
            with self.mutex:
                self.added[bucket] += extent.length
        return extent

    def _file(self) -> FileWriter:
        with self.mutex:
            if self._writer is None:
                name = self.shared.numbers.new_file("t")
                self._writer = self.shared.folder.writer(name, load=True)
            return self._writer

    def _store(
        self, table: Table, columns: dict[int, pa.Array], ids: RowIds
    ) -> Segment:
        columns = with_constants(columns, table.definition.fixed)
        arrays = {str(n): c for n, c in columns.items()}
        together = int(ids[-1]) - int(ids[0]) + 1 == len(ids)
        if not together:
            arrays[ROW_ID] = pa.array(ids)
        extent = None
        if arrays:
            batch = pa.record_batch(list(arrays.values()), names=list(arrays))
            extent = self._written(table, batch)
        number = self.shared.numbers.new_id()
        base = Base(
            id=number,
            rows=len(ids),
            first_row_id=int(ids[0]) if together else None,
            extent=extent,
            packed_zones=pack(zones_of(columns, 0)),
            ordinal=float(number),
            sorted_by=_already_sorted(table.definition.sort_key, columns),
        )
        return Segment(base)

    def _claim(self, table: Table, row_ids: RowIds) -> None:
        if not self.is_fresh(table.id, row_ids):
            self._claim_rows(table, row_ids)

    def _claim_rows(self, table: Table, row_ids: RowIds) -> None:
        self.shared.locks.claim(self.id, table.id, row_ids, since=self.sequence)

    def _claim_external(self, table: Table, ids: RowIds) -> None:
        self._claim_rows(table, ids)
        for root in (self.root, self.shared.published.root):
            state = root.tables.get(table.id)
            if state is not None and any(state.locate(ids)):
                raise ProtocolError(
                    400,
                    "InvalidArgument",
                    "Found duplicate row ids or not in ascending order: "
                    "some of them are in the table already",
                )


def _already_sorted(
    sort_key: tuple[int, ...], columns: dict[int, pa.Array]
) -> int | None:
    """Name the leading sort column if its values already rise."""
    column = columns.get(sort_key[0]) if sort_key else None
    if column is None or column.null_count:
        return None
    values = physical(column)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return None
    array = values.to_numpy()
    return sort_key[0] if bool(np.all(array[1:] >= array[:-1])) else None
