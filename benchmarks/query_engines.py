"""The same query on Orbital, on DuckDB with Parquet and on Polars with Parquet.

DuckDB and Polars get the planner's ranges as SQL or Polars filters, and the exact residual
as the same Polars expression. Each answer is a number of rows (for a count, the count).
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
    """Orbital, including its latency ledger."""

    orbital: object
    name: str = "Orbital"

    def ask(self, query, kind):
        """Return the number of rows, and how the query was answered."""
        if kind.startswith("count"):
            answer = self.orbital.counted(query)
            return answer.frame["count"][0], answer.how
        answer = self.orbital.query(query, kind=kind)
        return len(answer.frame), answer.how


@dataclass(frozen=True)
class Duck:
    """DuckDB with one cursor per query and its default metadata cache."""

    folder: Path
    database: duckdb.DuckDBPyConnection

    @property
    def name(self):
        """Return the name in the table of results."""
        return f"DuckDB {self.folder.name}"

    def ask(self, query, kind):
        """Return the number of rows."""
        planned = plan(query)
        file = self.folder / f"{query.table}.parquet"
        where = " AND ".join(map(sql, planned.pushed)) or "true"
        columns = "count(*)" if kind.startswith("count") else ", ".join(planned.columns)
        text = f"SELECT {columns} FROM read_parquet('{file}') WHERE {where}"
        if query.largest is not None:
            text += f" ORDER BY {query.largest.column} DESC LIMIT {query.largest.rows}"
        rows = self.database.cursor().sql(text)
        if kind.startswith("count"):
            return rows.fetchall()[0][0], None
        return len(_residual(planned, pl.from_arrow(rows.to_arrow_table()))), None


def duck(folder):
    """Return DuckDB on the files of a folder, without its progress bar."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    return Duck(folder, database)


@dataclass(frozen=True)
class Polars:
    """Polars, lazily, in this process."""

    folder: Path

    @property
    def name(self):
        """Return the name in the table of results."""
        return f"Polars {self.folder.name}"

    def ask(self, query, kind):
        """Return the number of rows."""
        planned = plan(query)
        rows = pl.scan_parquet(self.folder / f"{query.table}.parquet").filter(
            *(clause.expr() for clause in planned.pushed)
        )
        if kind.startswith("count"):
            return rows.select(pl.len()).collect().item(), None
        rows = rows.select(planned.columns)
        if query.largest is not None:
            rows = rows.top_k(query.largest.rows, by=query.largest.column)
        return len(_residual(planned, rows.collect())), None


def sql(clause):
    """Return a clause of ranges or values as SQL."""

    def term_sql(term):
        if isinstance(term, Equal):
            return f"{clause.column} = {_literal(term.value)}"
        ends = ((">=", term.low), ("<=", term.high))
        bounds = (
            f"{clause.column} {o} {_literal(v)}" for o, v in ends if v is not None
        )
        return "(" + " AND ".join(bounds) + ")"

    return "(" + " OR ".join(map(term_sql, clause.any_of)) + ")"


def _residual(planned, frame):
    exprs = [expr for _, expr in planned.residual]
    return frame.filter(*exprs) if exprs else frame


def _literal(value):
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    return f"'{value}'" if isinstance(value, str) else repr(value)
