"""Units of a SELECT's columns, followed from the tables to the answer.

A column that only passes through keeps its unit, and so does its minimum, maximum,
mean, sum or spread; a count has none; of anything else the unit is not known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from orbital_kernel.model import schema
from orbital_kernel.query.statement import Statement

Unit = str | None
"""'' where a column has none, None where it is not known."""

NONE = ""
DEEPEST = 60
SEE = "see "
TELLING = ("unit", "flux_unit")
"""Columns in which a row tells the unit of what it measured."""

_SAME: tuple[type[exp.Expression], ...] = (
    *(exp.Alias, exp.Paren, exp.Neg, exp.Window, exp.Filter, exp.Distinct),
    *(exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup, exp.Ordered, exp.Round),
    *(exp.Floor, exp.Ceil, exp.Abs, exp.Cast, exp.TryCast),
)
_AGGREGATES: tuple[type[exp.Expression], ...] = (
    *(exp.Min, exp.Max, exp.Avg, exp.Sum, exp.Median, exp.Quantile, exp.AnyValue),
    *(exp.ApproxQuantile, exp.PercentileCont, exp.PercentileDisc, exp.First),
    *(exp.Last, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead, exp.NthValue),
    *(exp.ArgMax, exp.ArgMin, exp.Stddev, exp.StddevPop, exp.StddevSamp),
)
_NO_UNIT: tuple[type[exp.Expression], ...] = (
    *(exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Predicate, exp.And, exp.Or),
    *(exp.Not, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Length),
)
_ALIKE: tuple[type[exp.Expression], ...] = (
    *(exp.Coalesce, exp.Greatest, exp.Least, exp.Add, exp.Sub, exp.Case, exp.If),
)


def units_of(table: schema.Table) -> dict[str, Unit]:
    """Return each column's unit; 'see X' where the row tells it in its column X."""
    told = [c.name for c in table.columns if c.name in TELLING]
    return {c.name: _unit_of(c, told[0] if told else None) for c in table.columns}


def output_units(statement: Statement, columns: Sequence[str]) -> dict[str, Unit]:
    """Return the unit of each column of a SELECT's answer, None where not known."""
    try:
        found = _units(_Where(_scope(statement), statement.known))
    except (SqlglotError, RecursionError):
        found = []
    if len(found) != len(columns):
        return dict.fromkeys(columns)
    return dict(zip(columns, found, strict=True))


def _unit_of(column: schema.Column, told: str | None) -> Unit:
    measured = column.ucd.startswith("phot") or column.ucd == "stat.error"
    if column.unit or told is None or not measured:
        return column.unit
    return None if "` x " in column.doc else f"{SEE}{told}"


def _scope(statement: Statement) -> Scope:
    rooms: dict[str, dict[str, dict[str, str]]] = {}
    for full_name in statement.tables:
        room, _, name = full_name.partition(".")
        table = statement.known.get(full_name)
        kinds = {c.name: "unknown" for c in table.columns} if table else {}
        rooms.setdefault(room, {})[name] = kinds
    plain = statement.parsed.copy()
    for node in plain.find_all(exp.Table, exp.Column):
        if isinstance(node.args.get("db"), exp.Identifier):
            room = node.args["db"].name.rpartition("/")[2].lower()
            node.set("db", exp.to_identifier(room))
            node.set("catalog", None)
    told = qualify(
        plain,
        schema=rooms,
        validate_qualify_columns=False,
        quote_identifiers=False,
        identify=False,
    )
    scope = build_scope(told)
    if scope is None:
        raise SqlglotError("no scope")
    return scope


@dataclass(frozen=True)
class _Where:
    """The scope an expression stands in, the tables there are, how deep it is."""

    scope: Scope
    known: Mapping[str, schema.Table]
    depth: int = 0

    def within(self, scope: Scope) -> "_Where":
        """Step into another scope."""
        if self.depth > DEEPEST:
            raise SqlglotError("too deep")
        return replace(self, scope=scope, depth=self.depth + 1)


def _units(where: _Where) -> list[Unit]:
    """Return the units of a scope's columns in order."""
    asked = where.scope.expression
    if isinstance(asked, exp.SetOperation):
        sides = [_units(where.within(side)) for side in where.scope.union_scopes]
        return [_agreed(pair) for pair in zip(*sides, strict=True)]
    if not isinstance(asked, exp.Select):
        raise SqlglotError("no select")
    return [_unit(node, where) for node in asked.expressions]


def _unit(node: exp.Expression, where: _Where) -> Unit:
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            return rule(node, where)
    return None


def _kept(node: exp.Expression, where: _Where) -> Unit:
    return _unit(node.this, where)


def _aggregated(node: exp.Expression, where: _Where) -> Unit:
    """Keep a unit all rows share; one that each row tells for itself is lost."""
    unit = _unit(node.this, where)
    return None if unit and unit.startswith(SEE) else unit


def _none(_node: exp.Expression, _where: _Where) -> Unit:
    return NONE


def _alike(node: exp.Expression, where: _Where) -> Unit:
    """Return the unit all the parts share; nulls have every unit."""
    parts = [p for p in _parts(node) if not isinstance(p, exp.Null)]
    return _agreed([_unit(part, where) for part in parts])


def _parts(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Case):
        told = [*(branch.args["true"] for branch in node.args["ifs"])]
        return [*told, *filter(None, [node.args.get("default")])]
    if isinstance(node, exp.If):
        return [p for p in (node.args.get("true"), node.args.get("false")) if p]
    return [p for p in (node.this, node.args.get("expression"), *node.expressions) if p]


def _of_column(node: exp.Expression, where: _Where) -> Unit:
    if not isinstance(node, exp.Column):
        return None
    found: Scope | None = where.scope
    while found is not None and node.table not in found.sources:
        found = found.parent
    source = None if found is None else found.sources[node.table]
    name = node.name.lower()
    if isinstance(source, exp.Table):
        table = where.known.get(f"{source.db}.{source.name}".lower())
        return units_of(table).get(name) if table else None
    if isinstance(source, Scope):
        names = [one.lower() for one in source.expression.named_selects]
        if name in names:
            return _units(where.within(source))[names.index(name)]
    return None


def _of_subquery(node: exp.Expression, where: _Where) -> Unit:
    for one in where.scope.subquery_scopes:
        if one.expression is node.this:
            return _units(where.within(one))[0]
    return None


def _agreed(units: Sequence[Unit]) -> Unit:
    return units[0] if units and all(unit == units[0] for unit in units) else None


Rule = Callable[[exp.Expression, _Where], Unit]
_RULES: tuple[tuple[tuple[type[exp.Expression], ...], Rule], ...] = (
    ((exp.Column,), _of_column),
    (_SAME, _kept),
    (_AGGREGATES, _aggregated),
    (_NO_UNIT, _none),
    (_ALIKE, _alike),
    ((exp.Subquery,), _of_subquery),
)
