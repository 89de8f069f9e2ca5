"""Physical values: the form in which zones, predicates and searches compare data.

Times are their integers in the column's unit, text is its bytes, everything else is
itself. Nothing here may copy more than an index of the data.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_INTEGER_VIEWS = {
    pa.types.is_date32: pa.int32(),
    pa.types.is_time32: pa.int32(),
    pa.types.is_time64: pa.int64(),
    pa.types.is_timestamp: pa.int64(),
}


def physical_type(kind: pa.DataType) -> pa.DataType:
    """Return the Arrow type in which values of a column type are compared."""
    for test, view in _INTEGER_VIEWS.items():
        if test(kind):
            return view
    if pa.types.is_string(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_float16(kind):
        return pa.float32()
    return kind


def physical(array: pa.Array) -> pa.Array:
    """View an array in its physical type, without copying where Arrow allows it."""
    target = physical_type(array.type)
    if target == array.type:
        return array
    if pa.types.is_integer(target):
        return array.view(target)
    return pc.cast(array, target)


def has_zones(kind: pa.DataType) -> bool:
    """Return whether minima and maxima are kept for a column type."""
    return bool(
        pa.types.is_primitive(kind)
        or pa.types.is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_decimal(kind)
    )


def numpy_dtype(kind: pa.DataType) -> np.dtype[Any]:
    """Return the numpy type of a physical type; object if only Python compares."""
    target = physical_type(kind)
    if pa.types.is_boolean(target):
        return np.dtype(np.int8)
    if pa.types.is_integer(target):
        return np.dtype(str(target))
    if pa.types.is_floating(target):
        return np.dtype(f"f{target.bit_width // 8}")
    return np.dtype(object)
