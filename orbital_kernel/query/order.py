"""Which order to read a table in: its own sort key, or that of a projection.

The order to follow is the one whose leading column is narrowed most, by what can be
known without asking: cells of the sky as a share of it, a time span as a share of twenty
years, values as one in ten thousand each. A projection has to be twice as good as the
table, since rows that were not sorted into it yet are read from the table all the same.
The embedded platform knows better, and chooses by itself where there is a choice.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from orbital_kernel.layout import Projection
from orbital_kernel.predicate import Clause, Equal, Null, Prefix, Range, Term
from orbital_kernel.query.planning import Plan
from orbital_kernel.sky import FULL_SKY

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
    own = share(planned.pushed, sort_key)
    best, best_share = None, own / TIMES_BETTER
    for one in projections.values():
        its_share = share(planned.pushed, one.sort)
        if its_share < best_share:
            best, best_share = one, its_share
    if best is None:
        return replace(planned, sort_key=sort_key, projection="")
    return replace(planned, sort_key=best.sort, projection=best.name)


def choices(
    planned: Plan, sort_key: tuple[str, ...], projections: Mapping[str, Projection]
) -> int:
    """Return how many orders, the table's and the projections', the clauses narrow."""
    orders = [sort_key, *(one.sort for one in projections.values())]
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
