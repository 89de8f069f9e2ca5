"""Errors of counts and of shares, where a normal error is wrong: few counts, few tries."""

from collections.abc import Callable, Mapping
from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
CONFIDENCE = 0.9


def gehrels(counts: Reals) -> Reals:
    """Return the upper 1-sigma errors of counts (n,): 1 + sqrt(n + 0.75).

    Never zero; a few per cent too large above 20 counts.

    References
    ----------
    Gehrels 1986, ApJ 303, 336, eq. 7 (with S = 1).
    """
    return np.asarray(1 + np.sqrt(counts + 0.75))


def gauss(counts: Reals) -> Reals:
    """Return sqrt(n) of counts (n,): right for many counts, zero for none."""
    return np.sqrt(counts)


ERRORS: Mapping[str, Callable[[Reals], Reals]] = {"gehrels": gehrels, "gauss": gauss}


def gehrels_bounds(count: NDArray[np.int64]) -> tuple[Reals, Reals]:
    """Return the 68 % bounds (n,), (n,) of the Poisson means of counts (n,).

    References
    ----------
    Gehrels 1986, ApJ 303, 336, eqs. 7 (upper) and 12 (lower), with S = 1.
    """
    n = count.astype(np.float64)
    high = n + np.sqrt(n + 0.75) + 1.0
    m = np.maximum(n, 1.0)
    low = m * (1 - 1 / (9 * m) - 1 / (3 * np.sqrt(m))) ** 3
    return np.where(n > 0, low, 0.0), high


def poisson_interval(
    counts: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the central interval of a Poisson mean that contains it at least so often.

    Parameters
    ----------
    counts
        Number of events counted.
    confidence
        Least coverage of the interval; 0.9 by default.

    Returns
    -------
    tuple of float
        Lower and upper bound of the mean.

    Examples
    --------
    >>> from orbital_kernel.science.counting import poisson_interval
    >>> low, high = poisson_interval(0)
    >>> low, round(high, 3)
    (0.0, 2.996)

    References
    ----------
    Garwood 1936, Biometrika 28, 437; solved by bisection.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if counts == 0 else _solve(counts - 1, 1 - tail)
    return low, _solve(counts, tail)


def _solve(counts: int, probability: float) -> float:
    """Return the mean at which `counts` or fewer have that probability."""
    low, high = 1e-12, counts + 20.0 + 10.0 * counts**0.5
    for _ in range(200):
        middle = 0.5 * (low + high)
        if _at_most(counts, middle) > probability:
            low = middle
        else:
            high = middle
    return float(0.5 * (low + high))


def _at_most(counts: int, mean: float) -> float:
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(counts + 1))


def wilson_interval(
    successes: int, tries: int, z: float = 1.645
) -> tuple[float, float]:
    """Return the interval of a share of successes; z = 1.645 is 90 %.

    Parameters
    ----------
    successes
        Number of successes.
    tries
        Number of tries, at least one.
    z
        Half width in standard deviations.

    Returns
    -------
    tuple of float
        Lower and upper bound, between 0 and 1.

    References
    ----------
    Wilson 1927, J. Am. Stat. Assoc. 22, 209.
    """
    share = successes / tries
    scale = 1 + z**2 / tries
    middle = (share + z**2 / (2 * tries)) / scale
    half = z * (share * (1 - share) / tries + z**2 / (4 * tries**2)) ** 0.5 / scale
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
