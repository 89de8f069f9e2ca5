"""Tables that a statement names and its user may read, as Arrow data."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from vast_standin.engine.engine import Engine
from vast_standin.engine.positions import RowIds, Span
from vast_standin.engine.pushdown import Pruned
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Column, Table
from vast_standin.http import ProtocolError
from vast_standin.sql.duck import Instance
from vast_standin.tabular.system import system_roots

ROW_ID = "$row_id"
MARKED, TYPES, WRITTEN = "$changed", "$types", "$written"
Check = Callable[[str, str, str], None]
READ = "s3:GetObject"
_MOST_SLICES = 1000
_LISTING = re.compile(
    r"\b(show|describe|information_schema|duckdb_\w+|pg_\w+)\b", re.IGNORECASE
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Sight:
    """One state of the database, and the system's tables, as one user may see them."""

    engine: Engine
    root: Root
    check: Check

    def show(self, instance: Instance, sql: str) -> None:
        """Make the tables that a statement may name readable."""
        shown: set[str] = set()
        for schema, table in self._meant(sql):
            key = f"{schema}.{table.name}".casefold()
            if key not in shown:
                shown.add(key)
                instance.show(schema, table.name, visible_rows(table))

    def show_marked(self, instance: Instance, table: Table) -> str:
        """Make a table readable with its row ids; return the schema it is in."""
        instance.show(MARKED, table.name, visible_rows(table, marked=True))
        return MARKED

    def show_types(self, instance: Instance, table: Table) -> str:
        """Make a table's columns readable without rows; return the schema it is in."""
        fields = [_shown(c) for c in table.definition.columns]
        instance.show(TYPES, table.name, pa.schema(fields).empty_table())
        return TYPES

    def show_some(self, instance: Instance, table: Table, row_ids: RowIds) -> str:
        """Make some rows readable, by rising row ids; return the schema it is in."""
        schema = pa.schema([_shown(c) for c in table.definition.columns])
        rows = pa.Table.from_batches(_rows(table, row_ids, schema), schema)
        instance.show(WRITTEN, table.name, rows)
        return WRITTEN

    def _meant(self, sql: str) -> Iterator[tuple[str, Table]]:
        """List the tables whose names occur, exact spellings first."""
        words = set(_WORD.findall(sql.casefold()))
        every = _LISTING.search(sql) is not None
        tables = [
            (schema, table)
            for root in (self.root, *system_roots(self.engine, sql))
            for table in root.tables.values()
            if (schema := root.schemas.get(table.schema_id)) is not None
            and (every or _occurs(table.name.casefold(), sql, words))
        ]
        tables.sort(key=lambda pair: pair[1].name not in sql)
        for schema, table in tables:
            if self._may_read(schema.bucket, f"{schema.path}/{table.name}"):
                yield f"{schema.bucket}/{schema.path}", table

    def _may_read(self, bucket: str, key: str) -> bool:
        try:
            self.check(READ, bucket, key)
        except ProtocolError:
            return False
        return True


def visible_rows(table: Table, *, marked: bool = False) -> Pruned:
    """Return a table as Arrow data: mapped, not copied, but where rows were deleted.

    Row groups that DuckDB's filter rules out are not opened. `marked` adds a column
    $row_id. Half floats become floats: DuckDB has no others.
    """
    fields = [_shown(c) for c in table.definition.columns]
    fields += [pa.field(ROW_ID, pa.uint64())] if marked else []
    schema = pa.schema(fields)

    def make(segment: Segment, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        return _live(segment, _part(segment, (start, stop), table, schema), start)

    return Pruned(table, schema, make)


def _part(
    segment: Segment, span: Span, table: Table, schema: pa.Schema
) -> pa.RecordBatch:
    arrays = [
        pa.array(_row_ids(segment, span).astype("int64"))
        if column.is_row_id
        else segment.read(column.number, column.field.type, *span)
        for column in table.definition.columns
    ]
    if len(schema) > len(arrays):
        arrays.append(pa.array(_row_ids(segment, span)))
    fitted = [
        a if a.type == f.type else a.cast(f.type)
        for a, f in zip(arrays, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(fitted, schema=schema)


def _rows(table: Table, row_ids: RowIds, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for index, positions, _ in table.locate(row_ids):
        start, stop = int(positions.min()), int(positions.max()) + 1
        part = _part(table.segments[index], (start, stop), table, schema)
        yield part.take(pa.array(positions - start))


def _row_ids(segment: Segment, span: Span) -> RowIds:
    """Return the row ids of a span, without making those of the whole segment."""
    first = segment.base.first_row_id
    if first is None:
        return segment.base.row_ids[slice(*span)]
    return np.arange(first + span[0], first + span[1], dtype=np.uint64)


def _live(
    segment: Segment, batch: pa.RecordBatch, start: int
) -> Iterator[pa.RecordBatch]:
    """Exclude deleted rows: by slices if they are few, else by copying the others."""
    live = segment.live_mask(start, start + batch.num_rows)
    if live is None:
        yield batch
        return
    gone = np.flatnonzero(~live)
    if len(gone) > _MOST_SLICES:
        yield batch.filter(pa.array(live))
        return
    for before, after in pairwise([-1, *gone.tolist(), batch.num_rows]):
        if after - before > 1:
            yield batch.slice(before + 1, after - before - 1)


def _shown(column: Column) -> pa.Field:
    kind = column.field.type
    return (
        column.field.with_type(pa.float32())
        if pa.types.is_float16(kind)
        else (column.field)
    )


def _occurs(name: str, sql: str, words: set[str]) -> bool:
    if _WORD.fullmatch(name):
        return name in words
    return name in sql.casefold().replace('""', '"')
