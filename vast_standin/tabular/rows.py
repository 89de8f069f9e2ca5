"""Rows: insert, update, delete."""

from collections.abc import Set as AbstractSet

import pyarrow as pa

from vast_standin.engine.positions import RowIds
from vast_standin.engine.rising import rising
from vast_standin.engine.table import EXTERNAL_ROW_ID, Column, Table
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.row_ids import (
    NAME,
    check_rising,
    parse_row_ids,
    row_id_array,
)
from vast_standin.tabular.types import mismatch, same_type
from vast_standin.tabular.wire import batch_response, read_batch

_LARGEST_BODY = 16 << 20


def insert_rows(call: Call) -> Response:
    """Insert one record batch; columns it lacks become null. The answer holds row ids."""
    call.refuse_snapshot()
    batch = read_batch(call.body(_LARGEST_BODY))
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        columns = matched(table, batch)
        external = external_ids(table, batch)
        ids = transaction.insert(table, columns, rows=batch.num_rows, external=external)
    array = row_id_array(ids, wide=table.definition.wide_row_ids)
    return batch_response(pa.record_batch([array], names=[NAME]))


def update_rows(call: Call) -> Response:
    """Update columns of rows; the first column names the rows."""
    call.refuse_snapshot()
    batch = read_batch(call.body(_LARGEST_BODY))
    ids = _row_ids(batch)
    changed = batch.select([n for n in batch.schema.names if n != NAME])
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        columns = matched(table, changed)
        fresh = transaction.is_fresh(table.id, ids)
        check_updatable(table, columns.keys(), fresh=fresh)
        transaction.update(table, ids, columns)
    return Response()


def delete_rows(call: Call) -> Response:
    """Delete rows of a table, or of its imports table."""
    call.refuse_snapshot()
    ids = rising(_row_ids(read_batch(call.body(_LARGEST_BODY)), must_rise=False))
    with call.engine.writing(call.transaction) as transaction:
        transaction.delete(call.table_or_imports(transaction.root), ids)
    return Response()


def matched(table: Table, batch: pa.RecordBatch) -> dict[int, pa.Array]:
    """Match the columns of a batch with those of a table, by name and type."""
    columns: dict[int, pa.Array] = {}
    for field, array in zip(batch.schema, batch.columns, strict=True):
        if field.name == EXTERNAL_ROW_ID:
            continue
        column = table.definition.by_name.get(field.name)
        if column is None:
            raise ProtocolError(
                400,
                "TabularMismatchColumnName",
                f"table {table.name} has no column {field.name}",
            )
        columns[column.number] = fitted(column, field, array)
    return columns


def fitted(column: Column, field: pa.Field, array: pa.Array) -> pa.Array:
    """Cast values to the type of a column; refuse those that do not fit."""
    kind = column.field.type
    if array.type == kind and field.nullable:
        return array
    if not same_type(field.type, kind):
        raise mismatch(
            f"column {column.name} is of type {kind}, values are of type {field.type}"
        )
    if not field.nullable:
        raise mismatch(f"column {column.name} is nullable, the field sent is not")
    return array.view(kind) if kind.num_fields == 0 else array.cast(kind)


def external_ids(table: Table, batch: pa.RecordBatch) -> RowIds | None:
    """Return the row ids of a batch; the first batch decides whether there are any."""
    brings = EXTERNAL_ROW_ID in batch.schema.names
    fresh = table.inserted == 0
    if brings and EXTERNAL_ROW_ID not in table.definition.by_name:
        raise ProtocolError(
            400,
            "TabularMismatchColumnName",
            f"table {table.name} has no column {EXTERNAL_ROW_ID}",
        )
    if not fresh and brings != table.external and batch.num_rows:
        kind = "given by clients" if table.external else "chosen by the server"
        raise ProtocolError(
            400, "InvalidArgument", f"row ids of table {table.name} are {kind}"
        )
    if not brings:
        return None
    column = batch.column(EXTERNAL_ROW_ID)
    if column.type != pa.int64():
        raise mismatch(f"{EXTERNAL_ROW_ID} is of type {column.type}, not int64")
    ids = parse_row_ids(column)
    if len(column) and pa.compute.min(column).as_py() < 0:
        raise ProtocolError(400, "InvalidArgument", "a row id is below 0")
    check_rising(ids)
    return ids


def check_updatable(table: Table, columns: AbstractSet[int], *, fresh: bool) -> None:
    """Refuse to change key columns, except in rows of the same transaction."""
    fixed = table.definition.fixed & columns
    if fixed and not fresh:
        names = ", ".join(table.definition.by_number[n].name for n in sorted(fixed))
        raise ProtocolError(
            400,
            "InvalidArgument",
            f"{names}: columns of a sorting, partition or vector key "
            "cannot be updated; delete and insert the rows instead",
        )


def _row_ids(batch: pa.RecordBatch, *, must_rise: bool = True) -> RowIds:
    if NAME not in batch.schema.names:
        raise ProtocolError(400, "InvalidArgument", f"there is no column {NAME}")
    ids = parse_row_ids(batch.column(NAME))
    if must_rise:
        check_rising(ids)
    return ids
