"""Queries of one table, by DuckDB: filtered rows, and sums by columns."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from vast_standin.digits import whole
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.database import find, parameters
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall

LIMITED = ("page", "limit")
OTHERS, ALL = "__others__", "__all__"
_PAGE = 1000
_FEW = 10
_OPERATIONS: dict[str, Callable[[str, str], str]] = {
    "gt": lambda c, v: f"{c} > {v}",
    "gte": lambda c, v: f"{c} >= {v}",
    "lt": lambda c, v: f"{c} < {v}",
    "lte": lambda c, v: f"{c} <= {v}",
    "eq": lambda c, v: f"{c} = {v}",
    "ne": lambda c, v: f"{c} <> {v}",
    "contains": lambda c, v: f"contains(CAST({c} AS VARCHAR), {v})",
    "startswith": lambda c, v: f"starts_with(CAST({c} AS VARCHAR), {v})",
    "endswith": lambda c, v: f"ends_with(CAST({c} AS VARCHAR), {v})",
}
_TERM = re.compile(r"([-+* ])")


def rows_of(cluster: Cluster, table: Any, query: Any, where: list[str]) -> Any:
    """Return a page of the rows that pass all conditions, as Arrow, and their number."""
    size, number = (_positive(query, n, d) for n, d in (("limit", _PAGE), ("page", 1)))
    fields = query["fields"] or list(table.definition.by_name)
    order = [
        f"{_column(table, name.lstrip('-'))} {'DESC' if name[0] == '-' else 'ASC'}"
        for name in query["ordering"]
        if name
    ]
    text = f"FROM rows.t {_where(where)}"
    chosen = ", ".join(_column(table, name) for name in fields)
    ordered = f"ORDER BY {', '.join(order)}" if order else ""
    limits = f"LIMIT {size} OFFSET {(number - 1) * size}"
    rows, count = _answers(
        cluster,
        table,
        f"SELECT {chosen} {text} {ordered} {limits}",
        f"SELECT count(*) AS n {text}",
    )
    return rows, count["n"][0].as_py(), number, size


def page(call: VmsCall, answer: Any) -> Record:
    """Return one page of rows as JSON."""
    rows, count, number, size = answer
    more = number * size < count
    return {
        "count": count,
        "next": call.link(page=number + 1, limit=size) if more else None,
        "prop_list": rows.column_names,
        "results": [
            json.dumps(list(row.values()), default=str) for row in rows.to_pylist()
        ],
    }


def aggregate(cluster: Cluster, call: VmsCall) -> Record:
    """Return sums or means of columns: by sample, by sub-group, by metric."""
    names = {"database_name", "schema_name", "table_name"}
    more = {
        "metrics", "topn_by", "aggregate_function", "filters", "sample_per",
        "sub_group_by", "samples_count", "sub_groups_count",
    }  # fmt: skip
    query = parameters(call, names, needed=True, more=more)
    table = find(cluster, query, query["table_name"])
    metrics = [m for text in call.many("metrics") for m in text.split(",") if m]
    function = query.get("aggregate_function", "sum")
    if not metrics or function not in ("sum", "avg"):
        raise bad_request("metrics: name columns; aggregate_function: sum or avg")
    where = _where(conditions(table, query.get("filters") or "{}"))
    values = {name: _metric(table, name) for name in metrics}
    top = query.get("topn_by")
    rank = _metric(table, top) if top else " + ".join(values.values())
    axes = [
        _axis(cluster, table, query, axis, f"{function}({rank})", where)
        for axis in (
            ("sample_per", "samples_count"),
            ("sub_group_by", "sub_groups_count"),
        )
    ]
    sums = ", ".join(
        f'CAST({function}({value}) AS DOUBLE) AS "m{i}"'
        for i, value in enumerate(values.values())
    )
    (columns,) = _answers(
        cluster,
        table,
        f"SELECT {axes[0]} AS s, {axes[1]} AS g, {sums} FROM rows.t {where} "  # noqa: S608
        f"GROUP BY ALL ORDER BY {function}({rank}) DESC NULLS LAST",
    )
    answer: dict[str, dict[str, dict[str, float]]] = {}
    for sample, group, *numbers in zip(*(c.to_pylist() for c in columns), strict=True):
        sums_by_name = {
            name: number
            for name, number in zip(values, numbers, strict=True)
            if number is not None and math.isfinite(number)
        }
        answer.setdefault(str(sample), {})[str(group)] = sums_by_name
    return dict(answer)


def conditions(table: Any, text: Any) -> list[str]:
    """Return SQL of filters: lists are alternatives, the tests of one map must all hold."""
    try:
        filters = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        raise bad_request("filters: JSON is expected") from None
    if not isinstance(filters, dict):
        raise bad_request("filters: a map of columns is expected")
    return [_condition(table, name, rule) for name, rule in filters.items()]


def _condition(table: Any, name: str, rule: Any) -> str:
    column = _column(table, name)
    kind = table.definition.by_name[name].field.type
    alternatives = []
    for entry in rule if isinstance(rule, list) else [rule]:
        tests = entry if isinstance(entry, dict) else {"eq": entry}
        unknown = sorted(tests.keys() - _OPERATIONS)
        if unknown or not tests:
            raise bad_request(
                f"filters: {name}: {', '.join(_OPERATIONS)} are known, not {unknown}"
            )
        tests_in_sql = (
            _OPERATIONS[op](column, _literal(v, kind)) for op, v in tests.items()
        )
        alternatives.append(f"({' AND '.join(tests_in_sql)})")
    return f"({' OR '.join(alternatives) or 'false'})"


def _literal(value: object, kind: pa.DataType) -> str:
    """Return a value in SQL; whole numbers are milliseconds in columns of times."""
    text = str(value)
    sign, number = (-1 if text.startswith("-") else 1), whole(text.removeprefix("-"))
    if pa.types.is_timestamp(kind) and number is not None:
        return f"make_timestamp({sign * number * 1000})"
    return "'" + text.replace("'", "''") + "'"


def _axis(
    cluster: Cluster,
    table: Any,
    query: dict[str, str],
    axis: tuple[str, str],
    rank: str,
    where: str,
) -> str:
    """Return SQL of a row's sample or sub-group: its name, or that of all others."""
    name, limit = query.get(axis[0]), _positive(query, axis[1], _FEW)
    if not name:
        return f"'{ALL}'"
    column = _column(table, name)
    if pa.types.is_timestamp(table.definition.by_name[name].field.type):
        return _times(cluster, table, column, limit, where)
    text = f"coalesce(CAST({column} AS VARCHAR), 'null')"
    (best,) = _answers(
        cluster,
        table,
        f"SELECT {text} AS name FROM rows.t {where} GROUP BY 1 "  # noqa: S608
        f"ORDER BY {rank} DESC NULLS LAST LIMIT {limit}",
    )
    names = [_literal(n, pa.string()) for n in best["name"].to_pylist()]
    listed = ", ".join(names) or "''"
    return f"CASE WHEN {text} IN ({listed}) THEN {text} ELSE '{OTHERS}' END"


