"""Conditions that hold for all rows of a span, as its zones show without reading it."""

from collections.abc import Callable, Container
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vast_standin.engine.predicate import Every, Expression, Term
from vast_standin.engine.segment import Segment
from vast_standin.engine.zones import GROUP, ColumnZones

_Bounds = tuple[Any, Any]
_HOLDS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "equal": lambda low, high, value: low == high == value,
    "not_equal": lambda low, high, value: value < low or high < value,
    "less": lambda _low, high, value: high < value,
    "less_equal": lambda _low, high, value: high <= value,
    "greater": lambda low, _high, value: low > value,
    "greater_equal": lambda low, _high, value: low >= value,
}


def certainly_holds(
    condition: Expression,
    segment: Segment,
    start: int,
    stop: int,
    virtual: Container[int] = (),
) -> bool:
    """Return whether zones show that a condition holds for positions [start, stop)."""
    if isinstance(condition, Term):
        return _term_holds(condition, segment, start, stop, virtual)
    parts = (
        certainly_holds(part, segment, start, stop, virtual) for part in condition.parts
    )
    return all(parts) if isinstance(condition, Every) else any(parts)


def _term_holds(
    term: Term, segment: Segment, start: int, stop: int, virtual: Container[int]
) -> bool:
    number, value = term.target.column, term.literal
    test = _HOLDS.get(term.operator)
    if test is None or term.target.path or number < 0 or number in virtual:
        return False
    if any(number in patch.numbers for patch in segment.patches):
        return False
    zones = segment.base.zones.get(number)
    bounds = None if zones is None else _bounds(zones, start, stop)
    if bounds is None or type(bounds[0]) is not type(value):
        return False
    return test(*bounds, value)


def _bounds(zones: ColumnZones, start: int, stop: int) -> _Bounds | None:
    """Return bounds of all values; None if there are others: null, NaN, unknown ones.

    A bound of long text is cut, the low one to less and the high one to more than it.
    """
    if pa.types.is_floating(zones.lows.type):
        return None
    some = np.flatnonzero(
        (zones.groups >= start // GROUP) & (zones.groups <= (stop - 1) // GROUP)
    )
    lows, highs = (bounds.take(pa.array(some)) for bounds in (zones.lows, zones.highs))
    if zones.nulls[some].any() or lows.null_count or highs.null_count or not len(some):
        return None
    return pc.min(lows).as_py(), pc.max(highs).as_py()
