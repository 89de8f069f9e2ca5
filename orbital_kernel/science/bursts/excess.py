"""What bins hold above their background, and windows of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled

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


@compiled
def usual(widths: Floats) -> float:
    """Return the median of widths of bins, which mostly are all the same."""
    if (widths == widths[0]).all():
        return float(widths[0])
    return float(np.median(widths))


@compiled
def adjacent(
    value: Floats,
    variance: Floats,
    drift: Floats,
    at: int,
    count: int,
    step: int,
    sigma: float,
) -> int:
    """Return how many of `count` bins, outward in order, still hold emission."""
    s = v = d = 0.0
    best = -np.inf
    reached = 0
    for k in range(count):
        s += value[at]
        v += variance[at]
        d += drift[at]
        at += step
        noise = v + d * d
        z = s / np.sqrt(noise) if noise > 0 else 0.0
        if z > best:
            best = z
            reached = k + 1
    return reached if best >= sigma else 0
