"""Answers with the units of their columns; the answer of a table that has no rows."""

from functools import cache

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.query.names import check_names, require_table
from orbital_kernel.query.question import Query
from orbital_kernel.query.units import ucds_of, units_of


def described(query: Query, frame: pl.DataFrame, how: Explain) -> Answer:
    """Return the rows with the units and UCDs of their columns."""
    table = require_table(query.table)
    units, ucds = units_of(table), ucds_of(table)
    return Answer(
        frame,
        how,
        {name: units.get(name) for name in frame.columns},
        {name: ucds.get(name) for name in frame.columns},
    )


def empty_answer(query: Query, store: Store) -> Answer:
    """Answer a query of a table that has no rows, without asking the database."""
    check_names(query)
    table = require_table(query.table)
    names = query.columns or tuple(column.name for column in table.columns)
    how = Explain(
        table=query.table,
        pushed=[],
        residual=[],
        sort_key=list(table.sort),
        sky_ranges=0,
        rows_read=0,
        rows_stored=0,
        rows_fetched=0,
        rows_returned=0,
        bytes=0,
        milliseconds=0.0,
        engine=store.settings.engine,
        row_groups_read=0,
        selects=0,
    )
    return described(query, _no_rows(query.table, names), how)


@cache
def _no_rows(table: str, columns: tuple[str, ...]) -> pl.DataFrame:
    return frame_of(schema.table(table).arrow.empty_table().select(list(columns)))
