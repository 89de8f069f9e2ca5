"""The level an excess is measured against, and the scatter it is judged by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.extent import Excess
from orbital_kernel.science.bursts.samples import Samples
from orbital_kernel.science.bursts.settings import Settings

Floats = NDArray[np.float64]
LEAST_BRACKET = 6
BLOCKS = 5
TOLERATED = 1.5
CHI2_MEDIAN = 0.455


@dataclass(frozen=True)
class Bracket:
    """Background under a window, fitted on both sides of it where there are both.

    `level` (n, bands) counts a bin; `dispersion` (bands,) variance over Poisson,
    `before` and `after` how many bins on each side carry the fit.
    """

    excess: Excess
    level: Floats
    dispersion: Floats
    before: int
    after: int


def net_excess(samples: Samples, settings: Settings) -> Excess:
    """Return bins of a net series with errors as large as their scatter says.

    Errors far below the usual one (bins cut by missing data) are raised to 0.3 of
    it. The scatter is that of differences between neighbours, so bursts do not
    enter it; errors are never made smaller.
    """
    variance = samples.variance.copy()
    for band in range(variance.shape[1]):
        there = variance[:, band] > 0
        if not there.any():
            continue
        usual = float(np.median(variance[there, band] / samples.seconds[there]))
        least = 0.09 * usual * samples.seconds[there]
        z = samples.value[there, band] / np.sqrt(
            np.maximum(variance[there, band], least)
        )
        scale = _scatter(z)
        variance[there, band] = np.maximum(variance[there, band], least) * scale
    deviation = np.sqrt(variance * samples.seconds[:, None])
    return Excess(
        samples.met,
        samples.seconds,
        samples.value,
        variance,
        settings.net_drift * deviation,
    )


def _scatter(z: Floats) -> float:
    """Return by how much the variance of z exceeds 1, not believing small excess."""
    if len(z) < 30:
        return 1.0
    scatter = 1.4826 * float(np.median(np.abs(np.diff(z)))) / np.sqrt(2)
    return scatter**2 if scatter > 1.1 else 1.0


def bracket(samples: Samples, first: int, end: int, settings: Settings) -> Bracket:
    """Fit the background of raw counts around bins `first` to `end`.

    A parabola over both sides, a line where one side is missing; bins that stand
    out of it by 4 sigma (other excursions) leave the fit. The uncertainty of the
    fitted level, and its failure to follow the trend, enter as a drift common to all
    bins of a window.
    """
    met = samples.met
    bin_s = float(np.median(samples.seconds))
    lasts = met[end - 1] + samples.seconds[end - 1] - met[first]
    reach = min(max(2 * lasts, settings.bracket_least_s), settings.bracket_most_s)
    guard = max(bin_s, 0.1 * lasts)
    before = (met < met[first] - guard) & (met >= met[first] - guard - reach)
    stop = met[end - 1] + guard
    after = (met > stop) & (met <= stop + reach)
    x = (met - (met[first] + 0.5 * lasts)) / (reach + 0.5 * lasts)
    enough = before.sum() >= LEAST_BRACKET and after.sum() >= LEAST_BRACKET
    base = np.vander(x, 3 if enough else 2, increasing=True)
    level, dispersion, covariance = _fitted(base, samples.value, before | after)
    mean = base[first:end].mean(axis=0)
    uncertain = np.maximum(np.einsum("i,bij,j->b", mean, covariance, mean), 0.0)
    rest = samples.value - level
    misfit = np.maximum(_misfit(rest[before]), _misfit(rest[after]))
    level = np.maximum(level, 0.1)
    excess = Excess(
        met,
        samples.seconds,
        samples.value - level,
        level * dispersion,
        np.broadcast_to(np.sqrt(uncertain + misfit), level.shape).copy(),
    )
    return Bracket(excess, level, dispersion, int(before.sum()), int(after.sum()))


def _misfit(rest: Floats) -> Floats:
    """Return the variance of a bin's level that blocks of the residuals betray.

    Residuals (n, bands) of one side in five blocks: where their means scatter more
    than single bins explain, the fit does not follow the trend, and a window may be
    off by as much.
    """
    bands = rest.shape[1]
    if len(rest) < 2 * BLOCKS:
        return np.zeros(bands)
    size = len(rest) // BLOCKS
    means = rest[: size * BLOCKS].reshape(BLOCKS, size, bands).mean(axis=1)
    white = np.median(np.diff(rest, axis=0) ** 2, axis=0) / (2 * CHI2_MEDIAN)
    excess = (means**2).mean(axis=0) - TOLERATED * white / size
    return np.asarray(np.maximum(excess, 0.0), dtype=np.float64)


def _fitted(
    base: Floats, counts: Floats, fit: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Return level of all bins, dispersion, covariance of coefficients, by band."""
    bands, terms = counts.shape[1], base.shape[1]
    if fit.sum() < LEAST_BRACKET:
        flat = np.broadcast_to(np.median(counts, axis=0), counts.shape).copy()
        return flat, np.ones(bands), np.zeros((bands, terms, terms))
    x, y = base[fit], counts[fit]
    use = np.ones(len(x), dtype=bool)
    for _ in range(3):
        inverse = np.linalg.pinv(x[use].T @ x[use])
        coefficients = inverse @ (x[use].T @ y[use])
        rest = y - x @ coefficients
        spread = 1.4826 * np.median(np.abs(rest[use]), axis=0)
        spread = np.maximum(spread, np.sqrt(np.maximum(y[use].mean(axis=0), 1.0)))
        kept = (np.abs(rest) <= 4 * spread).all(axis=1)
        if kept.sum() < LEAST_BRACKET or (kept == use).all():
            break
        use = kept
    freedom = max(int(use.sum()) - terms, 1)
    variance = (rest[use] ** 2).sum(axis=0) / freedom
    covariance = inverse[None] * variance[:, None, None]
    expected = np.maximum(y[use].mean(axis=0), 1.0)
    return base @ coefficients, np.maximum(variance / expected, 1.0), covariance
