"""A checksum of numeric content that does not depend on the order of rows.

The hash of a row mixes its numeric cells (numbers, times, flags) with the names of their
columns; the sum of all rows' hashes, modulo 2^64, is the checksum. Parts add up, so that
neither writing nor reading back needs a whole table in memory. Absent and null cells add
nothing: columns added to a table later do not change a checksum. Places that Orbital
gives to points of files without one are no content of the file and add nothing either.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orbital_kernel.errors import StoreError
from orbital_kernel.ingest.overlapped import fetched_ahead
from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause, Equal, Null, Range
from orbital_kernel.model.schema import Table

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

Hashes = NDArray[np.uint64]

_FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = np.uint64(0x94D049BB133111EB)
_CANONICAL_NAN = np.uint64(0x7FF8000000000000)
_MODULUS = 1 << 64
PLACED, PLACE = "place_source", ("ra", "dec", "healpix")


@dataclass(frozen=True)
class Sum:
    """A number of rows and the checksum of their numeric cells."""

    rows: int = 0
    content: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.rows + other.rows, (self.content + other.content) % _MODULUS)

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(self.rows - other.rows, (self.content - other.content) % _MODULUS)

    def __str__(self) -> str:
        return f"{self.content:016x}"


def numeric_columns(table: Table) -> tuple[str, ...]:
    """Return the names of a table's columns that a checksum covers."""
    names = (c.name for c in table.columns if _is_numeric(c.type) or c.name == PLACED)
    return tuple(names)


def stored_numeric(tx: "Transaction", table: str) -> tuple[str, ...]:
    """Return these columns as far as the stored table, of an earlier Orbital, has them."""
    existing = tx.columns(table)
    return tuple(c for c in numeric_columns(schema.table(table)) if c in existing)


def sum_of(rows: pa.Table) -> Sum:
    """Return the checksum of rows."""
    return Sum(len(rows), int(row_hashes(rows).sum(dtype=np.uint64)))


def sums_by(rows: pa.Table, column: str) -> dict[str, Sum]:
    """Return the checksums of rows by the values of a text column."""
    keys = rows.column(column).combine_chunks().dictionary_encode()
    places = keys.indices.to_numpy(zero_copy_only=False)
    totals = np.zeros(len(keys.dictionary), dtype=np.uint64)
    np.add.at(totals, places, row_hashes(rows))
    counts = np.bincount(places, minlength=len(totals))
    return {
        key: Sum(int(count), int(total))
        for key, count, total in zip(
            keys.dictionary.to_pylist(), counts, totals, strict=True
        )
    }


def row_hashes(rows: pa.Table) -> Hashes:
    """Return one hash per row, mixed from its numeric cells; shape (rows,)."""
    total = np.zeros(len(rows), dtype=np.uint64)
    given = _given_places(rows)
    for name in _filled(rows):
        column = rows.column(name).combine_chunks()
        hashed = _mixed(_bits(column) ^ _salt(name))
        if given is not None and name in PLACE:
            hashed[given] = 0
        if column.null_count:
            hashed[pc.is_null(column).to_numpy(zero_copy_only=False)] = 0
        total += hashed
    return _mixed(total)


def _given_places(rows: pa.Table) -> NDArray[np.bool_] | None:
    """Return which rows have a place that is not of their file; None if there are none."""
    if PLACED not in rows.column_names:
        return None
    column = rows.column(PLACED)
    if column.null_count == len(rows):
        return None
    given: NDArray[np.bool_] = pc.is_valid(column).to_numpy()
    return given


def _filled(rows: pa.Table) -> Sequence[str]:
    return [
        field.name
        for field in rows.schema
        if _is_numeric(field.type) and rows.column(field.name).null_count < len(rows)
    ]


def _bits(column: pa.Array) -> Hashes:
    """Return each value as 64 bits: one zero, one NaN, whatever lies under nulls."""
    if pa.types.is_floating(column.type):
        reals = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy() + 0.0
        bits: Hashes = reals.view(np.uint64)
        bits[np.isnan(reals)] = _CANONICAL_NAN
        return bits
    if not pa.types.is_integer(column.type):
        column = column.cast(
            pa.int8() if pa.types.is_boolean(column.type) else pa.int64()
        )
    integers = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    as_bits: Hashes = integers.astype(np.int64).view(np.uint64)
    return as_bits


def _mixed(bits: Hashes) -> Hashes:
    """Mix bits in place, which spares four copies of each column."""
    shifted = np.empty_like(bits)
    for shift, factor in ((30, _FIRST_FACTOR), (27, _SECOND_FACTOR), (31, None)):
        np.right_shift(bits, np.uint64(shift), out=shifted)
        np.bitwise_xor(bits, shifted, out=bits)
        if factor is not None:
            np.multiply(bits, factor, out=bits)
    return bits


@lru_cache(maxsize=1024)
def _salt(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_timestamp(kind)
    )


SHA = "file_sha256"


def verify(
    tx: "Transaction",
    table: str,
    expected: Mapping[str, Sum],
    span: Sequence[Clause],
) -> None:
    """Read the files' rows back; StoreError if they differ from those written."""
    actual = dict.fromkeys(expected, Sum())
    clauses = [Clause(SHA, tuple(map(Equal, expected))), *span]
    columns = stored_numeric(tx, table)
    single = next(iter(expected)) if len(expected) == 1 else None
    if single is None:
        columns = (*columns, SHA)
    for batch in fetched_ahead(tx.stream(table, clauses, columns=columns)):
        rows = pa.Table.from_batches([batch])
        sums = sums_by(rows, SHA) if single is None else {single: sum_of(rows)}
        for sha256, part in sums.items():
            actual[sha256] += part
    for sha256, written in expected.items():
        if actual[sha256] != written:
            raise StoreError(
                f"{table}: {written.rows:,} rows of content {sha256[:12]} were written "
                f"(checksum {written}), {actual[sha256].rows:,} came back (checksum "
                f"{actual[sha256]}): nothing of it was stored; run `orbital doctor`"
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


def wider(first: list[Clause] | None, second: list[Clause]) -> list[Clause]:
    """Return a span that covers both; [] if either covers everything."""
    if first is None:
        return second
    if not first or not second:
        return []
    ranges = [t for c in (*first, *second) for t in c.any_of if isinstance(t, Range)]
    nulls = [t for c in (*first, *second) for t in c.any_of if isinstance(t, Null)]
    lows, highs = [r.low for r in ranges], [r.high for r in ranges]
    extent = (Range(min(lows), max(highs)),) if ranges else ()  # type: ignore[type-var]
    return [Clause(first[0].column, (*extent, *nulls[:1]))]


def _microseconds(value: pa.TimestampScalar) -> datetime:
    rounded: datetime = (
        pc.floor_temporal(value, unit="microsecond").cast(pa.timestamp("us")).as_py()
    )
    return rounded
