"""Spans of time in which tables have few rows, so that a join reads piece by piece.

Small tables are one span without ends. Of large ones the times are streamed first, into a
histogram by minute; rows without time are in no span.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.predicate import Value
from orbital_kernel.query import Answer

MINUTE_NS = 60_000_000_000
MOST = 500_000
"""Rows of all tables in one span."""


@dataclass(frozen=True)
class Span:
    """Times (TT) from `start` to before `stop`; None is unbounded."""

    start: datetime | None = None
    stop: datetime | None = None

    def widened(
        self, before: timedelta, after: timedelta
    ) -> dict[str, tuple[Value | None, Value | None]]:
        """Return the ranges of a query of these times with margins; none if unbounded."""
        if self.start is None and self.stop is None:
            return {}
        low = None if self.start is None else self.start - before
        high = None if self.stop is None else self.stop + after
        return {"time": (low, high)}

    def has(self, column: str = "time") -> pl.Expr:
        """Return whether a row's time is in the span."""
        inside = pl.lit(value=True)
        if self.start is not None:
            inside &= pl.col(column) >= self.start
        if self.stop is not None:
            inside &= pl.col(column) < self.stop
        return inside


def spans(store: Store, tables: Sequence[str], *, most: int) -> list[Span]:
    """Return spans of time, in order, in which the tables have about `most` rows."""
    if sum(_rows(store, table) for table in tables) <= most:
        return [Span()]
    counts: Counter[int] = Counter()
    for table in tables:
        counts.update(histogram(store, table, "time", MINUTE_NS))
    starts = [instant(cell * MINUTE_NS) for cell in cuts(counts, most)]
    edges: list[datetime | None] = [None, *starts[1:], None]
    return [Span(*ends) for ends in pairwise(edges)]


def _rows(store: Store, table: str) -> int:
    """Return the rows of a table, in one request; StoreError if there is no such table."""
    namespace, _, name = table.partition(".")
    rows = store.counts(namespace).get(name)
    return store.rows(table) if rows is None else rows


def without_rows(answer: Answer) -> Answer:
    """Return an answer whose rows are used and no longer held."""
    return replace(answer, frame=answer.frame.clear())


def histogram(store: Store, table: str, column: str, width: int) -> Counter[int]:
    """Return the rows of a table by cell of a column, read batch by batch."""
    counts: Counter[int] = Counter()
    with store.transaction() as tx:
        for batch in tx.stream(table, columns=[column]):
            values = pl.Series(batch.column(0)).cast(pl.Int64).drop_nulls()
            cells, numbers = np.unique(values.to_numpy() // width, return_counts=True)
            counts.update(dict(zip(cells.tolist(), numbers.tolist(), strict=True)))
    return counts


def cuts(counts: Counter[int], most: int) -> list[int]:
    """Return the first cell of each slice of at most so many rows."""
    starts: list[int] = []
    rows = 0
    for cell in sorted(counts):
        if not starts or rows + counts[cell] > most:
            starts.append(cell)
            rows = 0
        rows += counts[cell]
    return starts


def instant(ns: int) -> datetime:
    """Return the time (TT) so many ns after 1970, to the microsecond."""
    return datetime(1970, 1, 1) + timedelta(microseconds=ns // 1000)  # noqa: DTZ001 - TT
