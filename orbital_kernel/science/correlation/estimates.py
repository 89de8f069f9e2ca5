"""How a lag is estimated: the correlation function, its peak, and a resampled interval."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.compiled import compiled
from orbital_kernel.science.correlation import zdcf as z
from orbital_kernel.science.correlation.dcf import binned
from orbital_kernel.science.correlation.iccf import grid, interpolated
from orbital_kernel.science.correlation.series import Series, spacing

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Interval = tuple[float | None, float | None]

METHODS: Mapping[str, str] = {
    "iccf": "ICCF (Gaskell & Peterson 1987), centroid above 80 % of the peak",
    "zdcf": "ZDCF (Alexander 1997, 2013), most likely peak",
    "dcf": "DCF (Edelson & Krolik 1988), centroid above 80 % of the peak",
}
CENTROID = 0.8
LEAST_SHARE = 0.5
"""Share of resampled series that need a peak for an interval."""


@dataclass(frozen=True)
class Estimate:
    """One method's correlation function, and the lag and interval that follow."""

    lags: Reals
    values: Reals
    lag_s: float
    interval: Callable[[int, np.random.Generator], Callable[[float], Interval]]
    """The interval (s) by confidence, from so many resampled series."""
    correlate: Callable[[Series], Reals]
    """The correlation of the first series with another in place of the second."""
    lag_of: Callable[[Series, Series, np.random.Generator], float]
    """The lag of two other series at the same times; NaN without a peak."""

    step_s: float
    """Spacing of the lags that the sampling can tell apart, s."""


@compiled
def centroid(values: Reals, lags: Reals) -> float:
    """Return the centroid of the lags around the peak that exceed 80 % of it."""
    peak, highest = 0, -np.inf
    for k in range(values.size):
        if values[k] > highest:
            peak, highest = k, values[k]
    low, top = peak, peak
    while low > 0 and values[low - 1] >= CENTROID * highest:
        low -= 1
    while top < values.size - 1 and values[top + 1] >= CENTROID * highest:
        top += 1
    weights = values[low : top + 1]
    total = weights.sum()
    if not total > 0:
        return float(lags[peak])
    return float((weights * lags[low : top + 1]).sum() / total)


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

    def lag_of(first: Series, other: Series, _rng: np.random.Generator) -> float:
        trial = function(first, other)
        return centroid(trial, lags) if np.isfinite(trial).any() else np.nan

    values = function(a, b)
    lag_s = centroid(values, lags) if np.isfinite(values).any() else np.nan

    def interval(
        resamples: int, rng: np.random.Generator
    ) -> Callable[[float], Interval]:
        drawn = resampled_lags(lag_of, a, b, resamples, rng)

        def at(confidence: float) -> Interval:
            if drawn.size < LEAST_SHARE * resamples:
                return None, None
            low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
            return min(float(low), lag_s), max(float(high), lag_s)

        return at

    return Estimate(
        lags,
        values,
        lag_s,
        interval,
        lambda other: function(a, other),
        lag_of,
        float(lags[1] - lags[0]),
    )


def resampled_lags(
    lag_of: Callable[[Series, Series, np.random.Generator], float],
    a: Series,
    b: Series,
    number: int,
    rng: np.random.Generator,
) -> Reals:
    """Return the lags of resampled series (FR/RSS) that have a peak."""
    pairs = zip(resampled(a, number, rng), resampled(b, number, rng), strict=True)
    lags = [lag_of(*pair, rng) for pair in pairs]
    return np.array([value for value in lags if np.isfinite(value)])


def resampled(
    series: Series, number: int, rng: np.random.Generator
) -> Iterator[Series]:
    """Yield random subsets of points, randomised within their errors (FR/RSS).

    A point drawn n times counts once with an error smaller by sqrt(n) (Peterson 2004).
    """
    size = series.times.size
    drawn = rng.integers(0, size, (number, size))
    noise = rng.normal(size=(number, size))
    for rows, offsets in zip(drawn, noise, strict=True):
        yield Series(*_subset(*series[:3], rows, offsets))


@compiled
def _subset(
    times: Reals, values: Reals, errors: Reals, rows: Ints, noise: Reals
) -> tuple[Reals, Reals, Reals]:
    counts = np.zeros(times.size)
    for row in rows:
        counts[row] += 1
    size = np.count_nonzero(counts)
    when, value, error = np.empty(size), np.empty(size), np.empty(size)
    k = 0
    for row in range(times.size):
        if counts[row] > 0:
            when[k] = times[row]
            error[k] = errors[row] / np.sqrt(counts[row])
            value[k] = values[row] + error[k] * noise[row]
            k += 1
    return when, value, error


def _zdcf(
    a: Series, b: Series, reach: float, _step: float, n: int, rng: np.random.Generator
) -> Estimate:
    pairs = z.independent(a, b, reach, n)
    counts = np.bincount(pairs.bin, minlength=pairs.lags.size)
    if not pairs.lags.size:
        raise QueryError(
            f"no lag within {reach:g} s has {n} independent pairs; widen the range"
        )

    def likelihood_of(
        first: Series, other: Series, rng: np.random.Generator
    ) -> tuple[Reals, Reals]:
        r = z.averaged(first, other, pairs, z.DRAWS, rng)
        return r, z.peak_likelihood(r, counts)

    def lag_of(first: Series, other: Series, rng: np.random.Generator) -> float:
        return float(pairs.lags[np.argmax(likelihood_of(first, other, rng)[1])])

    values, likelihood = likelihood_of(a, b, rng)
    lag_s = float(pairs.lags[np.argmax(likelihood)])

    def interval(confidence: float) -> Interval:
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
        lambda _resamples, _rng: interval,
        lambda other: z.correlations(a.values, other.values, pairs),
        lag_of,
        max(spacing(a), spacing(b)),
    )


ESTIMATES: Mapping[
    str, Callable[[Series, Series, float, float, int, np.random.Generator], Estimate]
] = {"iccf": _iccf, "zdcf": _zdcf, "dcf": _dcf}


def chances(
    estimate: Estimate,
    b: Series,
    draw: Callable[[np.random.Generator], Reals],
    peak: int,
    simulations: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the chance of as high a correlation at the peak's lag, and at any lag.

    `draw` gives the values of an unrelated second series.
    """
    observed = estimate.correlate(b)
    local, at_any = 0, 0
    for _ in range(simulations):
        trial = estimate.correlate(b._replace(values=draw(rng)))
        local += bool(trial[peak] >= observed[peak])
        at_any += bool(np.nanmax(trial) >= np.nanmax(observed))
    return (local + 1) / (simulations + 1), (at_any + 1) / (simulations + 1)
