"""The background under a window fitted from bins on both sides, compiled."""

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEAST_BRACKET = 6
BLOCKS = 5
TOLERATED = 1.5
CHI2_MEDIAN = 0.455
ROUNDS = 3
FAR = 4.0


@compiled
def inverse(matrix: Floats) -> Floats:
    """Return the inverse of a small positive matrix (Gauss-Jordan with pivots)."""
    n = len(matrix)
    work = np.zeros((n, 2 * n))
    work[:, :n] = matrix
    for k in range(n):
        work[k, n + k] = 1.0
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(work[k:, k])))
        for j in range(2 * n):
            work[k, j], work[pivot, j] = work[pivot, j], work[k, j]
        scale = work[k, k]
        if scale == 0.0:
            return np.zeros((n, n))
        work[k] /= scale
        for i in range(n):
            if i != k:
                work[i] -= work[i, k] * work[k]
    return work[:, n:].copy()


@compiled
def normal(base: Floats, use: Flags) -> Floats:
    """Return the inverse of the normal matrix of the bins in use."""
    terms = base.shape[1]
    matrix = np.zeros((terms, terms))
    for k in range(len(base)):
        if use[k]:
            for i in range(terms):
                for j in range(terms):
                    matrix[i, j] += base[k, i] * base[k, j]
    return inverse(matrix)


@compiled
def misfit(side: Floats) -> float:
    """Return the variance of a bin's level that blocks of the residuals show.

    Residuals of one side in five blocks: where their means scatter more than single
    bins explain, the fit does not follow the trend, and a window may be off by as much.
    """
    if len(side) < 2 * BLOCKS:
        return 0.0
    size = len(side) // BLOCKS
    squares = 0.0
    for k in range(BLOCKS):
        squares += side[k * size : (k + 1) * size].mean() ** 2
    white = np.median(np.diff(side) ** 2) / (2 * CHI2_MEDIAN)
    return max(squares / BLOCKS - TOLERATED * white / size, 0.0)


@compiled
def residuals(y: Floats, base: Floats, inverted: Floats, use: Flags) -> Floats:
    """Return residuals of all bins from the fit to those in use, then coefficients.

    The last places of the array hold the coefficients.
    """
    n, terms = base.shape
    sums = np.zeros(terms)
    for k in range(n):
        if use[k]:
            for i in range(terms):
                sums[i] += base[k, i] * y[k]
    result = np.empty(n + terms)
    for i in range(terms):
        result[n + i] = 0.0
        for j in range(terms):
            result[n + i] += inverted[i, j] * sums[j]
    for k in range(n):
        result[k] = y[k]
        for i in range(terms):
            result[k] -= base[k, i] * result[n + i]
    return result


@compiled
def fitted(
    counts: Floats, base: Floats
) -> tuple[Floats, Floats, Floats, Floats, Flags]:
    """Fit counts (bands, n) by the terms of `base` (n, terms).

    Return coefficients (bands, terms), variance of a bin and expected counts (bands,),
    the inverse normal matrix (terms, terms), and which bins were used (n,). Bins that
    deviate by 4 sigma in any band are excluded.
    """
    bands, n = counts.shape
    terms = base.shape[1]
    use = np.ones(n, dtype=np.bool_)
    remainder = np.empty((bands, n + terms))
    inverted = np.zeros((terms, terms))
    for _ in range(ROUNDS):
        inverted = normal(base, use)
        near = np.ones(n, dtype=np.bool_)
        for b in range(bands):
            remainder[b] = residuals(counts[b], base, inverted, use)
            spread = 1.4826 * np.median(np.abs(remainder[b, :n][use]))
            spread = max(spread, np.sqrt(max(counts[b][use].mean(), 1.0)))
            for k in range(n):
                if abs(remainder[b, k]) > FAR * spread:
                    near[k] = False
        if near.sum() < LEAST_BRACKET or (near == use).all():
            break
        use = near
    freedom = max(use.sum() - terms, 1)
    variance = np.empty(bands)
    expected = np.empty(bands)
    for b in range(bands):
        variance[b] = (remainder[b, :n][use] ** 2).sum() / freedom
        expected[b] = max(counts[b][use].mean(), 1.0)
    return remainder[:, n:].copy(), variance, expected, inverted, use


@compiled
def mean_square(base: Floats, inverted: Floats) -> float:
    """Return the variance of the fitted mean over rows of terms, for unit noise."""
    terms = base.shape[1]
    mean = np.zeros(terms)
    for j in range(terms):
        mean[j] = base[:, j].mean()
    return float((mean * (inverted * mean).sum(axis=1)).sum())


@compiled
def powers(x: Floats, terms: int) -> Floats:
    """Return the terms (n, terms) of a polynomial: 1, x, x squared."""
    base = np.ones((len(x), terms))
    for j in range(1, terms):
        base[:, j] = base[:, j - 1] * x
    return base


@compiled
def level_of(coefficients: Floats, x: Floats) -> Floats:
    """Return the polynomials of all bands (bands, terms) at x, as (n, bands)."""
    bands, terms = coefficients.shape
    level = np.empty((len(x), bands))
    for k in range(len(x)):
        for b in range(bands):
            value = 0.0
            for j in range(terms - 1, -1, -1):
                value = value * x[k] + coefficients[b, j]
            level[k, b] = value
    return level


@compiled
def under(
    values: Floats, x: Floats, window: tuple[int, int], sides: tuple[int, int, int, int]
) -> tuple[Floats, Floats, Floats]:
    """Return level (n, bands), dispersion and drift (bands,) of counts `values`.

    `x` (n,) is the scaled time; `window` the bins of the mean; `sides` first
    and end of the bins before and after it that the fit may use, if there are enough.
    """
    bands = values.shape[1]
    b0, b1, a0, a1 = sides
    enough = b1 - b0 >= LEAST_BRACKET and a1 - a0 >= LEAST_BRACKET
    terms = 3 if enough else 2
    counts = np.concatenate((values[b0:b1], values[a0:a1])).T.copy()
    base = powers(np.concatenate((x[b0:b1], x[a0:a1])), terms)
    coefficients, variance, expected, inverted, use = fitted(counts, base)
    share = mean_square(powers(x[window[0] : window[1]], terms), inverted)
    level = level_of(coefficients, x)
    drift = np.empty(bands)
    for b in range(bands):
        before = misfit((values[b0:b1, b] - level[b0:b1, b])[use[: b1 - b0]])
        after = misfit((values[a0:a1, b] - level[a0:a1, b])[use[b1 - b0 :]])
        drift[b] = np.sqrt(max(share * variance[b], 0.0) + max(before, after))
    return np.maximum(level, 0.1), np.maximum(variance / expected, 1.0), drift
