"""The lag of two series: estimate, interval, and the chance of it in red noise.

Sign: a lag is positive if `second` follows `first`. The interval is from flux
randomisation and random subset selection (Peterson et al. 1998, PASP 110, 660; 2004, ApJ
613, 682), of the ZDCF from the likelihood of its peak (Alexander 2013). Red noise
correlates with itself by chance, so the significance is measured on simulated unrelated
series that have the power spectrum fitted to `second` and its own times (Timmer & König
1995). A trend longer than the series pulls the peak towards zero lag (Welsh 1999, PASP
111, 1347): subtract it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.correlation import zdcf as z
from orbital_kernel.science.correlation.dcf import FEWEST_PAIRS, binned
from orbital_kernel.science.correlation.iccf import grid, interpolated
from orbital_kernel.science.correlation.series import Series, spacing, two_series
from orbital_kernel.science.correlation.slope import RedNoise

Reals = NDArray[np.float64]

METHODS: Mapping[str, str] = {
    "iccf": "ICCF (Gaskell & Peterson 1987), centroid above 80 % of the peak, "
    "FR/RSS (Peterson et al. 1998, 2004)",
    "zdcf": "ZDCF (Alexander 1997, 2013), most likely peak, PLIKE",
    "dcf": "DCF (Edelson & Krolik 1988), centroid above 80 % of the peak, "
    "FR/RSS (Peterson et al. 1998, 2004)",
}
CENTROID = 0.8
MOST_LAGS = 401
SHARE_OF_SPAN = 0.5
LEAST_SHARE = 0.5
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
    points : tuple of int
        Detections of the first and the second series.
    function : polars.DataFrame
        lag_s (s) and correlation: the whole correlation function.
    simulated : bool
        Whether a point is of the simulated sky.

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
    points: tuple[int, int]
    function: pl.DataFrame
    simulated: bool

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
            f"{self.slope:g} ({self.slope_low:g} to {self.slope_high:g})"
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
    seed: int = 1,
) -> Lag:
    """Return the lag of two series with its interval and chance in red noise.

    Parameters
    ----------
    first, second
        time (TT) and value with value_err_plus and value_err_minus, or rate with rate_err,
        each in one unit and band, on times of arrival at one place. Limits are not used.
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
    if simulations < 1 or resamples < 1 or not 0 < confidence < 1 or n_min < 3:
        raise QueryError(
            "a lag needs simulations and resamples >= 1, 0 < confidence < 1 and n_min >= 3; "
            f"got {simulations}, {resamples}, {confidence} and {n_min}"
        )
    a, b = two_series(first, second)
    reach, step = _range(a, b, max_lag_s, step_s, method)
    rng = np.random.default_rng(seed)
    estimate = _ESTIMATES[method](a, b, reach, step, n_min, rng)
    if not np.isfinite(estimate.values).any():
        raise QueryError(
            f"no lag within {reach:g} s has enough points that overlap; widen the bins or "
            "the range"
        )
    peak = int(np.nanargmax(estimate.values))
    low, high = estimate.interval(confidence, resamples, rng)
    noise = RedNoise(b)
    local, at_any = _chances(estimate, b, noise, peak, simulations, rng)
    slope_low, slope_high = noise.interval(confidence)
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
        f"{noise.slope:g} fitted to the second series, {simulations} simulations; seed {seed}",
        (a.times.size, b.times.size),
        pl.DataFrame(
            {
                "lag_s": estimate.lags,
                "correlation": pl.Series(estimate.values).fill_nan(None),
            }
        ),
        simulated(first, second),
    )


@dataclass(frozen=True)
class Estimate:
    """One method's correlation function, and the lag and interval that follow."""

    lags: Reals
    values: Reals
    lag_s: float
    interval: Callable[
        [float, int, np.random.Generator], tuple[float | None, float | None]
    ]
    correlate: Callable[[Series], Reals]
    """The correlation of the first series with another in place of the second."""


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


def centroid(values: Reals, lags: Reals) -> float:
    """Return the centroid of the lags around the peak that exceed 80 % of it."""
    peak = int(np.nanargmax(values))
    high = np.nan_to_num(values, nan=-np.inf) >= CENTROID * values[peak]
    low, top = peak, peak
    while low > 0 and high[low - 1]:
        low -= 1
    while top < high.size - 1 and high[top + 1]:
        top += 1
    weights = values[low : top + 1]
    if not weights.sum() > 0:
        return float(lags[peak])
    return float(np.sum(weights * lags[low : top + 1]) / weights.sum())


