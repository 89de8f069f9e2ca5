"""Row ids on the wire: unsigned, or decimals of 38 digits whose low 56 bits count."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vast_standin.engine.positions import RowIds
from vast_standin.http import ProtocolError

NAME = "$row_id"
WIDE = pa.decimal128(38, 0)
_LOW = np.uint64((1 << 56) - 1)


def row_id_array(ids: RowIds, *, wide: bool) -> pa.Array:
    """Write row ids as clients of a table expect them."""
    if not wide:
        return pa.array(ids, type=pa.uint64())
    words = np.zeros((len(ids), 2), dtype="<u8")
    words[:, 0] = ids
    return pa.Array.from_buffers(WIDE, len(ids), [None, pa.py_buffer(words)])


def parse_row_ids(column: pa.Array) -> RowIds:
    """Read row ids in either form; 400 if they are something else or hold nulls."""
    if column.null_count:
        raise _wrong("a row id is null")
    if pa.types.is_decimal128(column.type):
        buffer = column.buffers()[1]
        words = np.frombuffer(buffer, dtype="<u8").reshape(-1, 2)
        return _low(words[column.offset : column.offset + len(column), 0])
    if pa.types.is_integer(column.type):
        return np.asarray(column.to_numpy()).astype(np.uint64)
    raise _wrong(f"row ids are of type {column.type}")


def check_rising(ids: RowIds) -> None:
    """Refuse row ids that do not rise strictly."""
    if not bool(np.all(ids[1:] > ids[:-1])):
        raise _wrong("Found duplicate row ids or not in ascending order")


def _low(words: npt.NDArray[np.uint64]) -> RowIds:
    return np.asarray(words & _LOW, dtype=np.uint64)


def _wrong(message: str) -> ProtocolError:
    return ProtocolError(400, "InvalidArgument", message)
