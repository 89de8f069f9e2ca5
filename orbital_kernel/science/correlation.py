"""Time lags between two unevenly sampled series, with their chance probability.

The discrete correlation function of Edelson & Krolik 1988 (ApJ 333, 646) needs neither
interpolation nor even sampling. The lag is the centroid above 80 % of the peak, its
error from flux randomisation and random subset selection (Peterson et al. 1998, PASP
110, 660). Red noise correlates with itself by chance, so the significance of a peak is
measured on simulated unrelated series sampled at the same times. A trend longer than
the series pulls the peak towards zero lag (Welsh 1999, PASP 111, 1347): subtract it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand, fill, finite, simulated
from orbital_kernel.science.lightcurves.exposure import nanoseconds
from orbital_kernel.science.rednoise import red_noise

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_PAIRS = 5
MOST_PAIRS = 20_000_000
CENTROID = 0.8


class _Series(NamedTuple):
    times: Reals
    values: Reals
    errors: Reals


class _Lags(NamedTuple):
    """Which pairs of points fall into which bin of lag."""

    i: Ints
    j: Ints
    bin: Ints
    centres: Reals
    pairs: Ints


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
    a, b = _two_series(first, second)
    lags = _lagged(a, b, bin_s, max_lag_s)
    value, error = _dcf(a, b, lags)
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
    a, b = _two_series(first, second)
    rng = np.random.default_rng(seed)
    lags = _lagged(a, b, bin_s, max_lag_s)
    values, _ = _dcf(a, b, lags)
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


def _two_series(first: pl.DataFrame, second: pl.DataFrame) -> tuple[_Series, _Series]:
    zero = min((n for f in (first, second) for n in _starts(f)), default=0)
    return _series(first, zero, "first"), _series(second, zero, "second")


def _starts(frame: pl.DataFrame) -> list[int]:
    demand(frame, "time", subject="series")
    return [
        int(frame.select(pl.col("time").drop_nulls().cast(pl.Int64).min()).item() or 0)
    ]


def _series(frame: pl.DataFrame, zero: int, which: str) -> _Series:
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
    return _Series(times, used["v"].to_numpy(), used["e"].to_numpy())


def _lagged(a: _Series, b: _Series, bin_s: float, max_lag_s: float) -> _Lags:
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
    return _Lags(i, j, which, centres, np.bincount(which, minlength=centres.size))


def _dcf(a: _Series, b: _Series, lags: _Lags) -> tuple[Reals, Reals]:
    """Return the mean and its error of each bin's unbinned correlations."""
    x, y = _scaled(a), _scaled(b)
    unbinned = x[lags.i] * y[lags.j]
    size = lags.centres.size
    enough = lags.pairs >= FEWEST_PAIRS
    pairs = np.where(enough, lags.pairs, FEWEST_PAIRS)
    mean = np.bincount(lags.bin, unbinned, size) / pairs
    square = np.bincount(lags.bin, (unbinned - mean[lags.bin]) ** 2, size)
    error = np.sqrt(square) / (pairs - 1)
    return np.where(enough, mean, np.nan), np.where(enough, error, np.nan)


def _scaled(series: _Series) -> Reals:
    """Return values over the scatter that the errors do not explain (their eq. 3)."""
    intrinsic = float(np.var(series.values) - np.mean(series.errors**2))
    if intrinsic <= 0:
        raise QueryError(
            "a series varies no more than its errors allow: there is nothing to correlate"
        )
    return np.asarray((series.values - series.values.mean()) / np.sqrt(intrinsic))


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


def _red(b: _Series, slope: float, rng: np.random.Generator) -> Reals:
    intrinsic = np.sqrt(max(float(np.var(b.values) - np.mean(b.errors**2)), 0.0))
    noise = rng.normal(0, b.errors)
    return np.asarray(red_noise(b.times, slope, rng=rng) * intrinsic + noise)


def _shuffled(b: _Series, _: float, rng: np.random.Generator) -> Reals:
    return np.asarray(rng.permutation(b.values))


_NULLS: Mapping[str, Callable[[_Series, float, np.random.Generator], Reals]] = {
    "red-noise": _red,
    "shuffle": _shuffled,
}


def _null_peak(
    a: _Series,
    b: _Series,
    lags: _Lags,
    simulate: Callable[[_Series, float, np.random.Generator], Reals],
    slope: float,
    rng: np.random.Generator,
) -> float:
    """Return the peak of an unrelated series, scaled by its own scatter."""
    values = simulate(b, slope, rng)
    scatter = max(
        float(np.var(values) - np.mean(b.errors**2)), 1e-3 * float(np.var(values))
    )
    x, y = _scaled(a), (values - values.mean()) / np.sqrt(scatter)
    size = lags.centres.size
    mean = np.bincount(lags.bin, x[lags.i] * y[lags.j], size) / np.maximum(
        lags.pairs, 1
    )
    return float(np.max(mean[lags.pairs >= FEWEST_PAIRS]))


def _lag_error(
    a: _Series,
    b: _Series,
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
            lags = _lagged(first, second, bin_s, max_lag_s)
            values, _ = _dcf(first, second, lags)
        except QueryError:
            continue  # a subset without variance of its own says nothing of the lag
        if np.isfinite(values).any():
            lags_s.append(_centroid(values, lags.centres))
    if len(lags_s) < FEWEST_PAIRS:
        return None
    low, high = np.percentile(lags_s, [15.87, 84.13])
    return float(max((high - low) / 2, bin_s / np.sqrt(12)))


def _resampled(series: _Series, rng: np.random.Generator) -> _Series:
    rows = np.unique(rng.integers(0, series.times.size, series.times.size))
    errors = series.errors[rows]
    return _Series(
        series.times[rows], series.values[rows] + rng.normal(0, errors), errors
    )
