"""The discrete correlation function of Edelson & Krolik 1988 (ApJ 333, 646)."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.compiled import compiled
from orbital_kernel.science.correlation.iccf import grid
from orbital_kernel.science.correlation.series import Series, two_series

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_PAIRS = 11
"""n_min: fewer pairs have no usable error (Edelson & Krolik 1988; Alexander 1997)."""


def dcf(
    first: pl.DataFrame,
    second: pl.DataFrame,
    *,
    bin_s: float,
    max_lag_s: float,
    n_min: int = FEWEST_PAIRS,
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
    n_min
        Fewest pairs of a bin; bins with fewer are null.

    Returns
    -------
    polars.DataFrame
        lag_s (centre of the bin, s; positive if `second` follows `first`), dcf, dcf_err,
        pairs.

    Raises
    ------
    QueryError
        As `two_series`; and if a series has no variance beyond its errors.

    References
    ----------
    Edelson & Krolik 1988, ApJ 333, 646: eq. 3 (unbinned correlations), eq. 7 (error).
    """
    a, b = two_series(first, second)
    if not 0 < bin_s <= max_lag_s < np.inf:
        raise QueryError(
            f"lags need 0 < bin_s <= max_lag_s; got {bin_s} and {max_lag_s}"
        )
    for series in (a, b):
        if intrinsic_variance(series) <= 0:
            raise QueryError(
                "a series varies no more than its errors allow: there is nothing to "
                "correlate"
            )
    lags = grid(bin_s, max_lag_s)
    value, error, pairs = binned(a, b, lags, n_min)
    return pl.DataFrame(
        {
            "lag_s": lags,
            "dcf": pl.Series(value).fill_nan(None),
            "dcf_err": pl.Series(error).fill_nan(None),
            "pairs": pairs,
        }
    )


def intrinsic_variance(series: Series) -> float:
    """Return the variance that the errors do not explain."""
    _, spread, noise = _moments(series.values, series.errors)
    return float(spread - noise)


def binned(a: Series, b: Series, lags: Reals, n_min: int) -> tuple[Reals, Reals, Ints]:
    """Return mean, error and number of the unbinned correlations by bin of lag.

    A series whose scatter is within its errors is scaled by its own scatter.
    """
    return _binned(
        a.times, _scaled(a), b.times, _scaled(b), lags, lags[1] - lags[0], n_min
    )


def _scaled(series: Series) -> Reals:
    """Return values over the scatter that the errors do not explain (their eq. 3)."""
    mean, spread, noise = _moments(series.values, series.errors)
    variance = spread - noise if spread - noise > 1e-3 * spread else spread
    return np.asarray((series.values - mean) / math.sqrt(variance or 1.0))


@compiled
def _moments(values: Reals, errors: Reals) -> tuple[float, float, float]:
    """Return mean and variance of the values, and the mean square of the errors."""
    mean = values.mean()
    return mean, ((values - mean) ** 2).mean(), (errors**2).mean()


@compiled
def _binned(
    ta: Reals, x: Reals, tb: Reals, y: Reals, lags: Reals, width: float, n_min: int
) -> tuple[Reals, Reals, Ints]:
    size = lags.size
    pairs = np.zeros(size, dtype=np.int64)
    mean, square = np.zeros(size), np.zeros(size)
    for i in range(ta.size):
        for j in range(tb.size):
            k = int(np.floor((tb[j] - ta[i] - lags[0]) / width + 0.5))
            if 0 <= k < size:
                pairs[k] += 1
                off = x[i] * y[j] - mean[k]
                mean[k] += off / pairs[k]
                square[k] += off * (x[i] * y[j] - mean[k])
    error = np.full(size, np.nan)
    for k in range(size):
        if pairs[k] < n_min:
            mean[k] = np.nan
        else:
            error[k] = np.sqrt(square[k]) / (pairs[k] - 1)
    return mean, error, pairs
