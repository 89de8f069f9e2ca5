"""The z-transformed discrete correlation function, and the likelihood of its peak.

References: Alexander 1997, in Astronomical Time Series (Kluwer), 163; Alexander 2013,
arXiv:1302.1508 (bins, z-transform, PLIKE).
"""

import math
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled
from orbital_kernel.science.correlation.series import Series, two_series

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

N_MIN = 11
"""Fewest independent pairs of a bin, for the z-transform to be near Gaussian."""
SAME_LAG = 1e-9
DRAWS = 100
CERTAINLY = 8.3
"""Standard deviations below which all of a Gaussian is, to the last digit."""


class Pairs(NamedTuple):
    """Independent pairs (rows i of the first, j of the second) in order of bin; bins' lags."""

    i: Ints
    j: Ints
    bin: Ints
    lags: Reals


def zdcf(
    first: pl.DataFrame,
    second: pl.DataFrame,
    *,
    max_lag_s: float,
    n_min: int = N_MIN,
    draws: int = DRAWS,
    seed: int = 1,
) -> pl.DataFrame:
    """Return the z-transformed discrete correlation function of two series.

    Parameters
    ----------
    first, second
        time (TT) and value with value_err_plus and value_err_minus, or rate with rate_err.
    max_lag_s
        Largest lag, s.
    n_min
        Pairs of a bin: bins are of equal population, not of equal width.
    draws
        Series randomised within their errors, over which z is averaged.
    seed
        Seed of the random numbers.

    Returns
    -------
    polars.DataFrame
        lag_s (mean of the bin's pairs, s; positive if `second` follows `first`),
        correlation, correlation_low and correlation_high (1 sigma), pairs. A pair that
        shares a point with another of its bin is not used. Bins begin at zero lag.

    Raises
    ------
    QueryError
        As `two_series`.

    References
    ----------
    Alexander 2013, arXiv:1302.1508: eq. 4 (z), eq. 6 and 7 (mean and variance of z).
    """
    a, b = two_series(first, second)
    pairs = independent(a, b, max_lag_s, n_min)
    r = averaged(a, b, pairs, draws, np.random.default_rng(seed))
    counts = np.bincount(pairs.bin, minlength=pairs.lags.size)
    mean, sigma = transformed(r, counts)
    return pl.DataFrame(
        {
            "lag_s": pairs.lags,
            "correlation": r,
            "correlation_low": np.tanh(mean - sigma),
            "correlation_high": np.tanh(mean + sigma),
            "pairs": counts,
        }
    )


def independent(a: Series, b: Series, max_lag_s: float, n_min: int) -> Pairs:
    """Return the pairs in bins of at least `n_min`, from zero lag outwards."""
    apart = b.times[None, :] - a.times[:, None]
    i, j = np.nonzero(np.abs(apart) <= max_lag_s)
    lag = apart[i, j]
    sides = []
    for side in (lag < 0, lag >= 0):
        rows = np.flatnonzero(side)
        rows = rows[np.argsort(np.abs(lag[rows]), kind="stable")]
        number = _allocated(
            i[rows], j[rows], np.abs(lag[rows]), a.times.size, b.times.size, n_min
        )
        used = number >= 0
        sides.append((rows[used], number[used]))
    (left_rows, left), (right_rows, right) = sides
    bins_left = int(left.max()) + 1 if left.size else 0
    rows = np.concatenate([left_rows, right_rows])
    number = np.concatenate([bins_left - 1 - left, bins_left + right])
    size = int(number.max()) + 1 if number.size else 0
    counts = np.bincount(number, minlength=size)
    lags = np.bincount(number, lag[rows], size) / np.maximum(counts, 1)
    order = np.argsort(number, kind="stable")
    return Pairs(i[rows[order]], j[rows[order]], number[order], lags)


@compiled
def _allocated(i: Ints, j: Ints, lag: Reals, n: int, m: int, n_min: int) -> Ints:
    """Return each pair's bin; -1 for pairs that share a point, and of a bin not full."""
    number = np.full(lag.size, -1, dtype=np.int64)
    seen_i, seen_j = np.full(n, -1, dtype=np.int64), np.full(m, -1, dtype=np.int64)
    bin_, count, first = 0, 0, 0
    for k in range(lag.size):
        tied = k > 0 and lag[k] - lag[k - 1] <= SAME_LAG * max(lag[k], 1.0)
        if count >= n_min and not tied:
            bin_ += 1
            count, first = 0, k
        if seen_i[i[k]] == bin_ or seen_j[j[k]] == bin_:
            continue
        seen_i[i[k]], seen_j[j[k]] = bin_, bin_
        number[k] = bin_
        count += 1
    if count < n_min:
        number[first:] = -1
    return number