def _times(cluster: Cluster, table: Any, column: str, count: int, where: str) -> str:
    """Return SQL of the interval that holds a time, of `count` equal ones."""
    seconds = f"epoch({column})"
    (ends,) = _answers(
        cluster,
        table,
        f"SELECT min({seconds}) AS a, max({seconds}) AS b FROM rows.t {where}",  # noqa: S608
    )
    first, last = ends["a"][0].as_py() or 0, ends["b"][0].as_py() or 0
    start, width = math.floor(first), max(1, math.ceil((last - first + 1) / count))
    begin = (
        f"CAST({start} + {width} * floor(({seconds} - {start}) / {width}) AS BIGINT)"
    )
    return f"concat({begin}, '__', {begin} + {width})"


def _metric(table: Any, text: str) -> str:
    """Return SQL of a column, or of columns joined by +, - and *; + may arrive as a blank."""
    parts = [text] if text in table.definition.by_name else _TERM.split(text)
    for name in parts[::2]:
        column = table.definition.by_name.get(name)
        kind = column.field.type if column else pa.null()
        if not (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
        ):
            raise bad_request(
                f"metrics: {table.name} has no column {name!r} of numbers"
            )
    terms = [
        (part if part != " " else "+")
        if i % 2
        else f"CAST({_column(table, part)} AS DOUBLE)"
        for i, part in enumerate(parts)
    ]
    return " ".join(terms)


def _column(table: Any, name: str) -> str:
    if name not in table.definition.by_name:
        raise bad_request(f"table {table.name} has no column {name!r}")
    return '"' + name.replace('"', '""') + '"'


def _where(tests: list[str]) -> str:
    return f"WHERE {' AND '.join(tests)}" if tests else ""


def _positive(query: Any, name: str, default: int) -> int:
    number = whole(query.get(name, default))
    if not number:
        raise bad_request(f"{name}: a whole number from 1 is expected")
    return number


def _answers(cluster: Cluster, table: Any, *statements: str) -> list[pa.Table]:
    """Run statements over the rows of one table, named rows.t."""
    # Imported here: DuckDB's import takes a second, and few ask.
    from vast_standin.sql.duck import duck_errors  # noqa: PLC0415
    from vast_standin.sql.running import running_on  # noqa: PLC0415
    from vast_standin.sql.sight import visible_rows  # noqa: PLC0415

    engine: Any = cluster.engine
    duck = running_on(engine).duck
    instance = duck.borrow()
    try:
        instance.show("rows", "t", visible_rows(table))
        with duck_errors():
            return [instance.run(statement).read_all() for statement in statements]
    finally:
        duck.give_back(instance)
