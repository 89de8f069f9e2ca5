"""The interval of a lag from FR/RSS, at the levels at which it covers simulated pairs.

FR/RSS (Peterson et al. 1998) covers more often than it claims. Here its levels are
calibrated (prepivoting: Beran 1987, Biometrika 74, 457): pairs of one red-noise signal are
simulated at the lag that was found, as in `simulated_lags`, and each is resampled as the
data are. The share of a pair's resampled lags that lie below its true lag says at which
level the truth is; the central part of these shares gives the levels of the data's own
resampled lags. Resampling follows how well a data set determines its lag, which the errors
of simulated pairs alone do not.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.correlation.estimates import (
    LEAST_SHARE,
    Estimate,
    Interval,
    resampled_lags,
)
from orbital_kernel.science.correlation.series import Series
from orbital_kernel.science.correlation.simulated_lags import simulated_pairs
from orbital_kernel.science.correlation.slope import RedNoise

Reals = NDArray[np.float64]

PAIRS, EACH = 100, 60
"""Simulated pairs, and resampled series of each."""


def calibrated_interval(
    estimate: Estimate,
    series: tuple[Series, Series],
    noise: RedNoise,
    resamples: int,
    rng: np.random.Generator,
) -> Callable[[float], Interval]:
    """Return what gives the interval (s) of a lag at a confidence.

    Its ends are None if too few series have a peak.
    """
    drawn = resampled_lags(estimate.lag_of, *series, resamples, rng)
    if drawn.size < LEAST_SHARE * resamples:
        return lambda _: (None, None)
    levels = []
    for pair, true_s in simulated_pairs(estimate, *series, noise, PAIRS, rng):
        lags = resampled_lags(estimate.lag_of, *pair, EACH, rng)
        if lags.size >= LEAST_SHARE * EACH:
            levels.append(_level(lags, true_s))
    if len(levels) < LEAST_SHARE * PAIRS:
        return lambda _: (None, None)

    def interval(confidence: float) -> Interval:
        low, high = np.quantile(
            levels, [(1 - confidence) / 2, (1 + confidence) / 2], method="weibull"
        )
        ends = np.quantile(drawn, [low, high])
        return min(float(ends[0]), estimate.lag_s), max(float(ends[1]), estimate.lag_s)

    return interval


def _level(lags: Reals, true_s: float) -> float:
    """Return the share of the lags below the true one; equal ones count half."""
    return float(np.mean(lags < true_s) + np.mean(lags == true_s) / 2)
