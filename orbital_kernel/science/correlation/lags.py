"""The lag of two series: estimate, interval, and the chance of it in red noise.

Sign: a lag is positive if `second` follows `first`. The interval of ICCF and ZDCF is from
simulated pairs (`simulated_lags`), of DCF from flux randomisation and random subset
selection (Peterson et al. 1998, PASP 110, 660; 2004, ApJ 613, 682) at levels that such pairs
calibrate (`calibrated_lags`); `lag_coverage` says how often each is true. Red noise
correlates with itself by chance, so the significance is measured on simulated unrelated
series that have the power spectrum fitted to `second` and its own times (Timmer & König
1995). A trend longer than the series pulls the peak towards zero lag (Welsh 1999, PASP
111, 1347): subtract it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.correlation.calibrated_lags import calibrated_interval
from orbital_kernel.science.correlation.dcf import FEWEST_PAIRS
from orbital_kernel.science.correlation.estimates import (
    ESTIMATES,
    METHODS,
    Estimate,
    Interval,
    chances,
)
from orbital_kernel.science.correlation.lag_coverage import (
    CALIBRATED,
    DEFAULT,
    INTERVALS,
    SIMULATED,
    in_words,
    measured_coverage,
    sampling_of,
)
from orbital_kernel.science.correlation.series import (
    Series,
    notes_on,
    spacing,
    two_series,
)
from orbital_kernel.science.correlation.simulated_lags import (
    interval_of,
    simulated_errors,
)
from orbital_kernel.science.correlation.slope import RedNoise

MOST_LAGS = 401
SHARE_OF_SPAN = 0.5
SIGN = "positive: the second series follows the first"


@dataclass(frozen=True)
class Lag:
    """The lag of two series.

    Parameters
    ----------
    lag_s : float
        The lag, s; positive if the second series follows the first.
    low_s, high_s : float or None
        Its interval, s; None if too few of the resampled series have a peak.
    confidence : float
        The confidence of that interval.
    correlation : float
        The correlation at the peak.
    significance_local, significance_global : float
        Share of unrelated red noise whose correlation is lower: at the lag of the peak,
        and at any lag examined. 1 minus it is the chance of a false alarm.
    chance_local, chance_global : float
        Those chances: (n + 1) / (N + 1) for n of N simulations as high, so never zero.
    slope, slope_low, slope_high : float
        Slope of the power spectrum of the second series, f^-slope, and its interval.
    method : str
        The estimator and its settings.
    interval : str
        What the interval is made of: 'simulated' pairs, 'resampled' series, or
        resampled series at 'calibrated' levels.
    sampling : str or None
        'even' or 'with gaps'; None for fewer or more points than were measured.
    coverage : float or None
        Share of simulated data sets of that sampling whose interval, at this confidence
        and of this method, held the lag; None if it was not measured (confidence other
        than 0.68 and 0.95).
    coverage_note : str
        How often such intervals held the lag at both samplings, beside what they claim.
    points : tuple of int
        Detections of the first and the second series.
    function : polars.DataFrame
        lag_s (s) and correlation: the whole correlation function.
    simulated : bool
        Whether a point is of the simulated sky.
    notes : tuple of str
        How many points are left out, or used as rates of their counts.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> lag = orbital.lag("SIM AGN 1", of="swift", against="swift")
    >>> lag.low_s <= 0 <= lag.high_s
    True
    """

    lag_s: float
    low_s: float | None
    high_s: float | None
    confidence: float
    correlation: float
    significance_local: float
    significance_global: float
    chance_local: float
    chance_global: float
    slope: float
    slope_low: float
    slope_high: float
    method: str
    interval: str
    sampling: str | None
    coverage: float | None
    coverage_note: str
    points: tuple[int, int]
    function: pl.DataFrame
    simulated: bool
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return lag, interval and significance in one line."""
        interval = (
            "no interval"
            if self.low_s is None
            else f"{self.low_s:.6g} to {self.high_s:.6g} s at {self.confidence:.0%}"
        )
        return (
            f"{'SIMULATED ' if self.simulated else ''}lag {self.lag_s:.6g} s ({interval}; "
            f"{SIGN}), correlation {self.correlation:.2f}, chance {self.chance_local:.2g} "
            f"at this lag and {self.chance_global:.2g} at any, in red noise of slope "
            f"{self.slope:g} ({self.slope_low:g} to {self.slope_high:g}); coverage: "
            f"{'; '.join((self.coverage_note, *self.notes))}"
        )


