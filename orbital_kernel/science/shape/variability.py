"""Probability that a source varies: chi-square and Gregory-Loredo, at any counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError

Reals = NDArray[np.float64]
FEW = 10.0
TRIALS = 10_000
SEED = 20120427
LEAST_PARTS, MOST_PARTS = 10, 60


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
        'chi2', or 'simulated' where a bin expects fewer than 10 counts.

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


@dataclass(frozen=True)
class GregoryLoredo:
    """Odds of a variable rate against a constant one.

    Parameters
    ----------
    log10_odds : float
        log10 of the odds, averaged over models of 2 to `parts` steps.
    probability : float
        odds / (1 + odds): that of variability, if both are as likely beforehand.
    parts : int
        Most steps tried.
    likeliest_parts : int
        The number of steps with the largest odds.

    Examples
    --------
    >>> from orbital_kernel.science.shape import gregory_loredo
    >>> gregory_loredo([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 7.0).probability < 0.5
    True
    """

    log10_odds: float
    probability: float
    parts: int
    likeliest_parts: int


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
    from scipy import stats

    n, live = (np.asarray(a, np.float64) for a in (counts, exposure_s))
    n, live = n[live > 0], live[live > 0]
    if n.size < 2 or n.sum() == 0:
        raise QueryError("a test of constancy needs counts in two or more bins")
    share = live / live.sum()
    expected = n.sum() * share
    statistic = float(((n - expected) ** 2 / expected).sum())
    if expected.min() >= FEW:
        p_value = float(stats.chi2.sf(statistic, n.size - 1))
        return Constancy(statistic, n.size - 1, p_value, "chi2")
    rng = np.random.default_rng(SEED)
    above = 0
    part = max(1, min(TRIALS, 4_000_000 // n.size))
    for first in range(0, TRIALS, part):
        size = min(part, TRIALS - first)
        trial = rng.multinomial(int(n.sum()), share, size=size)
        values = ((trial - expected) ** 2 / expected).sum(axis=1)
        above += int((values >= statistic * (1 - 1e-12)).sum())
    return Constancy(statistic, n.size - 1, (above + 1) / (TRIALS + 1), "simulated")


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
    from scipy import stats

    x, sigma = (np.asarray(a, np.float64) for a in (values, errors))
    if x.size < 2 or not (sigma > 0).all():
        raise QueryError("a test of constancy needs two or more values with errors > 0")
    mean = np.average(x, weights=sigma**-2)
    statistic = float((((x - mean) / sigma) ** 2).sum())
    p_value = float(stats.chi2.sf(statistic, x.size - 1))
    return Constancy(statistic, x.size - 1, p_value, "chi2 of errors")


def gregory_loredo(
    live_s: ArrayLike, total_s: float, *, parts: int | None = None
) -> GregoryLoredo:
    """Return the odds that photons arrive at a variable rate.

    The rate of the alternative has 2 to `parts` equal steps in live time, at any phase.

    Parameters
    ----------
    live_s
        Arrival times (n,) in live time without gaps, s, from 0 to `total_s`.
    total_s
        Total live time, s.
    parts
        Most steps; by default a third of the photons, from 10 to 60.

    Returns
    -------
    GregoryLoredo
        Odds and probability of variability.

    Raises
    ------
    QueryError
        If a time is outside the live time.

    References
    ----------
    Gregory & Loredo 1992, ApJ 398, 146, eqs. 5.25 to 5.29, for a known period equal to
    the observation.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> shape.gregory_loredo([50.0 + 0.1 * k for k in range(9)], 100.0).probability > 0.9
    True
    """
    from scipy import special

    times = np.asarray(live_s, np.float64)
    if times.size and not (times.min() >= 0 and times.max() <= total_s):
        raise QueryError(f"arrival times in live time are from 0 to {total_s:g} s")
    count = times.size
    most = parts or int(np.clip(count // 3, LEAST_PARTS, MOST_PARTS))
    steps = np.arange(2, most + 1)
    phase = times / total_s
    log_odds = np.array([_log_odds(phase, int(m)) for m in steps])
    total = float(special.logsumexp(log_odds) - np.log(len(steps)))
    return GregoryLoredo(
        log10_odds=total / np.log(10),
        probability=float(special.expit(total)),
        parts=most,
        likeliest_parts=int(steps[log_odds.argmax()]),
    )


def _log_odds(phase: Reals, m: int) -> float:
    """Return ln of the odds of m steps, averaged over 10 phases of their edges."""
    from scipy import special

    count = phase.size
    prior = special.gammaln(m) + special.gammaln(count + 1) - special.gammaln(count + m)
    values = []
    for shift in np.arange(10) / (10 * m):
        number = np.bincount(((phase + shift) % 1.0 * m).astype(int) % m, minlength=m)
        ways = special.gammaln(count + 1) - special.gammaln(number + 1).sum()
        values.append(prior + count * np.log(m) - ways)
    return float(special.logsumexp(values) - np.log(len(values)))


def live_times(counts: ArrayLike, exposure_s: ArrayLike) -> tuple[Reals, float]:
    """Return arrival times in live time of binned counts, evenly within each bin.

    Parameters
    ----------
    counts, exposure_s
        Counts (n,) and live times (n,), s.

    Returns
    -------
    tuple of numpy.ndarray and float
        Arrival times in live time, s, and the total live time, s.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> times, total = shape.live_times([1, 2], [10.0, 10.0])
    >>> times.tolist(), total
    ([5.0, 12.5, 17.5], 20.0)
    """
    n, live = np.asarray(counts, np.int64), np.asarray(exposure_s, np.float64)
    before = np.concatenate([[0.0], np.cumsum(live)])
    of_bin = np.repeat(np.arange(n.size), n)
    first = np.concatenate([[0], np.cumsum(n)])[:-1]
    place = (np.arange(of_bin.size) - first[of_bin] + 0.5) / n[of_bin]
    return before[of_bin] + place * live[of_bin], float(before[-1])
