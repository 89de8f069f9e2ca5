"""Simulated light curves with a red power spectrum (Timmer & König 1995, A&A 300, 707)."""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

OVERSAMPLING = 4
LONGER = 8
MOST_STEPS = 1 << 18


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
        Values (n,) with mean 0 and variance 1. The simulated series is 8 times as long as
        the data, so that power below the lowest observed frequency leaks in, and four
        times as fine as the median spacing, with 262,144 steps at most; values at the
        given times are interpolated.

    References
    ----------
    Timmer & König 1995, A&A 300, 707: Gaussian real and imaginary Fourier amplitudes.
    """
    span = float(np.ptp(times_s)) or 1.0
    gaps = np.diff(np.sort(times_s))
    spacing = float(np.median(gaps[gaps > 0])) if np.any(gaps > 0) else span
    least_steps = LONGER * span * OVERSAMPLING / spacing
    steps = int(min(2 ** np.ceil(np.log2(max(least_steps, 64))), MOST_STEPS))
    frequency = np.fft.rfftfreq(steps)[1:]
    amplitude = np.concatenate([[0.0], frequency ** (-slope / 2)])
    phases = rng.normal(size=amplitude.size) + 1j * rng.normal(size=amplitude.size)
    series = np.fft.irfft(amplitude * phases, steps)
    step = LONGER * span / steps
    start = rng.uniform(0, (LONGER - 1) * span)
    values = np.interp(times_s - times_s.min() + start, np.arange(steps) * step, series)
    return np.asarray((values - values.mean()) / (values.std() or 1.0))
