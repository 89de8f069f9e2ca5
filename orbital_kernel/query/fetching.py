"""The rows of a plan: requests to the database, local filters in Polars, and costs."""

import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause
from orbital_kernel.query import extremes
from orbital_kernel.query.compiled import Plan

FIRST_STEP_ROWS = 1_000
STEP_GROWTH = 16


@dataclass
class Fetch:
    """Rows being fetched, with costs so far: rows and bytes sent, selects."""

    planned: Plan
    store: Store
    tx: Transaction
    query_id: str
    rows: int = 0
    bytes: int = 0
    selects: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        start = clock.perf_counter()
        yield
        spent = clock.perf_counter() - start
        self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def frame(self) -> pl.DataFrame:
        """Return the answer's rows, no more than the limit."""
        query = self.planned.query
        rows = self._all() if query.largest is None else self._largest()
        return rows.select(query.columns or self.planned.columns)

    def count(self) -> pl.DataFrame:
        """Return one row, `count`: by the server if nothing is evaluated locally."""
        query = self.planned.query
        if self.planned.residual or query.largest or query.limit is not None:
            return pl.DataFrame({"count": [len(self.frame())]})
        rows = 0
        for clauses in self.planned.selects:
            with self.stage("server"):
                rows += self.tx.count(query.table, clauses, **self._reading)
            self.selects += 1
        return pl.DataFrame({"count": [rows]})

    @property
    def _reading(self) -> dict[str, Any]:
        return {
            "query_id": self.query_id,
            "projection": self.planned.projection,
            "alone": len(self.planned.selects) == 1,
        }

    def _all(self, *more: Clause) -> pl.DataFrame:
        missing = self.planned.query.limit
        frames = []
        for clauses in self.planned.selects:
            if missing == 0:
                break
            frames.append(self._enough((*clauses, *more), missing))
            missing = None if missing is None else missing - len(frames[-1])
        if not frames:
            empty = schema.table(self.planned.query.table).arrow.empty_table()
            frames = [frame_of(empty.select(list(self.planned.columns)))]
        return pl.concat(frames)

    def _largest(self) -> pl.DataFrame:
        """Return the largest rows, from a floor upwards unless few rows are left."""
        planned, query = self.planned, self.planned.query
        largest = query.largest
        if largest is None:
            return self._all()
        ties = extremes.identity(schema.table(query.table))
        by_value = planned.sort_key[:1] == (largest.column,)
        if not by_value and (planned.follows_sort_key or not query.full_scan):
            return largest.of(self._all(), ties)
        unfiltered = not planned.pushed and not planned.residual
        key = (query.table, largest)
        first = self.store.floors.get(key) if unfiltered else None
        rows, floor = extremes.search(
            largest, lambda more: self._all(*more), self._sample, first, ties
        )
        if unfiltered and floor is not None:
            self.store.floors[key] = floor
        return rows

    def _sample(self) -> pl.Series:
        """Return some values of the column of `largest`, in the table's order."""
        largest = self.planned.query.largest
        column = largest.column if largest else ""
        with self.stage("statistics"):
            rows = self.tx.select(
                self.planned.query.table,
                self.planned.pushed,
                columns=[column],
                limit=extremes.SAMPLE_ROWS,
                query_id=self.query_id,
                projection="",
            )
        self.selects += 1
        return frame_of(rows)[column]

    def _enough(self, clauses: tuple[Clause, ...], missing: int | None) -> pl.DataFrame:
        """Return rows of one select; with local filters, fetch more until they suffice."""
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
        table, names = self.planned.query.table, self.planned.columns
        existing = self.tx.columns(table)
        with self.stage("server"):
            rows = self.tx.select(
                table,
                clauses,
                columns=[name for name in names if name in existing],
                limit=limit,
                **self._reading,
            )
        for name in names:
            if name not in existing:  # a table of an earlier Orbital
                kind = schema.table(table).arrow.field(name).type
                rows = rows.append_column(name, pa.nulls(len(rows), kind))
        self.rows += len(rows)
        self.bytes += rows.nbytes
        self.selects += 1
        with self.stage("local"):
            exprs = [expr for _, expr in self.planned.residual]
            frame = frame_of(rows.select(names))
            return (frame.filter(*exprs) if exprs else frame), len(rows)
