"""A query in slices of bounded size: along the sky where rows have a cell, else in time."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.query import Query
from orbital_kernel.query.names import require_table
from orbital_kernel.query.planning import plan
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.spans import MINUTE_NS, cuts, histogram, instant

SLICE_ROWS = 200_000
CELL_SHIFT = 2 * (29 - 8)


def at_most(orbital: Session, query: Query) -> int:
    """Return how many rows a query has at most: those that its pushed clauses hold for.

    The server counts them without sending any. Without a cone or another local filter
    the number is exact.
    """
    planned = plan(query)
    if not planned.possible:
        return 0
    with orbital.store.reading() as tx:
        if planned.pushed:
            rows = sum(tx.count(query.table, clauses) for clauses in planned.selects)
        else:
            rows = tx.rows(query.table)
    ends = (query.limit, query.largest.rows if query.largest else None)
    return min(rows, *(end for end in ends if end is not None), rows)


def slices(orbital: Session, query: Query, rows: int) -> Iterator[Query]:
    """Yield the queries of the slices of a query that has at most so many rows."""
    ends = query.limit is not None or query.largest is not None
    names = {column.name for column in require_table(query.table).columns}
    order = next((n for n in ("healpix", "time") if n in names), None)
    if rows <= SLICE_ROWS or ends or order is None:
        yield query if ends else replace(query, full_scan=True)
        return
    if order in query.ranges:
        raise QueryError(
            f"a large selection is read in slices of {order}: give its limits as a "
            "region or as a time span, not in `ranges`"
        )
    yield from _along(orbital, query, order)


def _along(orbital: Session, query: Query, order: str) -> Iterator[Query]:
    width = 1 << CELL_SHIFT if order == "healpix" else MINUTE_NS
    starts = cuts(histogram(orbital.store, query.table, order, width), SLICE_ROWS)
    for low, high in zip(starts, [*starts[1:], None], strict=True):
        if order == "healpix":
            last = None if high is None else high * width - 1
            ranges = {**query.ranges, order: (low * width, last)}
            yield replace(query, ranges=ranges, full_scan=True)
            continue
        stop = None if high is None else instant(high * width)
        before = [] if stop is None else [pl.col(order) < stop]
        before += [] if query.where is None else [query.where]
        yield replace(
            query,
            ranges={**query.ranges, order: (instant(low * width), stop)},
            where=pl.all_horizontal(before) if before else None,
            full_scan=True,
        )
    yield replace(query, null=(*query.null, order), full_scan=True)
