"""MERGE: DuckDB pairs and selects rows, the engine changes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from vast_standin.engine.positions import RowIds
from vast_standin.engine.table import Table
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
from vast_standin.sql.rows import add, assign, batches, remove
from vast_standin.sql.sight import ROW_ID
from vast_standin.sql.values import assigned, cast, named_columns

_GIVEN, _BRANCH = quoted("$given"), quoted("$branch")
_SOURCE = "_source"
_JOINS = {
    (False, False): "JOIN",
    (True, False): "LEFT JOIN",
    (False, True): "RIGHT JOIN",
    (True, True): "FULL JOIN",
}


@dataclass(frozen=True)
class _Branch:
    """One WHEN clause: which pairs it selects, and its action on row ids and values."""

    condition: str
    do: Callable[[pa.Array, Sequence[pa.Array]], None]
    values: list[str] = field(default_factory=list)


def merge(change: Change, statement: exp.Merge) -> None:
    """Insert, update or delete rows as they pair with those of a query."""
    only(statement, "this", "using", "on", "using_cond", "whens", "with_")
    table = change.target(statement.this, WRITE)
    source = statement.args["using"]
    change.sight.show(change.instance, statement.sql(DIALECT))
    unqualified(statement, table.name)
    unqualified(statement, source.name)
    whens = statement.args["whens"].expressions
    branches = [_branch(change, table, statement, when) for when in whens]
    for batch in batches(change, _paired(change, table, statement, branches)):
        at = 2
        for number, branch in enumerate(branches):
            rows = batch.filter(pc.equal(batch.column(1), number))
            values = rows.columns[at : at + len(branch.values)]
            at += len(branch.values)
            if rows.num_rows:
                branch.do(rows.column(0), values)
    _once(pa.array(np.concatenate([*change.touched, np.empty(0, np.uint64)])))


def _branch(
    change: Change, table: Table, statement: exp.Merge, when: exp.When
) -> _Branch:
    only(when, "matched", "source", "condition", "then")
    in_target = f"{_alias(statement.this)}.{quoted(ROW_ID)} IS NOT NULL"
    given = f"{_alias(statement.args['using'])}.{_GIVEN} IS NOT NULL"
    if when.args.get("matched"):
        meant = f"{in_target} AND {given}"
    else:
        meant = f"NOT ({given if when.args.get('source') else in_target})"
    if when.args.get("condition"):
        meant = f"{meant} AND ({when.args['condition'].sql(DIALECT)})"
    action = when.args["then"]
    if isinstance(action, exp.Insert) and isinstance(action.expression, exp.Tuple):
        only(action, "this", "expression")
        names = [c.name for c in action.this.expressions] if action.this else None
        columns = named_columns(table, names)
        values = cast(change, table, columns, action.expression.expressions)
        insert = partial(add, change, table, columns)
        return _Branch(meant, lambda _, rows: insert(rows), values)
    if isinstance(action, exp.Update) and action.expressions:
        only(action, "expressions")
        columns, values = assigned(change, table, action.expressions)
        update = partial(assign, change, table, columns)
        return _Branch(meant, lambda ids, rows: update(_once(ids), rows), values)
    if action.name == "DELETE":
        change.target(statement.this, DELETE)
        return _Branch(meant, lambda ids, _: remove(change, table, _once(ids)))
    if action.name == "DO NOTHING":
        return _Branch(meant, lambda *_: None)
    raise unspoken(f"MERGE with {action.sql(DIALECT)}")


def _paired(
    change: Change, table: Table, statement: exp.Merge, branches: Sequence[_Branch]
) -> str:
    """Write a query for row ids, the number of their WHEN clause, and values."""
    using, on = statement.args["using"], statement.args.get("on")
    unmatched = [
        w for w in statement.args["whens"].expressions if not w.args["matched"]
    ]
    by_source = [bool(when.args.get("source")) for when in unmatched]
    join = _JOINS[not all(by_source), any(by_source)]
    marked = change.sight.show_marked(change.instance, table)
    shared = ", ".join(
        part.sql(DIALECT) for part in statement.args.get("using_cond") or ()
    )
    how = f"ON {on.sql(DIALECT)}" if on is not None else f"USING ({shared})"
    cases = "".join(f" WHEN {b.condition} THEN {n}" for n, b in enumerate(branches))
    expressions = [
        f"{_alias(statement.this)}.{quoted(ROW_ID)}",
        f"CASE{cases} END AS {_BRANCH}",
        *(
            f"CASE WHEN {_BRANCH} = {number} THEN {value} END"
            for number, branch in enumerate(branches)
            for value in branch.values
        ),
    ]
    with_ = statement.args.get("with_")
    return (
        f"{with_.sql(DIALECT) if with_ is not None else ''} "  # noqa: S608
        f"SELECT {', '.join(expressions)} "
        f"FROM (SELECT TRUE AS {_GIVEN}, * FROM {using.sql(DIALECT)}) "
        f"AS {_alias(using)} {join} "
        f"{quoted(marked)}.{quoted(table.name)} AS {_alias(statement.this)} {how} "
        f"WHERE {_BRANCH} IS NOT NULL"
    )


def _alias(named: exp.Expression) -> str:
    return quoted(named.alias_or_name or _SOURCE)


def _once(row_ids: pa.Array) -> RowIds:
    """Raise 400 if a row occurs twice, as in standard SQL."""
    ids: RowIds = row_ids.to_numpy()
    if len(np.unique(ids)) < len(ids):
        raise ProtocolError(
            400,
            "InvalidQuery",
            "MERGE would change a row of the table several times: more than one row of "
            "the source pairs with it",
        )
    return ids
