"""Partition transforms, by the names and rules of Apache Iceberg's specification.

Each turns a column into the values rows are partitioned by. Bucket hashes are
32-bit Murmur3 of the value's bytes as in Appendix B of that specification.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vast_standin.http import ProtocolError

_DAY_S = 86400
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True)
class Transform:
    """One transform: its result type for a source type, and how it is computed."""

    name: str
    result: Callable[[pa.DataType], pa.DataType]
    apply: Callable[[pa.Array, int | None], pa.Array]
    accepts: Callable[[pa.DataType], bool]
    suffix: str
    takes_argument: bool = False

    def check(self, kind: pa.DataType, argument: object) -> None:
        """Refuse unsuitable columns and arguments."""
        if not self.accepts(kind):
            raise _bad(f"partition transform {self.name} does not go with {kind}")
        if self.takes_argument != (isinstance(argument, int) and argument > 0):
            raise _bad(f"partition transform {self.name} with argument {argument!r}")

    def column_name(self, source: str) -> str:
        """Name the transformed column."""
        return f"{source}{self.suffix}"


def _bad(message: str) -> ProtocolError:
    return ProtocolError(400, "InvalidArgument", message)


def _is_scalar(kind: pa.DataType) -> bool:
    return bool(kind.num_fields == 0)


def _is_date_or_timestamp(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date32(kind))


def _is_hashable(kind: pa.DataType) -> bool:
    return bool(_is_scalar(kind) and not pa.types.is_floating(kind))


def _is_truncatable(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_decimal128(kind)
        or pa.types.is_string(kind)
        or pa.types.is_binary(kind)
    )


def _same(kind: pa.DataType) -> pa.DataType:
    return kind


def _int32(_kind: pa.DataType) -> pa.DataType:
    return pa.int32()


def _identity(array: pa.Array, _argument: int | None) -> pa.Array:
    return array


def _days(array: pa.Array, _argument: int | None) -> pa.Array:
    return pc.cast(_utc(array), pa.date32(), safe=False).view(pa.int32())


def _hours(array: pa.Array, _argument: int | None) -> pa.Array:
    seconds = pc.cast(_utc(array), pa.timestamp("s"), safe=False).view(pa.int64())
    return _floor_divide(seconds, 3600)


def _months(array: pa.Array, _argument: int | None) -> pa.Array:
    years = pc.subtract(pc.year(_utc(array)), 1970)
    months = pc.add(pc.multiply(years, 12), pc.subtract(pc.month(_utc(array)), 1))
    return pc.cast(months, pa.int32())


def _years(array: pa.Array, _argument: int | None) -> pa.Array:
    return pc.cast(pc.subtract(pc.year(_utc(array)), 1970), pa.int32())


def _utc(array: pa.Array) -> pa.Array:
    if pa.types.is_date32(array.type):
        return pc.cast(array, pa.timestamp("s"))
    return array.view(pa.timestamp(array.type.unit))


def _floor_divide(array: pa.Array, divisor: int) -> pa.Array:
    values = pc.fill_null(array, 0).to_numpy(zero_copy_only=False) // divisor
    return pa.array(values, mask=np.asarray(pc.is_null(array)), type=pa.int32())


def _truncate(array: pa.Array, width: int | None) -> pa.Array:
    width = width or 1
    if pa.types.is_string(array.type):
        return pc.utf8_slice_codeunits(array, 0, width)
    if pa.types.is_binary(array.type):
        return pc.binary_slice(array, 0, width)
    values = [None if v is None else _truncated(v, width) for v in array.to_pylist()]
    return pa.array(values, type=array.type)


def _truncated(value: Any, width: int) -> Any:
    if isinstance(value, Decimal):
        step = Decimal(width).scaleb(int(value.as_tuple().exponent))
        return value - ((value % step) + step) % step
    return value - value % width


def _bucket(array: pa.Array, buckets: int | None) -> pa.Array:
    encode = _encoder(array.type)
    raw = array if _is_text(array.type) else _hash_input(array)
    values = [
        None if v is None else (murmur3(encode(v)) & 0x7FFFFFFF) % (buckets or 1)
        for v in raw.to_pylist()
    ]
    return pa.array(values, type=pa.int32())


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_decimal128(kind)
    )


def _hash_input(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        view = array.view(pa.int64() if kind.bit_width == 64 else pa.int32())
        if kind.unit == "ns":
            return pc.divide(view, 1000)
        return pc.multiply(pc.cast(view, pa.int64()), _MICROSECONDS[kind.unit])
    if pa.types.is_date32(kind):
        return array.view(pa.int32())
    return pc.cast(array, pa.int64(), safe=False)


def _encoder(kind: pa.DataType) -> Callable[[Any], bytes]:
    if pa.types.is_string(kind):
        return str.encode
    if pa.types.is_decimal128(kind):
        return _decimal_bytes
    if _is_text(kind):
        return bytes
    return struct.Struct("<q").pack


def _decimal_bytes(value: Decimal) -> bytes:
    sign, digits, _ = value.as_tuple()
    number = int("".join(map(str, digits))) * (-1 if sign else 1)
    length = max(1, (number.bit_length() + 8) // 8)
    return number.to_bytes(length, "big", signed=True)


def murmur3(data: bytes) -> int:
    """Hash bytes with Murmur3 x86 32-bit, seed 0."""
    mask = 0xFFFFFFFF
    result = 0
    aligned = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:aligned]):
        result ^= _scramble(word)
        result = ((result << 13) | (result >> 19)) & mask
        result = (result * 5 + 0xE6546B64) & mask
    tail = int.from_bytes(data[aligned:], "little")
    result ^= _scramble(tail)
    result ^= len(data)
    result = ((result ^ (result >> 16)) * 0x85EBCA6B) & mask
    result = ((result ^ (result >> 13)) * 0xC2B2AE35) & mask
    return result ^ (result >> 16)


def _scramble(word: int) -> int:
    mask = 0xFFFFFFFF
    word = (word * 0xCC9E2D51) & mask
    word = ((word << 15) | (word >> 17)) & mask
    return (word * 0x1B873593) & mask


_ALL = (
    Transform("identity", _same, _identity, _is_scalar, ""),
    Transform("year", _int32, _years, _is_date_or_timestamp, "_year"),
    Transform("month", _int32, _months, _is_date_or_timestamp, "_month"),
    Transform("day", _int32, _days, _is_date_or_timestamp, "_day"),
    Transform("hour", _int32, _hours, pa.types.is_timestamp, "_hour"),
    Transform("bucket", _int32, _bucket, _is_hashable, "_bucket", takes_argument=True),
    Transform(
        "truncate", _same, _truncate, _is_truncatable, "_trunc", takes_argument=True
    ),
)
TRANSFORMS = {transform.name: transform for transform in _ALL}
