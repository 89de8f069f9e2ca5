"""Levels that change and stay: a source over the Earth's limb is not a burst.

A bright source that rises or sets steps up or down within some 10 s. A burst goes back to
the level before it, and is not constant for a minute between two sharp edges.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.excursion import Measurement
from orbital_kernel.science.bursts.fit import LEAST_BRACKET, powers
from orbital_kernel.science.bursts.samples import Layout

Floats = NDArray[np.float64]
STEP_SIGMA = 3.0
STEP_SHARE = 0.25
"""A step below this share of the excess is the tail of a burst, or a trend."""
CLEAR_SIGMA = 4.0
WHOLE_SHARE = 0.4
ORBIT_SLOPE = 1e-4
"""Share of its level by which a background changes in 1 s, along an orbit."""
BETTER = 6.0
"""Chi squared by which a step must fit better than a curved background."""
CONSTANT_S = 45.0
EDGE_S = 14.0
"""An occultation by the atmosphere takes some 10 s."""
PARTS = 8
CHI2_PART = 2.2
UNEVEN = 0.03
"""What a source varies by, and a fitted background is off by, as a share of the excess."""
SHARP = 9.0
CHANGE_SIGMA = 3.0


def level_changed(measurement: Measurement, shape: Layout) -> str:
    """Return words if the level after an excess in raw counts is not that before it.

    The levels are compared in the band of the excess: a line with a step at the excess
    must fit both sides better than a parabola, which a curved background is.
    """
    m, band = measurement, measurement.window.band
    if m.levels is None or min(m.before, m.after) < LEAST_BRACKET:
        return ""
    guard = max(1, round(0.1 * (m.end - m.first)))
    before = slice(max(m.first - guard - m.before, 0), max(m.first - guard, 0))
    after = slice(m.end + guard, m.end + guard + m.after)
    counts = m.excess.value[:, band] + m.levels[:, band]
    variance = m.excess.variance[:, band]
    y = np.concatenate((counts[before], counts[after]))
    noise = np.concatenate((variance[before], variance[after]))
    met = np.concatenate((m.excess.met[before], m.excess.met[after]))
    side = np.repeat(
        [-0.5, 0.5], [before.stop - before.start, len(y) - (before.stop - before.start)]
    )
    held = noise > 0
    if min((held & (side < 0)).sum(), (held & (side > 0)).sum()) < LEAST_BRACKET:
        return ""
    y, noise, side = y[held], noise[held], side[held]
    x = (met[held] - met[held].mean()) / max(np.ptp(met[held]), 1e-9)
    line = powers(x, 2)
    step, step_err, stepped = _last_term(np.column_stack((line, side)), y, noise)
    _, _, curved = _last_term(powers(x, 3), y, noise)
    part = slice(m.first, m.end)
    height = float(m.excess.value[part, band].mean())
    plain, plain_err = _difference(y, noise, met[held], side)
    clear = curved - stepped > BETTER and abs(step) > STEP_SIGMA * step_err
    if clear and abs(step) > STEP_SHARE * height:
        change = step
    elif plain_err > 0 and abs(plain) > max(
        CLEAR_SIGMA * plain_err, WHOLE_SHARE * height
    ):
        change = plain
    else:
        return ""
    rate = change / shape.bin_s
    return (
        f"the level after it is {abs(rate):.0f} counts/s {'above' if rate > 0 else 'below'}"
        f" that before it in {shape.bands[band]}: a step, as a source at the Earth's limb"
        " or a change of pointing makes"
    )


def _difference(
    y: Floats, noise: Floats, met: Floats, side: Floats
) -> tuple[float, float]:
    """Return level after minus level before, less what an orbit may change, and its error."""
    before, after = side < 0, side > 0
    change = y[after].mean() - y[before].mean()
    apart = met[after].mean() - met[before].mean()
    orbit = ORBIT_SLOPE * float(y.mean()) * float(apart)
    error = np.hypot(
        *(np.sqrt(noise[part].sum()) / part.sum() for part in (before, after))
    )
    return float(np.sign(change) * max(abs(change) - orbit, 0.0)), float(error)


def _last_term(base: Floats, y: Floats, variance: Floats) -> tuple[float, float, float]:
    """Return the last coefficient of a linear fit, its error, and chi squared."""
    weight = 1.0 / variance
    inverse = np.linalg.pinv(base.T @ (base * weight[:, None]))
    coefficients = inverse @ (base.T @ (y * weight))
    chi2 = float((weight * (y - base @ coefficients) ** 2).sum())
    return float(coefficients[-1]), float(np.sqrt(inverse[-1, -1])), chi2


def constant(measurement: Measurement, shape: Layout) -> str:
    """Return words if an excess is constant between sharp edges, as of a source in view.

    Where it reaches the beginning or the end of the data, the edge there is not needed:
    it is enough that it does not fall or rise.
    """
    m = measurement
    edge = max(round(EDGE_S / shape.bin_s), 1)
    part = slice(m.first, m.end)
    value = m.excess.value[part, shape.total]
    variance = m.excess.variance[part, shape.total]
    opens = not (m.excess.variance[: m.first, shape.total] > 0).any()
    closes = not (m.excess.variance[m.end :, shape.total] > 0).any()
    core = slice(0 if opens else edge, len(value) if closes else len(value) - edge)
    if (m.end - m.first) * shape.bin_s < CONSTANT_S + 2 * EDGE_S:
        return ""
    value, seconds = value[core], m.excess.seconds[part][core]
    means, errors = _parts(value, variance[core], seconds)
    if len(means) < PARTS // 2:
        return ""
    weight = 1.0 / (errors**2 + (UNEVEN * means.mean()) ** 2)
    mean = float((weight * means).sum() / weight.sum())
    chi2 = (weight * (means - mean) ** 2).sum() / (len(means) - 1)
    half = len(means) // 2
    change = means[:half].mean() - means[half:].mean()
    change_err = np.sqrt((errors**2).sum()) / half
    if chi2 > CHI2_PART or abs(change) > CHANGE_SIGMA * change_err:
        return ""
    if not (opens or closes) and _bell_gain(means, weight, mean) < SHARP:
        return ""
    return (
        f"constant for {seconds.sum():.0f} s between sharp edges, as a source is that"
        " rises or sets over the Earth's limb"
    )


def _parts(value: Floats, variance: Floats, seconds: Floats) -> tuple[Floats, Floats]:
    """Return mean rates and errors of equal parts of bins that hold data."""
    held = variance > 0
    value, variance, seconds = value[held], variance[held], seconds[held]
    edges = np.linspace(0, len(value), PARTS + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(edges) if b > a]
    lasts = np.array([seconds[p].sum() for p in parts])
    means = np.array([value[p].sum() for p in parts]) / lasts
    return means, np.sqrt([variance[p].sum() for p in parts]) / lasts


def _bell_gain(means: Floats, weight: Floats, mean: float) -> float:
    """Return by how much chi squared is worse for a pulse that rises and falls."""
    x = np.linspace(-1.0, 1.0, len(means))
    flat = (weight * (means - mean) ** 2).sum()
    bell = 1.0 - 0.5 * x**2
    height = (weight * means * bell).sum() / (weight * bell**2).sum()
    return float((weight * (means - height * bell) ** 2).sum() - flat)
