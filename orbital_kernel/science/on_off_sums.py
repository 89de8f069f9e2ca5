"""Bounds of few counts with a counted background, summed over the background's counts."""

import math

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
HALVINGS = 48


@compiled
def lowest(on: Reals, off: Reals, ratio: Reals, tail: float, is_source: Flags) -> Reals:
    """Return the means (n,) at which `on` or more counts have the probability `tail`.

    0 where `is_source` is false.
    """
    bounds = np.zeros(on.size)
    for case in range(on.size):
        if not is_source[case]:
            continue
        n, m, a = round(on[case]), off[case], ratio[case]
        # the background alone is k or less: sums of a negative binomial distribution
        fewer = np.empty(n)
        log_chance, total = -(m + 1) * math.log1p(a), 0.0
        for k in range(n):
            total += math.exp(log_chance)
            fewer[n - 1 - k] = total
            log_chance += math.log((k + m + 1) / (k + 1)) - math.log1p(1 / a)
        low, high = 0.0, float(n)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if 1 - poisson_mean(middle, fewer) > tail:
                high = middle
            else:
                low = middle
        bounds[case] = (low + high) / 2
    return bounds


@compiled
def highest(on: Reals, off: Reals, ratio: Reals, share: float, most: Reals) -> Reals:
    """Return the means (n,) below which the posterior of a flat prior has that share.

    They are at most `most` (n,).
    """
    bounds = np.zeros(on.size)
    for case in range(on.size):
        n, m, a = round(on[case]), off[case], ratio[case]
        weight = np.empty(n + 1)
        log_weight, top = 0.0, 0.0
        for i in range(n + 1):
            weight[i] = log_weight
            top = max(top, log_weight)
            if i < n:
                log_weight += math.log((n - i) / (n + m - i)) + math.log1p(1 / a)
        total = 0.0
        for i in range(n, -1, -1):  # the share of so many source counts or more
            total += math.exp(weight[i] - top)
            weight[i] = total
        weight /= total
        low, high = 0.0, most[case]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if poisson_mean(middle, weight) < 1 - share:
                high = middle
            else:
                low = middle
        bounds[case] = (low + high) / 2
    return bounds


@compiled
def poisson_mean(mean: float, values: Reals) -> float:
    """Return the mean of values by number of counts, 0 beyond them, for Poisson counts."""
    chance, total = math.exp(-mean), 0.0
    for k in range(values.size):
        total += chance * values[k]
        chance *= mean / (k + 1)
    return total
