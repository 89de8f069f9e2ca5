"""Transactions: a snapshot, the changes made on it, and how they become everybody's.

A transaction sees the root of its beginning and its own changes. Every statement that
writes first makes sure that nobody else has written there, and fails with 409 if so.
Several requests may use one transaction at once.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from vast_standin.disk import disk_errors
from vast_standin.engine.files import Extent, FileWriter
from vast_standin.engine.fresh import FreshRows
from vast_standin.engine.locks import conflict
from vast_standin.engine.operations import (
    Append,
    Change,
    Operation,
    PutSchema,
    PutTable,
    Redefine,
    RemoveRows,
    RemoveSchema,
    RemoveTable,
    RenameTable,
)
from vast_standin.engine.packing import pack
from vast_standin.engine.physical import physical
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.segment import ROW_ID, Base, RowIds, Segment
from vast_standin.engine.table import ATTACHED, Definition, Table, attached_name
from vast_standin.engine.zones import zones_of
from vast_standin.http import ProtocolError

if TYPE_CHECKING:
    from vast_standin.engine.engine import Engine


class Transaction:
    """One running transaction; made by Engine.begin."""

    def __init__(self, engine: "Engine", *, id: int, base: Root, sequence: int) -> None:  # noqa: A002
        self.id = id
        self.base = base
        self.root = base
        self.sequence = sequence
        self.operations: list[Operation] = []
        self.ended = False
        self.touched_at = time.monotonic()
        self.mutex = threading.RLock()
        self.added: Counter[str] = Counter()
        """Bytes written so far for each bucket, committed by nobody."""
        self._engine = engine
        self._writer: FileWriter | None = None
        self._fresh = FreshRows()

    def create_schema(self, bucket: str, path: str, properties: str = "") -> Schema:
        """Create a schema; 409 when it exists."""
        self._lock_name(bucket, path)
        with self.mutex:
            self._check_free(self.root.schema(bucket, path), bucket, path)
            parent = path.rpartition("/")[0]
            if parent:
                self.lock(("schema", bucket, parent), "shared")
                self.schema(bucket, parent)
            schema = Schema(self._engine.new_id(), bucket, path, properties)
            self.apply(PutSchema(schema))
        return schema

    def alter_schema(
        self, bucket: str, path: str, *, new_path: str = "", properties: str = ""
    ) -> None:
        """Rename a schema with all below it, or change its properties."""
        self._lock_name(bucket, path)
        with self.mutex:
            schema = self.schema(bucket, path)
            if properties:
                schema = replace(schema, properties=properties)
                self.apply(PutSchema(schema))
            if new_path and new_path != path:
                self._lock_name(bucket, new_path)
                self._check_free(self.root.schema(bucket, new_path), bucket, new_path)
                self._move(bucket, path, new_path)

    def drop_schema(self, bucket: str, path: str) -> None:
        """Drop an empty schema; 409 when it still holds something."""
        self._lock_name(bucket, path)
        with self.mutex:
            schema = self.schema(bucket, path)
            if _holds_any(self.root, schema) or not self._emptied(schema):
                raise ProtocolError(
                    409,
                    "TabularSchemaNotEmpty",
                    f"schema {bucket}/{path} still holds tables or schemas: "
                    "drop those first",
                )
            self.apply(RemoveSchema(schema.id))

    def schema(self, bucket: str, path: str) -> Schema:
        """Find a schema; 404 when there is none."""
        found = self.root.schema(bucket, path)
        if found is None:
            raise ProtocolError(404, "NoSuchKey", f"there is no schema {bucket}/{path}")
        return found

    def table(self, bucket: str, path: str, name: str) -> Table:
        """Find a table; 404 when there is none."""
        found = self.root.table(bucket, path, name)
        if found is None:
            raise ProtocolError(
                404, "NoSuchKey", f"there is no table {bucket}/{path}/{name}"
            )
        return found

    def create_table(self, schema: Schema, name: str, definition: Definition) -> Table:
        """Create a table; 409 when it exists."""
        self.lock(("schema", schema.bucket, schema.path), "shared")
        self.lock(("table name", str(schema.id), name), "exclusive")
        with self.mutex:
            self._check_table_free(schema, name)
            table = Table(self._engine.new_id(), schema.id, name, definition)
            self.lock(_table_key(table), "exclusive")
            self.apply(PutTable(table))
        return table

    def attach(self, owner: Table, kind: str, definition: Definition) -> Table:
        """Create a table that belongs to another and is dropped with it."""
        name = attached_name(owner, kind)
        self.lock(("table name", "0", name), "exclusive")
        with self.mutex:
            table = Table(self._engine.new_id(), ATTACHED, name, definition)
            self.apply(PutTable(table))
        return table

    def drop_table(self, table: Table) -> None:
        """Drop a table, and what is attached to it."""
        self._lock_table(table, "exclusive")
        with self.mutex:
            self.apply(RemoveTable(table.id))
            prefix = attached_name(table, "")
            for other in list(self.root.tables_in(ATTACHED)):
                if other.name.startswith(prefix):
                    self.apply(RemoveTable(other.id))

    def rename_table(self, table: Table, schema: Schema, name: str) -> None:
        """Give a table another name or schema; 409 when that is taken."""
        self._lock_table(table, "exclusive")
        self.lock(("schema", schema.bucket, schema.path), "shared")
        self.lock(("table name", str(schema.id), name), "exclusive")
        with self.mutex:
            self._check_table_free(schema, name)
            self.apply(RenameTable(table.id, schema.id, name))

    def redefine(
        self, table_id: int, change: Callable[[Definition], Definition]
    ) -> None:
        """Change the definition of a table."""
        self._lock_table(self.root.tables[table_id], "exclusive")
        with self.mutex:
            before = self.root.tables[table_id].definition
            self.apply(Redefine(table_id, change(before)))

    def insert(
        self,
        table: Table,
        columns: dict[int, pa.Array],
        *,
        rows: int,
        external: RowIds | None = None,
    ) -> RowIds:
        """Add rows; columns by number, missing ones are null. Returns their row ids."""
        self._lock_table(table, "append")
        nbytes = sum(c.nbytes for c in columns.values())
        self._check_space(table, nbytes)
        if rows == 0:
            return np.empty(0, dtype=np.uint64)
        if external is None:
            first = self._engine.new_row_ids(table.id, rows)
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
        self._lock_table(table, "rows")
        self._claim(table, row_ids)
        nbytes = sum(c.nbytes for c in columns.values())
        self._check_space(table, nbytes)
        batch = pa.record_batch(list(columns.values()), names=[str(n) for n in columns])
        extent = self._written(table, batch)
        with self.mutex:
            self.apply(Change(table.id, row_ids, extent, self._engine.new_id))

    def delete(self, table: Table, row_ids: RowIds) -> None:
        """Delete rows; row ids rise strictly, those that are not there are ignored."""
        if len(row_ids) == 0:
            return
        self._lock_table(table, "rows")
        self._claim(table, row_ids)
        with self.mutex:
            self.apply(RemoveRows(table.id, row_ids))

    def apply(self, operation: Operation) -> None:
        """Do an operation on the own root, and keep it for commit."""
        with self.mutex:
            if self.ended:
                raise ProtocolError(
                    404, "TabularNoSuchTransaction", f"transaction {self.id} has ended"
                )
            self.root = operation.apply(self.root)
            self.operations.append(operation)

    def lock(self, key: tuple[str, ...], mode: str) -> None:
        """Lock something for this transaction; 409 when another holds it."""
        self._engine.lock(self, key, mode)

    def writer(self) -> FileWriter | None:
        """Give the file this transaction writes, if it wrote any."""
        return self._writer

    def _check_space(self, table: Table, nbytes: int) -> None:
        bucket = self._bucket(table)
        if bucket is not None:
            self._engine.check_space(bucket, self.added[bucket] + nbytes)

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
                name = f"t{self.id:016x}.arrows"
                self._writer = self._engine.folder.writer(name, load=True)
            return self._writer

    def _store(
        self, table: Table, columns: dict[int, pa.Array], ids: RowIds
    ) -> Segment:
        arrays = {str(n): c for n, c in columns.items()}
        together = int(ids[-1]) - int(ids[0]) + 1 == len(ids)
        if not together:
            arrays[ROW_ID] = pa.array(ids)
        extent = None
        if arrays:
            batch = pa.record_batch(list(arrays.values()), names=list(arrays))
            extent = self._written(table, batch)
        number = self._engine.new_id()
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

    def is_fresh(self, table_id: int, row_ids: RowIds) -> bool:
        """Tell whether this transaction itself inserted all these rows."""
        with self.mutex:
            return self._fresh.holds(table_id, row_ids)

    def _claim(self, table: Table, row_ids: RowIds) -> None:
        if not self.is_fresh(table.id, row_ids):
            self._engine.claim(self, table.id, row_ids)

    def _claim_external(self, table: Table, ids: RowIds) -> None:
        self._engine.claim(self, table.id, ids)
        for root in (self.root, self._engine.root):
            there = root.tables.get(table.id)
            if there is not None and any(there.locate(ids)):
                raise ProtocolError(
                    400,
                    "InvalidArgument",
                    "Found duplicate row ids or not in ascending order: "
                    "some of them are in the table already",
                )

    def _lock_table(self, table: Table, mode: str) -> None:
        self.lock(_table_key(table), mode)
        before = self.base.tables.get(table.id)
        if before is None:
            return
        now = self._engine.root.tables.get(table.id)
        if now is None or now.ddl != before.ddl:
            raise conflict(
                f"table {table.name} was altered since this transaction began"
            )

    def _lock_name(self, bucket: str, path: str) -> None:
        self.lock(("schema", bucket, path), "exclusive")
        before = self.base.schema(bucket, path)
        now = self._engine.root.schema(bucket, path)
        if (before and before.id) != (now and now.id):
            raise conflict(f"schema {path} was changed since this transaction began")

    def _check_free(self, found: Schema | None, bucket: str, path: str) -> None:
        if found is not None:
            raise ProtocolError(
                409, "TabularSchemaAlreadyExists", f"schema {bucket}/{path} exists"
            )

    def _check_table_free(self, schema: Schema, name: str) -> None:
        key = (schema.id, name)
        if key in self.root.table_ids:
            raise ProtocolError(
                409, "TabularTableAlreadyExists", f"table {schema.path}/{name} exists"
            )
        if self._engine.root.table_ids.get(key) != self.base.table_ids.get(key):
            raise conflict(f"table {name} was made or renamed by another transaction")

    def _emptied(self, schema: Schema) -> bool:
        """Tell whether this transaction dropped all the newest root holds there."""
        newest = self._engine.root
        tables = (t.id for t in newest.tables_in(schema.id))
        schemas = (s.id for s in newest.schemas_in(schema.bucket, schema.path))
        return all(
            t in self.base.tables and t not in self.root.tables for t in tables
        ) and all(
            s in self.base.schemas and s not in self.root.schemas for s in schemas
        )

    def _move(self, bucket: str, path: str, new_path: str) -> None:
        for schema in _subtree(self.root, bucket, path):
            moved = new_path + schema.path[len(path) :]
            self.apply(PutSchema(replace(schema, path=moved)))


def _holds_any(root: Root, schema: Schema) -> bool:
    return any(root.tables_in(schema.id)) or any(
        root.schemas_in(schema.bucket, schema.path)
    )


def _subtree(root: Root, bucket: str, path: str) -> Iterable[Schema]:
    return [
        s
        for s in root.schemas.values()
        if s.bucket == bucket and (s.path == path or s.path.startswith(path + "/"))
    ]


def _table_key(table: Table) -> tuple[str, ...]:
    return ("table", str(table.id), f"table {table.name}")


def _already_sorted(
    sort_key: tuple[int, ...], columns: dict[int, pa.Array]
) -> int | None:
    """Name the leading sort column when its values rise as they came."""
    column = columns.get(sort_key[0]) if sort_key else None
    if column is None or column.null_count:
        return None
    values = physical(column)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return None
    array = values.to_numpy()
    return sort_key[0] if bool(np.all(array[1:] >= array[:-1])) else None
