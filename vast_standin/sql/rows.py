"""INSERT, UPDATE, DELETE and TRUNCATE: DuckDB finds the rows, the engine changes them.

The statement becomes a SELECT of the rows to write, each value cast to its column's
type by DuckDB's rules, or of the selected row ids.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from sqlglot import exp

from vast_standin.engine.positions import RowIds
from vast_standin.engine.table import Column, Table
from vast_standin.http import ProtocolError
from vast_standin.sql.change import (
    DELETE,
    DIALECT,
    WRITE,
    Change,
    only,
    unqualified,
    unspoken,
)
from vast_standin.sql.duck import quoted
from vast_standin.sql.fitting import fitted
from vast_standin.sql.sight import ROW_ID
from vast_standin.sql.values import assigned, is_default, named_columns, types
from vast_standin.tabular.rows import external_ids

_ROWS_AT_ONCE = 1 << 19


def insert(change: Change, statement: exp.Insert) -> None:
    """Add the rows of a query or of VALUES."""
    only(statement, "this", "expression", "with_", "by_name", "default", "returning")
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
    columns = named_columns(table, names)
    write(change, table, columns, _cast(change, table, columns, source))


def write(change: Change, table: Table, columns: Sequence[Column], query: str) -> None:
    """Insert the rows of a query into some columns, one batch at a time."""
    for batch in batches(change, query):
        add(change, table, columns, batch.columns)


def update(change: Change, statement: exp.Update) -> None:
    """Set columns of the rows that fulfil a condition."""
    only(statement, "this", "expressions", "from_", "where", "with_", "returning")
    table = change.target(statement.this, WRITE)
    columns, values = assigned(change, table, statement.expressions)
    query = _marked(change, table, statement, values, statement.args.get("from_"))
    for batch in batches(change, query):
        assign(change, table, columns, batch.column(0).to_numpy(), batch.columns[1:])


def delete(change: Change, statement: exp.Delete) -> None:
    """Delete the rows that fulfil a condition."""
    only(statement, "this", "using", "where", "with_", "returning")
    table = change.target(statement.this, DELETE)
    using = statement.args.get("using") or ()
    source = exp.From(this=using[0]) if using else None
    joins = list(using[1:])
    query = _marked(change, table, statement, [], source, joins)
    for batch in batches(change, query):
        remove(change, table, batch.column(0).to_numpy())


def truncate(change: Change, statement: exp.TruncateTable) -> None:
    """Delete all rows of a table."""
    only(statement, "expressions")
    if len(statement.expressions) != 1:
        raise unspoken("TRUNCATE of several tables")
    delete(change, exp.Delete(this=statement.expressions[0]))


def add(
    change: Change, table: Table, columns: Sequence[Column], values: Sequence[pa.Array]
) -> None:
    """Insert rows: one array of values per column."""
    now = change.transaction.root.tables[table.id]
    arrays = [fitted(v, c) for c, v in zip(columns, values, strict=True)]
    brought = pa.record_batch(arrays, names=[c.name for c in columns])
    stored = zip(columns, arrays, strict=True)
    ids = change.transaction.insert(
        now,
        {c.number: array for c, array in stored if not c.is_row_id},
        rows=brought.num_rows,
        external=external_ids(now, brought),
    )
    change.touched.append(ids)


def assign(
    change: Change,
    table: Table,
    columns: Sequence[Column],
    ids: RowIds,
    values: Sequence[pa.Array],
) -> None:
    """Change rows, each named once: one array of values per column."""
    order = np.argsort(ids)
    by_number = {
        column.number: fitted(array, column).take(pa.array(order))
        for column, array in zip(columns, values, strict=True)
    }
    change.transaction.update(table, ids[order], by_number)
    change.touched.append(ids)


def remove(change: Change, table: Table, ids: RowIds) -> None:
    """Delete rows, each named once."""
    change.transaction.delete(table, np.sort(ids))
    change.touched.append(ids)


def batches(change: Change, query: str) -> Iterator[pa.RecordBatch]:
    """Return a query's batches, joined to the size of a segment."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    reader = change.instance.run(query)
    while (batch := _next(change, reader)) is not None:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS_AT_ONCE:
            yield pa.concat_batches(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.concat_batches(waiting)


def _next(change: Change, reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    with change.instance.errors():
        return next(reader, None)


def _source(statement: exp.Insert, table: Table) -> str:
    """Write the query an INSERT takes its rows from."""
    if statement.args.get("default"):
        return f"SELECT {', '.join('NULL' for _ in table.definition.columns)}"
    source = statement.expression
    if not isinstance(source, (exp.Query, exp.Values)):
        raise unspoken(f"INSERT of {statement.sql(DIALECT)[:80]}")
    for tuple_ in source.find_all(exp.Tuple) if isinstance(source, exp.Values) else ():
        for value in tuple_.expressions:
            if is_default(value):
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
            f"but {len(given)} values per row were given",
        )
    kinds = types(change, table, columns)
    names = [f"c{number}" for number in range(len(columns))]
    casts = ", ".join(f"CAST({n} AS {t})" for n, t in zip(names, kinds, strict=True))
    return f"SELECT {casts} FROM ({source}) AS _source({', '.join(names)})"  # noqa: S608


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
    unqualified(statement, table.name)
    schema = change.sight.show_marked(change.instance, table)
    tables = [f"{quoted(schema)}.{quoted(table.name)} AS {alias}"]
    if source is not None:
        tables.append(source.this.sql(DIALECT))
    tables += [join.sql(DIALECT) for join in joins]
    parts = [statement.args.get("with_"), statement.args.get("where")]
    with_, where = (part.sql(DIALECT) if part is not None else "" for part in parts)
    change.sight.show(change.instance, statement.sql(DIALECT))
    expressions = ", ".join([f"{alias}.{quoted(ROW_ID)}", *values])
    once = f"DISTINCT ON ({alias}.{quoted(ROW_ID)}) " if source is not None else ""
    return f"{with_} SELECT {once}{expressions} FROM {', '.join(tables)} {where}"  # noqa: S608
