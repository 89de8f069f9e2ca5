"""Periods and power: the Lomb-Scargle periodogram, and power spectra by stingray."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from orbital_kernel.errors import ConfigError, QueryError

LEAST_POINTS = 5


@dataclass(frozen=True)
class Periodogram:
    """Power of values against frequency, and its highest peak.

    Parameters
    ----------
    frame : polars.DataFrame
        frequency_hz (Hz), period_s (s), power (0 to 1).
    period_s : float
        Period of the highest peak, s.
    false_alarm : float
        Probability that noise without a period has so high a peak anywhere in the range.

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel.science.shape import periodogram
    >>> t = np.arange(200.0)
    >>> peak = periodogram(t, np.sin(2 * np.pi * t / 25), np.full(200, 0.1))
    >>> round(peak.period_s)
    25
    """

    frame: pl.DataFrame
    period_s: float
    false_alarm: float


def periodogram(
    time_s: ArrayLike,
    values: ArrayLike,
    errors: ArrayLike | None = None,
    *,
    shortest_s: float | None = None,
    longest_s: float | None = None,
) -> Periodogram:
    """Return the Lomb-Scargle periodogram of unevenly sampled values.

    Its false alarm probability is against white noise; red noise has more high peaks.

    Parameters
    ----------
    time_s
        Times (n,), s.
    values, errors
        Values (n,) and 1-sigma errors (n,) in one unit; equal weights without errors.
    shortest_s, longest_s
        Range of periods, s; by default from twice the median step to the span.

    Returns
    -------
    Periodogram
        Power, and the highest peak with its false alarm probability.

    Raises
    ------
    QueryError
        If there are fewer than five points, or the range of periods is empty.

    References
    ----------
    VanderPlas 2018, ApJS 236, 16; Baluev 2008, MNRAS 385, 1279 (false alarms).

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel import shape
    >>> t = np.arange(0, 300, 1.7)
    >>> shape.periodogram(t, np.cos(2 * np.pi * t / 30)).false_alarm < 1e-6
    True
    """
    from astropy.timeseries import LombScargle

    t, y = (np.asarray(a, np.float64) for a in (time_s, values))
    if t.size < LEAST_POINTS or np.ptp(t) <= 0:
        raise QueryError(
            f"a periodogram needs {LEAST_POINTS} or more points; got {t.size}"
        )
    longest = longest_s or float(np.ptp(t))
    shortest = shortest_s or 2 * float(np.median(np.diff(np.unique(t))))
    if not 0 < shortest < longest:
        raise QueryError(
            f"periods from {shortest:g} to {longest:g} s: the range is empty"
        )
    search = LombScargle(
        t, y, None if errors is None else np.asarray(errors, np.float64)
    )
    frequency, power = search.autopower(
        minimum_frequency=1 / longest, maximum_frequency=1 / shortest
    )
    top = int(np.argmax(power))
    alarm = search.false_alarm_probability(
        power[top],
        method="baluev",
        minimum_frequency=1 / longest,
        maximum_frequency=1 / shortest,
    )
    frame = pl.DataFrame(
        {"frequency_hz": frequency, "period_s": 1 / frequency, "power": power}
    )
    return Periodogram(frame, float(1 / frequency[top]), float(np.clip(alarm, 0, 1)))


def power_spectrum(
    counts: ArrayLike,
    bin_s: float,
    *,
    segment_s: float | None = None,
    norm: str = "leahy",
) -> pl.DataFrame:
    """Return the power spectrum of evenly binned counts, by stingray.

    Parameters
    ----------
    counts
        Counts (n,) in bins without gaps.
    bin_s
        Width of a bin, s.
    segment_s
        Length of segments whose spectra are averaged, s; one by default.
    norm
        'leahy' (Poisson noise is 2), 'frac' (rms2 per Hz) or 'abs'.

    Returns
    -------
    polars.DataFrame
        frequency_hz (Hz), power and power_err (in the norm).

    Raises
    ------
    ConfigError
        If stingray is not installed: install orbital[timing].
    QueryError
        If there are fewer than eight bins.

    References
    ----------
    Huppenkothen et al. 2019, ApJ 881, 39 (stingray); Leahy et al. 1983, ApJ 266, 160.

    Examples
    --------
    >>> from orbital_kernel import shape
    >>> shape.power_spectrum([3, 5, 4, 4, 6, 2, 3, 5], 1.0).columns
    ['frequency_hz', 'power', 'power_err']
    """
    number = np.asarray(counts, np.float64)
    if number.size < 8 or not bin_s > 0:
        raise QueryError(
            f"a power spectrum needs 8 or more bins > 0 s; got {number.size}"
        )
    try:
        from stingray import AveragedPowerspectrum, Lightcurve, Powerspectrum
    except ImportError as error:
        raise ConfigError(
            "power spectra need stingray: install orbital with the extra 'timing'"
        ) from error
    curve = Lightcurve(
        (np.arange(number.size) + 0.5) * bin_s, number, dt=bin_s, skip_checks=True
    )
    spectrum = (
        Powerspectrum(curve, norm=norm)
        if segment_s is None
        else AveragedPowerspectrum(
            curve, segment_size=segment_s, norm=norm, silent=True
        )
    )
    return pl.DataFrame(
        {
            "frequency_hz": np.asarray(spectrum.freq, np.float64),
            "power": np.asarray(spectrum.power, np.float64),
            "power_err": np.asarray(spectrum.power_err, np.float64),
        }
    )
