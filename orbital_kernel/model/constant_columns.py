"""Constant columns as one run: the value once, and how many rows have it.

The name of its file in each row takes more bytes than a photon's numbers. What reads files
hands such columns over as runs; the database gets a value per row.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 1024
"""Rows from which a constant column is worth its own form."""


def repeated(value: pa.Scalar, rows: int) -> pa.Array:
    """Return a column of one value as one run."""
    return _run(pa.array([value.as_py()], value.type), rows)


def with_text_runs(rows: pa.Table) -> pa.Table:
    """Return rows with constant columns of text as runs."""
    return _changed(
        rows, lambda c: _as_run(c.combine_chunks()) if pa.types.is_string(c.type) else c
    )


def without_runs(rows: pa.Table) -> pa.Table:
    """Return rows with a value per row in every column."""
    return _changed(rows, lambda c: plain(c) if is_of_runs(c) else c)


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a column with a value per row."""
    return pc.run_end_decode(column) if is_of_runs(column) else column


def distinct(column: pa.ChunkedArray) -> pa.Array:
    """Return the different values of a column."""
    if not is_of_runs(column):
        return pc.unique(column)
    values = [chunk.values for chunk in column.chunks if len(chunk)]
    return pc.unique(pa.chunked_array(values, column.type.value_type))


def is_of_runs(column: pa.Array | pa.ChunkedArray) -> bool:
    """Return whether a column is of runs."""
    return bool(pa.types.is_run_end_encoded(column.type))


def _changed(
    rows: pa.Table, change: Callable[[pa.ChunkedArray], pa.ChunkedArray | pa.Array]
) -> pa.Table:
    columns = [change(column) for column in rows.columns]
    return pa.Table.from_arrays(columns, names=rows.column_names)


def _as_run(column: pa.Array) -> pa.Array:
    if is_of_runs(column) or len(column) < FEWEST or not _is_constant(column):
        return column
    return _run(column.take(pa.array([0])), len(column))


def _run(value: pa.Array, rows: int) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(pa.array([rows], pa.int32()), value)


def _is_constant(column: pa.Array) -> bool:
    if column.null_count:
        return False
    first = column[0]
    return first == column[-1] and bool(pc.all(pc.equal(column, first)).as_py())
