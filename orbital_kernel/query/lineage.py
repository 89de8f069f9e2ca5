"""Units and UCDs of a SELECT's columns, followed from the tables to the answer.

A column that passes through unchanged keeps unit and UCD. Its minimum, maximum, mean,
sum or spread keeps the unit; a count has none; any other unit is not known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from orbital_kernel.model import schema
from orbital_kernel.query.statement import QUIET, Statement
from orbital_kernel.query.unit_text import SEE, Unit
from orbital_kernel.query.units import ucds_of, units_of

OfTable = Callable[[schema.Table], Mapping[str, Unit]]

NONE = ""
DEEPEST = 60

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


def output_units(statement: Statement, columns: Sequence[str]) -> dict[str, Unit]:
    """Return the unit of each column of a SELECT's answer, None if not known."""
    return _followed(statement, columns, units_of, _UNIT_RULES)


def output_ucds(statement: Statement, columns: Sequence[str]) -> dict[str, Unit]:
    """Return the UCD of each column that passes through unchanged, else None."""
    return _followed(statement, columns, ucds_of, _UCD_RULES)


def _followed(
    statement: Statement, columns: Sequence[str], of_table: OfTable, rules: "Rules"
) -> dict[str, Unit]:
    try:
        with QUIET():
            scope = _scope(statement)
        units = _units(_Context(scope, statement.catalogue, of_table, rules))
    except (SqlglotError, RecursionError):
        units = []
    if len(units) != len(columns):
        return dict.fromkeys(columns)
    return dict(zip(columns, units, strict=True))


def _scope(statement: Statement) -> Scope:
    kinds_by_table: dict[str, dict[str, dict[str, str]]] = {}
    for full_name in statement.tables:
        schema_name, _, name = full_name.partition(".")
        table = statement.catalogue.get(full_name)
        kinds = {c.name: "unknown" for c in table.columns} if table else {}
        kinds_by_table.setdefault(schema_name, {})[name] = kinds
    plain = statement.parsed.copy()
    for node in plain.find_all(exp.Table, exp.Column):
        if isinstance(node.args.get("db"), exp.Identifier):
            schema_name = node.args["db"].name.rpartition("/")[2].lower()
            node.set("db", exp.to_identifier(schema_name))
            node.set("catalog", None)
    qualified = qualify(
        plain,
        schema=kinds_by_table,
        validate_qualify_columns=False,
        quote_identifiers=False,
        identify=False,
    )
    scope = build_scope(qualified)
    if scope is None:
        raise SqlglotError("no scope")
    return scope


@dataclass(frozen=True)
class _Context:
    """The scope of an expression, the tables, what is followed, and the depth."""

    scope: Scope
    catalogue: Mapping[str, schema.Table]
    of_table: OfTable
    rules: "Rules"
    depth: int = 0

    def within(self, scope: Scope) -> "_Context":
        """Return the context of another scope."""
        if self.depth > DEEPEST:
            raise SqlglotError("too deep")
        return replace(self, scope=scope, depth=self.depth + 1)


def _units(context: _Context) -> list[Unit]:
    """Return the units of a scope's columns in order."""
    select = context.scope.expression
    if isinstance(select, exp.SetOperation):
        sides = [_units(context.within(side)) for side in context.scope.union_scopes]
        return [_agreed(pair) for pair in zip(*sides, strict=True)]
    if not isinstance(select, exp.Select):
        raise SqlglotError("no select")
    return [_unit(node, context) for node in select.expressions]


def _unit(node: exp.Expression, context: _Context) -> Unit:
    for kinds, rule in context.rules:
        if isinstance(node, kinds):
            return rule(node, context)
    return None


def _same(node: exp.Expression, context: _Context) -> Unit:
    return _unit(node.this, context)


def _aggregated(node: exp.Expression, context: _Context) -> Unit:
    """Return a unit that all rows share; one that each row states is lost."""
    unit = _unit(node.this, context)
    return None if unit and unit.startswith(SEE) else unit


def _none(_node: exp.Expression, _context: _Context) -> Unit:
    return NONE


def _alike(node: exp.Expression, context: _Context) -> Unit:
    """Return the unit that all parts share; nulls have any unit."""
    parts = [p for p in _parts(node) if not isinstance(p, exp.Null)]
    return _agreed([_unit(part, context) for part in parts])


def _parts(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Case):
        results = [*(branch.args["true"] for branch in node.args["ifs"])]
        return [*results, *filter(None, [node.args.get("default")])]
    if isinstance(node, exp.If):
        return [p for p in (node.args.get("true"), node.args.get("false")) if p]
    return [p for p in (node.this, node.args.get("expression"), *node.expressions) if p]


def _of_column(node: exp.Expression, context: _Context) -> Unit:
    if not isinstance(node, exp.Column):
        return None
    scope: Scope | None = context.scope
    while scope is not None and node.table not in scope.sources:
        scope = scope.parent
    source = None if scope is None else scope.sources[node.table]
    name = node.name.lower()
    if isinstance(source, exp.Table):
        table = context.catalogue.get(f"{source.db}.{source.name}".lower())
        return context.of_table(table).get(name) if table else None
    if isinstance(source, Scope):
        names = [alias.lower() for alias in source.expression.named_selects]
        if name in names:
            return _units(context.within(source))[names.index(name)]
    return None


def _of_subquery(node: exp.Expression, context: _Context) -> Unit:
    for scope in context.scope.subquery_scopes:
        if scope.expression is node.this:
            return _units(context.within(scope))[0]
    return None


def _agreed(units: Sequence[Unit]) -> Unit:
    return units[0] if units and all(unit == units[0] for unit in units) else None


Rule = Callable[[exp.Expression, _Context], Unit]
Rules = tuple[tuple[tuple[type[exp.Expression], ...], Rule], ...]
_UNIT_RULES: Rules = (
    ((exp.Column,), _of_column),
    (_SAME, _same),
    (_AGGREGATES, _aggregated),
    (_NO_UNIT, _none),
    (_ALIKE, _alike),
    ((exp.Subquery,), _of_subquery),
)
_UCD_RULES: Rules = (
    ((exp.Column,), _of_column),
    ((exp.Alias, exp.Paren), _same),
    ((exp.Subquery,), _of_subquery),
)
