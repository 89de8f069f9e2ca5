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
    fit = before | after
    level = np.empty_like(samples.value)
    dispersion = np.empty(samples.value.shape[1])
    drift = np.empty_like(samples.value)
    inside = slice(first, end)
    for band in range(samples.value.shape[1]):
        level[:, band], dispersion[band], covariance = _fitted(
            base, samples.value[:, band], fit
        )
        mean = base[inside].mean(axis=0)
        rest = samples.value[:, band] - level[:, band]
        misfit = max(_misfit(rest[before]), _misfit(rest[after]))
        drift[:, band] = np.sqrt(max(mean @ covariance @ mean, 0.0) + misfit)
    level = np.maximum(level, 0.1)
    excess = Excess(
        met, samples.seconds, samples.value - level, level * dispersion, drift
    )
    return Bracket(excess, level, dispersion, int(before.sum()), int(after.sum()))


def _misfit(rest: Floats) -> float:
    """Return the variance of a bin's level that blocks of the residuals betray.

    Five blocks a side; where their means scatter more than single bins explain, the
    fit does not follow the trend, and a window may be off by as much.
    """
    if len(rest) < 2 * BLOCKS:
        return 0.0
    size = len(rest) // BLOCKS
    means = rest[: size * BLOCKS].reshape(BLOCKS, size).mean(axis=1)
    white = float(np.median(np.diff(rest) ** 2)) / (2 * 0.455)
    return max(float((means**2).mean()) - TOLERATED * white / size, 0.0)


def _fitted(
    base: Floats, counts: Floats, fit: NDArray[np.bool_]
) -> tuple[Floats, float, Floats]:
    """Return level of all bins, dispersion, and covariance of the coefficients."""
    use = fit.copy()
    if use.sum() < LEAST_BRACKET:
        flat = np.full(len(counts), float(np.median(counts)))
        return flat, 1.0, np.zeros((base.shape[1], base.shape[1]))
    for _ in range(3):
        coefficients, *_ = np.linalg.lstsq(base[use], counts[use], rcond=None)
        level = base @ coefficients
        spread = 1.4826 * float(np.median(np.abs(counts[use] - level[use])))
        spread = max(spread, np.sqrt(max(float(np.mean(level[use])), 1.0)))
        kept = fit & (np.abs(counts - level) <= 4 * spread)
        if kept.sum() < LEAST_BRACKET or (kept == use).all():
            break
        use = kept
    freedom = max(int(use.sum()) - base.shape[1], 1)
    variance = float(((counts[use] - level[use]) ** 2).sum()) / freedom
    covariance = np.linalg.pinv(base[use].T @ base[use]) * variance
    expected = max(float(np.mean(level[use])), 1.0)
    return level, max(variance / expected, 1.0), covariance
