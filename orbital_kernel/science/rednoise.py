"""Simulated light curves with a red power spectrum (Timmer & König 1995, A&A 300, 707)."""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

OVERSAMPLING = 4
LONGER = 8
MOST_STEPS = 1 << 18


def red_noise(times_s: Reals, slope: float, *, rng: np.random.Generator) -> Reals:
    """Return one realisation of power ~ frequency^-slope at these times, unit variance.

    Fourier amplitudes are Gaussian, so the spectrum scatters as that of real noise
    does. The series made is 8 times as long as the data (power below the lowest
    frequency seen leaks in) and four times as fine as the median spacing, within
    262,144 steps; values at the times asked are interpolated.
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
