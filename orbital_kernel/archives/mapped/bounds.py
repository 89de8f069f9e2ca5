"""Values of a declared table with their errors, and which rows are upper limits.

limits.py has the rule of flags and errors; the mapping says which part of it applies, by
its convention. A convention that fits no row is an error that shows the values, unless all
rows say that they are measurements.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives import limits
from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.missing_codes import (
    require_magnitudes,
    require_measurements,
)
from orbital_kernel.archives.mapped.units import error_factors, limit_factor
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import MappingError

ERRORS = {
    "zero-error": limits.Coding(negative=False, zero=True),
    "negative-error": limits.Coding(negative=True),
}
"""How the conventions that are of errors mark limits."""


@dataclass(frozen=True)
class Bounded:
    """Values, which are upper limits, and which are lower limits.

    `plus` and `minus` are the errors that the values' own cells state.
    """

    value: Reals
    is_limit: NDArray[np.bool_]
    is_lower: NDArray[np.bool_]
    plus: Reals = field(default_factory=lambda: np.array([math.nan]))
    minus: Reals = field(default_factory=lambda: np.array([math.nan]))


def bounded(
    cells: DeclaredCells, plus: Reals, minus: Reals, units: Sequence[str | None] = ()
) -> Bounded:
    """Return the values of rows, limits among them, by the mapping's convention.

    `plus` and `minus` are the errors as written; `units` are the kept units.
    """
    rule = cells.mapping.limit
    no_rows = np.zeros(len(cells), dtype=bool)
    written = _signed(cells, units)
    if rule.convention == "sign":
        if len(cells) and not written.is_limit.any():
            cells.note(f"no limit by convention sign among {len(cells)} rows")
        return written
    value = written.value
    limit, values_seen = no_rows, [""]
    if rule.convention == "flag":
        limit, values_seen = _flagged(cells)
    elif rule.convention == "zero-value":
        bound = cells.reals(str(rule.column)) * limit_factor(cells)
        limit = ~(value > 0) & (bound > 0)
        sound = (value > 0).all()
        values_seen = [] if sound else _shown(bound)
        value = np.where(limit, bound, value)
    elif rule.convention in ERRORS:
        account, coding = Account(""), ERRORS[rule.convention]
        coded = limits.measured(value, plus, minus, account=account, coding=coding)
        values_seen = _unsound(value, plus, minus)
        value, limit = coded.value, coded.is_limit
        if empty := int(np.isnan(value).sum() - np.isnan(written.value).sum()):
            cells.note(f"{empty} values of 0 with two errors of 0: no measurement")
    if rule.convention != "none" and len(cells) and not limit.any():
        _state_none(cells, values_seen)
    return replace(written, value=value, is_limit=limit | written.is_limit)


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


def _signed(cells: DeclaredCells, units: Sequence[str | None]) -> Bounded:
    """Return what the cells state themselves: values, errors and signs of limits.

    A magnitude is fainter as it is greater: `>21.5` is an upper limit of the flux.
    """
    measured = cells.measured("value")
    signs = np.array([m.limit for m in measured], dtype=str)
    faint = np.array([str(unit).startswith("mag") for unit in units], dtype=bool)
    upper = np.where(faint, ">", "<") if len(faint) == len(signs) else np.array("<")
    limit = (signs != "") & (signs == upper)
    if limit.any():
        cells.note(f"{int(limit.sum())} limits by the sign in the cell")
    return Bounded(
        np.array([m.value for m in measured], dtype=np.float64),
        limit,
        (signs != "") & ~limit,
        np.array([m.plus for m in measured], dtype=np.float64),
        np.array([m.minus for m in measured], dtype=np.float64),
    )


def _flagged(cells: DeclaredCells) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which rows are flagged, and the values that are no word of a measurement."""
    rule = cells.mapping.limit
    texts = cells.texts(str(rule.column))
    words = {text: limits.word(text) for text in texts}
    strange = [t for t in texts if words[t] is not None and words[t] not in limits.NO]
    unclear = [t for t in strange if words[t] not in limits.YES]
    if rule.equals is None and unclear:
        raise MappingError(
            f"limit.column {rule.column!r} has "
            f"{', '.join(_unique(map(repr, unclear))[:8])}, neither true nor false: set "
            "limit.equals to the value that marks a limit"
        )
    limit = np.array([bool(flag) for flag in limits.flags(texts, rule.equals)], bool)
    if all(word is None for word in words.values()):
        return limit, ["blank"]
    return limit, _unique(map(repr, strange))


