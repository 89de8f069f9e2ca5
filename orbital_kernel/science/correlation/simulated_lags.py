"""Errors of a lag from simulated pairs: one red-noise signal seen twice at the lag.

FR/RSS (Peterson et al. 1998) covers more often than it claims, by far where a series is
short or smooth: a random subset has fewer points than the data, and noise is added to
noise. Here the two series are simulated as often as asked: one process with the power
spectrum fitted to the second series, seen at the times of the first and, later by the lag
that was found, at those of the second, each with its own errors. The lag of each pair is
estimated as that of the data, and its errors give the interval: lag - q(error) (the
basic bootstrap, Davison & Hinkley 1997, section 5.2), which removes the estimator's bias.
Slope and amplitude are drawn from their posterior for each pair.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.correlation.estimates import LEAST_SHARE, Estimate
from orbital_kernel.science.correlation.series import Series
from orbital_kernel.science.correlation.slope import RedNoise

Reals = NDArray[np.float64]

PLACES = (np.arange(8) + 0.5) / 8 - 0.5
"""True lags of the simulated pairs within one step that the sampling can tell apart: evenly
sampled series have a lag only at each step, and the true one is anywhere in it."""
LEAST_SIGNAL = 1e-3
"""Least part of a series' variance that is not of its errors."""


def simulated_errors(
    estimate: Estimate,
    a: Series,
    b: Series,
    noise: RedNoise,
    pairs: int,
    rng: np.random.Generator,
) -> Reals:
    """Return the errors (s) of the lags of simulated pairs: estimated less true."""
    simulated = simulated_pairs(estimate, a, b, noise, pairs, rng)
    return np.array([estimate.lag_of(*pair, rng) - true for pair, true in simulated])


def simulated_pairs(
    estimate: Estimate,
    a: Series,
    b: Series,
    noise: RedNoise,
    pairs: int,
    rng: np.random.Generator,
) -> Iterator[tuple[tuple[Series, Series], float]]:
    """Yield pairs of one process seen twice, at the series' times, with their lag (s)."""
    ratio = np.sqrt(_signal(a) / _signal(b))
    for place, share in zip(
        PLACES, np.array_split(np.arange(pairs), PLACES.size), strict=True
    ):
        lag_s = estimate.lag_s + float(place) * estimate.step_s
        times = np.concatenate([a.times, b.times - lag_s])
        for process in noise.processes(times, share.size, rng):
            first, second = np.split(process, [a.times.size])
            pair = (
                a._replace(values=ratio * first + rng.normal(0, a.errors)),
                b._replace(values=second + rng.normal(0, b.errors)),
            )
            yield pair, lag_s


def interval_of(
    lag_s: float, errors: Reals, confidence: float
) -> tuple[float | None, float | None]:
    """Return the interval (s) of a lag; None if too few pairs have a peak."""
    usable = errors[np.isfinite(errors)]
    if usable.size < LEAST_SHARE * errors.size:
        return None, None
    low, high = np.quantile(
        usable, [(1 - confidence) / 2, (1 + confidence) / 2], method="weibull"
    )
    return min(lag_s - float(high), lag_s), max(lag_s - float(low), lag_s)


def _signal(series: Series) -> float:
    """Return the variance of a series that its errors do not make."""
    variance = float(np.var(series.values, ddof=1))
    return max(variance - float(np.mean(series.errors**2)), LEAST_SIGNAL * variance)
