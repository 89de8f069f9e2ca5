"""CREATE, DROP and ALTER of schemas and tables; views, indexes and constraints are not.

Types have DuckDB's names, and DuckDB converts them to Arrow types.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pyarrow as pa
from sqlglot import exp

from vast_standin.engine.table import Definition, Table
from vast_standin.http import ProtocolError
from vast_standin.sql.change import DELETE, DIALECT, WRITE, Change, only, unspoken
from vast_standin.sql.duck import quoted
from vast_standin.sql.fitting import storable
from vast_standin.sql.names import Place, schema_place, table_place
from vast_standin.sql.rows import write
from vast_standin.tabular.definitions import (
    number_columns,
    with_columns,
    with_renamed,
    without_columns,
)
from vast_standin.tabular.tables import make_table


def create(change: Change, statement: exp.Create) -> None:
    """Create a schema or a table, empty or from a query."""
    kind = str(statement.args.get("kind")).upper()
    if kind == "SCHEMA":
        _create_schema(change, statement)
        return
    if kind != "TABLE":
        raise unspoken(f"CREATE {kind}")
    only(statement, "this", "kind", "exists", "replace", "expression")
    named, defined = statement.this, None
    if isinstance(named, exp.Schema):
        named, defined = named.this, named.expressions
    place = table_place(named, change.transaction.root)
    change.allow(WRITE, place)
    exists = change.exists(place)
    if exists and statement.args.get("exists"):
        return
    query = statement.args.get("expression")
    if query is None:
        schema = _schema(change, defined or [])
    elif defined is None and isinstance(query, (exp.Query, exp.Values)):
        schema = _schema_of(change, query)
    else:
        raise unspoken("CREATE TABLE with both columns and a query")
    if exists and statement.args.get("replace"):
        _drop_table(change, place)
    table = _make(change, place, schema)
    if query is not None:
        write(change, table, table.definition.columns, query.sql(DIALECT))


def drop(change: Change, statement: exp.Drop) -> None:
    """Drop a table, or a schema: an empty one, or with CASCADE all that is in it."""
    only(statement, "this", "kind", "exists", "cascade", "constraints")
    kind = str(statement.args.get("kind")).upper()
    if kind not in _PLACES:
        raise unspoken(f"DROP {kind}")
    place = _PLACES[kind](change, statement.this)
    if not change.exists(place) and statement.args.get("exists"):
        return
    change.allow(DELETE, place)
    if place.name:
        _drop_table(change, place)
    else:
        _drop_schema(change, place, cascade=bool(statement.args.get("cascade")))


def alter(change: Change, statement: exp.Alter) -> None:
    """Rename a table, or add, drop and rename its columns."""
    only(statement, "this", "kind", "actions")
    if str(statement.args.get("kind")).upper() != "TABLE":
        raise unspoken(f"ALTER {statement.args.get('kind')}")
    table = change.target(statement.this, WRITE)
    for action in statement.args["actions"]:
        if isinstance(action, exp.AlterRename):
            _rename(change, table.id, action)
            continue
        alteration = _ALTERATIONS.get(type(action))
        if alteration is None:
            raise unspoken(f"ALTER TABLE … {action.sql(DIALECT)}")
        change.transaction.redefine(table.id, partial(alteration, change, action))


def _create_schema(change: Change, statement: exp.Create) -> None:
    only(statement, "this", "kind", "exists")
    place = schema_place(statement.this)
    change.allow(WRITE, place)
    if not (statement.args.get("exists") and change.exists(place)):
        change.transaction.create_schema(place.bucket, place.path)


def _make(change: Change, place: Place, schema: pa.Schema) -> Table:
    columns = number_columns(schema, 0)
    parent = change.transaction.schema(place.bucket, place.path)
    definition = Definition(columns, len(columns))
    return make_table(change.transaction, parent, place.name, definition)


def _schema_of(change: Change, query: exp.Expression) -> pa.Schema:
    """Return the columns of a query and make its tables readable."""
    sql = query.sql(DIALECT)
    change.sight.show(change.instance, sql)
    with change.instance.run(f"FROM ({sql}) LIMIT 0") as reader:
        return storable(reader.schema)


def _schema(change: Change, defined: list[exp.Expression]) -> pa.Schema:
    """Find the Arrow types of columns as CREATE TABLE and ADD COLUMN define them."""
    casts = [_typed_null(column) for column in defined]
    if not casts:
        raise unspoken("CREATE TABLE without columns")
    with change.instance.run(f"SELECT {', '.join(casts)} LIMIT 0") as reader:
        return storable(reader.schema)


def _typed_null(column: exp.Expression) -> str:
    if not isinstance(column, exp.ColumnDef) or column.kind is None:
        raise unspoken(f"the constraint or column {column.sql(DIALECT)}")
    for constraint in column.args.get("constraints") or ():
        if not isinstance(constraint.kind, exp.NotNullColumnConstraint) or not (
            constraint.kind.args.get("allow_null")
        ):
            raise unspoken(f"the constraint {constraint.sql(DIALECT)}")
    return f"CAST(NULL AS {column.kind.sql(DIALECT)}) AS {quoted(column.name)}"


def _drop_table(change: Change, place: Place) -> None:
    change.allow(DELETE, place)
    change.transaction.drop_table(
        change.transaction.table(place.bucket, place.path, place.name)
    )


def _drop_schema(change: Change, place: Place, *, cascade: bool) -> None:
    transaction = change.transaction
    schema = transaction.schema(place.bucket, place.path)
    if cascade:
        for table in list(transaction.root.tables_in(schema.id)):
            _drop_table(change, replace(place, name=table.name))
        for child in list(transaction.root.schemas_in(place.bucket, place.path)):
            inner = Place(child.bucket, child.path)
            change.allow(DELETE, inner)
            _drop_schema(change, inner, cascade=True)
    transaction.drop_schema(place.bucket, place.path)


def _rename(change: Change, table_id: int, action: exp.AlterRename) -> None:
    transaction = change.transaction
    table = transaction.root.tables[table_id]
    schema = transaction.root.schemas[table.schema_id]
    target = action.this
    if target.db:
        place = table_place(target, transaction.root)
        schema = transaction.schema(place.bucket, place.path)
    change.allow(WRITE, Place(schema.bucket, schema.path, target.name))
    transaction.rename_table(table, schema, target.name)


def _add_column(
    change: Change, action: exp.ColumnDef, before: Definition
) -> Definition:
    if action.args.get("exists") and action.name in before.by_name:
        return before
    return with_columns(before, _schema(change, [action]))


def _drop_column(_: Change, action: exp.Drop, before: Definition) -> Definition:
    if str(action.args.get("kind")).upper() != "COLUMN":
        raise unspoken(f"ALTER TABLE … {action.sql(DIALECT)}")
    name = action.this.name
    if action.args.get("exists") and name not in before.by_name:
        return before
    if len(before.columns) == 1:
        raise ProtocolError(
            400, "InvalidQuery", f"{name} is the last column: drop the table"
        )
    return without_columns(before, [name])


def _rename_column(
    _: Change, action: exp.RenameColumn, before: Definition
) -> Definition:
    return with_renamed(before, action.this.name, action.args["to"].name)


_PLACES: dict[str, Callable[[Change, exp.Expression], Place]] = {
    "TABLE": lambda change, named: table_place(named, change.transaction.root),
    "SCHEMA": lambda _, named: schema_place(named),
}
_ALTERATIONS: dict[type, Callable[..., Definition]] = {
    exp.ColumnDef: _add_column,
    exp.Drop: _drop_column,
    exp.RenameColumn: _rename_column,
}
