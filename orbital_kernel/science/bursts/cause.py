"""Why counts rose: one cause for each excursion, and the evidence for it.

The detector never gives the cause `known-source`. Counts of the whole array have no
direction: a bright source that comes over the Earth's limb or into the field of view
raises them as a change of pointing does, and rates alone cannot tell the two apart.
A mask-weighted rate is of the one direction it was made for. The cause is kept for a
person, or for a reader that knows attitude and orbit, to give.
"""

import numpy as np

from orbital_kernel.science.bursts.excursion import Measurement
from orbital_kernel.science.bursts.fit import LEAST_BRACKET
from orbital_kernel.science.bursts.samples import Layout
from orbital_kernel.science.bursts.settings import Settings, for_bins

Cause = tuple[str, str]
REST_SIGMA = 4.0
SAA_SIGMA = 15.0
SLOW_S = 40.0
SHALLOW = 0.03
SLOW_SIGMA = 8.0
NEIGHBOURS = 5
MOST_GLITCH = 3
"""Bins a window may have at most where one of them holds all of the excess."""
BESIDE_SIGMA = 3.0
BESIDE_SHARE = 0.15
"""Bins beside a particle's hit hold less than this share of it, bar noise."""
COHERENT = 3
SEEN_SIGMA = 2.0
FLANKLESS_SIGMA = 20.0
"""One bin this high with quiet neighbours is no burst: a burst has flanks."""


def cause_of(
    found: Measurement, shape: Layout, quiet_rate: float, settings: Settings
) -> Cause:
    """Return cause and evidence; no cause where the excess is not confirmed."""
    least = settings.least_sigma(raw=shape.raw, bin_s=shape.bin_s)
    if found.window.sigma < least:
        return "", f"not confirmed: {found.window.sigma:.1f} sigma"
    if not shape.raw:
        return net_cause(found, shape, settings)
    return raw_cause(found, shape, quiet_rate, settings)


def net_cause(found: Measurement, shape: Layout, settings: Settings) -> Cause:
    """Return the cause of an excess in a net series.

    A mask-weighted rate comes from the direction of the source, so a short rise is
    a burst, unless it is one bin at the very edge of missing data.
    """
    bins = found.end - found.first
    words = (
        f"{found.window.sigma:.1f} sigma from the direction of the source,"
        f" {found.stop - found.start:.3g} s of emission"
    )
    if bins == 1 and _beside_missing(found, shape) and found.window.sigma < 8:
        return "glitch", f"{words}; one bin beside missing data"
    left = float(found.excess.met[-1] + found.excess.seconds[-1]) - found.stop
    if left < settings.ended_s - 2 * shape.bin_s:
        words = f"{words}; not over where the data end: T90 is a lower limit"
    return "burst", words


def _beside_missing(found: Measurement, shape: Layout) -> bool:
    variance = found.excess.variance[:, shape.total]
    low, high = found.first - 1, found.end
    return bool(
        (low >= 0 and variance[low] == 0)
        or (high < len(variance) and variance[high] == 0)
    )


def raw_cause(
    found: Measurement, shape: Layout, quiet_rate: float, settings: Settings
) -> Cause:
    """Return the cause of an excess in raw counts; '' where it is only a trend."""
    rate = float(found.level[found.first : found.end].mean()) / shape.bin_s
    lasts = found.stop - found.start
    words = f"{found.window.sigma:.1f} sigma over {rate:.0f} counts/s for {lasts:.3g} s"
    around = _around(found, shape)
    one_sided = min(found.before, found.after) < LEAST_BRACKET
    if around > settings.saa_excess * quiet_rate:
        words = f"{words}; within a rate {around / quiet_rate:.1f} x the quiet one"
        if one_sided or lasts > settings.block_s or found.window.sigma < SAA_SIGMA:
            return "", words
    alone = _single_bin(found, shape)
    if alone:
        return "glitch", f"{words}; {alone}"
    if one_sided:
        return _one_sided(found, shape, words, settings)
    if found.dispersion >= settings.unstable_dispersion:
        scatter = f"{found.dispersion:.0f} x Poisson"
        return "unknown", f"{words}; the rate is unstable here: scatter {scatter}"
    return _two_sided(found, shape, words, settings)


