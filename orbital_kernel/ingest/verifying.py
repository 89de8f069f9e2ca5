"""Read rows back as the database tells them, and hold them against what was written."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel import schema
from orbital_kernel.errors import StoreError
from orbital_kernel.ingest.checksum import Sum, numeric_columns, sums_by
from orbital_kernel.predicate import Clause, Equal, Null, Range

if TYPE_CHECKING:
    from orbital_kernel.store import Transaction

SHA = "file_sha256"


def verify(
    tx: "Transaction",
    table: str,
    expected: Mapping[str, Sum],
    span: Sequence[Clause],
) -> None:
    """Read the files' rows back; StoreError where they are not what was written."""
    found = dict.fromkeys(expected, Sum())
    clauses = [Clause(SHA, tuple(map(Equal, expected))), *span]
    columns = (*numeric_columns(schema.table(table)), SHA)
    for batch in tx.stream(table, clauses, columns=columns):
        rows = pa.Table.from_batches([batch])
        for sha256, part in sums_by(rows, SHA).items():
            found[sha256] += part
    for sha256, wanted in expected.items():
        if found[sha256] != wanted:
            raise StoreError(
                f"{table}: {wanted.rows:,} rows of content {sha256[:12]} were written "
                f"(checksum {wanted}), {found[sha256].rows:,} came back (checksum "
                f"{found[sha256]}): nothing of it was kept; run `orbital doctor`"
            )


def span_of(table: str, rows: pa.Table) -> list[Clause]:
    """Return a clause on the leading sort column that all these rows satisfy."""
    leading = schema.table(table).sort[:1]
    if not leading or not len(rows):
        return []
    column = rows.column(leading[0])
    ends = pc.min_max(column)
    low, high = ends["min"], ends["max"]
    terms: tuple[Range | Null, ...] = ()
    if low.is_valid:
        if pa.types.is_timestamp(column.type):
            low_us, high_us = (_microseconds(v) for v in (low, high))
            terms = (Range(low_us, high_us + timedelta(microseconds=1)),)
        elif pa.types.is_integer(column.type):
            terms = (Range(low.as_py(), high.as_py()),)
        else:
            return []
    if column.null_count:
        terms = (*terms, Null())
    return [Clause(leading[0], terms)]


def wider(one: list[Clause] | None, other: list[Clause]) -> list[Clause]:
    """Return a span that covers both; [] where one of them covers everything."""
    if one is None:
        return other
    if not one or not other:
        return []
    ranges = [t for c in (*one, *other) for t in c.any_of if isinstance(t, Range)]
    nulls = [t for c in (*one, *other) for t in c.any_of if isinstance(t, Null)]
    lows, highs = [r.low for r in ranges], [r.high for r in ranges]
    whole = (Range(min(lows), max(highs)),) if ranges else ()  # type: ignore[type-var]
    return [Clause(one[0].column, (*whole, *nulls[:1]))]


def _microseconds(value: pa.TimestampScalar) -> datetime:
    rounded: datetime = (
        pc.floor_temporal(value, unit="microsecond").cast(pa.timestamp("us")).as_py()
    )
    return rounded
