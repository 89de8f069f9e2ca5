"""Columns that a statement names and their values, in DuckDB SQL."""

from collections.abc import Sequence

from sqlglot import exp

from vast_standin.engine.table import Column, Table
from vast_standin.http import ProtocolError
from vast_standin.sql.change import DIALECT, Change, unspoken
from vast_standin.sql.duck import quoted
from vast_standin.tabular.rows import check_updatable


def named_columns(table: Table, names: Sequence[str] | None) -> list[Column]:
    """Find columns by name, ignoring case; all stored ones if none is named."""
    columns = table.definition.columns
    if names is None:
        return [c for c in columns if table.external or not c.is_row_id]
    folded = {c.name.casefold(): c for c in columns}
    chosen = []
    for name in names:
        column = table.definition.by_name.get(name) or folded.get(name.casefold())
        if column is None:
            raise ProtocolError(
                400, "InvalidQuery", f"table {table.name} has no column {name}"
            )
        if column in chosen:
            raise ProtocolError(400, "InvalidQuery", f"column {name} is named twice")
        chosen.append(column)
    return chosen


def types(change: Change, table: Table, columns: Sequence[Column]) -> list[str]:
    """Return the columns' types as DuckDB names them."""
    schema = change.sight.show_types(change.instance, table)
    listed = ", ".join(quoted(c.name) for c in columns)
    query = f"SELECT {listed} FROM {quoted(schema)}.{quoted(table.name)}"  # noqa: S608
    return [kind for _, kind in change.instance.columns(query)]


def cast(
    change: Change,
    table: Table,
    columns: Sequence[Column],
    values: Sequence[exp.Expression],
) -> list[str]:
    """Write one value per column, cast to its type; 400 if there are not as many."""
    if len(columns) != len(values):
        raise ProtocolError(
            400,
            "InvalidQuery",
            f"{len(values)} values for {len(columns)} columns of table {table.name}",
        )
    kinds = types(change, table, columns)
    return [
        f"CAST({'NULL' if is_default(value) else value.sql(DIALECT)} AS {kind})"
        for value, kind in zip(values, kinds, strict=True)
    ]


def assigned(
    change: Change, table: Table, assignments: Sequence[exp.Expression]
) -> tuple[list[Column], list[str]]:
    """Find the columns SET names, which may be updated, and their new values."""
    for part in assignments:
        if not isinstance(part, exp.EQ) or not isinstance(part.this, exp.Column):
            raise unspoken(f"SET {part.sql(DIALECT)}")
    columns = named_columns(table, [part.this.name for part in assignments])
    if any(column.is_row_id for column in columns):
        raise unspoken("UPDATE of row ids")
    check_updatable(table, {c.number for c in columns}, fresh=False)
    values = [part.expression for part in assignments]
    return columns, cast(change, table, columns, values)


def is_default(value: exp.Expression) -> bool:
    """Return whether a value is DEFAULT, which is null: columns have no other."""
    if isinstance(value, exp.Column) and (value.table or value.this.quoted):
        return False
    return isinstance(value, (exp.Column, exp.Var)) and value.name.upper() == "DEFAULT"
