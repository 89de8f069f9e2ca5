"""Which rows of a declared table are upper limits.

A flag has any spelling: True, T, 1, 1.0 and yes are the same. A convention that fits no
row is an error that shows the values, unless all rows say that they are measurements.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals, number
from orbital_kernel.archives.mapped.units import limit_factor
from orbital_kernel.errors import MappingError

TRUE = frozenset({"true", "t", "yes", "y", "1"})
FALSE = frozenset({"false", "f", "no", "n", "0"})
LIMITS = TRUE | {
    "<",
    "ul",
    "upper",
    "upper limit",
    "upperlimit",
    "upper_limit",
    "limit",
}
MEASURED = FALSE | {"=", "d", "det", "detection", "measurement", "m"}
_SIGN = re.compile(r"\s*([<>\u2264\u2265])\s*=?\s*(.*)")
_LOWER = frozenset(">\u2265")


@dataclass(frozen=True)
class Bounded:
    """Values, which are upper limits, and which are lower limits."""

    value: Reals
    is_limit: NDArray[np.bool_]
    is_lower: NDArray[np.bool_]


def bounded(cells: DeclaredCells, plus: Reals, minus: Reals) -> Bounded:
    """Return the values of rows, limits among them, by the mapping's convention.

    `plus` and `minus` are the errors as written.
    """
    rule = cells.mapping.limit
    no_rows = np.zeros(len(cells), dtype=bool)
    if rule.convention == "sign":
        return _signed(cells)
    value = cells.real("value")
    limit, values_seen = no_rows, [""]
    if rule.convention == "flag":
        words = [_word(cell) for cell in cells.texts(str(rule.column))]
        limit, values_seen = _flagged(cells, words)
    elif rule.convention == "zero-value":
        bound = cells.reals(str(rule.column)) * limit_factor(cells)
        limit = ~(value > 0) & (bound > 0)
        sound = (value > 0).all()
        values_seen = [] if sound else _shown(bound)
        value = np.where(limit, bound, value)
    elif rule.convention == "zero-error":
        limit = (plus == 0) & (minus == 0)
        values_seen = _unsound(value, plus, minus)
    elif rule.convention == "negative-error":
        limit = ((plus < 0) & ~(minus > 0)) | ((minus < 0) & ~(plus > 0))
        values_seen = _unsound(value, plus, minus)
    if rule.convention != "none" and len(cells) and not limit.any():
        _state_none(cells, values_seen)
    return Bounded(value, limit, no_rows)


def _state_none(cells: DeclaredCells, values_seen: list[str]) -> None:
    """Raise MappingError if rows without a limit do not look like measurements."""
    rule = cells.mapping.limit
    if values_seen:
        where = f" of column {rule.column!r}" if rule.column else ""
        code = f" equals {rule.equals!r}" if rule.equals is not None else ""
        raise MappingError(
            f"limit.convention {rule.convention}{code} fits none of {len(cells)} rows; the "
            f"values{where} are {', '.join(values_seen[:8])}: name the one that marks a "
            "limit, or set convention = 'none'"
        )
    cells.note(f"no limit by convention {rule.convention} among {len(cells)} rows")


def _signed(cells: DeclaredCells) -> Bounded:
    values, signs = [], []
    for row, cell in zip(cells.numbers, cells.words("value"), strict=True):
        match = _SIGN.fullmatch(cell or "")
        text = match[2] if match else cell
        signs.append(match[1] if match else "")
        try:
            values.append(math.nan if text is None else number(text))
        except ValueError:
            raise MappingError(
                f"row {row}: {cells.mapping.columns.get('value')} is {cell!r}, not a "
                "number or a limit such as <3.2"
            ) from None
    lower = np.array([sign in _LOWER for sign in signs], dtype=bool)
    limit = np.array([sign != "" for sign in signs], dtype=bool) & ~lower
    if len(cells) and not limit.any():
        cells.note(f"no limit by convention sign among {len(cells)} rows")
    return Bounded(np.array(values), limit, lower)


def _flagged(
    cells: DeclaredCells, words: list[str | None]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which rows are flagged, and the values that are no word of a measurement."""
    equals = cells.mapping.limit.equals
    codes = {_word(str(c)) for c in (equals if isinstance(equals, list) else [equals])}
    boolean = all(word in TRUE | FALSE for word in words if word is not None)
    for spellings in (TRUE, FALSE):
        if codes <= spellings and boolean:
            codes = set(spellings)
    if equals is None:
        codes = {word for word in words if word is not None and word.lower() in LIMITS}
    limit = np.array([word is not None and word in codes for word in words], dtype=bool)
    stated = cells.texts(str(cells.mapping.limit.column))
    strange = [
        str(text)
        for text, word in zip(stated, words, strict=True)
        if word is not None and word.lower() not in MEASURED
    ]
    if not limit.any() and all(word is None for word in words):
        strange = ["blank"]
    unclear = [text for text in strange if (_word(text) or "").lower() not in LIMITS]
    if equals is None and unclear:
        raise MappingError(
            f"limit.column {cells.mapping.limit.column!r} has "
            f"{', '.join(_unique(map(repr, unclear))[:8])}, neither true nor false: set "
            "limit.equals to the value that marks a limit"
        )
    return limit, _unique(map(repr, strange))


def _word(cell: str | None) -> str | None:
    """Return a flag so that spellings of the same number or truth value are equal."""
    if cell is None:
        return None
    word = cell.strip()
    try:
        return f"{number(word):g}"
    except ValueError:
        return word.lower() if word.lower() in TRUE | FALSE else word


def _unsound(value: Reals, plus: Reals, minus: Reals) -> list[str]:
    """Return errors that are not those of measurements; empty if all are above 0."""
    present = ~np.isnan(value)
    strange = present & ~((plus > 0) & (minus > 0))
    return _shown(plus[strange])


def _shown(numbers: Reals) -> list[str]:
    return _unique(f"{n:g}" if n == n else "blank" for n in numbers)  # noqa: PLR0124


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
