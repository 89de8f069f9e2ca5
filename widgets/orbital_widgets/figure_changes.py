"""What to set in a figure shown so that it becomes another of the same structure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.core.properties import Readonly
from bokeh.model import Model
from bokeh.models import DataRange1d, Range, Range1d

LISTENED = {"subscribed_events"}
"""Who listens to a figure stays with the one shown."""
Change = tuple[Model, str, Any]


class _DiffersError(Exception):
    """The two figures have different parts."""


def changes(
    shown: Model, drawn: Model, *, with_ranges: bool = True
) -> list[Change] | None:
    """Return (model, property, value) of `shown` that make it equal to `drawn`.

    None if their parts differ, or if a range follows the data: once a reader has zoomed,
    the browser alone knows whether it still does. Without ranges these do not count.
    """
    comparison = _Comparison(with_ranges=with_ranges)
    try:
        comparison.partner(shown, drawn)
    except _DiffersError:
        return None
    return comparison.changes


class _Comparison:
    """The parts compared so far, each with its partner."""

    def __init__(self, *, with_ranges: bool) -> None:
        self._with_ranges = with_ranges
        self.changes: list[Change] = []
        self._partners: dict[str, Model] = {}

    def partner(self, new: Any, drawn: Any) -> Model:
        """Compare two models and what they refer to; return the one shown."""
        shown: Model = new
        if type(shown) is not type(drawn):
            raise _DiffersError
        if isinstance(shown, Range) and not self._with_ranges:
            return shown
        if isinstance(shown, DataRange1d):
            raise _DiffersError
        if drawn.id in self._partners:
            if self._partners[drawn.id] is not shown:
                raise _DiffersError
            return shown
        self._partners[drawn.id] = shown
        old, values = _set_values(shown), _set_values(drawn)
        for name in sorted(old.keys() | values.keys()):
            before = getattr(shown, name)
            after = self._value(before, getattr(drawn, name))
            if not _equal(before, after):
                self.changes.append((shown, name, after))
        if isinstance(shown, Range1d):
            self._reset(shown, drawn)
        return shown

    def _reset(self, shown: Range1d, drawn: Range1d) -> None:
        """Let the reset of a range give what the one drawn resets to, or begins with."""
        for end in ("start", "end"):
            name = f"reset_{end}"
            value = getattr(drawn, name)
            value = getattr(drawn, end) if value is None else value
            self.changes = [c for c in self.changes if c[:2] != (shown, name)]
            if getattr(shown, name) != value:
                self.changes.append((shown, name, value))

    def _value(self, old: Any, new: Any) -> Any:
        """Return the new value, with the models shown in place of their partners."""
        if isinstance(new, Model) or isinstance(old, Model):
            return self.partner(old, new)
        if _has_models(new) or _has_models(old):
            if type(old) is not type(new) or len(old) != len(new):
                raise _DiffersError
            if isinstance(new, Mapping):
                if list(old) != list(new):
                    raise _DiffersError
                return {name: self._value(old[name], new[name]) for name in new}
            pairs = zip(old, new, strict=True)
            return [self._value(*pair) for pair in pairs]
        return new


def apply(differing: list[Change]) -> None:
    """Set what differs; of columns of the same length only those that have changed."""
    for model, name, value in differing:
        if name != "data":
            setattr(model, name, value)
            continue
        old = model.data
        columns = dict(value)
        lengths = {len(column) for column in (*old.values(), *columns.values())}
        if list(old) == list(columns) and len(lengths) == 1:
            old.update({k: v for k, v in columns.items() if not _equal(old[k], v)})
        else:
            model.data = columns


def _set_values(model: Model) -> dict[str, Any]:
    """Return the properties that have been set, without those that the browser writes.

    Bokeh works out the default of each property that it is asked for, so that it is
    asked only for those with a value.
    """
    names = {*model._property_values, *model._unstable_default_values}  # noqa: SLF001
    names |= set(model.themed_values() or ())

    def is_written(descriptor: Any) -> bool:
        is_set = descriptor.name in names - LISTENED and descriptor.serialized
        return is_set and not isinstance(descriptor.property, Readonly)

    values: dict[str, Any] = model.query_properties_with_values(
        is_written, include_defaults=False
    )
    return values


def _has_models(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(isinstance(v, Model) or _has_models(v) for v in value.values())
    if isinstance(value, list | tuple):
        return any(isinstance(v, Model) or _has_models(v) for v in value)
    return False


def _equal(old: Any, new: Any) -> bool:
    if isinstance(new, Model):
        return old is new
    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray):
        numbers = new.dtype.kind == old.dtype.kind == "f"
        return bool(np.array_equal(old, new, equal_nan=numbers))
    if isinstance(new, np.ndarray) or isinstance(old, np.ndarray):
        return False
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return list(old) == list(new) and all(_equal(old[k], new[k]) for k in new)
    if isinstance(new, list | tuple) and isinstance(old, list | tuple):
        pairs = zip(old, new, strict=False)
        return len(old) == len(new) and all(_equal(*pair) for pair in pairs)
    return bool(old == new or (old != old and new != new))  # noqa: PLR0124 - NaN
