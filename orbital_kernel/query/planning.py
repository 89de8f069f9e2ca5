"""A query compiled: clauses for the server, filters evaluated locally."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.model.columns import Projection
from orbital_kernel.model.predicate import (
    Clause,
    Contains,
    Equal,
    NotNull,
    Null,
    Prefix,
    Range,
    Term,
)
from orbital_kernel.model.sky import FULL_SKY
from orbital_kernel.query import regions
from orbital_kernel.query.compiled import MAX_SET, Filter, Plan
from orbital_kernel.query.extremes import identity
from orbital_kernel.query.given_times import given_span
from orbital_kernel.query.names import check_names
from orbital_kernel.query.question import Query, TimeSpan
from orbital_kernel.query.values import range_clause, set_clause

MAX_VALUES = 200_000
MICROSECOND = "datetime64[us]"


def plan(query: Query) -> Plan:
    """Compile a query; raises QueryError for unknown names and invalid values."""
    check_names(query)
    table = schema.table(query.table)
    kinds = {column.name: column.type for column in table.columns}
    sky = [(regions.clause(r), (str(r), r.inside)) for r in query.regions]
    parts = [*sky, *(_time(query.time) if query.time else [])]
    pushed = [clause for clause, _ in parts]
    residual = [exact for _, exact in parts if exact is not None]
    pushed += [range_clause(n, pair, kinds[n]) for n, pair in query.ranges.items()]
    pushed += [set_clause(n, values, kinds[n]) for n, values in query.sets.items()]
    pushed += [Clause(name, (Null(),)) for name in query.null]
    pushed += [Clause(name, (NotNull(),)) for name in query.not_null]
    pushed += [Clause(name, (Prefix(text),)) for name, text in query.prefix.items()]
    pushed += [Clause(name, (Contains(text),)) for name, text in query.contains.items()]
    if query.where is not None:
        residual.append((str(query.where), query.where))
    _check_sets(pushed)
    columns = _columns(query, residual, list(kinds))
    return Plan(query, tuple(pushed), tuple(residual), columns, table.sort)


def _check_sets(pushed: Sequence[Clause]) -> None:
    long = [c for c in pushed if len(c.any_of) > MAX_SET]
    if len(long) > 1:
        names = " and ".join(repr(c.column) for c in long)
        raise QueryError(
            f"the sets of {names} are both over {MAX_SET:,} values, and only one can be "
            "split into several requests: ask by one of them and join locally"
        )
    if long and len(long[0].any_of) > MAX_VALUES:
        raise QueryError(
            f"{len(long[0].any_of):,} values for {long[0].column!r} are over {MAX_VALUES:,}: "
            "ask by region, time or range and join locally"
        )


def _time(span: TimeSpan) -> Iterator[tuple[Clause, Filter | None]]:
    """Yield the clause of a span, with a filter if its ends are finer than sent."""
    if span.start is None and span.stop is None:
        return
    low, high = given_span(span.start, span.stop)
    clause = Clause(span.column, (Range(_microsecond(low, 0), _microsecond(high, 1)),))
    if all(t is None or t == t.astype(MICROSECOND) for t in (low, high)):
        yield clause, None
        return
    column = pl.col(span.column)
    exact = [
        *([] if low is None else [column >= pl.lit(low).cast(pl.Datetime("ns"))]),
        *([] if high is None else [column <= pl.lit(high).cast(pl.Datetime("ns"))]),
    ]
    text = f"{span.column} within {span.start or '…'} .. {span.stop or '…'} UTC to the nanosecond"
    yield clause, (text, pl.all_horizontal(exact))


def _microsecond(tt: np.datetime64 | None, up: int) -> datetime | None:
    """Round outwards to the microsecond, the finest time the client can send."""
    if tt is None:
        return None
    rounded = tt.astype(MICROSECOND)
    moment: datetime = rounded.item()
    return moment + timedelta(microseconds=up if rounded != tt else 0)


def _columns(
    query: Query, residual: Sequence[Filter], names: Sequence[str]
) -> tuple[str, ...]:
    if query.columns is None:
        return tuple(names)
    needed = {name for _, expr in residual for name in expr.meta.root_names()}
    if query.largest:
        needed |= {query.largest.column, *identity(schema.table(query.table))}
    return (
        *query.columns,
        *(n for n in names if n in needed and n not in query.columns),
    )


YEARS = timedelta(days=20 * 365.25)
ONE_VALUE = 1e-4
BOTH_ENDS = 0.1
ONE_END = 0.3
PREFIX = 0.01
TIMES_BETTER = 2.0


def ordered(
    planned: Plan, sort_key: tuple[str, ...], projections: Mapping[str, Projection]
) -> Plan:
    """Return the plan with the sort key it follows, and the projection to read."""
    best, least = None, share(planned.pushed, sort_key) / TIMES_BETTER
    for projection in projections.values():
        opened = share(planned.pushed, projection.sort)
        if opened < least:
            best, least = projection, opened
    if best is None:
        return replace(planned, sort_key=sort_key, projection="")
    return replace(planned, sort_key=best.sort, projection=best.name)


def choices(
    planned: Plan, sort_key: tuple[str, ...], projections: Mapping[str, Projection]
) -> int:
    """Return how many orders, of table and projections, the clauses narrow."""
    orders = [sort_key, *(projection.sort for projection in projections.values())]
    return sum(share(planned.pushed, order) < 1 for order in orders)


def share(pushed: tuple[Clause, ...], sort_key: tuple[str, ...]) -> float:
    """Return about which share of a table in that order has to be opened, 0 to 1."""
    of_leading = [
        sum(_of_term(term) for term in clause.any_of)
        for clause in pushed
        if clause.column in sort_key[:1]
    ]
    return min(1.0, *of_leading) if of_leading else 1.0


def _of_term(term: Term) -> float:
    if isinstance(term, Equal | Null):
        return ONE_VALUE
    if isinstance(term, Prefix):
        return PREFIX if term.text else 1.0
    if not isinstance(term, Range):
        return 1.0
    if term.low is None or term.high is None:
        return ONE_END
    return _between(term.low, term.high)


def _between(low: object, high: object) -> float:
    if isinstance(low, datetime) and isinstance(high, datetime):
        return (high - low) / YEARS
    if isinstance(low, int) and isinstance(high, int) and high > 1 << 32:
        return (high - low + 1) / FULL_SKY[1]
    return BOTH_ENDS
