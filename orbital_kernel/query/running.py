"""A plan carried out, and the explanation of it."""

import logging
import time as clock
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl

from orbital_kernel.database import ReadCounts, Store, Transaction
from orbital_kernel.errors import QueryError
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.query.compiled import Plan
from orbital_kernel.query.described import described
from orbital_kernel.query.fetching import Fetch
from orbital_kernel.query.planning import choices, ordered, plan, share
from orbital_kernel.query.question import Query

LOG = logging.getLogger(__name__)
LARGE_TABLE_ROWS = 5_000_000
RECENT_S = 60.0
MOST_OF_IT = 0.5
FEW_OF_IT = 0.01


def run(query: Query, store: Store, *, estimate: bool = False) -> Answer:
    """Answer a query; with `estimate`, how many rows the server's statistics leave.

    Raises QueryError if it would read most of a large table without `full_scan`.
    """
    return _answer(query, store, Fetch.frame, estimate=estimate)


def count(query: Query, store: Store) -> Answer:
    """Answer with one row, `count`, the number of rows; raises as `run`."""
    return _answer(query, store, Fetch.count)


def _answer(
    query: Query,
    store: Store,
    answer: Callable[[Fetch], pl.DataFrame],
    *,
    estimate: bool = False,
) -> Answer:
    start = clock.perf_counter()
    query_id = uuid.uuid4().hex
    with store.reading() as tx, store.watched(query_id):
        planned = plan(query)
        at_plan = clock.perf_counter()
        cold = not tx.knows(query.table)
        planned = _in_order(planned, tx, server_chooses=store.chooses_order)
        stored = _Stored(query.table, store, tx)
        fetch = Fetch(planned, store, tx, query_id)
        fetch.seconds = {"plan": at_plan - start}
        fetch.seconds["load" if cold else "open"] = clock.perf_counter() - at_plan
        with fetch.stage("statistics"):
            remaining = None
            if _wide(planned):
                remaining = _refuse_scans(planned, tx, stored.lately)
            elif planned.possible and query.full_scan:
                remaining = _announced(planned, tx, stored.lately())
            if estimate and remaining is None and planned.possible:
                remaining = tx.estimate(query.table, planned.pushed)
        frame = answer(fetch)
        counts = store.read_counts(query_id)
        with fetch.stage("statistics"):
            rows_stored = (
                stored.now() if counts.rows_stored is None else counts.rows_stored
            )
        stored.note(rows_stored)
        fetch.planned = _as_read(planned, counts, tx)
    seconds = clock.perf_counter() - start
    if remaining is not None:
        remaining = min(remaining, rows_stored)
    how = _explained(fetch, counts, frame, rows_stored, remaining, seconds, cold=cold)
    return described(query, frame, how)


def _explained(
    fetch: Fetch,
    counts: ReadCounts,
    frame: pl.DataFrame,
    rows_stored: int,
    remaining: int | None,
    seconds: float,
    *,
    cold: bool,
) -> Explain:
    planned = fetch.planned
    return Explain(
        table=planned.query.table,
        pushed=[str(clause) for clause in planned.pushed],
        residual=[text for text, _ in planned.residual],
        sort_key=list(planned.sort_key),
        sky_ranges=planned.sky_ranges,
        rows_read=counts.rows_read if fetch.selects else 0,
        rows_stored=rows_stored,
        rows_fetched=fetch.rows,
        rows_returned=len(frame),
        bytes=fetch.bytes,
        milliseconds=_ms(seconds),
        stages={name: _ms(spent) for name, spent in fetch.seconds.items()},
        engine=fetch.store.settings.engine,
        estimated_rows=remaining,
        row_groups_read=counts.groups_read if fetch.selects else 0,
        selects=fetch.selects,
        requests=counts.requests,
        cold=cold,
        projection=planned.projection or "",
        splits=fetch.tx.splits,
    )


