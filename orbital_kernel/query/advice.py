"""Projections that would have served recorded queries better, and their measured saving.

The ledger has the conditions of each query and the rows read for it. For each column of
a condition that no order begins with, the database counts the rows that the clauses on
this column alone hold for: those would have been read in that order.
"""

import time as clock
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError, SchemaMismatch
from orbital_kernel.model import schema
from orbital_kernel.model.columns import Projection
from orbital_kernel.model.predicate import Clause
from orbital_kernel.query.compiled import Plan
from orbital_kernel.query.planning import ordered
from orbital_kernel.query.question import Query
from orbital_kernel.query.recording import Remembered, recorded

LEAST_QUERIES = 3
LEAST_SAVING = 0.2
TRIED = 20
PATIENCE_SECONDS = 600.0
LEDGER = ("table", "kind", "pushed", "rows_read", "rows_stored")
BY_JSON = "predicate_json"


@dataclass(frozen=True)
class Advice:
    """A projection that would have reduced the rows read; `tried` are some of `queries`.

    `rows_read` is what the tried queries read, `estimated_rows` what they would have
    read. `sort_first` is whether more queries of the table select by this column than
    by its sort key: then the table should be sorted by it when it is created again.
    """

    table: str
    projection: Projection
    queries: int
    rows_read: int
    estimated_rows: int
    sort_first: bool
    tried: tuple[tuple[Clause, ...], ...]

    @property
    def saving(self) -> float:
        """The share of rows that would not have been read."""
        return 1 - self.estimated_rows / self.rows_read if self.rows_read else 0.0

    def __str__(self) -> str:
        """Return the advice in a sentence."""
        by = ", ".join(self.projection.sort)
        text = (
            f"{self.table}: a projection sorted by {by} would have served "
            f"{self.queries:,} queries; {len(self.tried)} of them read {self.rows_read:,} "
            f"rows and would have read about {self.estimated_rows:,} ({self.saving:.1%} less)"
        )
        if self.sort_first:
            text += f"; more queries select by {by} than by its sort key"
        return text


@dataclass(frozen=True)
class Followed:
    """Rows read and time of the tried queries before and after, rows and milliseconds."""

    advice: Advice
    rows_before: int
    rows_after: int
    ms_before: float
    ms_after: float

    @property
    def saving(self) -> float:
        """The measured share of rows no longer read."""
        return 1 - self.rows_after / self.rows_before if self.rows_before else 0.0

    def __str__(self) -> str:
        """Return what was measured in a sentence."""
        return (
            f"{self.advice.table}: {len(self.advice.tried)} queries read "
            f"{self.rows_after:,} rows instead of {self.rows_before:,} "
            f"({self.saving:.1%} less; estimated {self.advice.saving:.1%}), in "
            f"{self.ms_after:.0f} ms instead of {self.ms_before:.0f}"
        )


def advise(ledger: pl.DataFrame, store: Store) -> list[Advice]:
    """Return advice from rows of ops.queries, the largest saving first."""
    columns = [*LEDGER, *(name for name in (BY_JSON,) if name in ledger.columns)]
    usable = ledger.filter(
        pl.col("rows_read").is_not_null()
        & (pl.col("kind") != "sql")
        & ~pl.col("table").str.starts_with("ops.")
    ).select(columns)
    advice = []
    for (table,), rows in usable.group_by("table", maintain_order=True):
        advice += _of_table(str(table), rows, store)
    return sorted(advice, key=lambda a: a.estimated_rows - a.rows_read)


def follow(
    advice: Advice, store: Store, *, patience: float = PATIENCE_SECONDS
) -> Followed:
    """Create the projection, wait until it is complete, and repeat the queries.

    Raises QueryError if the database takes longer than `patience` seconds.
    """
    rows_before, ms_before = replay(advice.table, advice.tried, store)
    with store.transaction() as tx:
        tx.project(advice.table, advice.projection)
    until = clock.monotonic() + patience
    while not _in_step(advice, store):
        if clock.monotonic() > until:
            raise QueryError(
                f"{advice.table} is not sorted into {advice.projection.name} after "
                f"{patience:g} s: it exists, and is used as far as it is ready"
            )
        clock.sleep(0.2)
    rows_after, ms_after = replay(advice.table, advice.tried, store)
    return Followed(advice, rows_before, rows_after, ms_before, ms_after)


def replay(
    table: str, tried: Iterable[tuple[Clause, ...]], store: Store
) -> tuple[int, float]:
    """Repeat queries by their clauses; return the total of rows read and milliseconds."""
    rows, start = 0, clock.perf_counter()
    for clauses in tried:
        query_id = uuid.uuid4().hex
        with store.reading() as tx, store.watched(query_id):
            columns = (clauses[0].column,)
            plan = Plan(Query(table), clauses, (), columns, ())
            plan = ordered(plan, tx.sort_key(table), tx.projections(table))
            tx.select(
                table,
                clauses,
                columns=columns,
                query_id=query_id,
                projection=plan.projection,
            )
            rows += store.read_counts(query_id).rows_read or 0
    return rows, 1e3 * (clock.perf_counter() - start)


def _of_table(name: str, rows: pl.DataFrame, store: Store) -> list[Advice]:
    try:
        table = schema.table(name)
    except SchemaMismatch:
        return []
    queries = [(recorded(row, table), row) for row in rows.to_dicts()]
    with store.reading() as tx:
        sort_key = tx.sort_key(name)
        projections = tx.projections(name, fresh=True).values()
    leading = {sort_key[0] if sort_key else "", *(p.sort[0] for p in projections)}
    columns = {r.clause.column for clauses, _ in queries for r in clauses} - leading
    advice = (
        _of_column(name, column, queries, store, sort_key) for column in sorted(columns)
    )
    return [projection for projection in advice if projection is not None]


Recorded = Sequence[tuple[list[Remembered], dict[str, int]]]


def _of_column(
    table: str, column: str, queries: Recorded, store: Store, sort_key: tuple[str, ...]
) -> Advice | None:
    """Return the advice to sort by a column, if it saves enough."""
    by_column = [
        (clauses, row)
        for clauses, row in queries
        if any(r.clause.column == column for r in clauses)
    ]
    if len(by_column) < LEAST_QUERIES:
        return None
    tried = by_column[-TRIED:]
    before = sum(row["rows_read"] for _, row in tried)
    after = sum(
        min(row["rows_read"], _held(table, column, clauses, store))
        for clauses, row in tried
    )
    if before == 0 or 1 - after / before < LEAST_SAVING:
        return None
    by_key = sum(any(o.clause.column in sort_key[:1] for o in c) for c, _ in queries)
    second = tuple(c for c in ("time",) if c in _names(table) and c != column)
    return Advice(
        table,
        Projection(f"by_{column}", (column, *second)),
        len(by_column),
        before,
        after,
        len(by_column) > by_key,
        tuple(tuple(r.clause for r in clauses) for clauses, _ in tried),
    )


def _held(table: str, column: str, clauses: list[Remembered], store: Store) -> int:
    """Count the rows that the clauses on one column hold for, all terms considered."""
    on_column = [r for r in clauses if r.clause.column == column]
    with store.reading() as tx:
        rows = tx.count(table, [r.clause for r in on_column], alone=True)
    return round(rows * max(r.terms / len(r.clause.any_of) for r in on_column))


def _names(table: str) -> list[str]:
    return [column.name for column in schema.table(table).columns]


def _in_step(advice: Advice, store: Store) -> bool:
    with store.transaction() as tx:
        return tx.in_step(advice.table, advice.projection.name)
