"""The cause of an excursion, and the evidence for it.

The detector never reports the cause `known-source`. Counts of the whole array have no
direction: a bright source that rises over the Earth's limb or enters the field of view
raises them as a change of pointing does, and rates alone cannot distinguish the two. A
mask-weighted rate is of one direction only. A person, or a reader that knows attitude
and orbit, can assign this cause.
"""

import numpy as np

from orbital_kernel.science.bursts.excursion import Measurement
from orbital_kernel.science.bursts.fit import LEAST_BRACKET
from orbital_kernel.science.bursts.samples import Layout
from orbital_kernel.science.bursts.settings import Settings, for_bins
from orbital_kernel.science.bursts.steps import constant, level_changed

Cause = tuple[str, str]
REST_SIGMA = 4.0
SAA_SIGMA = 15.0
SLOW_S = 40.0
SHALLOW = 0.03
SLOW_SIGMA = 8.0
NEIGHBOURS = 5
MOST_GLITCH = 3
"""Bins a window may have at most where one of them holds all of the excess."""
NEIGHBOUR_SIGMA = 3.0
NEIGHBOUR_SHARE = 0.15
"""Bins beside a particle's hit hold less than this share of it, bar noise."""
COHERENT = 3
SEEN_SIGMA = 2.0
FLANKLESS_SIGMA = 20.0
"""One bin this high with quiet neighbours is not a burst: a burst has flanks."""


def cause_of(
    measurement: Measurement, shape: Layout, quiet_rate: float, settings: Settings
) -> Cause:
    """Return cause and evidence; the cause is '' if the excess is not confirmed."""
    least = settings.least_sigma(raw=shape.raw, bin_s=shape.bin_s)
    if measurement.window.sigma < least:
        return "", f"not confirmed: {measurement.window.sigma:.1f} sigma"
    if not shape.raw:
        return net_cause(measurement, shape, settings)
    return raw_cause(measurement, shape, quiet_rate, settings)


def net_cause(measurement: Measurement, shape: Layout, settings: Settings) -> Cause:
    """Return the cause of an excess in a net series.

    A mask-weighted rate comes from the direction of the source, so a short rise is
    a burst, unless it is one bin at the very edge of missing data.
    """
    bins = measurement.end - measurement.first
    words = (
        f"{measurement.window.sigma:.1f} sigma from the direction of the source,"
        f" {measurement.stop - measurement.start:.3g} s of emission"
    )
    if (
        bins == 1
        and _beside_missing(measurement, shape)
        and measurement.window.sigma < 8
    ):
        return "glitch", f"{words}; one bin beside missing data"
    after_s = (
        float(measurement.excess.met[-1] + measurement.excess.seconds[-1])
        - measurement.stop
    )
    if after_s < settings.ended_s - 2 * shape.bin_s:
        words = f"{words}; not over at the end of the data: T90 is a lower limit"
    steady = constant(measurement, shape)
    if steady:
        return "unknown", f"{words}; {steady}"
    return "burst", words


def _beside_missing(measurement: Measurement, shape: Layout) -> bool:
    variance = measurement.excess.variance[:, shape.total]
    low, high = measurement.first - 1, measurement.end
    return bool(
        (low >= 0 and variance[low] == 0)
        or (high < len(variance) and variance[high] == 0)
    )


def raw_cause(
    measurement: Measurement, shape: Layout, quiet_rate: float, settings: Settings
) -> Cause:
    """Return the cause of an excess in raw counts; '' if it is only a trend."""
    rate = (
        float(measurement.level[measurement.first : measurement.end].mean())
        / shape.bin_s
    )
    lasts = measurement.stop - measurement.start
    words = f"{measurement.window.sigma:.1f} sigma over {rate:.0f} counts/s for {lasts:.3g} s"
    around = _around(measurement, shape)
    one_sided = min(measurement.before, measurement.after) < LEAST_BRACKET
    if around > settings.saa_excess * quiet_rate:
        words = f"{words}; within a rate {around / quiet_rate:.1f} x the quiet one"
        if (
            one_sided
            or lasts > settings.block_s
            or measurement.window.sigma < SAA_SIGMA
        ):
            return "", words
    alone = _single_bin(measurement, shape)
    if alone:
        return "glitch", f"{words}; {alone}"
    if one_sided:
        return _one_sided(measurement, shape, words, settings)
    if measurement.dispersion >= settings.unstable_dispersion:
        scatter = f"{measurement.dispersion:.0f} x Poisson"
        return "unknown", f"{words}; the rate is unstable here: scatter {scatter}"
    return _two_sided(measurement, shape, words, settings)


