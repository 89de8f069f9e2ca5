"""Whether counts are of a constant source: exact at any number, without Gaussian errors.

Given the total, the counts of a constant source are multinomial with the exposures as
weights; the statistic's distribution is simulated under that. Errors of sqrt(n) make a
chi-square too large at few counts, and Gehrels errors as weights pull the mean down.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_DRAWS = 999
MOST_DRAWS = 99_999
SMALL = 0.02
AT_ONCE = 4_000_000


class Constancy(NamedTuple):
    """A likelihood-ratio statistic, its chance (never too small), and a randomised one."""

    statistic: float
    p_value: float
    randomised: float


def constancy(counts: Ints, exposures: Reals, rng: np.random.Generator) -> Constancy:
    """Return how likely a constant source gives counts at least as uneven.

    Parameters
    ----------
    counts
        Counts (n,).
    exposures
        Exposures (n,), above zero, in any unit.
    rng
        Random numbers.

    Returns
    -------
    Constancy
        statistic: 2 sum n ln(n / expected) (Cash 1979, ApJ 228, 939); p_value: (k + 1) /
        (N + 1) for k of N simulations at least as large, never below the truth on
        average; randomised: uniform for a constant source, ties broken at random.
    """
    total, share = int(counts.sum()), exposures / exposures.sum()
    observed = float(likelihood_ratio(counts[None, :], total, share)[0])
    above, ties, drawn = 0, 0, 0
    for draws in (FIRST_DRAWS, MOST_DRAWS - FIRST_DRAWS):
        size = max(AT_ONCE // counts.size, 1)
        for first in range(0, draws, size):
            trials = rng.multinomial(total, share, min(size, draws - first))
            values = likelihood_ratio(trials, total, share)
            equal = np.isclose(values, observed, rtol=1e-9, atol=1e-9)
            ties += int(equal.sum())
            above += int(((values > observed) & ~equal).sum())
        drawn += draws
        if (above + ties + 1) / (drawn + 1) > SMALL:
            break
    return Constancy(
        observed,
        (above + ties + 1) / (drawn + 1),
        (above + rng.uniform() * (ties + 1)) / (drawn + 1),
    )


def likelihood_ratio(counts: Ints, total: int, share: Reals) -> Reals:
    """Return 2 sum n ln(n / expected) of each row of counts (m, n)."""
    expected = np.maximum(total * share, 1e-300)
    ratio = np.where(counts > 0, counts / expected, 1.0)
    return np.asarray(2 * np.sum(counts * np.log(ratio), axis=1))


def whole_counts(
    rates: Reals, exposures: Reals, tolerance: float = 0.02
) -> Ints | None:
    """Return the counts of rates times exposures if all are whole numbers, else None."""
    product = rates * exposures
    counts = np.rint(product)
    usable = (
        np.isfinite(product).all() and (exposures > 0).all() and (counts >= 0).all()
    )
    if not usable or np.abs(product - counts).max() > tolerance:
        return None
    return counts.astype(np.int64)
