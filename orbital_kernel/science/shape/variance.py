"""Excess variance: how much more a source varies than its errors explain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Variance:
    """Normalised excess variance and fractional variability.

    Parameters
    ----------
    excess, excess_err : float
        (S2 - mean square error) / mean2, and its 1-sigma error from the measurement.
    fvar, fvar_err : float
        Square root of the excess variance and its error; NaN if it is negative.
    mean : float
        Mean of the values, in their unit.
    points : int
        How many values.

    Examples
    --------
    >>> from orbital_kernel.science.shape import excess_variance
    >>> excess_variance([1.0, 3.0, 1.0, 3.0], [0.1, 0.1, 0.1, 0.1]).points
    4
    """

    excess: float
    excess_err: float
    fvar: float
    fvar_err: float
    mean: float
    points: int


def excess_variance(values: ArrayLike, errors: ArrayLike) -> Variance:
    """Return the normalised excess variance of values with 1-sigma errors.

    Its error is that of the measurement: two curves of one red-noise source differ by
    more. Limits do not belong into the values.

    Parameters
    ----------
    values, errors
        Values (n,) and their errors (n,), in one unit.

    Returns
    -------
    Variance
        Excess variance, Fvar and their errors.

    Raises
    ------
    QueryError
        If there are fewer than two values, an error is not positive, or the mean is not.

    References
    ----------
    Vaughan et al. 2003, MNRAS 345, 1271, eqs. 8, 10, 11 and B2.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> round(shape.excess_variance([1.0, 3.0, 1.0, 3.0], [0.1] * 4).fvar, 2)
    0.58
    """
    x, sigma = (np.asarray(a, np.float64) for a in (values, errors))
    if x.size < 2 or x.shape != sigma.shape or not (sigma > 0).all():
        raise QueryError(
            "a variance needs two or more values, each with an error > 0; of "
            f"{x.size} values {int((sigma > 0).sum())} have one"
        )
    return _variance(x, sigma**2)


def excess_variance_of_counts(
    counts: ArrayLike,
    exposure_s: ArrayLike,
    *,
    background: ArrayLike = 0.0,
    background_variance: ArrayLike = 0.0,
) -> Variance:
    """Return the same of counts in live time (n,), s; bins without counts belong to it.

    The Poisson variance of a rate is estimated by counts / exposure2, which has no bias at
    few counts; errors of single bins (Gehrels, exact) have.

    Parameters
    ----------
    counts, exposure_s
        Counts (n,) and live times (n,), s.
    background, background_variance
        Counts (n,) expected of the background, and their variance; none by default.

    Returns
    -------
    Variance
        Excess variance, Fvar and their errors; the mean is a net rate in ct / s.

    Raises
    ------
    QueryError
        If there are fewer than two bins with live time, or no counts.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> shape.excess_variance_of_counts([40, 160, 40, 160], [10.0] * 4).fvar > 0.5
    True
    """
    n, live = (np.asarray(a, np.float64) for a in (counts, exposure_s))
    if n.size < 2 or not (live > 0).all() or not n.any():
        raise QueryError("a variance needs counts in two or more bins with live time")
    b, v = (np.asarray(a, np.float64) for a in (background, background_variance))
    return _variance((n - b) / live, (n + v) / live**2)


def _variance(x: Reals, square_errors: Reals) -> Variance:
    mean, noise, count = float(x.mean()), float(square_errors.mean()), x.size
    if mean <= 0:
        raise QueryError(f"a variance relative to a mean of {mean:.3g} has no meaning")
    excess = float((x.var(ddof=1) - noise) / mean**2)
    fvar = np.sqrt(excess) if excess > 0 else np.nan
    first = np.sqrt(2 / count) * noise / mean**2
    second = np.sqrt(noise / count) * 2 * np.sqrt(max(excess, 0.0)) / mean
    error = float(np.hypot(first, second))
    return Variance(excess, error, float(fvar), float(error / (2 * fvar)), mean, count)
