"""Imports: parquet objects read straight into a table, or zipped onto its rows.

Each object is reported by itself, in a JSON document padded to 1,024 bytes as the SDK
reads them (`import_data` of its `_internal.py`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call, ObjectStore
from vast_standin.tabular.flat import FlatTable
from vast_standin.tabular.imported import check_not_imported, note_imported
from vast_standin.tabular.parquet import ParquetObject, open_parquet
from vast_standin.tabular.rows import fitted
from vast_standin.tabular.types import mismatch
from vast_standin.tabular.wire import read_batch
from vast_standin.tabular.zipping import zip_onto

_REPORT_BYTES = 1024
_MOST_FILES = 1000


@dataclass(frozen=True)
class Source:
    """An object to import, with constant columns to add."""

    bucket: str
    key: str
    constants: pa.RecordBatch | None


def import_objects(call: Call) -> Response:
    """Import the objects a request lists, all in its transaction."""
    call.refuse_snapshot()
    request = FlatTable.root(call.body())
    sources = [_source(t) for t in request.tables(0)]
    if len(sources) > _MOST_FILES:
        raise ProtocolError(400, "InvalidArgument", f"{len(sources)} files at once")
    keys = [t.text(0) for t in request.tables(1)]
    if call.objects is None:
        raise ProtocolError(501, "NotImplemented", "there are no objects to import")
    path, name = call.table_place
    reports: list[bytes] = []
    with call.engine.writing(call.transaction) as transaction:
        table_id = transaction.table(call.bucket, path, name).id
        for source in sources:
            result = _import_one(call.objects, transaction, table_id, source, keys)
            reports.append(_report(source, *result))
    return Response(body=b"".join(reports))


def _import_one(
    objects: ObjectStore,
    transaction: Transaction,
    table_id: int,
    source: Source,
    keys: list[str],
) -> tuple[str, str]:
    """Import one object; return the result and the reason of a failure."""
    if not objects.exists(source.bucket, source.key):
        return "NoSuchKey", f"there is no object {source.bucket}/{source.key}"
    try:
        with objects.open(source.bucket, source.key) as stream:
            parquet = open_parquet(stream)
            if keys:
                rows = zip_onto(transaction, table_id, parquet, keys)
            else:
                check_not_imported(
                    transaction, table_id, source.bucket, source.key, parquet
                )
                rows = _append(transaction, table_id, parquet, source.constants)
    except ProtocolError as err:
        if err.status in (409, 507, 403):
            raise
        return err.code, err.message
    note_imported(transaction, table_id, source.bucket, source.key, parquet, rows)
    return "Success", ""


def _append(
    transaction: Transaction,
    table_id: int,
    parquet: ParquetObject,
    constants: pa.RecordBatch | None,
) -> int:
    table = transaction.root.tables[table_id]
    by_name = table.definition.by_name
    unknown = [n for n in parquet.schema.names if n not in by_name]
    if unknown:
        raise ProtocolError(
            400,
            "TabularMismatchColumnName",
            f"table {table.name} has no column {', '.join(unknown)}",
        )
    total = 0
    for batch in _with_constants(parquet.batches(), constants):
        columns = {}
        for field, array in zip(batch.schema, batch.columns, strict=True):
            column = by_name.get(field.name)
            if column is None:
                raise mismatch(f"table {table.name} has no column {field.name}")
            columns[column.number] = fitted(column, field.with_nullable(True), array)
        transaction.insert(table, columns, rows=batch.num_rows)
        total += batch.num_rows
    return total


def _with_constants(
    batches: Iterator[pa.RecordBatch], constants: pa.RecordBatch | None
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if constants is None:
            yield batch
            continue
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name, column in zip(constants.schema.names, constants.columns, strict=True):
            arrays[name] = pa.repeat(column[0], batch.num_rows)
        yield pa.record_batch(arrays)


def _source(table: FlatTable) -> Source:
    if table.text(0) != "parquet":
        raise ProtocolError(
            501, "NotImplemented", f"format {table.text(0)!r}: only parquet is imported"
        )
    raw = table.bytes(3)
    constants = read_batch(raw) if raw else None
    if constants is not None and constants.num_rows != 1:
        raise ProtocolError(400, "InvalidArgument", "partition values are not one row")
    return Source(table.text(1), table.text(2), constants)


def _report(source: Source, result: str, reason: str) -> bytes:
    report = {
        "bucket_name": source.bucket,
        "object_name": source.key,
        "res": result,
        "err_msg": reason,
    }
    raw = json.dumps(report).encode()
    while len(raw) > _REPORT_BYTES and reason:
        reason = reason[: len(reason) - max(1, len(raw) - _REPORT_BYTES)]
        raw = json.dumps({**report, "err_msg": reason}).encode()
    if len(raw) > _REPORT_BYTES:
        raw = json.dumps({**report, "object_name": "", "err_msg": ""}).encode()
    return raw.ljust(_REPORT_BYTES)
