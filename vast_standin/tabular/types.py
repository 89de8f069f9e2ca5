"""Arrow types that a column may have."""

import re
from collections.abc import Callable, Iterable

import pyarrow as pa

from vast_standin.http import ProtocolError

_LARGEST_LIST = 1 << 20
_ZONE = re.compile(r"[+-]\d\d:?\d\d|[A-Za-z][\w+/-]*", re.ASCII)
_Test = Callable[[pa.DataType], bool]

_SCALARS: tuple[_Test, ...] = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_date32,
    pa.types.is_time,
    lambda kind: pa.types.is_timestamp(kind) and _is_zone(kind.tz),
    lambda kind: pa.types.is_decimal128(kind) and 0 <= kind.scale <= kind.precision,
)
_TEXTS: tuple[_Test, ...] = (
    pa.types.is_string,
    pa.types.is_binary,
    pa.types.is_fixed_size_binary,
)
_ELEMENTS: tuple[_Test, ...] = (
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    *_SCALARS[3:],
)


def check_types(fields: Iterable[pa.Field]) -> None:
    """Refuse fields of types that cannot be stored."""
    for field in fields:
        _check(field.name, field.type)


def same_type(first: pa.DataType, second: pa.DataType) -> bool:
    """Return whether values of one type may go into a column of the other.

    Equal in everything but time zones, names of list items and nullability, which
    counts only for the elements of fixed size lists.
    """
    if pa.types.is_timestamp(first) and pa.types.is_timestamp(second):
        return bool(first.unit == second.unit)
    if first.id != second.id or first.num_fields != second.num_fields:
        return False
    if pa.types.is_fixed_size_list(first):
        return bool(
            first.list_size == second.list_size
            and first.value_field.nullable == second.value_field.nullable
            and same_type(first.value_type, second.value_type)
        )
    if first.num_fields == 0:
        return bool(first == second)
    named = pa.types.is_struct(first)
    return all(
        (not named or first.field(i).name == second.field(i).name)
        and same_type(first.field(i).type, second.field(i).type)
        for i in range(first.num_fields)
    )


def mismatch(message: str) -> ProtocolError:
    """Return the error for values of the wrong type."""
    return ProtocolError(400, "TabularMismatchColumnType", message)


def _check(name: str, kind: pa.DataType) -> None:
    if pa.types.is_fixed_size_list(kind):
        _check_vector(name, kind)
    elif pa.types.is_list(kind) or pa.types.is_struct(kind) or pa.types.is_map(kind):
        for i in range(kind.num_fields):
            _check(f"{name}.{kind.field(i).name}", kind.field(i).type)
    elif not any(test(kind) for test in (*_SCALARS, *_TEXTS)):
        raise _unsupported(name, kind)


def _check_vector(name: str, kind: pa.DataType) -> None:
    if kind.list_size == 0:
        raise ProtocolError(
            400,
            "TabularInvalidColumnTypeParam",
            f"column {name}: a fixed size list of 0 elements",
        )
    element = kind.value_field
    if (
        element.nullable
        or kind.list_size > _LARGEST_LIST
        or not any(test(element.type) for test in _ELEMENTS)
    ):
        raise _unsupported(name, kind)


def _is_zone(name: str | None) -> bool:
    """Return whether a time zone is valid: none, an offset, or a name."""
    return name is None or _ZONE.fullmatch(name) is not None


def _unsupported(name: str, kind: pa.DataType) -> ProtocolError:
    return ProtocolError(
        400,
        "TabularUnsupportedColumnType",
        f"column {name} of type {kind} cannot be stored",
    )
