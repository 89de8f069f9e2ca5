"""The statements that change something, by kind; imported with the first one."""

from collections.abc import Callable

import pyarrow as pa
import sqlglot
from sqlglot import exp

from vast_standin.engine.engine import Engine
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.sql import definitions, rows
from vast_standin.sql.change import DIALECT, Change, all_or_nothing, unspoken
from vast_standin.sql.duck import Instance
from vast_standin.sql.merge import merge
from vast_standin.sql.returning import returned
from vast_standin.sql.sight import Check

_COUNT = "Count"
CHANGES: dict[type[exp.Expression], Callable[..., None]] = {
    exp.Insert: rows.insert,
    exp.Update: rows.update,
    exp.Delete: rows.delete,
    exp.Merge: merge,
    exp.TruncateTable: rows.truncate,
    exp.Create: definitions.create,
    exp.Drop: definitions.drop,
    exp.Alter: definitions.alter,
}


def change(
    sql: str,
    engine: Engine,
    transaction: Transaction,
    instance: Instance,
    check: Check,
) -> pa.Table:
    """Run a changing statement as a whole or not at all.

    Returns the rows RETURNING asks for, else how many were written. Raises 501 for statements
    that this stand-in does not support.
    """
    try:
        parsed = sqlglot.parse_one(sql, dialect=DIALECT)
    except sqlglot.errors.SqlglotError as err:
        raise ProtocolError(400, "InvalidQuery", str(err)) from err
    do = CHANGES.get(type(parsed))
    if do is None:
        raise unspoken(sql[:60])
    with all_or_nothing(transaction):
        course = Change(engine, transaction, transaction.root, instance, check)
        do(course, parsed)
        if parsed.args.get("returning"):
            return returned(course, parsed)
        return pa.table({_COUNT: [sum(map(len, course.touched))]})
