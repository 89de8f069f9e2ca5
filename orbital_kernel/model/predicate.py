"""What VAST can evaluate: AND across columns, within one column OR of simple terms.

Source: the vendor's supported pushdowns (vastdb SDK, `_internal.py`). Each clause can
also be evaluated by Polars, so that pushed and local answers are the same by test.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

import polars as pl

Value = int | float | str | bool | datetime


@dataclass(frozen=True)
class Range:
    """Values from `low` to `high`, both included; None is unbounded."""

    low: Value | None = None
    high: Value | None = None

    def __str__(self) -> str:
        """Return the range as people write it."""
        if self.low is None:
            return f"<= {self.high}"
        return (
            f">= {self.low}" if self.high is None else f"in [{self.low}, {self.high}]"
        )

    def expr(self, column: pl.Expr) -> pl.Expr:
        """Return the Polars expression."""
        if self.low is None:
            return column <= self.high
        return (
            column >= self.low
            if self.high is None
            else column.is_between(self.low, self.high)
        )


@dataclass(frozen=True)
class Equal:
    """One value."""

    value: Value

    def __str__(self) -> str:
        """Return the term as people write it."""
        return f"= {self.value!r}"

    def expr(self, column: pl.Expr) -> pl.Expr:
        """Return the Polars expression."""
        return column == self.value


@dataclass(frozen=True)
class Null:
    """No value."""

    def __str__(self) -> str:
        """Return the term as people write it."""
        return "is null"

    def expr(self, column: pl.Expr) -> pl.Expr:
        """Return the Polars expression."""
        return column.is_null()


@dataclass(frozen=True)
class NotNull:
    """Any value."""

    def __str__(self) -> str:
        """Return the term as people write it."""
        return "is not null"

    def expr(self, column: pl.Expr) -> pl.Expr:
        """Return the Polars expression."""
        return column.is_not_null()


@dataclass(frozen=True)
class Prefix:
    """Text that starts with `text`."""

    text: str

    def __str__(self) -> str:
        """Return the term as people write it."""
        return f"starts with {self.text!r}"

    def expr(self, column: pl.Expr) -> pl.Expr:
        """Return the Polars expression."""
        return column.str.starts_with(self.text)


@dataclass(frozen=True)
class Contains:
    """Text that has `text` anywhere."""

    text: str

    def __str__(self) -> str:
        """Return the term as people write it."""
        return f"contains {self.text!r}"

    def expr(self, column: pl.Expr) -> pl.Expr:
        """Return the Polars expression."""
        return column.str.contains(self.text, literal=True)


Term = Range | Equal | Null | NotNull | Prefix | Contains


@dataclass(frozen=True)
class Clause:
    """One column that must satisfy any of the terms."""

    column: str
    any_of: tuple[Term, ...]

    def __str__(self) -> str:
        """Return the clause, many terms shortened to the first ones and a count."""
        shown = [f"{self.column} {term}" for term in self.any_of[:3]]
        more = len(self.any_of) - len(shown)
        return " or ".join(shown) + (f" or {more} more" if more else "")

    def expr(self) -> pl.Expr:
        """Return the Polars expression; true nowhere for no terms."""
        terms = [term.expr(pl.col(self.column)) for term in self.any_of]
        return reduce(or_, terms) if terms else pl.lit(value=False)
