"""Probability that photons come at a variable rate: Gregory-Loredo, at any counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError

Reals = NDArray[np.float64]
LEAST_PARTS, MOST_PARTS = 10, 60


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
