"""Intervals and limits of few counts, with or without a background, and of shares.

Everything in the product that states an error or a limit of counts uses this file, and
`on_off` for a background that is counted in another region or time. Without a background
intervals are exact (Garwood 1936, tabulated by Gehrels 1986); with a known background
they are those of Kraft, Burrows & Nousek (1991). Counts are whole numbers, so exact
intervals cover more often than claimed, never less; `benchmarks/bench_coverage.py`
prints how often. scipy is imported where it is used: every session imports this file,
few count.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Bounds = tuple[Reals, Reals]
CONFIDENCE = 0.9
SIGMA = 0.6826894921370859
"""Confidence of 1-sigma errors."""
LIMIT = 0.9973002039367398
"""Confidence of upper limits, 3 sigma: that of Swift's XRT curves."""
_HALVINGS = 48


def poisson_bounds(counts: ArrayLike, confidence: float = SIGMA) -> Bounds:
    """Return the exact central bounds of Poisson means.

    Parameters
    ----------
    counts
        Counts (n,).
    confidence
        Least coverage of the interval; 1 sigma by default.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bounds (n,), counts. Of no counts the lower bound is 0.

    Examples
    --------
    >>> from orbital_kernel.science.counting import poisson_bounds
    >>> low, high = poisson_bounds([0, 5])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 2.84], [1.84, 8.38])

    References
    ----------
    Garwood 1936, Biometrika 28, 437; Gehrels 1986, ApJ 303, 336, tables 1 and 2.
    """
    from scipy import special

    n, tail = np.asarray(counts, np.float64), (1 - confidence) / 2
    low = special.gammaincinv(np.maximum(n, 1.0), tail)
    return np.where(n > 0, low, 0.0), special.gammainccinv(n + 1, tail)


def poisson_limit(counts: ArrayLike, confidence: float = LIMIT) -> Reals:
    """Return the upper limits (n,) of Poisson means, one-sided; 3 sigma by default.

    Parameters
    ----------
    counts
        Counts (n,).
    confidence
        Confidence of the limit.

    Returns
    -------
    numpy.ndarray
        Upper limits (n,), counts.

    Examples
    --------
    >>> from orbital_kernel.science.counting import poisson_limit
    >>> poisson_limit([0, 1], 0.95).round(2).tolist()
    [3.0, 4.74]

    References
    ----------
    Gehrels 1986, ApJ 303, 336, table 1.
    """
    from scipy import special

    n = np.asarray(counts, np.float64)
    return np.asarray(special.gammainccinv(n + 1, 1 - confidence))


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
    Garwood 1936, Biometrika 28, 437.
    """
    low, high = poisson_bounds(counts, confidence)
    return float(low), float(high)


def source_bounds(
    counts: ArrayLike, background: ArrayLike, confidence: float = SIGMA
) -> Bounds:
    """Return bounds of a source's mean above a known background.

    Parameters
    ----------
    counts
        Counts (n,) of source and background together.
    background
        Known mean (n,) of the background in the same region and time, counts.
    confidence
        Least coverage of the interval; 1 sigma by default.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bounds (n,), counts of the source. The lower is the exact bound
        less the background, 0 where the background alone explains the counts; the upper
        is that of a flat prior of means >= 0, which never lets a low count exclude a
        source. Without background both are those of `poisson_bounds`.

    Examples
    --------
    >>> from orbital_kernel.science.counting import source_bounds
    >>> low, high = source_bounds([4, 1], [1.5, 1.5])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.59, 0.0], [5.7, 2.54])

    References
    ----------
    Gehrels 1986, ApJ 303, 336 (lower); Helene 1983, NIM 212, 319, eq. 13 (upper).
    """
    n, b = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (counts, background))
    )
    low = np.maximum(poisson_bounds(n, confidence)[0] - b, 0.0)
    return low, source_limit(n, b, (1 + confidence) / 2)


def source_limit(
    counts: ArrayLike, background: ArrayLike, confidence: float = LIMIT
) -> Reals:
    """Return the upper limits (n,) of a source's mean above a known background, counts.

    Parameters
    ----------
    counts
        Counts (n,) of source and background together.
    background
        Known mean (n,) of the background, counts.
    confidence
        Confidence of the limit.

    Returns
    -------
    numpy.ndarray
        Upper limits (n,), counts.

    Examples
    --------
    >>> from orbital_kernel.science.counting import source_limit
    >>> source_limit([0, 3], 1.0, 0.95).round(2).tolist()
    [3.0, 6.78]

    References
    ----------
    Helene 1983, NIM 212, 319, eq. 13; Kraft, Burrows & Nousek 1991, ApJ 374, 344, eq. 9.
    """
    from scipy import special

    n, b = (np.asarray(x, np.float64) for x in (counts, background))
    above = special.gammaincc(n + 1, b)
    limit = special.gammainccinv(n + 1, above * (1 - confidence)) - b
    return np.asarray(np.clip(limit, 0.0, None))


def kraft_bounds(
    counts: ArrayLike, background: ArrayLike, confidence: float = SIGMA
) -> Bounds:
    """Return the shortest intervals of a source's mean above a known background.

    Shorter than `source_bounds`, and they cover less often than claimed at some means: 60
    instead of 68 per cent at a mean of 3 above a background of 2.

    Parameters
    ----------
    counts
        Counts (n,) of source and background together.
    background
        Known mean (n,) of the background in the same region and time, counts.
    confidence
        Probability of the interval, for a flat prior of means >= 0.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper bounds (n,), counts of the source.

    Examples
    --------
    >>> from orbital_kernel.science.counting import kraft_bounds
    >>> low, high = kraft_bounds([4], [1.5], 0.9)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.09], [6.61])

    References
    ----------
    Kraft, Burrows & Nousek 1991, ApJ 374, 344, eqs. 8 to 10.
    """
    from scipy import special

    n, b = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (counts, background))
    )
    above = special.gammaincc(n + 1, b)

    def at(share: Reals) -> Reals:
        left_over = np.maximum(above * (1 - share), 1e-300)
        return np.asarray(special.gammainccinv(n + 1, left_over) - b)

    def log_density(s: Reals) -> Reals:
        return np.asarray(special.xlogy(n, s + b) - s)

    below, beyond = np.zeros(n.shape), np.full(n.shape, 1 - confidence)
    for _ in range(_HALVINGS):
        share = (below + beyond) / 2
        rising = log_density(at(share)) < log_density(at(share + confidence))
        below, beyond = np.where(rising, share, below), np.where(rising, beyond, share)
    share = np.where(below < 1e-12, 0.0, below)
    return np.maximum(at(share), 0.0), np.maximum(at(share + confidence), 0.0)


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
