"""What a query is compiled to: clauses for the server, filters evaluated locally."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from orbital_kernel.model.predicate import Clause, Range
from orbital_kernel.model.sky import FULL_SKY
from orbital_kernel.query.question import Query

MAX_SET = 10_000
WIDE_SKY = 0.25
LONG_SPAN = timedelta(days=31)
Filter = tuple[str, pl.Expr]


@dataclass(frozen=True)
class Plan:
    """A compiled query: clauses for the server, filters evaluated locally.

    `projection` is the one to read, "" the table, None the one of which the server
    opens least.
    """

    query: Query
    pushed: tuple[Clause, ...]
    residual: tuple[Filter, ...]
    columns: tuple[str, ...]
    sort_key: tuple[str, ...]
    projection: str | None = ""

    @property
    def follows_sort_key(self) -> bool:
        """Whether a pushed clause narrows the leading sort column."""
        return any(
            clause.column == self.sort_key[0] and _narrow(clause)
            for clause in self.pushed
            if self.sort_key
        )

    @property
    def possible(self) -> bool:
        """Whether any row could satisfy the clauses."""
        return all(clause.any_of for clause in self.pushed)

    @property
    def sky_ranges(self) -> int:
        """How many ranges of HEALPix cells are pushed."""
        ranges = (len(c.any_of) for c in self.pushed if c.column == "healpix")
        return max(ranges, default=0)

    @property
    def selects(self) -> list[tuple[Clause, ...]]:
        """The clauses of each request: a long set is cut so that each fits one.

        No row can be in two of them.
        """
        if not self.possible:
            return []
        long = [c for c in self.pushed if len(c.any_of) > MAX_SET]
        if not long:
            return [self.pushed]
        others = tuple(c for c in self.pushed if c is not long[0])
        terms = long[0].any_of
        return [
            (*others, Clause(long[0].column, terms[at : at + MAX_SET]))
            for at in range(0, len(terms), MAX_SET)
        ]


def _narrow(clause: Clause) -> bool:
    """Whether it excludes most of a large table: values, short spans, few cells."""
    if clause.column != "healpix":
        return all(not isinstance(t, Range) or _brief(t) for t in clause.any_of)
    cells = 0
    for term in clause.any_of:
        ends = (term.low, term.high) if isinstance(term, Range) else (0, 0)
        if not isinstance(ends[0], int) or not isinstance(ends[1], int):
            return False
        cells += ends[1] - ends[0] + 1
    return cells < WIDE_SKY * FULL_SKY[1]


def _brief(term: Range) -> bool:
    low, high = term.low, term.high
    if isinstance(low, datetime) and isinstance(high, datetime):
        return high - low <= LONG_SPAN
    return False
