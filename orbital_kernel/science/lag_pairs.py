"""Pairs of points of two series by their lag, and their correlation in bins of lag.

References: Edelson & Krolik 1988, ApJ 333, 646.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand, fill, finite
from orbital_kernel.science.lightcurves.exposure import nanoseconds

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_PAIRS = 5


MOST_PAIRS = 20_000_000


class Series(NamedTuple):
    """Times (s), values and symmetric errors of usable points, each (n,)."""

    times: Reals
    values: Reals
    errors: Reals


class Lags(NamedTuple):
    """Which pairs of points fall into which bin of lag."""

    i: Ints
    j: Ints
    bin: Ints
    centres: Reals
    pairs: Ints


def two_series(first: pl.DataFrame, second: pl.DataFrame) -> tuple[Series, Series]:
    """Return two series with their times from one common zero."""
    zero = min((n for f in (first, second) for n in _starts(f)), default=0)
    return _series(first, zero, "first"), _series(second, zero, "second")


def _starts(frame: pl.DataFrame) -> list[int]:
    demand(frame, "time", subject="series")
    return [
        int(frame.select(pl.col("time").drop_nulls().cast(pl.Int64).min()).item() or 0)
    ]


def _series(frame: pl.DataFrame, zero: int, which: str) -> Series:
    """Return times (s from zero), values and symmetric errors of the usable points."""
    value = "value" if "value" in frame.columns else "rate"
    demand(frame, "time", value, subject="series")
    for name in ("unit", "band_low_kev", "band_high_kev"):
        if name in frame.columns and frame[name].drop_nulls().n_unique() > 1:
            raise QueryError(
                f"the {which} series mixes several {name}; join it in one first"
            )
    names = ("value_err_plus", "value_err_minus", "rate_err")
    full = fill(frame, {n: pl.Float64() for n in names} | {"is_limit": pl.Boolean()})
    used = full.select(
        "time",
        finite(value).alias("v"),
        pl.coalesce(
            (finite("value_err_plus") + finite("value_err_minus")) / 2,
            finite("rate_err"),
            0.0,
        ).alias("e"),
        pl.col("is_limit").fill_null(value=False),
    ).filter(
        ~pl.col("is_limit"), pl.col("time").is_not_null(), pl.col("v").is_not_null()
    )
    if used.height < FEWEST_PAIRS:
        raise QueryError(
            f"the {which} series has {used.height} detections, {FEWEST_PAIRS} are the fewest"
        )
    times = (nanoseconds(used, "time") - zero) / 1e9
    return Series(times, used["v"].to_numpy(), used["e"].to_numpy())


def lagged(a: Series, b: Series, bin_s: float, max_lag_s: float) -> Lags:
    """Return the pairs of points by bins of lag centred on multiples of the width."""
    if not 0 < bin_s <= max_lag_s < np.inf:
        raise QueryError(
            f"lags need 0 < bin_s <= max_lag_s; got {bin_s} and {max_lag_s}"
        )
    if a.times.size * b.times.size > MOST_PAIRS:
        raise QueryError(
            f"{a.times.size:,} x {b.times.size:,} points make too many pairs"
            f" (most {MOST_PAIRS:,}); rebin the series first"
        )
    apart = b.times[None, :] - a.times[:, None]
    half = int(np.floor(max_lag_s / bin_s))
    number = np.floor(apart / bin_s + 0.5).astype(np.int64)
    i, j = np.nonzero(np.abs(number) <= half)
    which = number[i, j] + half
    centres = np.arange(-half, half + 1).astype(np.float64) * bin_s
    return Lags(i, j, which, centres, np.bincount(which, minlength=centres.size))


def correlated(a: Series, b: Series, lags: Lags) -> tuple[Reals, Reals]:
    """Return the mean and its error of each bin's unbinned correlations."""
    x, y = scaled(a), scaled(b)
    unbinned = x[lags.i] * y[lags.j]
    size = lags.centres.size
    enough = lags.pairs >= FEWEST_PAIRS
    pairs = np.where(enough, lags.pairs, FEWEST_PAIRS)
    mean = np.bincount(lags.bin, unbinned, size) / pairs
    square = np.bincount(lags.bin, (unbinned - mean[lags.bin]) ** 2, size)
    error = np.sqrt(square) / (pairs - 1)
    return np.where(enough, mean, np.nan), np.where(enough, error, np.nan)


def scaled(series: Series) -> Reals:
    """Return values over the scatter that the errors do not explain (their eq. 3)."""
    intrinsic = float(np.var(series.values) - np.mean(series.errors**2))
    if intrinsic <= 0:
        raise QueryError(
            "a series varies no more than its errors allow: there is nothing to correlate"
        )
    return np.asarray((series.values - series.values.mean()) / np.sqrt(intrinsic))
