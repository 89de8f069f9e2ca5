"""Traits that refuse values without meaning in a query."""

import math
from typing import Any

import numpy as np
from traitlets import TraitError, TraitType

from orbital_kernel.model import times


class Bounded(TraitType):  # type: ignore[misc]
    """A finite number from `low` to `high`, or None if not given."""

    def __init__(self, unit: str, low: float, high: float, default: Any = None) -> None:
        self.unit, self.low, self.high = unit, low, high
        super().__init__(default, allow_none=True)

    def validate(self, _obj: Any, value: Any) -> float:
        """Return the number; TraitError names the range and its unit."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and self.low <= value <= self.high):
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            words = str(self.name).partition("_")[0]
            raise TraitError(
                f"{words} is a number from {self.low:g} to {self.high:g} {self.unit}, "
                f"not {shown}"
            )
        return float(value)


class UtcText(TraitType):  # type: ignore[misc]
    """An instant in UTC as ISO text, '' if open."""

    default_value = ""

    def validate(self, _obj: Any, value: Any) -> str:
        """Return the text trimmed; TraitError shows how to write a time."""
        if not isinstance(value, str):
            raise TraitError(f"{self.name} is UTC as text, not {value!r}")
        text = value.strip()
        try:
            instant = times.parse_utc(text)
        except ValueError as error:
            raise TraitError(f"{self.name}: {error}") from error
        return "" if np.isnat(instant) else text


class Names(TraitType):  # type: ignore[misc]
    """A tuple of different names, in the order given; empty if any name is allowed."""

    default_value = ()

    def validate(self, _obj: Any, value: Any) -> tuple[str, ...]:
        """Return the tuple; TraitError for a bare text or other values."""
        if isinstance(value, str) or not all(isinstance(name, str) for name in value):
            raise TraitError(f"{self.name} is a tuple of names, not {value!r}")
        return tuple(dict.fromkeys(value))


class Ranges(TraitType):  # type: ignore[misc]
    """Lowest and highest value by column, None where open; empty if all are allowed."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        super().__init__({})

    def make_dynamic_default(self) -> dict[str, Any]:
        """Return an empty mapping for each selection."""
        return {}

    def validate(self, _obj: Any, value: Any) -> dict[str, tuple[Any, Any]]:
        """Return the ranges that limit something; TraitError for others."""
        ranges = {}
        for column, (low, high) in dict(value).items():
            if column not in self.columns:
                raise TraitError(
                    f"ranges are of {', '.join(self.columns)}, not {column!r}"
                )
            ends = [None if end is None else float(end) for end in (low, high)]
            finite = [end for end in ends if end is not None]
            if not all(map(math.isfinite, finite)) or finite != sorted(finite):
                raise TraitError(
                    f"{column} is from low to high, not {low!r} to {high!r}"
                )
            if finite:
                ranges[column] = (ends[0], ends[1])
        return ranges


class Texts(TraitType):  # type: ignore[misc]
    """Text by column; empty if all is allowed."""

    def make_dynamic_default(self) -> dict[str, str]:
        """Return an empty mapping for each selection."""
        return {}

    def validate(self, _obj: Any, value: Any) -> dict[str, str]:
        """Return the texts that are not empty; TraitError for other values."""
        texts = dict(value)
        for column, text in texts.items():
            if not isinstance(column, str) or not isinstance(text, str):
                raise TraitError(
                    f"{self.name} is text by column, not {column!r}: {text!r}"
                )
        return {column: text for column, text in texts.items() if text}
