"""Constant columns: one value and how often it repeats, as Arrow's run-end encoding.

The name of a file in each of its rows takes more bytes than the row's numbers. Clients send
and read a value per row; segments hold such a column as one run.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 1024
"""Rows from which a constant column is worth its own form."""
WIDEST = 64
"""Bytes of the longest value: what a column may take more in memory than on disk."""
_OFFSETS = np.dtype("<i4")


def with_constants(
    columns: Mapping[int, pa.Array], plain_ones: Collection[int]
) -> dict[int, pa.Array]:
    """Return columns by number, the constant ones as one run, but for some."""
    return {
        number: plain(column) if number in plain_ones else as_run(column)
        for number, column in columns.items()
    }


def as_run(column: pa.Array) -> pa.Array:
    """Return a column as one run if it is constant and long, else as plain values."""
    if is_one_run(column) and len(column) >= FEWEST and _is_narrow(column.values):
        return column
    column = plain(column)
    if len(column) < FEWEST or not is_constant(column):
        return column
    return repeated(column.take(pa.array([0])), len(column))


def repeated(value: pa.Array, rows: int) -> pa.Array:
    """Return a value, an array of one, as a run of so many rows."""
    return pa.RunEndEncodedArray.from_arrays(pa.array([rows], pa.int32()), value)


def taken(column: pa.Array, index: pa.Array) -> pa.Array:
    """Return rows of a column in the order of an index; a run stays one."""
    return (
        repeated(column.values, len(index))
        if is_encoded(column)
        else column.take(index)
    )


def joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Return columns one after the other; runs of the same value stay one."""
    first = columns[0]
    if len(columns) == 1:
        return first
    if all(is_one_run(c) and c.values.equals(first.values) for c in columns):
        return repeated(first.values, sum(map(len, columns)))
    return pa.concat_arrays([plain(c) for c in columns])


def plain_bytes(column: pa.Array) -> int:
    """Return how many bytes a column takes with a value for each row."""
    if not is_encoded(column):
        return int(column.nbytes)
    return int(column.values.nbytes) * len(column)


def plain(column: pa.Array) -> pa.Array:
    """Return a column with a value for each row."""
    return pc.run_end_decode(column) if is_encoded(column) else column


def is_encoded(column: pa.Array) -> bool:
    """Return whether a column is of runs."""
    return bool(pa.types.is_run_end_encoded(column.type))


def value_type(column: pa.Array) -> pa.DataType:
    """Return the type of a column's values, whatever their form."""
    return column.type.value_type if is_encoded(column) else column.type


def is_one_run(column: pa.Array) -> bool:
    """Return whether a column is a single run of a value that is not null."""
    return (
        is_encoded(column) and len(column.values) == 1 and not column.values.null_count
    )


def is_constant(column: pa.Array) -> bool:
    """Return whether a column has the same bytes in all rows, and no nulls."""
    if column.null_count or not len(column):
        return False
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _texts_repeat(column)
    if not (pa.types.is_primitive(kind) or pa.types.is_fixed_size_binary(kind)):
        return False
    width, bits = divmod(kind.bit_width, 8)
    values = column.buffers()[-1]
    if bits or not width or values is None:
        return False
    return _repeats(values, column.offset * width, len(column) * width, width)


def _is_narrow(value: pa.Array) -> bool:
    kind = value.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return len(value[0].as_buffer()) <= WIDEST
    return bool(pa.types.is_primitive(kind) or pa.types.is_fixed_size_binary(kind))


def _texts_repeat(column: pa.Array) -> bool:
    _, ends, data = column.buffers()
    first = column.offset
    offsets = np.frombuffer(ends, _OFFSETS)[first : first + len(column) + 1]
    width, length = int(offsets[1] - offsets[0]), int(offsets[-1] - offsets[0])
    if length != width * len(column) or not bool((np.diff(offsets) == width).all()):
        return False
    return width <= WIDEST and (
        not width or _repeats(data, int(offsets[0]), length, width)
    )


def _repeats(data: pa.Buffer, start: int, length: int, width: int) -> bool:
    """Return whether bytes are the first `width` of them again and again."""
    last = data.slice(start + length - width, width)
    if not data.slice(start, width).equals(last):
        return False
    shorter = length - width
    return bool(data.slice(start, shorter).equals(data.slice(start + width, shorter)))
