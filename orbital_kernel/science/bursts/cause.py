"""Why counts rose: one cause for each excursion, and the evidence for it."""

import numpy as np

from orbital_kernel.science.bursts.measure import Measurement
from orbital_kernel.science.bursts.samples import Layout
from orbital_kernel.science.bursts.settings import Settings

Cause = tuple[str, str]
REST_SIGMA = 4.0
LEAST_AFTER = 6


def net_cause(found: Measurement, shape: Layout) -> Cause:
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
    """Return the cause of an excess in raw counts of the whole array."""
    rate = float(found.level[found.first : found.end].mean()) / shape.bin_s
    lasts = found.stop - found.start
    words = f"{found.window.sigma:.1f} sigma over {rate:.0f} counts/s for {lasts:.3g} s"
    if found.dispersion >= settings.unstable_dispersion:
        return (
            "unknown",
            f"{words}; the rate is unstable here: scatter {found.dispersion:.1f} x Poisson",
        )
    alone = _single_bin(found, shape)
    if alone:
        return "glitch", f"{words}; {alone}"
    if found.after < LEAST_AFTER and found.end - found.first > 3:
        return "saa", f"{words}; the rate climbs to the end of the segment"
    if found.after < LEAST_AFTER or found.before < LEAST_AFTER:
        return "unknown", f"{words}; no background on both sides to compare with"
    if rate > settings.saa_excess * quiet_rate and lasts > settings.block_s:
        return "saa", f"{words}; background {rate / quiet_rate:.1f} x the quiet rate"
    one = _single_channel(found, shape)
    if one:
        return "glitch", f"{words}; {one}"
    return "burst", f"{words}; back to the fitted background on both sides"


def _single_bin(found: Measurement, shape: Layout) -> str:
    """Return words where one bin holds the excess and its neighbours nothing."""
    part = slice(max(found.first - 2, 0), found.end + 2)
    value = found.excess.value[part, shape.total]
    variance = found.excess.variance[part, shape.total]
    peak = int(np.argmax(value / np.sqrt(variance)))
    rest = np.arange(len(value)) != peak
    z = value[rest] / np.sqrt(variance[rest])
    joint = float(value[rest].sum() / np.sqrt(variance[rest].sum()))
    if found.end - found.first <= 4 and max(z.max(), joint) < REST_SIGMA:
        return f"all in one bin of {shape.bin_s:g} s, its neighbours quiet"
    return ""


def _single_channel(found: Measurement, shape: Layout) -> str:
    """Return words where only one of several channels saw it."""
    channels = [b for b in range(len(shape.channels)) if b != shape.total]
    if len(channels) < 2:
        return ""
    window = found.window
    sigma = [found.excess.sigma(window.first, window.end, b) for b in channels]
    others = sorted(sigma)[:-1]
    if max(sigma) > settings_least(len(channels)) and max(others) < 2.0:
        return f"seen in one channel of {len(channels)} only"
    return ""


def settings_least(channels: int) -> float:
    """Return sigma one channel needs for the silence of the others to tell."""
    return 4.0 * float(np.sqrt(channels))