def _unsound(value: Reals, plus: Reals, minus: Reals) -> list[str]:
    """Return errors that are not those of measurements; empty if all are above 0."""
    present = ~np.isnan(value)
    strange = present & ~((plus > 0) & (minus > 0))
    return _shown(plus[strange])


def _shown(numbers: Reals) -> list[str]:
    return _unique(f"{n:g}" if n == n else "blank" for n in numbers)  # noqa: PLR0124


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def measured(
    cells: DeclaredCells, units: tuple[Reals, list[str | None]]
) -> tuple[Bounded, Reals, Reals]:
    """Return the values, and their errors in the kept unit; limits have no errors."""
    factors = error_factors(cells, units)
    both = cells.real("value_err")
    plus_alone, minus_alone = (
        cells.real("value_err_plus"),
        cells.real("value_err_minus"),
    )
    for meaning, errors in (
        ("value_err", both),
        ("value_err_plus", plus_alone),
        ("value_err_minus", minus_alone),
    ):
        require_measurements(cells, meaning, errors)
    values = bounded(cells, first(plus_alone, both), first(minus_alone, both), units[1])
    require_measurements(cells, "value", values.value)
    require_magnitudes(cells, values.value, units[1])
    both = both * factors["value_err"]
    plus = first(plus_alone * factors["value_err_plus"], both)
    minus = first(minus_alone * factors["value_err_minus"], both)
    plus, minus = (
        first(plus, values.plus * units[0]),
        first(minus, values.minus * units[0]),
    )
    account = Account("")
    sound = limits.measured(
        values.value,
        plus,
        minus,
        account=account,
        coding=limits.STATED,
        flagged=values.is_limit.tolist(),
    )
    for text in account.understood:
        cells.note(text)
    return values, sound.plus, sound.minus


def interval(
    cells: DeclaredCells, units: tuple[Reals, list[str | None]], value: Reals
) -> tuple[Reals, Reals]:
    """Return the bounds of each value (kept unit): of two columns, or cells `(a, b)`."""
    factors = error_factors(cells, units)
    ends = []
    for row, cell in zip(cells.numbers, cells.words("value_bounds"), strict=True):
        try:
            ends.append(notation.bounds(cell) if cell else (math.nan, math.nan))
        except ValueError as error:
            raise MappingError(f"row {row}: value_bounds: {error}") from None
    written = np.array(ends, dtype=np.float64).reshape(-1, 2) * factors["value_bounds"][:, None]  # fmt: skip
    low = first(cells.real("value_low") * factors["value_low"], written[:, 0])
    high = first(cells.real("value_high") * factors["value_high"], written[:, 1])
    slack = 1e-9 * np.abs(value)
    wrong = np.flatnonzero((low > value + slack) | (high < value - slack))
    if len(wrong):
        k = wrong[0]
        raise MappingError(
            f"row {cells.numbers[k]}: the value {value[k]:g} is outside its bounds "
            f"({low[k]:g}, {high[k]:g})"
        )
    return low, high


def errors_in_sigma(cells: DeclaredCells) -> Reals:
    """Return how many sigmas (Gaussian) the errors are, 1 if `error_confidence` is not given."""
    if not cells.given("error_confidence"):
        return np.ones(len(cells))
    confidence = cells.real("error_confidence")
    wrong = confidence[~((confidence > 0) & (confidence < 1))]
    if len(wrong):
        raise MappingError(f"error_confidence is {wrong[0]:g}, not between 0 and 1")
    cells.note(
        "errors converted to 1 sigma (Gaussian) from a confidence of "
        f"{', '.join(f'{c:g}' for c in np.unique(confidence))}"
    )
    levels = {c: NormalDist().inv_cdf((1 + c) / 2) for c in np.unique(confidence)}
    return np.array([levels[c] for c in confidence])


def limit_confidence(cells: DeclaredCells, limit: NDArray[np.bool_]) -> Reals:
    """Return the confidence of limits as the mapping or a column states it."""
    stated = cells.mapping.limit.confidence
    confidence = cells.real("limit_confidence")
    if stated is not None:
        confidence = first(confidence, np.full(len(cells), float(stated)))
    return np.where(limit, confidence, math.nan)


def first(preferred: Reals, otherwise: Reals) -> Reals:
    """Return the preferred numbers, the others where these are blank."""
    return np.where(np.isnan(preferred), otherwise, preferred)
