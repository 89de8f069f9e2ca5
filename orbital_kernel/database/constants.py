"""Constant columns sent as one run: the value once, and how many rows have it.

The embedded platform takes Arrow's run-end encoding for any column and says so; clusters
may not, and get a value per row.
"""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 1024
"""Rows from which a constant column is worth its own form."""


def repeated(value: pa.Scalar, rows: int) -> pa.Array:
    """Return a column of one value as one run."""
    values = pa.array([value.as_py()], value.type)
    return pa.RunEndEncodedArray.from_arrays(pa.array([rows], pa.int32()), values)


def with_runs(rows: pa.RecordBatch, plain_ones: Collection[str]) -> pa.RecordBatch:
    """Return rows with constant columns as runs, but for some columns."""
    columns = {
        name: plain(column) if name in plain_ones else _as_run(column)
        for name, column in zip(rows.schema.names, rows.columns, strict=True)
    }
    return pa.record_batch(columns)


def without_runs(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with a value per row in every column."""
    if not any(pa.types.is_run_end_encoded(kind) for kind in rows.schema.types):
        return rows
    return pa.record_batch(
        dict(zip(rows.schema.names, map(plain, rows.columns), strict=True))
    )


def plain(column: pa.Array) -> pa.Array:
    """Return a column with a value per row."""
    is_run = pa.types.is_run_end_encoded(column.type)
    return pc.run_end_decode(column) if is_run else column


def _as_run(column: pa.Array) -> pa.Array:
    if pa.types.is_run_end_encoded(column.type):
        return column
    is_long = len(column) >= FEWEST
    return pc.run_end_encode(column) if is_long and _is_constant(column) else column


def _is_constant(column: pa.Array) -> bool:
    kind = column.type
    if column.null_count or pa.types.is_nested(kind):
        return False
    if pa.types.is_float64(kind):
        column = column.view(pa.int64())  # a sign of zero is a difference
    first = column[0]
    return first == column[-1] and bool(pc.all(pc.equal(column, first)).as_py())
