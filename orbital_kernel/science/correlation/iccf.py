"""The interpolated cross-correlation function (Gaskell & Peterson 1987).

References: Gaskell & Peterson 1987, ApJS 65, 1; White & Peterson 1994, PASP 106, 879 (the
mean and scatter of the points that overlap); Peterson et al. 2004, ApJ 613, 682.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled
from orbital_kernel.science.correlation.series import FEWEST_POINTS, Series, two_series

Reals = NDArray[np.float64]


def iccf(
    first: pl.DataFrame, second: pl.DataFrame, *, step_s: float, max_lag_s: float
) -> pl.DataFrame:
    """Return the interpolated cross-correlation function of two series.

    Parameters
    ----------
    first, second
        time (TT) and value with value_err_plus and value_err_minus, or rate with rate_err.
    step_s
        Step of the lags, s.
    max_lag_s
        Largest lag, s.

    Returns
    -------
    polars.DataFrame
        lag_s (s, positive if `second` follows `first`) and correlation: the mean of
        Pearson's r with `second` interpolated at the shifted times of `first`, and the
        other way round. Null where fewer than 5 points overlap either way.

    Raises
    ------
    QueryError
        As `two_series`.

    References
    ----------
    Gaskell & Peterson 1987, ApJS 65, 1; White & Peterson 1994, PASP 106, 879.
    """
    a, b = two_series(first, second)
    lags = grid(step_s, max_lag_s)
    return pl.DataFrame(
        {
            "lag_s": lags,
            "correlation": pl.Series(interpolated(a, b, lags)).fill_nan(None),
        }
    )


def grid(step_s: float, max_lag_s: float) -> Reals:
    """Return the lags, s: multiples of the step."""
    half = int(np.floor(max_lag_s / step_s + 1e-9))
    return np.asarray(np.arange(-half, half + 1) * step_s, dtype=np.float64)


def interpolated(a: Series, b: Series, lags: Reals) -> Reals:
    """Return the correlation at each lag (s); NaN where too few points overlap."""
    return np.asarray(
        _both_ways(a.times, a.values, b.times, b.values, lags, FEWEST_POINTS)
    )


@compiled
def _both_ways(
    ta: Reals, a: Reals, tb: Reals, b: Reals, lags: Reals, fewest: int
) -> Reals:
    result = np.empty(lags.size)
    for k in range(lags.size):
        forward = _one_way(ta, a, tb, b, lags[k], fewest)
        backward = _one_way(tb, b, ta, a, -lags[k], fewest)
        result[k] = (forward + backward) / 2
    return result


@compiled
def _one_way(
    ta: Reals, a: Reals, tb: Reals, b: Reals, lag: float, fewest: int
) -> float:
    """Return Pearson's r of a(t) and b(t + lag), b interpolated, never extrapolated."""
    n = 0
    mean_a, mean_b, square_a, square_b, product = 0.0, 0.0, 0.0, 0.0, 0.0
    j, last = 0, tb.size - 1
    for i in range(ta.size):
        t = ta[i] + lag
        if t < tb[0]:
            continue
        if t > tb[last]:
            break
        while j < last - 1 and tb[j + 1] < t:
            j += 1
        width = tb[j + 1] - tb[j]
        share = (t - tb[j]) / width if width > 0 else 0.0
        y = b[j] + share * (b[j + 1] - b[j])
        n += 1
        da, db = a[i] - mean_a, y - mean_b
        mean_a += da / n
        mean_b += db / n
        square_a += da * (a[i] - mean_a)
        square_b += db * (y - mean_b)
        product += da * (y - mean_b)
    if n < fewest or square_a <= 0 or square_b <= 0:
        return np.nan
    r: float = product / np.sqrt(square_a * square_b)
    return r
