"""RETURNING: values from the rows a statement wrote or deleted."""

import numpy as np
import pyarrow as pa
from sqlglot import exp

from vast_standin.sql.change import DIALECT, Change, only, unqualified
from vast_standin.sql.duck import quoted
from vast_standin.sql.sight import READ


def returned(change: Change, statement: exp.Expression) -> pa.Table:
    """Answer RETURNING: deleted rows as they were, others as they are now.

    Raises 403 if the user may not read the table.
    """
    clause = statement.args["returning"]
    only(clause, "expressions")
    named = statement.this
    if isinstance(named, exp.Schema):
        named = named.this
    table = change.target(named, READ)
    if isinstance(statement, exp.Delete):
        table = change.before.tables[table.id]
    ids = np.concatenate([np.empty(0, np.uint64), *change.touched])
    schema = change.sight.show_some(change.instance, table, np.unique(ids))
    unqualified(clause, table.name)
    change.sight_of(change.before).show(change.instance, clause.sql(DIALECT))
    columns = ", ".join(part.sql(DIALECT) for part in clause.expressions)
    rows = f"{quoted(schema)}.{quoted(table.name)}"
    alias = quoted(named.alias or named.name)
    query = f"SELECT {columns} FROM {rows} AS {alias}"  # noqa: S608
    with change.instance.run(query) as reader, change.instance.errors():
        return reader.read_all()
