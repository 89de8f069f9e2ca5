"""A plan carried out: requests to the store, the rest in Polars, and an account of it."""

import time as clock
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from orbital_kernel import schema
from orbital_kernel.errors import QueryError
from orbital_kernel.frames import frame_of
from orbital_kernel.predicate import Clause
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.query.lineage import units_of
from orbital_kernel.query.planning import Plan, plan
from orbital_kernel.query.question import Query
from orbital_kernel.store import Store, Transaction

LARGE_TABLE_ROWS = 5_000_000
MOST_OF_IT = 0.5
FIRST_STEP_ROWS = 1_000
STEP_GROWTH = 16


@dataclass
class _Fetch:
    """Rows on their way, with what they cost so far."""

    planned: Plan
    tx: Transaction
    query_id: str
    rows: int = 0
    bytes: int = 0
    selects: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what happens within to a stage."""
        start = clock.perf_counter()
        yield
        took = clock.perf_counter() - start
        self.seconds[name] = self.seconds.get(name, 0.0) + took

    def frame(self) -> pl.DataFrame:
        """Return the answer's rows, no more than the limit."""
        query, missing = self.planned.query, self.planned.query.limit
        frames = []
        for clauses in self.planned.selects:
            if missing == 0:
                break
            frames.append(self._enough(clauses, missing))
            missing = None if missing is None else missing - len(frames[-1])
        if not frames:
            frames = [frame_of(schema.table(query.table).arrow.empty_table())]
        return pl.concat(frames).select(query.columns or self.planned.columns)

    def _enough(self, clauses: tuple[Clause, ...], missing: int | None) -> pl.DataFrame:
        """Return rows of one select; with filters here, ask for more until they do."""
        if missing is None or not self.planned.residual:
            frame, _ = self._select(clauses, missing)
            return frame if missing is None else frame.head(missing)
        step = max(FIRST_STEP_ROWS, 4 * missing)
        while True:
            frame, fetched = self._select(clauses, step)
            if len(frame) >= missing or fetched < step:
                return frame.head(missing)
            step *= STEP_GROWTH

    def _select(
        self, clauses: tuple[Clause, ...], limit: int | None
    ) -> tuple[pl.DataFrame, int]:
        with self.stage("server"):
            rows = self.tx.select(
                self.planned.query.table,
                clauses,
                columns=self.planned.columns,
                limit=limit,
                query_id=self.query_id,
            )
        self.rows += len(rows)
        self.bytes += rows.nbytes
        self.selects += 1
        with self.stage("local"):
            exprs = [expr for _, expr in self.planned.residual]
            return frame_of(rows).filter(*exprs), len(rows)


def run(query: Query, store: Store, *, estimate: bool = False) -> Answer:
    """Answer a query; `estimate` asks the server how much its statistics leave to read.

    Raises QueryError where it would read most of a large table without `full_scan`.
    """
    start = clock.perf_counter()
    query_id = uuid.uuid4().hex
    store.watch(query_id)
    with store.reading() as tx:
        planned = plan(query)
        at_plan = clock.perf_counter()
        cold = not tx.knows(query.table)
        planned = replace(planned, sort_key=tx.sort_key(query.table))
        stored = _Stored(query.table, store, tx)
        fetch = _Fetch(planned, tx, query_id)
        fetch.seconds = {"plan": at_plan - start}
        fetch.seconds["load" if cold else "open"] = clock.perf_counter() - at_plan
        with fetch.stage("statistics"):
            left = _refuse_scans(planned, tx, stored.now) if _wide(planned) else None
            if estimate and left is None and planned.possible:
                left = tx.estimate(query.table, planned.pushed)
        frame = fetch.frame()
        told = store.told(query_id)
        with fetch.stage("statistics"):
            rows_stored = stored.now() if told.rows_stored is None else told.rows_stored
    end = clock.perf_counter()
    known = units_of(schema.table(query.table))
    return Answer(
        frame,
        Explain(
            table=query.table,
            pushed=[str(clause) for clause in planned.pushed],
            residual=[text for text, _ in planned.residual],
            sort_key=list(planned.sort_key),
            sky_ranges=planned.sky_ranges,
            rows_read=told.rows_read if fetch.selects else 0,
            rows_stored=rows_stored,
            rows_fetched=fetch.rows,
            rows_returned=len(frame),
            bytes=fetch.bytes,
            milliseconds=_ms(end - start),
            stages={name: _ms(seconds) for name, seconds in fetch.seconds.items()},
            engine=store.settings.engine,
            estimated_rows=None if left is None else min(left, rows_stored),
            row_groups_read=told.groups_read if fetch.selects else 0,
            selects=fetch.selects,
            requests=told.requests,
            cold=cold,
        ),
        {name: known[name] for name in frame.columns},
    )


class _Stored:
    """How many rows a table holds: asked beside the query where no answer tells it."""

    def __init__(self, table: str, store: Store, tx: Transaction) -> None:
        self._ask = partial(tx.rows, table)
        self._beside = None if store.tells_rows_stored else store.beside(tx.rows, table)

    def now(self) -> int:
        """Return the number, waited for."""
        return self._ask() if self._beside is None else self._beside.result()


def _wide(planned: Plan) -> bool:
    """Whether a query may have to open most of its table."""
    asked = planned.query
    bounded = asked.full_scan or asked.limit is not None
    return planned.possible and not bounded and not planned.follows_sort_key


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
    advice = _ADVICE.get(planned.sort_key[:1], "a value of its sort key")
    raise QueryError(
        f"{table} holds {stored:,} rows, sorted by {', '.join(planned.sort_key) or 'nothing'}, "
        f"and nothing selective was asked that would spare reading most of them: give {advice}, "
        "a limit, or full_scan=True"
    )


def _ms(seconds: float) -> float:
    return round(1e3 * seconds, 3)


_ADVICE = {
    ("healpix",): "a cone, box or polygon",
    ("time",): "a time span with both ends",
    (): "ranges or sets",
}
