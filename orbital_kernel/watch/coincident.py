"""What excursions coincide with: catalogue bursts and real notices near in time."""

from datetime import datetime, timedelta

import polars as pl

from orbital_kernel import schema
from orbital_kernel.frames import frame_of
from orbital_kernel.observatory import observatories
from orbital_kernel.predicate import Clause, Range
from orbital_kernel.science.bursts import match
from orbital_kernel.store import Transaction

REACH = timedelta(hours=2)
"""Longer than any catalogued burst and the time within which episodes are linked."""


def matched(rows: pl.DataFrame, tx: Transaction) -> pl.DataFrame:
    """Return excursions with `matches`, from the tables of every observatory."""
    span = _span(rows)
    if span is None:
        return rows.with_columns(pl.lit("[]").alias("matches"))
    grbs, notices = (_near(tx, table, span) for table in (schema.GRBS, schema.NOTICES))
    return match(rows, grbs, notices)


def _span(rows: pl.DataFrame) -> Clause | None:
    known = rows["time"].cast(pl.Datetime("us")).drop_nulls()
    first, last = known.min(), known.max()
    if not (isinstance(first, datetime) and isinstance(last, datetime)):
        return None
    return Clause("time", (Range(first - REACH, last + REACH),))


def _near(tx: Transaction, table: schema.Table, span: Clause) -> pl.DataFrame:
    return pl.concat(
        frame_of(tx.select(f"{observatory}.{table.name}", [span]))
        for observatory in observatories()
    )
