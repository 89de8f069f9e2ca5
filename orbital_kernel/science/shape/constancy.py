"""Tests against a constant rate: chi-square of counts, at any number, and of values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError

Reals = NDArray[np.float64]
FEW = 10.0
SIMULATED, NONE_AS_LARGE = "simulated", "simulated, upper limit"
LEAST_TRIALS, TRIALS = 1_000, 10_000
AT_ONCE = 1_000_000
SEED = 20120427


@dataclass(frozen=True)
class Constancy:
    """A test against a constant rate.

    Parameters
    ----------
    statistic : float
        Sum of (n - expected)2 / expected.
    dof : int
        Number of bins less one.
    p_value : float
        Probability of at least this value if the rate is constant.
    method : str
        'chi2', or 'simulated' where a bin expects fewer than 10 counts; 'simulated,
        upper limit' if no simulated curve has a value as large.

    Examples
    --------
    >>> from orbital_kernel.science.shape import constancy
    >>> constancy([100, 101, 99], [10, 10, 10]).p_value > 0.9
    True
    """

    statistic: float
    dof: int
    p_value: float
    method: str


def constancy(counts: ArrayLike, exposure_s: ArrayLike) -> Constancy:
    """Return the chi-square test of counts against a constant rate.

    The expected counts are those of the mean rate, so that bins without counts are no
    special case. Where a bin expects fewer than 10, the p-value is of 10,000 simulated
    curves with the same total (multinomial), as it is not that of a chi-square.

    Parameters
    ----------
    counts, exposure_s
        Counts (n,) and live times (n,), s.

    Returns
    -------
    Constancy
        Statistic, degrees of freedom, p-value and method.

    Raises
    ------
    QueryError
        If there are fewer than two bins with live time, or no counts.

    References
    ----------
    Pearson 1900, Phil. Mag. 50, 157; Mighell 1999, ApJ 518, 380 (few counts).

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> shape.constancy([0, 9, 1, 0], [10.0] * 4).p_value < 0.01
    True
    """
    from scipy import special

    n, live = (np.asarray(a, np.float64) for a in (counts, exposure_s))
    n, live = n[live > 0], live[live > 0]
    if n.size < 2 or n.sum() == 0:
        raise QueryError("a test of constancy needs counts in two or more bins")
    share = live / live.sum()
    expected = n.sum() * share
    statistic = float(((n - expected) ** 2 / expected).sum())
    if expected.min() >= FEW:
        p_value = float(special.chdtrc(n.size - 1, statistic))
        return Constancy(statistic, n.size - 1, p_value, "chi2")
    rng = np.random.default_rng(SEED)
    above = 0
    part = max(1, min(TRIALS, AT_ONCE // n.size))
    for first in range(0, TRIALS, part):
        size = min(part, TRIALS - first)
        trial = rng.multinomial(int(n.sum()), share, size=size)
        values = ((trial - expected) ** 2 / expected).sum(axis=1)
        above += int((values >= statistic * (1 - 1e-12)).sum())
    return Constancy(statistic, n.size - 1, (above + 1) / (TRIALS + 1), _method(above))


def _method(above: int) -> str:
    """Return the method of a p-value of simulated curves, `above` of them as variable."""
    return SIMULATED if above else NONE_AS_LARGE


def constancy_above(
    counts: ArrayLike,
    exposure_s: ArrayLike,
    *,
    background: ArrayLike,
    background_variance: ArrayLike,
) -> Constancy:
    """Return the test of counts against a constant source above a measured background.

    Where a bin expects fewer than 10 counts, the p-value is of 1,000 (many bins) to
    10,000 (few) simulated curves, with Poisson counts and background.

    Parameters
    ----------
    counts, exposure_s
        Counts (n,) and live times (n,), s.
    background, background_variance
        Counts (n,) expected of the background, and their variance.

    Returns
    -------
    Constancy
        Statistic, degrees of freedom, p-value and method.

    Raises
    ------
    QueryError
        If there are fewer than two bins, or no counts.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> live, around = [10.0] * 4, {"background": 1.0, "background_variance": 0.1}
    >>> shape.constancy_above([2, 19, 3, 1], live, **around).p_value < 0.01
    True
    """
    from scipy import special

    n, live, b, v = np.broadcast_arrays(
        *(
            np.asarray(a, np.float64)
            for a in (counts, exposure_s, background, background_variance)
        )
    )
    if n.size < 2 or n.sum() == 0:
        raise QueryError("a test of constancy needs counts in two or more bins")

    def statistic_of(n: Reals, b: Reals, v: Reals) -> tuple[Reals, Reals]:
        rate = np.maximum((n - b).sum(axis=-1) / live.sum(), 0.0)
        expected = rate[..., None] * live + b
        variance = np.maximum(expected + v, 1e-300)
        return ((n - expected) ** 2 / variance).sum(axis=-1), expected

    value, expected = statistic_of(n, b, v)
    statistic = float(value)
    if expected.min() >= FEW:
        p_value = float(special.chdtrc(n.size - 1, statistic))
        return Constancy(statistic, n.size - 1, p_value, "chi2")
    rng = np.random.default_rng(SEED)
    scale = np.divide(v, b, out=np.zeros(b.shape), where=b > 0)
    off = np.divide(b, scale, out=np.zeros(b.shape), where=scale > 0)
    trials = int(np.clip(AT_ONCE // n.size, LEAST_TRIALS, TRIALS))
    above = 0
    part = max(1, min(trials, AT_ONCE // n.size))
    for first in range(0, trials, part):
        size = (min(part, trials - first), n.size)
        around = np.asarray(scale * rng.poisson(off, size), np.float64)
        drawn = np.asarray(rng.poisson(expected, size), np.float64)
        trial, _ = statistic_of(drawn, around, scale * around)
        above += int((trial >= statistic * (1 - 1e-12)).sum())
    return Constancy(statistic, n.size - 1, (above + 1) / (trials + 1), _method(above))


def constancy_of_values(values: ArrayLike, errors: ArrayLike) -> Constancy:
    """Return the chi-square test of values with Gaussian errors against their mean.

    For fluxes whose counts are not known; with few counts its p-values are too small.

    Parameters
    ----------
    values, errors
        Values (n,) and 1-sigma errors (n,), in one unit.

    Returns
    -------
    Constancy
        Statistic, degrees of freedom, p-value and method.

    Raises
    ------
    QueryError
        If there are fewer than two values, or an error is not positive.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> shape.constancy_of_values([1.0, 1.1, 0.9], [0.1, 0.1, 0.1]).dof
    2
    """
    from scipy import special

    x, sigma = (np.asarray(a, np.float64) for a in (values, errors))
    if x.size < 2 or not (sigma > 0).all():
        raise QueryError("a test of constancy needs two or more values with errors > 0")
    mean = np.average(x, weights=sigma**-2)
    statistic = float((((x - mean) / sigma) ** 2).sum())
    p_value = float(special.chdtrc(x.size - 1, statistic))
    return Constancy(statistic, x.size - 1, p_value, "chi2 of errors")
