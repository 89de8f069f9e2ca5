"""The background level under an excess, and its scatter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.excess import Excess, usual
from orbital_kernel.science.bursts.fit import LEAST_BRACKET, under
from orbital_kernel.science.bursts.samples import Samples
from orbital_kernel.science.bursts.settings import Settings

Floats = NDArray[np.float64]
MARGIN = 16
"""Bins beyond a span that the cause of an excess may be judged by."""
BESIDE_SIGMA = 2.0
LAST_S = 60.0
LONG = 10
"""Emission this many times as long as LAST_S may take its last part for background."""


@dataclass(frozen=True)
class Bracket:
    """Background under a window, fitted on both sides of it if possible.

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
        measured = variance[:, band] > 0
        if not measured.any():
            continue
        usual = float(np.median(variance[measured, band] / samples.seconds[measured]))
        least = 0.09 * usual * samples.seconds[measured]
        z = samples.value[measured, band] / np.sqrt(
            np.maximum(variance[measured, band], least)
        )
        scale = _scatter(z)
        variance[measured, band] = np.maximum(variance[measured, band], least) * scale
    deviation = np.sqrt(variance * samples.seconds[:, None])
    return Excess(
        samples.met,
        samples.seconds,
        samples.value,
        variance,
        settings.net_drift * deviation,
    )


def residual_level(
    excess: Excess, bins: tuple[int, int], band: int, settings: Settings, lowest: int
) -> Floats:
    """Return the residual background of a net series under some emission, per bin (n,).

    A line between the mean rates before and after; a rate below 2 sigma counts as zero. If
    emission lasts more than ten minutes and reaches the end of the data, its last minute
    counts as background. So does battblocks for the BAT catalogue, which takes the first
    and last block of constant rate as background: an afterglow is not in its T90.
    """
    first, end = bins
    met = excess.met
    start, stop = met[first], met[end - 1] + excess.seconds[end - 1]
    low = max(int(np.searchsorted(met, start - settings.quiet_most_s)), lowest)
    high = int(np.searchsorted(met, stop + settings.quiet_least_s))
    after = slice(end, high)
    if met[-1] - stop < settings.ended_s and stop - start > LONG * LAST_S:
        after = slice(int(np.searchsorted(met, met[-1] - LAST_S)), None)
    rates = [_mean_rate(excess, part, band) for part in (slice(low, first), after)]
    return np.asarray(np.interp(met, [start, stop], rates) * excess.seconds)


def _mean_rate(excess: Excess, part: slice, band: int) -> float:
    """Return the mean rate of bins where it exceeds 2 sigma, else 0."""
    variance = excess.variance[part, band]
    measured = variance > 0
    if not measured.any():
        return 0.0
    seconds, variance = excess.seconds[part][measured], variance[measured]
    weight = (seconds**2 / variance).sum()
    mean = float(
        (excess.value[part, band][measured] * seconds / variance).sum() / weight
    )
    return mean if mean > BESIDE_SIGMA / np.sqrt(weight) else 0.0


def _scatter(z: Floats) -> float:
    """Return the factor by which the variance of z exceeds 1; below 1.21 it counts as 1."""
    if len(z) < 30:
        return 1.0
    scatter = 1.4826 * float(np.median(np.abs(np.diff(z)))) / np.sqrt(2)
    return scatter**2 if scatter > 1.1 else 1.0


def bracket(
    samples: Samples, first: int, end: int, settings: Settings, span: tuple[int, int]
) -> Bracket:
    """Fit the background of raw counts around bins `first` to `end`.

    A parabola over both sides, a line if one side is missing; bins that exceed it by
    4 sigma (other excursions) are excluded from the fit. The uncertainty of the
    fitted level, and its failure to follow the trend, enter as a drift common to all
    bins of a window. Bins neither in the fit nor in `span` hold zeros.
    """
    met = samples.met
    lasts = met[end - 1] + samples.seconds[end - 1] - met[first]
    reach = min(max(2 * lasts, settings.bracket_least_s), settings.bracket_most_s)
    guard = max(usual(samples.seconds), 0.1 * lasts)
    opens, closes = met[first] - guard, met[end - 1] + guard
    b0, b1 = np.searchsorted(met, (opens - reach, opens)).tolist()
    a0, a1 = np.searchsorted(met, (closes, closes + reach), side="right").tolist()
    low = max(min(b0, first, span[0]) - MARGIN, 0)
    high = min(max(a1, end, span[1]) + MARGIN, len(met))
    counts = np.ascontiguousarray(samples.value[low:high])
    if b1 - b0 + a1 - a0 < LEAST_BRACKET:
        level = np.broadcast_to(np.median(samples.value, axis=0), counts.shape)
        dispersion, drift = np.ones(counts.shape[1]), np.zeros(counts.shape[1])
        level = np.maximum(level, 0.1)
    else:
        x = (met[low:high] - (met[first] + 0.5 * lasts)) / (reach + 0.5 * lasts)
        level, dispersion, drift = under(
            counts,
            x,
            (first - low, end - low),
            (b0 - low, b1 - low, a0 - low, a1 - low),
        )
    arrays = np.zeros((3, *samples.value.shape))
    for array, part in zip(
        arrays, (level, counts - level, level * dispersion), strict=True
    ):
        array[low:high] = part
    spread = np.broadcast_to(drift, arrays[0].shape)
    excess = Excess(met, samples.seconds, arrays[1], arrays[2], spread)
    return Bracket(excess, arrays[0], dispersion, b1 - b0, a1 - a0)
