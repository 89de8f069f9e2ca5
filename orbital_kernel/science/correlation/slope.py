"""The red noise that a series is like: slope and amplitude with their likelihood.

The series is taken as a Gaussian process with power ~ f^-slope, its errors as white noise:
the likelihood of the points at their own times includes the sampling, so there is no
window to correct for (as PSRESP does by simulation: Uttley et al. 2002, MNRAS 332, 231).
The mean is marginalised. Null series are drawn with slopes and amplitudes from the
posterior over a grid, so that an uncertain slope widens the null distribution.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.correlation.rednoise import (
    Spectrum,
    covariance,
    gaussian,
    realisation,
    spectrum,
)
from orbital_kernel.science.correlation.series import Series

Reals = NDArray[np.float64]

SLOPES = np.arange(0.0, 3.51, 0.25)
AMPLITUDES = np.geomspace(1e-3, 1e3, 37)
MOST_FITTED = 300


class RedNoise:
    """The posterior of slope and amplitude of one series, over a grid with flat priors."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._laws = [spectrum(series.times, slope) for slope in SLOPES]
        self._variance = float(np.var(series.values))
        fitted = grouped(series, MOST_FITTED)
        scales = self._variance * AMPLITUDES
        logs = np.array([_likelihoods(fitted, law, scales) for law in self._laws])
        weights = np.exp(logs - logs.max())
        self.posterior = weights / weights.sum()
        """Posterior (slopes, amplitudes)."""

    @cached_property
    def slope(self) -> float:
        """The most likely slope, amplitudes marginalised."""
        return float(SLOPES[np.argmax(self.posterior.sum(axis=1))])

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the central interval of the slope, in steps of the grid."""
        total = np.cumsum(self.posterior.sum(axis=1))
        low, high = (
            float(SLOPES[min(int(np.searchsorted(total, part)), SLOPES.size - 1)])
            for part in ((1 - confidence) / 2, (1 + confidence) / 2)
        )
        return low, high

    def draw(self, rng: np.random.Generator) -> Reals:
        """Return values of an unrelated series, with errors, at the series' own times."""
        law, scale = self._drawn(rng)
        process = realisation(self._series.times, law, rng)
        return np.asarray(scale * process + rng.normal(0, self._series.errors))

    def processes(self, times_s: Reals, number: int, rng: np.random.Generator) -> Reals:
        """Return so many realisations of the process at any times, without errors."""
        drawn = [self._drawn(rng) for _ in range(number)]
        values = np.empty((number, times_s.size))
        for law in {id(law): law for law, _ in drawn}.values():
            rows = np.array([k for k, (other, _) in enumerate(drawn) if other is law])
            values[rows] = gaussian(times_s, law, rows.size, rng)
        return np.array([scale for _, scale in drawn])[:, None] * values

    def _drawn(self, rng: np.random.Generator) -> tuple[Spectrum, float]:
        """Return a law and the scale of its values, drawn from the posterior."""
        flat = int(
            np.searchsorted(np.cumsum(self.posterior.ravel()), rng.uniform(), "right")
        )
        row, column = np.unravel_index(
            min(flat, self.posterior.size - 1), self.posterior.shape
        )
        return self._laws[row], float(np.sqrt(self._variance * AMPLITUDES[column]))


def grouped(series: Series, most: int) -> Series:
    """Return at most so many points: means of consecutive ones, with their errors."""
    size = series.times.size
    if size <= most:
        return series
    number = np.arange(size) * most // size
    counts = np.bincount(number)
    times, values = (
        np.bincount(number, column) / counts for column in (series.times, series.values)
    )
    return Series(
        times, values, np.sqrt(np.bincount(number, series.errors**2)) / counts
    )


def _likelihoods(series: Series, law: Spectrum, scales: Reals) -> Reals:
    """Return the restricted log-likelihood of each variance of the process."""
    weights = 1 / series.errors
    kernel = covariance(series.times, law) * weights[:, None] * weights[None, :]
    eigenvalues, vectors = np.linalg.eigh(kernel)
    values = vectors.T @ ((series.values - series.values.mean()) * weights)
    ones = vectors.T @ weights
    variances = 1 + np.maximum(eigenvalues, 0)[None, :] * scales[:, None]
    information = (ones**2 / variances).sum(axis=1)
    mean = (ones * values / variances).sum(axis=1) / information
    squares = ((values - mean[:, None] * ones) ** 2 / variances).sum(axis=1)
    return np.asarray(
        -0.5 * (np.log(variances).sum(axis=1) + np.log(information) + squares)
    )
