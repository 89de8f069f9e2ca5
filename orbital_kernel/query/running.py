"""A plan carried out, and an account of how."""

import time as clock
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl

from orbital_kernel.database import ReadCounts, Store, Transaction
from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.query.fetching import Fetch
from orbital_kernel.query.lineage import units_of
from orbital_kernel.query.planning import Plan, choices, ordered, plan, share
from orbital_kernel.query.question import Query

LARGE_TABLE_ROWS = 5_000_000
MOST_OF_IT = 0.5
FEW_OF_IT = 0.01


def run(query: Query, store: Store, *, estimate: bool = False) -> Answer:
    """Answer a query; `estimate` asks the server how much its statistics leave to read.

    Raises QueryError where it would read most of a large table without `full_scan`.
    """
    return _answer(query, store, Fetch.frame, estimate=estimate)


def count(query: Query, store: Store) -> Answer:
    """Answer with one row, how many rows there are, as `count`; raises as `run`."""
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
            left = _refuse_scans(planned, tx, stored.now) if _wide(planned) else None
            if estimate and left is None and planned.possible:
                left = tx.estimate(query.table, planned.pushed)
        frame = answer(fetch)
        counts = store.read_counts(query_id)
        with fetch.stage("statistics"):
            rows_stored = (
                stored.now() if counts.rows_stored is None else counts.rows_stored
            )
        fetch.planned = _as_read(planned, counts, tx)
    seconds = clock.perf_counter() - start
    left = None if left is None else min(left, rows_stored)
    how = _explained(fetch, counts, frame, rows_stored, left, seconds, cold=cold)
    known = units_of(schema.table(query.table))
    return Answer(frame, how, {name: known.get(name) for name in frame.columns})


def _explained(
    fetch: Fetch,
    counts: ReadCounts,
    frame: pl.DataFrame,
    rows_stored: int,
    left: int | None,
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
        stages={name: _ms(taken) for name, taken in fetch.seconds.items()},
        engine=fetch.store.settings.engine,
        estimated_rows=left,
        row_groups_read=counts.groups_read if fetch.selects else 0,
        selects=fetch.selects,
        requests=counts.requests,
        cold=cold,
        projection=planned.projection or "",
        splits=fetch.tx.splits,
    )


def _in_order(planned: Plan, tx: Transaction, *, server_chooses: bool) -> Plan:
    """Return the plan in the order to read in, which may be that of a projection."""
    table, wanted = planned.query.table, planned.query.largest
    sort_key, projections = tx.sort_key(table), tx.projections(table)
    best = ordered(planned, sort_key, projections)
    if wanted is None and server_chooses:
        several = choices(planned, sort_key, projections) > 1
        return replace(best, projection=None) if several else best
    if wanted is None or share(planned.pushed, best.sort_key) < FEW_OF_IT:
        return best
    for one in projections.values():
        if one.sort[0] == wanted.column:
            return replace(planned, sort_key=one.sort, projection=one.name)
    return best


def _as_read(planned: Plan, counts: ReadCounts, tx: Transaction) -> Plan:
    """Return the plan in the order that was read, where the server chose it."""
    if planned.projection is not None or counts.projection is None:
        return planned
    table = planned.query.table
    chosen = tx.projections(table).get(counts.projection)
    key = tx.sort_key(table) if chosen is None else chosen.sort
    return replace(planned, projection=counts.projection, sort_key=key)


class _Stored:
    """How many rows a table holds: asked beside the query where no answer tells it."""

    def __init__(self, table: str, store: Store, tx: Transaction) -> None:
        self._ask = partial(tx.rows, table)
        self._beside = None if store.answers_alone else store.beside(tx.rows, table)

    def now(self) -> int:
        """Return the number, waited for."""
        return self._ask() if self._beside is None else self._beside.result()


def _wide(planned: Plan) -> bool:
    """Whether a query may have to open most of its table."""
    asked = planned.query
    bounded = asked.full_scan or asked.limit is not None
    by_value = asked.largest is not None and planned.sort_key[:1] == (
        asked.largest.column,
    )
    follows = planned.follows_sort_key or by_value
    return planned.possible and not bounded and not follows


def _refuse_scans(
    planned: Plan, tx: Transaction, count: Callable[[], int]
) -> int | None:
    """Return the server's estimate for a large table; raise where it is most of it."""
    table, stored = planned.query.table, count()
    if stored <= LARGE_TABLE_ROWS:
        return None
    left = tx.estimate(table, planned.pushed)
    if planned.pushed and (left is None or left < MOST_OF_IT * stored):
        return left
    advice = _ADVICE.get(planned.sort_key[:1], "few values of its sort key")
    raise QueryError(
        f"{table} holds {stored:,} rows, sorted by {', '.join(planned.sort_key) or 'nothing'}, "
        f"and nothing selective was asked that would spare reading most of them: give {advice}, "
        "a limit, or full_scan=True"
    )


def _ms(seconds: float) -> float:
    return round(1e3 * seconds, 3)


_ADVICE = {
    ("healpix",): "a cone, box or polygon",
    ("time",): "a short time span with both ends",
    (): "ranges or sets",
}
