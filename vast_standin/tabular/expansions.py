"""Blob expansions: create, alter, drop, show (SDK `build_create_blob_expansion_request`).

The messages are protocol buffers. Missing target tables and columns are
created; dropping columns from an expansion leaves them in its target.
"""

from dataclasses import replace

import pyarrow as pa

from vast_standin.engine.expansion import EXCESSIVE_COLUMN, MISSING_COLUMN
from vast_standin.engine.table import Definition, Expansion, Table
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError, Response
from vast_standin.protobuf import Message, make_message, parse_message
from vast_standin.tabular.call import Call
from vast_standin.tabular.definitions import (
    column_named,
    number_columns,
    with_columns,
)
from vast_standin.tabular.derived import IMPORTS, IMPORTS_DEFINITION
from vast_standin.tabular.types import mismatch, same_type
from vast_standin.tabular.wire import read_schema


def create_expansion(call: Call) -> Response:
    """Expand a column into another table from now on."""
    call.refuse_snapshot()
    request = parse_message(call.body())
    if (request.text(2) or "json") != "json":
        raise ProtocolError(
            501, "NotImplemented", f"format {request.text(2)!r}: only json is expanded"
        )
    options = {
        "flatten": bool(request.number(5)),
        "delimiter": request.text(6),
        "missing": bool(request.number(8)),
        "excessive": bool(request.number(9)),
    }
    columns = read_schema(request.raw(3))
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        source = column_named(table.definition, _source_name(call))
        if not (
            pa.types.is_string(source.field.type)
            or pa.types.is_binary(source.field.type)
        ):
            raise mismatch(f"column {source.name} is of type {source.field.type}")
        if any(e.source == source.number for e in table.definition.expansions):
            raise ProtocolError(
                409, "TabularBlobExpansionExists", f"{source.name} is expanded already"
            )
        place = (call.bucket, request.text(7) or path, request.text(1))
        target = _target(transaction, place, columns)
        expansion = Expansion(
            source.number,
            target.id,
            "json",
            bytes(columns.serialize()),
            bool(request.number(4)),
            options,
        )
        _provide(transaction, target, table, expansion)
        transaction.redefine(table.id, lambda d: _with_expansion(d, expansion))
    return Response()


def alter_expansion(call: Call) -> Response:
    """Add or remove columns and outputs of an expansion."""
    call.refuse_snapshot()
    request = parse_message(call.body())
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        old = _expansion(table, _source_name(call))
        target = transaction.root.tables.get(old.target)
        if target is None:
            raise ProtocolError(404, "NoSuchKey", "the target table was dropped")
        new = _altered(old, request, target)
        _provide(transaction, target, table, new)
        transaction.redefine(table.id, lambda d: _with_expansion(d, new))
    return Response()


def drop_expansion(call: Call) -> Response:
    """Stop expanding a column; expanded rows stay."""
    call.refuse_snapshot()
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        gone = _expansion(table, _source_name(call))
        transaction.redefine(table.id, lambda d: _without(d, gone.source))
    return Response()


def show_expansion(call: Call) -> Response:
    """Show an expansion; 500 if there is none, as the SDK expects."""
    table = call.table()
    expansion = _expansion(table, _source_name(call))
    target = call.root.tables.get(expansion.target)
    schema = None if target is None else call.root.schemas.get(target.schema_id)
    if target is None or schema is None:
        raise _missing(_source_name(call))
    body = make_message(
        {
            1: table.definition.by_number[expansion.source].name,
            2: f"/{schema.bucket}/{schema.path}/{target.name}",
            3: expansion.format,
            4: expansion.columns,
            5: int(expansion.copy_source),
            6: int(bool(expansion.options.get("missing"))),
            7: int(bool(expansion.options.get("excessive"))),
        }
    )
    return Response(body=body)


def _altered(old: Expansion, request: Message, target: Table) -> Expansion:
    columns = read_schema(old.columns)
    if request.raw(1):
        given = read_schema(request.raw(1))
        columns = _changed(columns, given, target, remove=bool(request.number(2)))
    copy = old.copy_source
    options = dict(old.options)
    copy = _switched(request, 3, copy)
    options["missing"] = _switched(request, 5, bool(options.get("missing")))
    options["excessive"] = _switched(request, 7, bool(options.get("excessive")))
    return replace(
        old, columns=bytes(columns.serialize()), copy_source=copy, options=options
    )


def _changed(
    columns: pa.Schema, given: pa.Schema, target: Table, *, remove: bool
) -> pa.Schema:
    if remove:
        for name in given.names:
            column_named(target.definition, name)
        return pa.schema([f for f in columns if f.name not in given.names])
    new = [f for f in given if f.name not in columns.names]
    return pa.schema([*columns, *new])


def _switched(request: Message, field: int, before: bool) -> bool:  # noqa: FBT001
    """Apply a pair of fields: the first switches on, the next off."""
    if request.number(field):
        return True
    return before and not request.number(field + 1)


def _target(
    transaction: Transaction, place: tuple[str, str, str], columns: pa.Schema
) -> Table:
    bucket, path, name = place
    if not name:
        raise ProtocolError(400, "InvalidArgument", "the target table has no name")
    target = transaction.root.table(bucket, path, name)
    if target is not None:
        return target
    numbered = number_columns(columns, 0)
    table = transaction.create_table(
        transaction.schema(bucket, path), name, Definition(numbered, len(numbered))
    )
    transaction.attach(table, IMPORTS, IMPORTS_DEFINITION)
    return table


def _provide(
    transaction: Transaction, target: Table, source: Table, expansion: Expansion
) -> None:
    """Add missing columns of an expansion to its target."""
    fields = list(read_schema(expansion.columns))
    if expansion.copy_source:
        fields.append(source.definition.by_number[expansion.source].field)
    if expansion.options.get("missing"):
        fields.append(pa.field(MISSING_COLUMN, pa.string()))
    if expansion.options.get("excessive"):
        fields.append(pa.field(EXCESSIVE_COLUMN, pa.string()))
    new = []
    for field in fields:
        column = target.definition.by_name.get(field.name)
        if column is None:
            new.append(field)
        elif not same_type(field.type, column.field.type):
            raise mismatch(f"target column {field.name} is of type {column.field.type}")
    if new:
        transaction.redefine(target.id, lambda d: with_columns(d, pa.schema(new)))


def _with_expansion(definition: Definition, new: Expansion) -> Definition:
    others = tuple(e for e in definition.expansions if e.source != new.source)
    return replace(definition, expansions=(*others, new))


def _without(definition: Definition, source: int) -> Definition:
    others = tuple(e for e in definition.expansions if e.source != source)
    return replace(definition, expansions=others)


def _expansion(table: Table, name: str) -> Expansion:
    column = table.definition.by_name.get(name)
    for expansion in table.definition.expansions:
        if column is not None and expansion.source == column.number:
            return expansion
    raise _missing(name)


def _missing(name: str) -> ProtocolError:
    return ProtocolError(
        500, "InternalError", f"there is no blob expansion of column {name!r}"
    )


def _source_name(call: Call) -> str:
    return call.parameters.get("source-column-name", "value")
