"""Zip imports: an object's further columns added to the rows with the same keys."""

import numpy as np
import pyarrow as pa

from vast_standin.engine.pieces import Slot
from vast_standin.engine.predicate import ALWAYS
from vast_standin.engine.scan import ROW_ID_COLUMN, batches, scan
from vast_standin.engine.table import EXTERNAL_ROW_ID, Column, Definition, Table
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.tabular.definitions import with_columns
from vast_standin.tabular.parquet import ParquetObject
from vast_standin.tabular.rows import fitted
from vast_standin.tabular.types import mismatch

_ALL_ROWS = Slot(0, 1, 1 << 40)
_TABLE_ROW, _FILE_ROW = "\x00table", "\x00file"


def zip_onto(
    transaction: Transaction, table_id: int, parquet: ParquetObject, keys: list[str]
) -> int:
    """Join an object with a table by keys, and write its further columns to the rows.

    Every row of each side must have exactly one of the other. Columns the table lacks
    are added. Returns the rows written.
    """
    table = transaction.root.tables[table_id]
    _check_keys(table.definition, parquet.schema, keys)
    names = [n for n in parquet.schema.names if n not in keys and n != EXTERNAL_ROW_ID]
    content = parquet.read()
    row_ids, order = _joined(table, content, keys)
    missing = [n for n in names if n not in table.definition.by_name]
    if missing:
        new = pa.schema([parquet.schema.field(n) for n in missing])
        transaction.redefine(table_id, lambda d: _with_missing(d, new))
    table = transaction.root.tables[table_id]
    columns = {}
    for name in names:
        column = table.definition.by_name[name]
        array = content[name].combine_chunks().take(order)
        columns[column.number] = fitted(column, content.schema.field(name), array)
    transaction.update(table, row_ids, columns)
    return len(row_ids)


def _with_missing(definition: Definition, new: pa.Schema) -> Definition:
    fields = [f for f in new if f.name not in definition.by_name]
    return with_columns(definition, pa.schema(fields)) if fields else definition


def _check_keys(definition: Definition, schema: pa.Schema, keys: list[str]) -> None:
    for key in keys:
        column = definition.by_name.get(key)
        if column is None or key not in schema.names or column.field.type.num_fields:
            raise ProtocolError(
                400,
                "TabularMismatchColumnName",
                f"Failed to verify import keys: {key} is not a plain column of both",
            )
        target, source = column.field.type, schema.field(key).type
        both_times = pa.types.is_timestamp(target) and pa.types.is_timestamp(source)
        if target != source and not both_times:
            raise mismatch(
                f"TabularMismatchColumnType: key {key} is {target} and {source}"
            )


def _joined(
    table: Table, content: pa.Table, keys: list[str]
) -> tuple[np.ndarray, pa.Array]:
    """Match rows; return row ids in rising order and the file's rows in that order."""
    rows, row_ids = _key_rows(table, [table.definition.by_name[k] for k in keys])
    key_rows = content.select(keys).cast(rows.schema, safe=False)
    joined = rows.append_column(_TABLE_ROW, pa.array(np.arange(len(row_ids)))).join(
        key_rows.append_column(_FILE_ROW, pa.array(np.arange(len(content)))),
        keys,
        join_type="inner",
        use_threads=False,
    )
    if not len(joined) == len(rows) == len(content):
        raise ProtocolError(
            400,
            "TabularMismatchKeys",
            "Failed to get row_ids to update on table: its keys and the file's differ",
        )
    row_numbers = row_ids[joined[_TABLE_ROW].to_numpy()]
    order = np.argsort(row_numbers, kind="stable")
    return row_numbers[order], joined[_FILE_ROW].combine_chunks().take(pa.array(order))


def _key_rows(table: Table, columns: list[Column]) -> tuple[pa.Table, np.ndarray]:
    everything = scan(table, ALWAYS)
    share = everything.share(_ALL_ROWS, start=0, limit=None)
    numbers = (ROW_ID_COLUMN, *(c.number for c in columns))
    schema = pa.schema([c.field for c in columns])
    parts, ids = [], [np.empty(0, dtype=np.uint64)]
    for arrays, _ in batches(everything, share.pieces, numbers):
        ids.append(arrays[0].to_numpy())
        parts.append(pa.RecordBatch.from_arrays(arrays[1:], schema=schema))
    return pa.Table.from_batches(parts, schema), np.concatenate(ids)