def _two_sided(
    found: Measurement, shape: Layout, words: str, settings: Settings
) -> Cause:
    """Return the cause of an excess with steady background before and after."""
    one = _single_channel(found, shape)
    if one:
        return "glitch", f"{words}; {one}"
    lasts = found.stop - found.start
    doubtful = _share(found, shape) < SHALLOW or found.window.sigma < SLOW_SIGMA
    if lasts > SLOW_S and doubtful:
        return "", f"{words}; slow and faint, as changes of pointing and orbit are"
    if found.window.sigma < for_bins(settings.raw_burst_sigma, shape.bin_s):
        return "unknown", f"{words}; too faint to tell a burst from the background"
    return "burst", f"{words}; back to the fitted background on both sides"


def _around(found: Measurement, shape: Layout) -> float:
    """Return the higher of the rates just before and just after an excess."""
    counts = found.excess.value[:, shape.total] + found.level
    sides = (
        counts[max(found.first - NEIGHBOURS, 0) : found.first],
        counts[found.end : found.end + NEIGHBOURS],
    )
    return (
        max((float(side.mean()) for side in sides if len(side)), default=0.0)
        / shape.bin_s
    )


def _share(found: Measurement, shape: Layout) -> float:
    """Return the mean excess as a share of the background."""
    part = slice(found.first, found.end)
    return float(found.excess.value[part, shape.total].sum() / found.level[part].sum())


def _rising(found: Measurement, shape: Layout) -> bool:
    """Return whether the last third of an excess is higher than its first."""
    part = slice(found.first, found.end)
    counts = found.excess.value[part, shape.total] + found.level[part]
    third = max(len(counts) // 3, 1)
    return float(counts[-third:].mean()) > float(counts[:third].mean())


def _one_sided(
    found: Measurement, shape: Layout, words: str, settings: Settings
) -> Cause:
    """Return the cause of an excess at the edge of what was measured."""
    lasts = found.stop - found.start
    climbs = found.after < LEAST_BRACKET and found.end - found.first > 3
    if lasts > settings.block_s and (
        _share(found, shape) < settings.shallow
        or not (climbs and _rising(found, shape))
    ):
        return "", f"{words}; a trend seen from one side only"
    if climbs:
        return "saa", f"{words}; the rate climbs to the end of the segment"
    return "unknown", f"{words}; no background on both sides to compare with"


def _single_bin(found: Measurement, shape: Layout) -> str:
    """Return words where one bin holds the excess and its neighbours nothing.

    A bin that several channels saw alike, as they see a burst, is none of these unless
    it is so high that the flanks of any burst would show.
    """
    low, high = max(found.window.first - 2, 0), found.window.end + 2
    value = found.excess.value[low:high, shape.total]
    deviation = np.sqrt(found.excess.variance[low:high, shape.total])
    z = value / deviation
    peak = int(np.argmax(z))
    if found.window.end - found.window.first > MOST_GLITCH:
        return ""
    rest = np.delete(np.arange(len(z)), peak)
    beside = [k for k in (peak - 1, peak + 1) if 0 <= k < len(z)]
    joint = float(value[rest].sum() / np.sqrt((deviation[rest] ** 2).sum()))
    flanks = BESIDE_SHARE * z[peak]
    if max(z[beside]) >= max(BESIDE_SIGMA, flanks):
        return ""
    if max(z[rest].max(), joint) >= max(REST_SIGMA, flanks):
        return ""
    words = f"all in one bin of {shape.bin_s:g} s, its neighbours quiet"
    saw = _channels_that_saw(found, shape, low + peak)
    if saw >= COHERENT and z[peak] < FLANKLESS_SIGMA:
        return ""
    return words


def _channels_that_saw(found: Measurement, shape: Layout, at: int) -> int:
    """Return how many channels rose in one bin, by 2 sigma each."""
    channels = [b for b in range(len(shape.channels)) if b != shape.total]
    if len(channels) < 2:
        return 0
    return sum(found.excess.sigma(at, at + 1, b) > SEEN_SIGMA for b in channels)


def _single_channel(found: Measurement, shape: Layout) -> str:
    """Return words where only one of several channels saw it."""
    channels = [b for b in range(len(shape.channels)) if b != shape.total]
    if len(channels) < 2:
        return ""
    window = found.window
    sigma = [found.excess.sigma(window.first, window.end, b) for b in channels]
    others = sorted(sigma)[:-1]
    if max(sigma) > REST_SIGMA * np.sqrt(len(channels)) and max(others) < 2.0:
        return f"seen in one channel of {len(channels)} only"
    return ""