def _iccf(
    a: Series, b: Series, reach: float, step: float, _n: int, _rng: np.random.Generator
) -> Estimate:
    lags = grid(step, reach)
    return _resampling(
        a, b, lags, lambda first, other: interpolated(first, other, lags)
    )


def _dcf(
    a: Series, b: Series, reach: float, step: float, n: int, _rng: np.random.Generator
) -> Estimate:
    lags = grid(step, reach)
    return _resampling(
        a, b, lags, lambda first, other: binned(first, other, lags, n)[0]
    )


def _resampling(
    a: Series, b: Series, lags: Reals, function: Callable[[Series, Series], Reals]
) -> Estimate:
    """Return an estimate whose interval is from FR/RSS."""
    values = function(a, b)
    lag_s = centroid(values, lags) if np.isfinite(values).any() else np.nan

    def interval(
        confidence: float, resamples: int, rng: np.random.Generator
    ) -> tuple[float | None, float | None]:
        drawn = []
        for _ in range(resamples):
            trial = function(resampled(a, rng), resampled(b, rng))
            if np.isfinite(trial).any():
                drawn.append(centroid(trial, lags))
        if len(drawn) < LEAST_SHARE * resamples:
            return None, None
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
        return min(float(low), lag_s), max(float(high), lag_s)

    return Estimate(lags, values, lag_s, interval, lambda other: function(a, other))


def resampled(series: Series, rng: np.random.Generator) -> Series:
    """Return a random subset of points, randomised within their errors (FR/RSS).

    A point drawn n times counts once with an error smaller by sqrt(n) (Peterson 2004).
    """
    rows, times = np.unique(
        rng.integers(0, series.times.size, series.times.size), return_counts=True
    )
    errors = series.errors[rows] / np.sqrt(times)
    return Series(
        series.times[rows], series.values[rows] + rng.normal(0, errors), errors
    )


def _zdcf(
    a: Series, b: Series, reach: float, _step: float, n: int, rng: np.random.Generator
) -> Estimate:
    pairs = z.independent(a, b, reach, n)
    counts = np.bincount(pairs.bin, minlength=pairs.lags.size)
    if not pairs.lags.size:
        raise QueryError(
            f"no lag within {reach:g} s has {n} independent pairs; widen the range"
        )
    values = z.averaged(a, b, pairs, z.DRAWS, rng)
    likelihood = z.peak_likelihood(values, counts)
    lag_s = float(pairs.lags[np.argmax(likelihood)])

    def interval(
        confidence: float, _resamples: int, _rng: np.random.Generator
    ) -> tuple[float, float]:
        width = np.gradient(pairs.lags) if pairs.lags.size > 1 else np.ones(1)
        density = likelihood * np.abs(width)
        total = (np.cumsum(density) - density / 2) / density.sum()
        low, high = (
            float(np.interp(part, total, pairs.lags))
            for part in ((1 - confidence) / 2, (1 + confidence) / 2)
        )
        return min(low, lag_s), max(high, lag_s)

    return Estimate(
        pairs.lags,
        values,
        lag_s,
        interval,
        lambda other: z.correlations(a.values, other.values, pairs),
    )


_ESTIMATES: Mapping[
    str, Callable[[Series, Series, float, float, int, np.random.Generator], Estimate]
] = {"iccf": _iccf, "zdcf": _zdcf, "dcf": _dcf}


def _chances(
    estimate: Estimate,
    b: Series,
    noise: RedNoise,
    peak: int,
    simulations: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the chance of as high a correlation at the peak's lag, and at any lag."""
    observed = estimate.correlate(b)
    local, at_any = 0, 0
    for _ in range(simulations):
        trial = estimate.correlate(b._replace(values=noise.draw(rng)))
        local += bool(trial[peak] >= observed[peak])
        at_any += bool(np.nanmax(trial) >= np.nanmax(observed))
    return (local + 1) / (simulations + 1), (at_any + 1) / (simulations + 1)
