"""Time lags between two unevenly sampled series, with their chance probability.

The discrete correlation function of Edelson & Krolik 1988 (ApJ 333, 646) needs neither
interpolation nor even sampling. The lag is the centroid above 80 % of the peak, its
error from flux randomisation and random subset selection (Peterson et al. 1998, PASP
110, 660). Red noise correlates with itself by chance, so the significance of a peak is
measured on simulated unrelated series sampled at the same times. A trend longer than
the series pulls the peak towards zero lag (Welsh 1999, PASP 111, 1347): subtract it.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.lag_pairs import (
    FEWEST_PAIRS,
    Lags,
    Series,
    correlated,
    lagged,
    scaled,
    two_series,
)
from orbital_kernel.science.rednoise import red_noise

Reals = NDArray[np.float64]

CENTROID = 0.8


def dcf(
    first: pl.DataFrame, second: pl.DataFrame, *, bin_s: float, max_lag_s: float
) -> pl.DataFrame:
    """Return the discrete correlation function of two series.

    Parameters
    ----------
    first, second
        time (TT) and value with value_err_plus and value_err_minus, or rate with rate_err;
        each in one unit and band. Limits are not used.
    bin_s
        Width of a bin of lag, s.
    max_lag_s
        Largest lag, s.

    Returns
    -------
    polars.DataFrame
        lag_s (centre of the bin, s; positive if `second` follows `first`), dcf, dcf_err,
        pairs. Bins with fewer than 5 pairs are null.

    Raises
    ------
    QueryError
        If a series has fewer than 5 points, mixed units, or no variance beyond its errors.

    References
    ----------
    Edelson & Krolik 1988, ApJ 333, 646: eq. 3 (unbinned correlations), eq. 7 (error).
    """
    a, b = two_series(first, second)
    lags = lagged(a, b, bin_s, max_lag_s)
    value, error = correlated(a, b, lags)
    return pl.DataFrame(
        {
            "lag_s": lags.centres,
            "dcf": pl.Series(value).fill_nan(None),
            "dcf_err": pl.Series(error).fill_nan(None),
            "pairs": lags.pairs,
        }
    )


def lag(
    first: pl.DataFrame,
    second: pl.DataFrame,
    *,
    bin_s: float,
    max_lag_s: float,
    null: str = "red-noise",
    slope: float = 2.0,
    simulations: int = 500,
    seed: int = 1,
    names: tuple[str, str] = ("first", "second"),
    object_id: str | None = None,
) -> pl.DataFrame:
    """Return the lag of two series with its error, correlation and chance probability.

    Parameters
    ----------
    first, second
        Series as for `dcf`.
    bin_s
        Width of a bin of lag, s.
    max_lag_s
        Largest lag, s.
    null
        Hypothesis for the chance: 'red-noise' simulates `second` with power ~ f^-slope;
        'shuffle' permutes its values, which is right for white noise only.
    slope
        Slope of the power spectrum; 2 by default, the usual one of active galaxies.
    simulations
        Number of simulated series.
    seed
        Seed of the random numbers.
    names
        Names of the two series in the row.
    object_id
        Object of the row, if known.

    Returns
    -------
    polars.DataFrame
        One row of cross.lags: object_id, first, second, lag_s and lag_err_s (s),
        correlation, chance_probability, method, simulated. The chance is (n + 1) / (N + 1)
        for n of N simulations with as high a peak at any lag, so it is never zero.

    Raises
    ------
    QueryError
        As `dcf`; and if no bin of lag has enough pairs, or `null` is unknown.

    References
    ----------
    Edelson & Krolik 1988, ApJ 333, 646; Peterson et al. 1998, PASP 110, 660 (error of the
    lag); Timmer & König 1995, A&A 300, 707 (red noise); Welsh 1999, PASP 111, 1347 (trends).
    """
    if null not in _NULLS or simulations < 1:
        raise QueryError(
            f"the null hypothesis is one of {sorted(_NULLS)} with simulations >= 1;"
            f" got {null!r}, {simulations}"
        )
    a, b = two_series(first, second)
    rng = np.random.default_rng(seed)
    lags = lagged(a, b, bin_s, max_lag_s)
    values, _ = correlated(a, b, lags)
    if not np.isfinite(values).any():
        raise QueryError(
            f"no lag within {max_lag_s:g} s has {FEWEST_PAIRS} pairs in {bin_s:g} s;"
            " widen the bins or the range"
        )
    peak = float(np.nanmax(values))
    peaks = [
        _null_peak(a, b, lags, _NULLS[null], slope, rng) for _ in range(simulations)
    ]
    higher = int(np.sum(np.array(peaks) >= peak))
    return pl.DataFrame(
        {
            "object_id": pl.Series([object_id], dtype=pl.String),
            "first": names[0],
            "second": names[1],
            "lag_s": _centroid(values, lags.centres),
            "lag_err_s": _lag_error(a, b, bin_s, max_lag_s, simulations, rng),
            "correlation": peak,
            "chance_probability": (higher + 1) / (simulations + 1),
            "method": f"DCF (Edelson & Krolik 1988), bins {bin_s:g} s to ±{max_lag_s:g} s;"
            f" null {null}{f' slope {slope:g}' if null == 'red-noise' else ''},"
            f" {simulations} simulations, seed {seed}",
            "simulated": simulated(first, second),
        }
    )


def _centroid(values: Reals, centres: Reals) -> float:
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
        return float(centres[peak])
    return float(np.sum(weights * centres[low : top + 1]) / weights.sum())


def _red(b: Series, slope: float, rng: np.random.Generator) -> Reals:
    intrinsic = np.sqrt(max(float(np.var(b.values) - np.mean(b.errors**2)), 0.0))
    noise = rng.normal(0, b.errors)
    return np.asarray(red_noise(b.times, slope, rng=rng) * intrinsic + noise)


def _shuffled(b: Series, _: float, rng: np.random.Generator) -> Reals:
    return np.asarray(rng.permutation(b.values))


_NULLS: Mapping[str, Callable[[Series, float, np.random.Generator], Reals]] = {
    "red-noise": _red,
    "shuffle": _shuffled,
}


def _null_peak(
    a: Series,
    b: Series,
    lags: Lags,
    simulate: Callable[[Series, float, np.random.Generator], Reals],
    slope: float,
    rng: np.random.Generator,
) -> float:
    """Return the peak of an unrelated series, scaled by its own scatter."""
    values = simulate(b, slope, rng)
    scatter = max(
        float(np.var(values) - np.mean(b.errors**2)), 1e-3 * float(np.var(values))
    )
    x, y = scaled(a), (values - values.mean()) / np.sqrt(scatter)
    size = lags.centres.size
    mean = np.bincount(lags.bin, x[lags.i] * y[lags.j], size) / np.maximum(
        lags.pairs, 1
    )
    return float(np.max(mean[lags.pairs >= FEWEST_PAIRS]))


def _lag_error(
    a: Series,
    b: Series,
    bin_s: float,
    max_lag_s: float,
    tries: int,
    rng: np.random.Generator,
) -> float | None:
    """Return half the 16-84 % range of lags of resampled, perturbed series."""
    lags_s = []
    for _ in range(min(tries, 200)):
        first, second = (_resampled(series, rng) for series in (a, b))
        try:
            lags = lagged(first, second, bin_s, max_lag_s)
            values, _ = correlated(first, second, lags)
        except QueryError:
            continue  # a subset without variance of its own says nothing of the lag
        if np.isfinite(values).any():
            lags_s.append(_centroid(values, lags.centres))
    if len(lags_s) < FEWEST_PAIRS:
        return None
    low, high = np.percentile(lags_s, [15.87, 84.13])
    return float(max((high - low) / 2, bin_s / np.sqrt(12)))


def _resampled(series: Series, rng: np.random.Generator) -> Series:
    rows = np.unique(rng.integers(0, series.times.size, series.times.size))
    errors = series.errors[rows]
    return Series(
        series.times[rows], series.values[rows] + rng.normal(0, errors), errors
    )