def _two_sided(
    measurement: Measurement, shape: Layout, words: str, settings: Settings
) -> Cause:
    """Return the cause of an excess with steady background before and after."""
    single = _single_channel(measurement, shape)
    if single:
        return "glitch", f"{words}; {single}"
    lasts = measurement.stop - measurement.start
    doubtful = (
        _share(measurement, shape) < SHALLOW or measurement.window.sigma < SLOW_SIGMA
    )
    if lasts > SLOW_S and doubtful:
        return "", f"{words}; slow and faint, as changes of pointing and orbit are"
    if measurement.window.sigma < for_bins(settings.raw_burst_sigma, shape.bin_s):
        return (
            "unknown",
            f"{words}; too faint to distinguish a burst from the background",
        )
    not_over = level_changed(measurement, shape) or constant(measurement, shape)
    if not_over:
        return "unknown", f"{words}; {not_over}"
    return "burst", f"{words}; back to the fitted background on both sides"


def _around(measurement: Measurement, shape: Layout) -> float:
    """Return the higher of the rates just before and just after an excess."""
    counts = measurement.excess.value[:, shape.total] + measurement.level
    sides = (
        counts[max(measurement.first - NEIGHBOURS, 0) : measurement.first],
        counts[measurement.end : measurement.end + NEIGHBOURS],
    )
    return (
        max((float(side.mean()) for side in sides if len(side)), default=0.0)
        / shape.bin_s
    )


def _share(measurement: Measurement, shape: Layout) -> float:
    """Return the mean excess as a share of the background."""
    part = slice(measurement.first, measurement.end)
    return float(
        measurement.excess.value[part, shape.total].sum()
        / measurement.level[part].sum()
    )


def _rising(measurement: Measurement, shape: Layout) -> bool:
    """Return whether the last third of an excess is higher than its first."""
    part = slice(measurement.first, measurement.end)
    counts = measurement.excess.value[part, shape.total] + measurement.level[part]
    third = max(len(counts) // 3, 1)
    return float(counts[-third:].mean()) > float(counts[:third].mean())


def _one_sided(
    measurement: Measurement, shape: Layout, words: str, settings: Settings
) -> Cause:
    """Return the cause of an excess at the edge of what was measured."""
    lasts = measurement.stop - measurement.start
    climbs = (
        measurement.after < LEAST_BRACKET and measurement.end - measurement.first > 3
    )
    if lasts > settings.block_s and (
        _share(measurement, shape) < settings.shallow
        or not (climbs and _rising(measurement, shape))
    ):
        return "", f"{words}; a trend seen from one side only"
    if climbs:
        return "saa", f"{words}; the rate climbs to the end of the segment"
    return "unknown", f"{words}; no background on both sides to compare with"


def _single_bin(measurement: Measurement, shape: Layout) -> str:
    """Return words if one bin holds the excess and its neighbours nothing.

    A bin that several channels saw alike, as they see a burst, does not count, unless it is
    so high that the flanks of any burst would show.
    """
    low, high = max(measurement.window.first - 2, 0), measurement.window.end + 2
    value = measurement.excess.value[low:high, shape.total]
    deviation = np.sqrt(measurement.excess.variance[low:high, shape.total])
    z = value / deviation
    peak = int(np.argmax(z))
    if measurement.window.end - measurement.window.first > MOST_GLITCH:
        return ""
    others = np.delete(np.arange(len(z)), peak)
    neighbours = [k for k in (peak - 1, peak + 1) if 0 <= k < len(z)]
    joint = float(value[others].sum() / np.sqrt((deviation[others] ** 2).sum()))
    flanks = NEIGHBOUR_SHARE * z[peak]
    if max(z[neighbours]) >= max(NEIGHBOUR_SIGMA, flanks):
        return ""
    if max(z[others].max(), joint) >= max(REST_SIGMA, flanks):
        return ""
    words = f"all in one bin of {shape.bin_s:g} s, its neighbours quiet"
    saw = _channels_that_saw(measurement, shape, low + peak)
    if saw >= COHERENT and z[peak] < FLANKLESS_SIGMA:
        return ""
    return words


def _channels_that_saw(measurement: Measurement, shape: Layout, at: int) -> int:
    """Return how many channels rose in one bin, by 2 sigma each."""
    channels = [b for b in range(len(shape.channels)) if b != shape.total]
    if len(channels) < 2:
        return 0
    return sum(measurement.excess.sigma(at, at + 1, b) > SEEN_SIGMA for b in channels)


def _single_channel(measurement: Measurement, shape: Layout) -> str:
    """Return words if only one of several channels saw it."""
    channels = [b for b in range(len(shape.channels)) if b != shape.total]
    if len(channels) < 2:
        return ""
    window = measurement.window
    sigma = [measurement.excess.sigma(window.first, window.end, b) for b in channels]
    others = sorted(sigma)[:-1]
    if max(sigma) > REST_SIGMA * np.sqrt(len(channels)) and max(others) < 2.0:
        return f"seen in one channel of {len(channels)} only"
    return ""
