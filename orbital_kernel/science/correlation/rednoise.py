"""Simulated light curves with a red power spectrum (Timmer & König 1995, A&A 300, 707)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled

Reals = NDArray[np.float64]

OVERSAMPLING = 4
LONGER = 8
MOST_STEPS = 1 << 18
MOST_DRAWN = 600
"""Times up to which realisations are drawn from their covariance."""
WHITE = 1e-9
"""Variance added to that of 1, without which equal times have no Cholesky factor."""


class Spectrum(NamedTuple):
    """A power law on the grid on which series of a sampling are simulated.

    `amplitude` (steps / 2 + 1,) is scaled for a process of variance 1; `step_s` is the
    grid's step, `span_s` the length of the data.
    """

    amplitude: Reals
    steps: int
    step_s: float
    span_s: float


def spectrum(times_s: Reals, slope: float) -> Spectrum:
    """Return the power law ~ frequency^-slope for series at these times.

    The grid is 8 times as long as the data, so that power below the lowest observed
    frequency leaks in, and four times as fine as the median spacing, with 262,144 steps
    at most.
    """
    span = float(np.ptp(times_s)) or 1.0
    gaps = np.diff(np.sort(times_s))
    spacing = float(np.median(gaps[gaps > 0])) if np.any(gaps > 0) else span
    least_steps = LONGER * span * OVERSAMPLING / spacing
    steps = int(min(2 ** np.ceil(np.log2(max(least_steps, 64))), MOST_STEPS))
    frequency = np.fft.rfftfreq(steps)[1:]
    amplitude = np.concatenate([[0.0], frequency ** (-slope / 2)])
    amplitude *= steps / np.sqrt(4 * np.sum(amplitude[:-1] ** 2) + amplitude[-1] ** 2)
    return Spectrum(amplitude, steps, LONGER * span / steps, span)


def covariance(times_s: Reals, law: Spectrum) -> Reals:
    """Return the covariance (n, n) of the process at the times, of variance 1."""
    power = 2 * law.amplitude**2 / law.steps
    power[-1] /= 2
    function = np.fft.irfft(power, law.steps)
    return np.asarray(_at_lags(times_s / law.step_s, function))


@compiled
def _at_lags(steps: Reals, function: Reals) -> Reals:
    """Return a function of whole steps at the differences of times, interpolated."""
    size = steps.size
    result = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            apart = abs(steps[i] - steps[j])
            at = int(apart)
            share = apart - at
            value = function[at] * (1 - share) + function[at + 1] * share
            result[i, j] = result[j, i] = value
    return result


def realisation(times_s: Reals, law: Spectrum, rng: np.random.Generator) -> Reals:
    """Return one realisation (n,) of the process at the times; its mean is not removed.

    The value is that of the step a time falls into; averaged over the random start, its
    covariance is that of `covariance` exactly.
    """
    series = _series(law, rng)
    start = rng.uniform(0, (LONGER - 1) * law.span_s)
    at = ((times_s - times_s.min() + start) / law.step_s).astype(np.int64)
    return np.asarray(series[at])


def gaussian(
    times_s: Reals, law: Spectrum, number: int, rng: np.random.Generator
) -> Reals:
    """Return realisations (number, n) of the process at times that may span more.

    Of few times they are drawn from the covariance, which is exact and fast.
    """
    if times_s.size > MOST_DRAWN:
        return np.array([interpolated(times_s, law, rng) for _ in range(number)])
    matrix = covariance(times_s, law)
    matrix[np.diag_indices_from(matrix)] += WHITE
    root = np.linalg.cholesky(matrix)
    return np.asarray(rng.normal(size=(number, times_s.size)) @ root.T)


def interpolated(times_s: Reals, law: Spectrum, rng: np.random.Generator) -> Reals:
    """Return one realisation (n,) at times that may span more than those of the law.

    Values are interpolated between steps, so that a lag may be a part of a step.
    """
    place = (times_s - times_s.min()) / law.step_s
    most = max(law.steps - 1 - place.max(), 0.0)
    place = place + rng.uniform(0, most)
    return np.asarray(np.interp(place, np.arange(law.steps), _series(law, rng)))


def _series(law: Spectrum, rng: np.random.Generator) -> Reals:
    size = law.amplitude.size
    phases = rng.normal(size=size) + 1j * rng.normal(size=size)
    return np.asarray(np.fft.irfft(law.amplitude * phases, law.steps))


def red_noise(times_s: Reals, slope: float, *, rng: np.random.Generator) -> Reals:
    """Return one realisation of red noise at given times, with unit variance.

    Parameters
    ----------
    times_s
        Times (n,), s.
    slope
        Power spectrum ~ frequency^-slope.
    rng
        Random numbers.

    Returns
    -------
    numpy.ndarray
        Values (n,) with mean 0 and variance 1, from a simulated series 8 times as long
        as the data (see `spectrum`), at the grid's steps that hold the given times.

    References
    ----------
    Timmer & König 1995, A&A 300, 707: Gaussian real and imaginary Fourier amplitudes.
    """
    values = realisation(times_s, spectrum(times_s, slope), rng)
    return np.asarray((values - values.mean()) / (values.std() or 1.0))
