"""How far a burst reaches: from its best window out to where emission ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.hull import best_window

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Excess:
    """Content above background of bins, in order: start, width, excess, noise.

    `met`, `seconds` (n,); `value`, `variance` (n, bands), variance 0 where no data.
    `drift` (n, bands) is the systematic offset a bin may carry, same in all bins.
    """

    met: Floats
    seconds: Floats
    value: Floats
    variance: Floats
    drift: Floats

    def sigma(self, first: int, end: int, band: int) -> float:
        """Return the significance of bins `first` to `end` in a band."""
        part = slice(first, end)
        variance = self.variance[part, band].sum() + self.drift[part, band].sum() ** 2
        if variance <= 0:
            return 0.0
        return float(self.value[part, band].sum() / np.sqrt(variance))


@dataclass(frozen=True)
class Window:
    """Bins `first` to `end` (exclusive) of a band, and their significance."""

    sigma: float
    first: int
    end: int
    band: int


NONE = Window(0.0, 0, 0, 0)


def strongest(excess: Excess, first: int, end: int, longest_s: float) -> Window:
    """Return the most significant window within bins `first` to `end`, any band."""
    if end - first < 1:
        return NONE
    longest = max(int(longest_s / float(np.median(excess.seconds[first:end]))), 1)
    found = []
    for band in range(excess.value.shape[1]):
        sigma, a, b = best_window(
            np.ascontiguousarray(excess.value[first:end, band]),
            np.ascontiguousarray(excess.variance[first:end, band]),
            np.ascontiguousarray(excess.drift[first:end, band]),
            longest,
        )
        found.append(Window(sigma, first + a, first + b, band))
    return max(found, key=lambda window: window.sigma)


def extended(
    excess: Excess, first: int, end: int, band: int, sigma: float, span: tuple[int, int]
) -> tuple[int, int]:
    """Return first and end bin grown, within a span, over adjacent emission.

    Each step may add three times what is there (at least eight bins), so that a
    random bump far away is not drawn in by a short burst.
    """
    for _ in range(64):
        reach = max(3 * (end - first), 8)
        low, high = max(first - reach, span[0]), min(end + reach, span[1])
        after = _adjacent(excess, band, np.arange(end, high), sigma)
        before = _adjacent(excess, band, np.arange(first - 1, low - 1, -1), sigma)
        if after == before == 0:
            break
        first, end = first - before, end + after
    return first, end


def _adjacent(excess: Excess, band: int, bins: NDArray[np.int64], sigma: float) -> int:
    """Return how many of these bins, outward in order, still hold emission."""
    if len(bins) == 0:
        return 0
    value = np.cumsum(excess.value[bins, band])
    drift = np.cumsum(excess.drift[bins, band])
    variance = np.cumsum(excess.variance[bins, band]) + drift**2
    z = np.divide(
        value, np.sqrt(variance), out=np.zeros_like(value), where=variance > 0
    )
    k = int(np.argmax(z))
    return k + 1 if z[k] >= sigma else 0
