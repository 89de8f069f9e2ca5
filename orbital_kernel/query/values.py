"""Values of a query converted to the type of their column.

A range is moved inwards to numbers that the column can hold, which changes no answer; a
value of the wrong type raises QueryError.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from numbers import Integral, Real

import pyarrow as pa

from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, Equal, Null, Range, Value

Pair = tuple[Value | None, Value | None]


def range_clause(name: str, pair: Pair, kind: pa.DataType) -> Clause:
    """Return the clause of one range; without terms if nothing can be inside."""
    low, high = pair
    if low is None and high is None:
        raise QueryError(f"the range of {name!r} has neither a low nor a high end")
    for value in (low, high):
        if value is not None:
            _check(name, value, kind)
    if pa.types.is_integer(kind):
        low, high = _integer(low, math.ceil), _integer(high, math.floor)
        least, most = _limits(kind)
        if (low or 0) > most or (high or 0) < least:
            return Clause(name, ())
        low = None if low is None else max(low, least)
        high = None if high is None else min(high, most)
    if low is None and high is None:
        low = -math.inf if pa.types.is_floating(kind) else _limits(kind)[0]
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        return Clause(name, ())
    return Clause(name, (Range(low, high),))


def set_clause(name: str, values: Sequence[Value | None], kind: pa.DataType) -> Clause:
    """Return the clause of one set, each value once; None stands for null."""
    if isinstance(values, str):
        raise QueryError(f"the set of {name!r} is a list of values, not {values!r}")
    for value in values:
        if value is not None:
            _check(name, value, kind)
    terms = (Null() if v is None else Equal(v) for v in dict.fromkeys(values))
    return Clause(name, tuple(t for t in terms if _can_be(t, kind)))


def _can_be(term: Equal | Null, kind: pa.DataType) -> bool:
    """Return whether an integer column can hold a number."""
    if isinstance(term, Null) or not pa.types.is_integer(kind):
        return True
    least, most = _limits(kind)
    return float(term.value).is_integer() and least <= term.value <= most  # type: ignore[arg-type,operator]


def _check(name: str, value: Value, kind: pa.DataType) -> None:
    for test, allowed, text in _KINDS:
        if test(kind):
            if not isinstance(value, allowed) or (
                isinstance(value, bool) and allowed is not bool
            ):
                raise QueryError(f"{name!r} is {text}, and {value!r} is not")
            break
    if isinstance(value, float) and math.isnan(value):
        raise QueryError(f"no value equals or exceeds NaN: remove it from {name!r}")
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise QueryError(
            f"{name!r} is on the TT scale: give a datetime without zone, or a TimeSpan for UTC"
        )


def _integer(value: Value | None, rounded: object) -> int | None:
    if value is None or (isinstance(value, float) and math.isinf(value)):
        return None if value is None else (1 << 64 if float(value) > 0 else -(1 << 64))
    return int(rounded(value))  # type: ignore[operator]


def _limits(kind: pa.DataType) -> tuple[int, int]:
    bits: int = kind.bit_width
    if pa.types.is_unsigned_integer(kind):
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


_KINDS = (
    (pa.types.is_string, str, "text"),
    (pa.types.is_boolean, bool, "true or false"),
    (pa.types.is_integer, (Integral, Real), "a number"),
    (pa.types.is_floating, Real, "a number"),
    (pa.types.is_timestamp, datetime, "a time (a datetime, TT)"),
)