def lag(
    first: pl.DataFrame,
    second: pl.DataFrame,
    *,
    method: str = "iccf",
    max_lag_s: float | None = None,
    step_s: float | None = None,
    confidence: float = 0.68,
    simulations: int = 1000,
    resamples: int = 500,
    n_min: int = FEWEST_PAIRS,
    interval: str | None = None,
    seed: int = 1,
) -> Lag:
    """Return the lag of two series with its interval and chance in red noise.

    Parameters
    ----------
    first, second
        time (TT) and value with value_err_plus and value_err_minus, or rate with rate_err,
        each in one unit and band, on times of arrival at one place. Limits are not used,
        nor a tenth or less of detections that have no error above 0 (`notes`).
    method
        'iccf', 'zdcf' or 'dcf'.
    max_lag_s
        Largest lag examined, s; by default half the length of the shorter series.
    step_s
        Step of the lags of ICCF, width of the bins of DCF, s; by default half the larger
        of the two median spacings (ICCF) or that spacing (DCF). ZDCF has its own bins.
    confidence
        Confidence of the interval.
    simulations
        Number of simulated unrelated series; 0 is not allowed.
    resamples
        Number of resampled series for the interval.
    n_min
        Fewest pairs of a bin of DCF and ZDCF.
    interval
        'simulated' (pairs of one red-noise signal at the lag found, with the slope fitted;
        the default of ICCF and ZDCF), 'resampled' (FR/RSS, of ZDCF the likelihood of its
        peak), which covers more often than it claims, or 'calibrated' (FR/RSS at the levels
        at which it holds the lag of simulated pairs; the default of DCF).
    seed
        Seed of the random numbers.

    Returns
    -------
    Lag
        Lag, interval, significance, fitted slope and the correlation function.

    Raises
    ------
    QueryError
        As `two_series`; and if the method is unknown, a number is not valid, or no lag has
        enough points.

    References
    ----------
    Peterson et al. 1998, PASP 110, 660, and 2004, ApJ 613, 682; Alexander 2013,
    arXiv:1302.1508; Edelson & Krolik 1988, ApJ 333, 646; Timmer & König 1995, A&A 300,
    707; Uttley et al. 2002, MNRAS 332, 231.
    """
    if method not in METHODS:
        raise QueryError(unknown("method of lags", method, METHODS))
    interval = interval or DEFAULT[method]
    if interval not in INTERVALS:
        raise QueryError(unknown("interval of lags", interval, INTERVALS))
    if simulations < 1 or resamples < 1 or not 0 < confidence < 1 or n_min < 3:
        raise QueryError(
            "a lag needs simulations and resamples >= 1, 0 < confidence < 1 and n_min >= 3; "
            f"got {simulations}, {resamples}, {confidence} and {n_min}"
        )
    series = two_series(first, second)
    rng = np.random.default_rng(seed)
    estimate, reach, step = estimated(series, method, max_lag_s, step_s, n_min, rng)
    a, b = series
    peak = int(np.nanargmax(estimate.values))
    noise = RedNoise(b)
    ends = interval_at(interval, estimate, series, noise, resamples, rng)
    low, high = ends(confidence)
    local, at_any = chances(estimate, b, noise.draw, peak, simulations, rng)
    slope_low, slope_high = noise.interval(confidence)
    sampling = sampling_of(a, b)
    return Lag(
        estimate.lag_s,
        low,
        high,
        confidence,
        float(estimate.values[peak]),
        1 - local,
        1 - at_any,
        local,
        at_any,
        noise.slope,
        slope_low,
        slope_high,
        f"{METHODS[method]}; lags to ±{reach:g} s"
        f"{'' if method == 'zdcf' else f' in steps of {step:g} s'}; null: red noise of slope "
        f"{noise.slope:g} fitted to the second series, {simulations} simulations; interval: {INTERVALS[interval]}, {resamples} draws; seed {seed}",
        interval,
        sampling,
        measured_coverage(method, interval, sampling, confidence),
        in_words(method, interval),
        (a.times.size, b.times.size),
        pl.DataFrame(
            {
                "lag_s": estimate.lags,
                "correlation": pl.Series(estimate.values).fill_nan(None),
            }
        ),
        simulated(first, second),
        notes_on(first, second),
    )


def estimated(
    series: tuple[Series, Series],
    method: str,
    max_lag_s: float | None,
    step_s: float | None,
    n_min: int,
    rng: np.random.Generator,
) -> tuple[Estimate, float, float]:
    """Return the estimate of a lag, the largest lag and the step examined, s."""
    reach, step = _range(*series, max_lag_s, step_s, method)
    estimate = ESTIMATES[method](*series, reach, step, n_min, rng)
    if not np.isfinite(estimate.values).any():
        raise QueryError(
            f"no lag within {reach:g} s has enough points that overlap; widen the bins or "
            "the range"
        )
    return estimate, reach, step


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


def _range(
    a: Series, b: Series, max_lag_s: float | None, step_s: float | None, method: str
) -> tuple[float, float]:
    """Return the largest lag and the step, s."""
    shorter = min(float(np.ptp(series.times)) for series in (a, b))
    reach = SHARE_OF_SPAN * shorter if max_lag_s is None else max_lag_s
    wide = max(spacing(a), spacing(b))
    usual = wide / 2 if method == "iccf" else wide
    step = max(usual, 2 * reach / (MOST_LAGS - 1)) if step_s is None else step_s
    if not 0 < step <= reach < np.inf:
        raise QueryError(
            f"lags need 0 < step_s <= max_lag_s; got {step:g} and {reach:g} s"
        )
    return reach, step
