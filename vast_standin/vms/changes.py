"""Schemas, tables and projections as the management side changes them.

Each call is a transaction of its own; columns are named with Arrow's types, as in
listings (`int64`, `string`, `timestamp[us]`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from vast_standin.engine.table import Definition
from vast_standin.http import ProtocolError
from vast_standin.tabular import projections
from vast_standin.tabular.definitions import column_named, number_columns, with_columns
from vast_standin.tabular.tables import make_table
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.requests import VmsCall

_TABLE = ("database_name", "schema_name", "name")
_PROJECTION = ("database_name", "schema_name", "table_name", "name")


def create_schema(cluster: Cluster, call: VmsCall) -> None:
    """Create a schema."""
    bucket, name = _given(call, "database_name", "name")
    if bucket not in cluster.engine.buckets():
        raise ProtocolError(404, "NotFound", f"there is no database {bucket}")
    _transact(cluster, lambda tx: tx.create_schema(bucket, name))


def rename_schema(cluster: Cluster, call: VmsCall) -> None:
    """Rename a schema, with all below it."""
    bucket, name, new = _given(call, "database_name", "name", "new_name")
    _transact(cluster, lambda tx: tx.alter_schema(bucket, name, new_path=new))


def delete_schema(cluster: Cluster, call: VmsCall) -> None:
    """Delete an empty schema."""
    bucket, name = _given(call, "database_name", "name")
    _transact(cluster, lambda tx: tx.drop_schema(bucket, name))


def create_table(cluster: Cluster, call: VmsCall) -> None:
    """Create an empty table, sorted if it names columns to sort by."""
    bucket, path, name = _given(
        call, *_TABLE, more=("arrow_schema", "sorted_column_names")
    )
    columns = number_columns(_schema(call), 0)
    definition = Definition(columns, len(columns))
    sorted_by = _names(call, "sorted_column_names", needed=False)
    key = tuple(column_named(definition, n).number for n in sorted_by)
    definition = replace(definition, sort_key=key)
    _transact(
        cluster, lambda tx: make_table(tx, tx.schema(bucket, path), name, definition)
    )


def rename_table(cluster: Cluster, call: VmsCall) -> None:
    """Rename a table within its schema."""
    bucket, path, name, new = _given(call, *_TABLE, "new_name")
    _transact(
        cluster,
        lambda tx: tx.rename_table(
            tx.table(bucket, path, name), tx.schema(bucket, path), new
        ),
    )


def delete_table(cluster: Cluster, call: VmsCall) -> None:
    """Delete a table with its rows."""
    bucket, path, name = _given(call, *_TABLE)
    _transact(cluster, lambda tx: tx.drop_table(tx.table(bucket, path, name)))


def add_columns(cluster: Cluster, call: VmsCall) -> None:
    """Add columns to a table; old rows hold null there."""
    place = _given(call, *_TABLE, more=("arrow_schema",))
    schema = _schema(call)
    _redefine(cluster, place, lambda definition: with_columns(definition, schema))


def create_projection(cluster: Cluster, call: VmsCall) -> None:
    """Create a projection; its rows are sorted in the background."""
    more = ("sorted_columns", "unsorted_columns")
    *place, name = _given(call, *_PROJECTION, more=more)
    columns = [(column, 1) for column in _names(call, "sorted_columns")]
    columns += [
        (column, 0) for column in _names(call, "unsorted_columns", needed=False)
    ]
    number = cluster.engine.new_id()
    _redefine(
        cluster, place, lambda d: projections.with_projection(d, number, name, columns)
    )


def rename_projection(cluster: Cluster, call: VmsCall) -> None:
    """Rename a projection."""
    *place, name, new = _given(call, *_PROJECTION, "new_name")
    _redefine(cluster, place, lambda d: projections.with_renamed(d, name, new))


def delete_projection(cluster: Cluster, call: VmsCall) -> None:
    """Delete a projection."""
    *place, name = _given(call, *_PROJECTION)
    _redefine(cluster, place, lambda d: projections.without_projection(d, name))


def _transact(cluster: Cluster, act: Callable[[Any], object]) -> None:
    with cluster.engine.writing(None) as transaction:
        act(transaction)


def _redefine(
    cluster: Cluster, place: list[str], change: Callable[[Definition], Definition]
) -> None:
    _transact(cluster, lambda tx: tx.redefine(tx.table(*place).id, change))


def _schema(call: VmsCall) -> pa.Schema:
    """Read the columns a body defines."""
    schema = call.body.get("arrow_schema")
    if not isinstance(schema, list) or not schema:
        raise bad_request("arrow_schema: a list of columns is expected")
    return pa.schema([_field(column) for column in schema])


def _field(column: object) -> pa.Field:
    field = column.get("field") if isinstance(column, Mapping) else None
    kind = field.get("column_type") if isinstance(field, Mapping) else None
    name = column.get("name") if isinstance(column, Mapping) else None
    if not isinstance(name, str) or not isinstance(kind, str):
        raise bad_request("arrow_schema: a column is {name, field: {column_type}}")
    try:
        return pa.field(name, pa.type_for_alias(kind))
    except ValueError as error:
        raise bad_request(
            f"arrow_schema: {kind!r} is not an Arrow type: {error}"
        ) from None


def _names(call: VmsCall, field: str, *, needed: bool = True) -> list[str]:
    names = call.body.get(field) or []
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise bad_request(f"{field}: a list of names is expected")
    if needed and not names:
        raise bad_request(f"{field}: This field is required.")
    return names


def _given(call: VmsCall, *names: str, more: tuple[str, ...] = ()) -> list[str]:
    unknown = sorted(call.body.keys() - {*names, *more, "tenant_id"})
    missing = [name for name in names if not isinstance(call.body.get(name), str)]
    if unknown or missing:
        raise bad_request(f"unknown fields: {unknown}; missing: {missing}")
    return [str(call.body[name]) for name in names]
