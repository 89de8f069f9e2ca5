"""INSERT, UPDATE, DELETE and TRUNCATE: DuckDB finds the rows, the engine changes them.

The statement is made a SELECT of what is to be written, each value cast to its column's
type by DuckDB's rules, or of the row ids that are meant.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from sqlglot import exp

from vast_standin.engine.table import Column, Table
from vast_standin.http import ProtocolError
from vast_standin.sql.change import DELETE, DIALECT, WRITE, Change, only, unspoken
from vast_standin.sql.duck import duck_errors, quoted
from vast_standin.sql.fitting import fitted
from vast_standin.sql.sight import ROW_ID
from vast_standin.tabular.rows import check_updatable, external_ids

_ROWS_AT_ONCE = 1 << 19


def insert(change: Change, statement: exp.Insert) -> int:
    """Add the rows a query or VALUES gives; returns how many."""
    only(statement, "this", "expression", "with_", "by_name", "default")
    named = statement.this
    names = None
    if isinstance(named, exp.Schema):
        names = [part.name for part in named.expressions]
        named = named.this
    table = change.target(named, WRITE)
    source = _source(statement, table)
    change.sight.show(change.instance, f"{source} {named.sql(DIALECT)}")
    if statement.args.get("by_name"):
        names = [name for name, _ in change.instance.columns(source)]
    columns = _named(table, names)
    return write(change, table, columns, _cast(change, table, columns, source))


def write(change: Change, table: Table, columns: Sequence[Column], query: str) -> int:
    """Insert what a query gives for some columns, a batch at a time."""
    count = 0
    for batch in _batches(change, query):
        now = change.transaction.root.tables[table.id]
        arrays = {
            column.number: fitted(values, column)
            for column, values in zip(columns, batch.columns, strict=True)
        }
        brought = pa.record_batch(
            [arrays[c.number] for c in columns], names=[c.name for c in columns]
        )
        change.transaction.insert(
            now,
            {c.number: arrays[c.number] for c in columns if not c.is_row_id},
            rows=batch.num_rows,
            external=external_ids(now, brought),
        )
        count += len(batch)
    return count


def update(change: Change, statement: exp.Update) -> int:
    """Set columns of the rows a condition chooses; returns how many."""
    only(statement, "this", "expressions", "from_", "where", "with_")
    table = change.target(statement.this, WRITE)
    columns = _named(table, [_assigned(part).name for part in statement.expressions])
    if any(column.is_row_id for column in columns):
        raise unspoken("UPDATE of row ids")
    check_updatable(table, {c.number for c in columns}, fresh=False)
    types = _types(change, table, columns)
    values = [
        f"CAST({_value(part.expression)} AS {kind})"
        for part, kind in zip(statement.expressions, types, strict=True)
    ]
    query = _marked(change, table, statement, values, statement.args.get("from_"))
    count = 0
    for batch in _batches(change, query):
        ids = batch.column(0).to_numpy()
        order = np.argsort(ids)
        found = {
            column.number: fitted(values, column).take(pa.array(order))
            for column, values in zip(columns, batch.columns[1:], strict=True)
        }
        change.transaction.update(table, ids[order], found)
        count += len(ids)
    return count


def delete(change: Change, statement: exp.Delete) -> int:
    """Delete the rows a condition chooses; returns how many."""
    only(statement, "this", "using", "where", "with_")
    table = change.target(statement.this, DELETE)
    using = statement.args.get("using") or ()
    source = exp.From(this=using[0]) if using else None
    joins = list(using[1:])
    query = _marked(change, table, statement, [], source, joins)
    return sum(_delete(change, table, batch) for batch in _batches(change, query))


def truncate(change: Change, statement: exp.TruncateTable) -> int:
    """Delete all rows of a table; returns how many."""
    only(statement, "expressions")
    if len(statement.expressions) != 1:
        raise unspoken("TRUNCATE of several tables")
    return delete(change, exp.Delete(this=statement.expressions[0]))


def _delete(change: Change, table: Table, batch: pa.RecordBatch) -> int:
    change.transaction.delete(table, np.sort(batch.column(0).to_numpy()))
    return len(batch)


def _source(statement: exp.Insert, table: Table) -> str:
    """Write the query an INSERT takes its rows from."""
    if statement.args.get("default"):
        return f"SELECT {', '.join('NULL' for _ in table.definition.columns)}"
    source = statement.expression
    if not isinstance(source, (exp.Query, exp.Values)):
        raise unspoken(f"INSERT of {statement.sql(DIALECT)[:80]}")
    for tuple_ in source.find_all(exp.Tuple) if isinstance(source, exp.Values) else ():
        for value in tuple_.expressions:
            if _is_default(value):
                value.replace(exp.Null())
    with_ = statement.args.get("with_")
    return " ".join(part.sql(DIALECT) for part in (with_, source) if part is not None)


def _cast(change: Change, table: Table, columns: Sequence[Column], source: str) -> str:
    given = change.instance.columns(source)
    if len(given) != len(columns):
        raise ProtocolError(
            400,
            "InvalidQuery",
            f"table {table.name} has {len(columns)} columns to be filled, "
            f"but {len(given)} values a row were given",
        )
    types = _types(change, table, columns)
    names = [f"c{number}" for number in range(len(columns))]
    casts = ", ".join(f"CAST({n} AS {t})" for n, t in zip(names, types, strict=True))
    return f"SELECT {casts} FROM ({source}) AS _source({', '.join(names)})"  # noqa: S608


def _types(change: Change, table: Table, columns: Sequence[Column]) -> list[str]:
    """Name the columns' types in DuckDB's words."""
    room = change.sight.show_types(change.instance, table)
    wanted = ", ".join(quoted(c.name) for c in columns)
    query = f"SELECT {wanted} FROM {quoted(room)}.{quoted(table.name)}"  # noqa: S608
    return [kind for _, kind in change.instance.columns(query)]


def _marked(
    change: Change,
    table: Table,
    statement: exp.Update | exp.Delete,
    values: list[str],
    source: exp.Expression | None,
    joins: Sequence[exp.Expression] = (),
) -> str:
    """Write a query for the row ids a statement means, and their new values."""
    named = statement.this
    alias = quoted(named.alias or named.name)
    for column in statement.find_all(exp.Column):
        if column.args.get("db") and column.table.casefold() == table.name.casefold():
            column.set("db", None)
            column.set("catalog", None)
    room = change.sight.show_marked(change.instance, table)
    tables = [f"{quoted(room)}.{quoted(table.name)} AS {alias}"]
    if source is not None:
        tables.append(source.this.sql(DIALECT))
    tables += [join.sql(DIALECT) for join in joins]
    parts = [statement.args.get("with_"), statement.args.get("where")]
    with_, where = (part.sql(DIALECT) if part is not None else "" for part in parts)
    change.sight.show(change.instance, statement.sql(DIALECT))
    wanted = ", ".join([f"{alias}.{quoted(ROW_ID)}", *values])
    once = f"DISTINCT ON ({alias}.{quoted(ROW_ID)}) " if source is not None else ""
    return f"{with_} SELECT {once}{wanted} FROM {', '.join(tables)} {where}"  # noqa: S608


def _batches(change: Change, query: str) -> Iterator[pa.RecordBatch]:
    """Give a query's batches, put together to a size worth a segment."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    reader = change.instance.run(query)
    while (batch := _next(reader)) is not None:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS_AT_ONCE:
            yield pa.concat_batches(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.concat_batches(waiting)


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    with duck_errors():
        return next(reader, None)


def _named(table: Table, names: Sequence[str] | None) -> list[Column]:
    """Find columns as SQL does, in any case; all that are stored where none is named."""
    columns = table.definition.columns
    if names is None:
        return [c for c in columns if table.external or not c.is_row_id]
    folded = {c.name.casefold(): c for c in columns}
    found = []
    for name in names:
        column = table.definition.by_name.get(name) or folded.get(name.casefold())
        if column is None:
            raise ProtocolError(
                400, "InvalidQuery", f"table {table.name} has no column {name}"
            )
        if column in found:
            raise ProtocolError(400, "InvalidQuery", f"column {name} is named twice")
        found.append(column)
    return found


def _assigned(part: exp.Expression) -> exp.Expression:
    if not isinstance(part, exp.EQ) or not isinstance(part.this, exp.Column):
        raise unspoken(f"SET {part.sql(DIALECT)}")
    return part.this


def _value(expression: exp.Expression) -> str:
    return "NULL" if _is_default(expression) else expression.sql(DIALECT)


def _is_default(value: exp.Expression) -> bool:
    """Tell whether a value is DEFAULT, which is null: columns have no other."""
    if isinstance(value, exp.Column) and (value.table or value.this.quoted):
        return False
    return isinstance(value, (exp.Column, exp.Var)) and value.name.upper() == "DEFAULT"