def _in_order(planned: Plan, tx: Transaction, *, server_chooses: bool) -> Plan:
    """Return the plan in the order to read, which may be that of a projection."""
    table, largest = planned.query.table, planned.query.largest
    sort_key, projections = tx.sort_key(table), tx.projections(table)
    best = ordered(planned, sort_key, projections)
    if largest is None and server_chooses:
        several = choices(planned, sort_key, projections) > 1
        return replace(best, projection=None) if several else best
    if largest is None or share(planned.pushed, best.sort_key) < FEW_OF_IT:
        return best
    for projection in projections.values():
        if projection.sort[0] == largest.column:
            return replace(
                planned, sort_key=projection.sort, projection=projection.name
            )
    return best


def _as_read(planned: Plan, counts: ReadCounts, tx: Transaction) -> Plan:
    """Return the plan in the order that was read, if the server chose it."""
    if planned.projection is not None or counts.projection is None:
        return planned
    table = planned.query.table
    chosen = tx.projections(table).get(counts.projection)
    key = tx.sort_key(table) if chosen is None else chosen.sort
    return replace(planned, projection=counts.projection, sort_key=key)


class _Stored:
    """How many rows a table holds: read in the background unless answers report it."""

    def __init__(self, table: str, store: Store, tx: Transaction) -> None:
        self._table, self._seen = table, store.rows_seen
        self._ask = partial(tx.rows, table)
        self._future = (
            None if store.answers_alone else store.in_background(tx.rows, table)
        )

    def now(self) -> int:
        """Return the number."""
        return self._ask() if self._future is None else self._future.result()

    def lately(self) -> int:
        """Return the number, or that of the last minute if the table is far from large."""
        rows, since = self._seen.get(self._table, (LARGE_TABLE_ROWS, 0.0))
        recent = clock.monotonic() - since < RECENT_S
        if recent and 2 * rows < LARGE_TABLE_ROWS:
            return rows
        rows = self.now()
        self.note(rows)
        return rows

    def note(self, rows: int) -> None:
        """Keep the number for further queries of this minute."""
        self._seen[self._table] = (rows, clock.monotonic())


def _wide(planned: Plan) -> bool:
    """Whether a query may have to open most of its table."""
    query = planned.query
    bounded = query.full_scan or query.limit is not None
    by_value = query.largest is not None and planned.sort_key[:1] == (
        query.largest.column,
    )
    follows = planned.follows_sort_key or by_value
    return planned.possible and not bounded and not follows


def _refuse_scans(
    planned: Plan, tx: Transaction, count: Callable[[], int]
) -> int | None:
    """Return the server's estimate for a large table; raise if it is most of it."""
    table, stored = planned.query.table, count()
    if stored <= LARGE_TABLE_ROWS:
        return None
    remaining = tx.estimate(table, planned.pushed)
    if planned.pushed and (remaining is None or remaining < MOST_OF_IT * stored):
        return remaining
    advice = _ADVICE.get(planned.sort_key[:1], "few values of its sort key")
    raise QueryError(
        f"the query would read most of {table}, {stored:,} rows sorted by "
        f"{', '.join(planned.sort_key) or 'nothing'}: give {advice}, a limit, or "
        "full_scan=True"
    )


def _announced(planned: Plan, tx: Transaction, stored: int) -> int | None:
    """Return the server's estimate for a large table; log it if it is large."""
    if stored <= LARGE_TABLE_ROWS or planned.query.limit is not None:
        return None
    table = planned.query.table
    remaining = tx.estimate(table, planned.pushed) if planned.pushed else stored
    rows = stored if remaining is None else min(remaining, stored)
    if rows > LARGE_TABLE_ROWS:
        LOG.warning(
            "reading about %s of %s rows of %s", f"{rows:,}", f"{stored:,}", table
        )
    return rows


def _ms(seconds: float) -> float:
    return round(1e3 * seconds, 3)


_ADVICE = {
    ("healpix",): "a cone, box or polygon",
    ("time",): "a short time span with both ends",
    (): "ranges or sets",
}