def correlations(a: Reals, b: Reals, pairs: Pairs) -> Reals:
    """Return Pearson's r of each bin's pairs."""
    size = pairs.lags.size
    x, y, number = a[pairs.i], b[pairs.j], pairs.bin
    counts = np.maximum(np.bincount(number, minlength=size), 1)
    x = x - (np.bincount(number, x, size) / counts)[number]
    y = y - (np.bincount(number, y, size) / counts)[number]
    product, square_x, square_y = (
        np.bincount(number, weights, size) for weights in (x * y, x * x, y * y)
    )
    scale = np.sqrt(square_x * square_y)
    r = np.divide(product, scale, where=scale > 0, out=np.zeros(size))
    return np.asarray(np.clip(r, -1, 1))


def averaged(
    a: Series, b: Series, pairs: Pairs, draws: int, rng: np.random.Generator
) -> Reals:
    """Return r of each bin from the mean of z over series randomised in their errors."""
    first, second = (
        series.values - series.values.mean() + rng.normal(0, series.errors, (draws, n))
        for series in (a, b)
        for n in (series.values.size,)
    )
    starts = np.searchsorted(pairs.bin, np.arange(pairs.lags.size + 1))
    return np.asarray(np.tanh(_mean_z(first, second, pairs.i, pairs.j, starts)))


@compiled
def _mean_z(xs: Reals, ys: Reals, i: Ints, j: Ints, starts: Ints) -> Reals:
    """Return the mean of z of each bin over the draws (n, points) of both series.

    The pairs of bin k are those from `starts[k]` to `starts[k + 1]`.
    """
    size = starts.size - 1
    total = np.zeros(size)
    for draw in range(xs.shape[0]):
        x, y = xs[draw], ys[draw]
        for place in range(size):
            sum_x, sum_y, xx, yy, xy = 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(starts[place], starts[place + 1]):
                p, q = x[i[k]], y[j[k]]
                sum_x += p
                sum_y += q
                xx += p * p
                yy += q * q
                xy += p * q
            n = max(starts[place + 1] - starts[place], 1)
            first, second = xx - sum_x**2 / n, yy - sum_y**2 / n
            scale = np.sqrt(max(first, 0.0) * max(second, 0.0))
            if scale > 0:
                r = (xy - sum_x * sum_y / n) / scale
                total[place] += np.arctanh(min(max(r, -0.999999), 0.999999))
    mean: Reals = total / xs.shape[0]
    return mean


def transformed(r: Reals, counts: Ints) -> tuple[Reals, Reals]:
    """Return mean and standard deviation of z for a true correlation r (eq. 6 and 7)."""
    n = counts - 1.0
    r = np.clip(r, -0.999999, 0.999999)
    mean = np.arctanh(r) + r / (2 * n) * (
        1 + (5 + r**2) / (4 * n) + (11 + 2 * r**2 + 3 * r**4) / (8 * n**2)
    )
    variance = (1 + (4 - r**2) / (2 * n) + (22 - 6 * r**2 - 3 * r**4) / (6 * n**2)) / n
    return mean, np.sqrt(variance)


def peak_likelihood(r: Reals, counts: Ints) -> Reals:
    """Return the likelihood that each bin is the highest (PLIKE), summing to 1."""
    mean, sigma = transformed(r, counts)
    z = np.linspace((mean - 5 * sigma).max(), (mean + 5 * sigma).max(), 60)
    likelihood = _highest(mean, sigma, z)
    return np.asarray(likelihood / likelihood.sum())


@compiled
def _highest(mean: Reals, sigma: Reals, z: Reals) -> Reals:
    """Return the density of each bin at z times the chance that all others are lower."""
    size = mean.size
    result = np.zeros(size)
    below, after = np.empty(size), np.empty(size)
    for value in z:
        product = 1.0
        for k in range(size - 1, -1, -1):
            after[k] = product
            off = (value - mean[k]) / sigma[k]
            below[k] = (
                0.5 * math.erfc(-off / math.sqrt(2.0)) if off < CERTAINLY else 1.0
            )
            product *= below[k]
        product = 1.0
        for k in range(size):
            off = (value - mean[k]) / sigma[k]
            if off < CERTAINLY:
                density = math.exp(-0.5 * off * off) / sigma[k]
                result[k] += density * product * after[k]
            product *= below[k]
    return result
