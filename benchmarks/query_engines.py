"""The same question to Orbital, to DuckDB over Parquet and to Polars over Parquet.

The others get the planner's own ranges as SQL or Polars filters, and the exact residual
by the same Polars expression. Each answer is a number of rows (of a count, the count).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from orbital_kernel.model.predicate import Equal
from orbital_kernel.query import plan


@dataclass(frozen=True)
class Ours:
    """Orbital, its latency ledger written as always."""

    orbital: object
    name: str = "Orbital"

    def ask(self, asked, kind):
        """Return how many rows there are, and how they were found."""
        if kind.startswith("count"):
            answer = self.orbital.counted(asked)
            return answer.frame["count"][0], answer.how
        answer = self.orbital.query(asked, kind=kind)
        return len(answer.frame), answer.how


@dataclass(frozen=True)
class Duck:
    """DuckDB, a cursor a question, its metadata cache as it is by default."""

    folder: Path
    database: duckdb.DuckDBPyConnection

    @property
    def name(self):
        """Return what the table of results calls it."""
        return f"DuckDB {self.folder.name}"

    def ask(self, asked, kind):
        """Return how many rows there are."""
        planned = plan(asked)
        file = self.folder / f"{asked.table}.parquet"
        where = " AND ".join(map(sql, planned.pushed)) or "true"
        what = "count(*)" if kind.startswith("count") else ", ".join(planned.columns)
        text = f"SELECT {what} FROM read_parquet('{file}') WHERE {where}"
        if asked.largest is not None:
            text += f" ORDER BY {asked.largest.column} DESC LIMIT {asked.largest.rows}"
        rows = self.database.cursor().sql(text)
        if kind.startswith("count"):
            return rows.fetchall()[0][0], None
        return len(_rest(planned, pl.from_arrow(rows.to_arrow_table()))), None


def duck(folder):
    """Return DuckDB over the files of a folder, without its progress bar."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    return Duck(folder, database)


@dataclass(frozen=True)
class Polars:
    """Polars, lazily, in this process."""

    folder: Path

    @property
    def name(self):
        """Return what the table of results calls it."""
        return f"Polars {self.folder.name}"

    def ask(self, asked, kind):
        """Return how many rows there are."""
        planned = plan(asked)
        found = pl.scan_parquet(self.folder / f"{asked.table}.parquet").filter(
            *(clause.expr() for clause in planned.pushed)
        )
        if kind.startswith("count"):
            return found.select(pl.len()).collect().item(), None
        found = found.select(planned.columns)
        if asked.largest is not None:
            found = found.top_k(asked.largest.rows, by=asked.largest.column)
        return len(_rest(planned, found.collect())), None


def sql(clause):
    """Return a clause of ranges or values as SQL."""

    def one(term):
        if isinstance(term, Equal):
            return f"{clause.column} = {_literal(term.value)}"
        ends = ((">=", term.low), ("<=", term.high))
        said = (f"{clause.column} {o} {_literal(v)}" for o, v in ends if v is not None)
        return "(" + " AND ".join(said) + ")"

    return "(" + " OR ".join(map(one, clause.any_of)) + ")"


def _rest(planned, frame):
    exprs = [expr for _, expr in planned.residual]
    return frame.filter(*exprs) if exprs else frame


def _literal(value):
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    return f"'{value}'" if isinstance(value, str) else repr(value)
