"""The extent of a burst: from its best window to where emission ends."""

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.excess import Excess, Window, adjacent, usual
from orbital_kernel.science.bursts.hull import best_window
from orbital_kernel.science.compiled import compiled

Floats = NDArray[np.float64]


NONE = Window(0.0, 0, 0, 0)


def strongest(excess: Excess, first: int, end: int, longest_s: float) -> Window:
    """Return the most significant window within bins `first` to `end`, any band."""
    if end - first < 1:
        return NONE
    width = usual(excess.seconds[first:end])
    sigma, a, b, band = best_band(
        excess.value[first:end],
        excess.variance[first:end],
        excess.drift[first:end],
        max(int(longest_s / width), 1),
    )
    return Window(sigma, first + a, first + b, band)


@compiled
def best_band(
    value: Floats, variance: Floats, drift: Floats, longest: int
) -> tuple[float, int, int, int]:
    """Return sigma, first bin, end bin and band of the best window of any band."""
    sigma, first, end, band = -1.0, 0, 0, 0
    for b in range(value.shape[1]):
        s, f, e = best_window(
            value[:, b].copy(), variance[:, b].copy(), drift[:, b].copy(), longest
        )
        if s > sigma:
            sigma, first, end, band = s, f, e, b
    return sigma, first, end, band


def extended(
    excess: Excess, first: int, end: int, band: int, sigma: float, span: tuple[int, int]
) -> tuple[int, int]:
    """Return first and end bin grown, within a span, over adjacent emission.

    Each step may add three times what is there (at least eight bins), so that a
    random bump far away is not drawn in by a short burst.
    """
    a, b = grown(
        excess.value[:, band],
        excess.variance[:, band],
        excess.drift[:, band],
        (int(first), int(end)),
        sigma,
        (int(span[0]), int(span[1])),
    )
    return int(a), int(b)


@compiled
def grown(
    value: Floats,
    variance: Floats,
    drift: Floats,
    bins: tuple[int, int],
    sigma: float,
    span: tuple[int, int],
) -> tuple[int, int]:
    """Return `extended` for one band."""
    first, end = bins
    for _ in range(64):
        reach = max(3 * (end - first), 8)
        low, high = max(first - reach, span[0]), min(end + reach, span[1])
        after = adjacent(value, variance, drift, end, high - end, 1, sigma)
        before = adjacent(value, variance, drift, first - 1, first - low, -1, sigma)
        if after == 0 and before == 0:
            break
        first, end = first - before, end + after
    return first, end
