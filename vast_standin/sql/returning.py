"""RETURNING: what a statement asks of the rows it wrote, or of those it deleted."""

import numpy as np
import pyarrow as pa
from sqlglot import exp

from vast_standin.sql.change import DIALECT, Change, only, unqualified
from vast_standin.sql.duck import duck_errors, quoted
from vast_standin.sql.sight import READ


def returned(change: Change, statement: exp.Expression) -> pa.Table:
    """Answer RETURNING: deleted rows as they were, others as they are now.

    Raises 403 where the user may not read the table.
    """
    asked = statement.args["returning"]
    only(asked, "expressions")
    named = statement.this
    if isinstance(named, exp.Schema):
        named = named.this
    table = change.target(named, READ)
    if isinstance(statement, exp.Delete):
        table = change.before.tables[table.id]
    ids = np.concatenate([np.empty(0, np.uint64), *change.touched])
    room = change.sight.show_some(change.instance, table, np.unique(ids))
    unqualified(asked, table.name)
    change.sight_of(change.before).show(change.instance, asked.sql(DIALECT))
    wanted = ", ".join(part.sql(DIALECT) for part in asked.expressions)
    rows = f"{quoted(room)}.{quoted(table.name)}"
    alias = quoted(named.alias or named.name)
    query = f"SELECT {wanted} FROM {rows} AS {alias}"  # noqa: S608
    with change.instance.run(query) as reader, duck_errors():
        return reader.read_all()
