"""Values of declared cells with their errors, and the confidence of both."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives import limits
from orbital_kernel.archives.mapped.bounds import Bounded, bounded
from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.units import error_factors
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import MappingError


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
    values = bounded(cells, first(plus_alone, both), first(minus_alone, both), units[1])
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
