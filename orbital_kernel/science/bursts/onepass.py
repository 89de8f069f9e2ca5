"""The one pass over a series: where any window of any band first becomes significant.

Two kernels over the same hulls. `advance_net` takes background-subtracted rates with
their errors. `advance_raw` takes counts and follows their background by level and
slope (Brown's double exponential smoothing) of bins older than a lag; bins during
which any window is significant do not enter, so a burst does not become background.

The hull is searched only if its best window may matter. A bin of excess e and
variance u adds at most e^2 / u to the squared sigma of any window it ends, for
(d + e)^2 / (v + u) <= d^2 / v + e^2 / u, and a deficit adds nothing; so the sum of what
was added since the last search bounds all windows, and nothing is missed.
"""

import numpy as np

from orbital_kernel.science.bursts.hull import (
    LEVEL,
    SLOPE,
    Floats,
    Ints,
    best_start,
    prune,
    push,
    significance,
)
from orbital_kernel.science.compiled import compiled, inlined

HOLD_SIGMA = 4.0
NOISE_MEMORY = 0.01
CLIP = 9.0


@compiled
def advance_net(
    excess: Floats,
    variance: Floats,
    seconds: Floats,
    number: int,
    sums: Floats,
    hull_v: Floats,
    hull_s: Floats,
    hull_i: Ints,
    ends: Ints,
    threshold: float,
    faintest: float,
    longest: int,
) -> tuple[int, int, int, float]:
    """Take bins (n, bands) until a window passes; return how many were taken.

    Also returns the band and the number of the first bin of that window, and its
    sigma (0 where none passed). `sums` holds a band's V, S and the bound on the squared
    sigma of all its windows. `number` counts bins from the start of the series.
    """
    n, bands = excess.shape
    for i in range(n):
        strongest = 0.0
        start = -1
        band = -1
        for b in range(bands):
            if variance[i, b] <= 0.0:
                continue
            if ends[b, 1] == ends[b, 0]:
                push(
                    hull_v,
                    hull_s,
                    hull_i,
                    ends,
                    b,
                    sums[b, 0],
                    sums[b, 1],
                    number + i,
                )
            sums[b, 0] += variance[i, b]
            sums[b, 1] += excess[i, b]
            v, s = sums[b, 0], sums[b, 1]
            if excess[i, b] > 0.0:
                sums[b, 2] += excess[i, b] * excess[i, b] / variance[i, b]
            if sums[b, 2] >= threshold * threshold:
                slope = faintest / np.sqrt(variance[i, b] / seconds[i])
                prune(
                    hull_v,
                    hull_s,
                    hull_i,
                    ends,
                    b,
                    slope,
                    number + i + 1 - longest,
                )
                best, k = best_start(
                    hull_v, hull_s, hull_i, ends, b, v, s, number + i + 1, 0.0
                )
                sums[b, 2] = best
                if best > strongest and best >= threshold * threshold:
                    strongest = best
                    start = hull_i[b, k]
                    band = b
            push(hull_v, hull_s, hull_i, ends, b, v, s, number + i + 1)
        if band >= 0:
            return i + 1, band, start, np.sqrt(strongest)
    return n, -1, -1, 0.0


@compiled
def advance_raw(
    counts: Floats,
    number: int,
    sums: Floats,
    hull_v: Floats,
    hull_s: Floats,
    hull_i: Ints,
    ends: Ints,
    smooth: Floats,
    ring: Floats,
    place: Ints,
    alpha: float,
    threshold: float,
    plenty: float,
    faintest: float,
    longest: int,
) -> tuple[int, int, int, float]:
    """Take bins (n, bands) of counts until a window passes; as `advance_net`.

    `smooth` holds a band's two smoothed values, its noise (variance of a bin) and its
    last count; `ring` the counts not yet old enough to enter the background.
    `place` counts bins in the ring, and bins the background was held. Windows shorter
    than `plenty` bins need more than the threshold, as there are more of them.
    """
    n, bands = counts.shape
    lag = ring.shape[1]
    for i in range(n):
        strongest = 0.0
        start = -1
        band = -1
        hold = False
        for b in range(bands):
            level = 2.0 * smooth[b, 0] - smooth[b, 1]
            slope = alpha / (1.0 - alpha) * (smooth[b, 0] - smooth[b, 1])
            expected = max(level + slope * (min(place[0], lag) + 1 + place[1]), 0.1)
            step = counts[i, b] - smooth[b, 3]
            smooth[b, 3] = counts[i, b]
            noise = min(0.5 * step * step, CLIP * smooth[b, 2])
            smooth[b, 2] += NOISE_MEMORY * (noise - smooth[b, 2])
            dispersion = max(1.0, smooth[b, 2] / expected)
            if ends[b, 1] == ends[b, 0]:
                push(
                    hull_v,
                    hull_s,
                    hull_i,
                    ends,
                    b,
                    sums[b, 0],
                    sums[b, 1],
                    number + i,
                )
            rise = counts[i, b] - expected
            sums[b, 0] += expected
            sums[b, 1] += rise
            v, s = sums[b, 0], sums[b, 1]
            if rise > 0.0:
                sums[b, 2] += rise * rise / expected
            if sums[b, 2] > HOLD_SIGMA * HOLD_SIGMA * dispersion:
                prune(
                    hull_v,
                    hull_s,
                    hull_i,
                    ends,
                    b,
                    faintest * np.sqrt(dispersion / expected),
                    number + i + 1 - longest,
                )
                best, k = best_start(
                    hull_v, hull_s, hull_i, ends, b, v, s, number + i + 1, alpha
                )
                sums[b, 2] = best
                best /= dispersion
                hold = hold or best > HOLD_SIGMA * HOLD_SIGMA
                if best >= threshold * threshold and best > strongest:
                    age = alpha * (number + i + 1 - hull_i[b, k])
                    wider = dispersion * (1.0 + LEVEL * age + SLOPE * age * age * age)
                    sigma = significance(
                        v - hull_v[b, k], s - hull_s[b, k], wider, True
                    )
                    trials = plenty / (number + i + 1 - hull_i[b, k])
                    needed = threshold * threshold + 2.0 * np.log(max(trials, 1.0))
                    if sigma * sigma >= needed and sigma * sigma > strongest:
                        strongest = sigma * sigma
                        start = hull_i[b, k]
                        band = b
            push(hull_v, hull_s, hull_i, ends, b, v, s, number + i + 1)
        if hold and place[1] < longest:
            place[1] += 1
        else:
            _follow(counts, i, smooth, ring, place, alpha)
        if band >= 0:
            return i + 1, band, start, np.sqrt(strongest)
    return n, -1, -1, 0.0


@inlined
def _follow(
    counts: Floats, i: int, smooth: Floats, ring: Floats, place: Ints, alpha: float
) -> None:
    """Let the oldest bin of the ring enter the background, and bin i the ring."""
    bands, lag = ring.shape
    if place[1] > 0:
        # What was held back is not background: restart the ring after it.
        for b in range(bands):
            slope = alpha / (1.0 - alpha) * (smooth[b, 0] - smooth[b, 1])
            ahead = slope * (place[1] + min(place[0], lag))
            smooth[b, 0] += ahead
            smooth[b, 1] += ahead
        place[0] = 0
        place[1] = 0
    at = place[0] % lag
    for b in range(bands):
        if place[0] >= lag:
            old = ring[b, at]
            smooth[b, 0] += alpha * (old - smooth[b, 0])
            smooth[b, 1] += alpha * (smooth[b, 0] - smooth[b, 1])
        ring[b, at] = counts[i, b]
    place[0] += 1
