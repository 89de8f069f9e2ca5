"""The interval of a lag at any confidence, from one set of simulated or resampled series."""

from collections.abc import Callable

import numpy as np

from orbital_kernel.science.correlation.calibrated_lags import calibrated_interval
from orbital_kernel.science.correlation.estimates import Estimate, Interval
from orbital_kernel.science.correlation.lag_coverage import CALIBRATED, SIMULATED
from orbital_kernel.science.correlation.series import Series
from orbital_kernel.science.correlation.simulated_lags import (
    interval_of,
    simulated_errors,
)
from orbital_kernel.science.correlation.slope import RedNoise


def interval_at(
    kind: str,
    estimate: Estimate,
    series: tuple[Series, Series],
    noise: RedNoise,
    resamples: int,
    rng: np.random.Generator,
) -> Callable[[float], Interval]:
    """Return what gives the interval (s) of a lag at a confidence, by kind of interval."""
    if kind == SIMULATED:
        errors = simulated_errors(estimate, *series, noise, resamples, rng)
        return lambda confidence: interval_of(estimate.lag_s, errors, confidence)
    if kind == CALIBRATED:
        return calibrated_interval(estimate, series, noise, resamples, rng)
    return estimate.interval(resamples, rng)
