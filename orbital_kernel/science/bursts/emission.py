"""Where the emission of a burst begins and ends, and the level under it."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.blocks import block_edges, cells
from orbital_kernel.science.bursts.excess import adjacent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_SIGMA = 2.6
"""A block below this is background between or beside the emission."""
LEAST_BINS = 6
ADJACENT_BINS = 8
LONGER = 1
UNSEEN_SIGMA = 2.0
"""Emission beside a block below this does not make a block of its own."""
LEVEL_SIGMA = 2.0
"""A level below this counts as zero."""


@dataclass(frozen=True)
class Stretch:
    """Bins around a burst: start, width, content and variance (0: no data).

    Bins `first` to `end` hold what the detector found. `fitted`: a background was
    subtracted; otherwise the level before and after the emission is. `offset` is the
    1-sigma error of the level (content of a bin) that the errors of bins do not hold.
    `tail`: bins from this one on count as background although the emission goes on.
    """

    met: Floats
    seconds: Floats
    value: Floats
    variance: Floats
    offset: Floats
    first: int
    end: int
    fitted: bool
    tail: int

    @property
    def beside(self) -> tuple[bool, bool]:
        """Whether enough bins before and after were measured to show a background."""
        measured = self.variance > 0
        before, after = measured[: self.first].sum(), measured[self.end :].sum()
        return bool(before >= LEAST_BINS), bool(after >= LEAST_BINS)

    def width_at(self, met: float) -> float:
        """Return the width of the bin at a time, s."""
        k = int(np.searchsorted(self.met, met, side="right")) - 1
        return float(self.seconds[min(max(k, 0), len(self.seconds) - 1)])

    def replica(
        self, model: Floats, level_err: Floats, rng: np.random.Generator
    ) -> "Stretch":
        """Return the stretch with a model's content, other noise and another level."""
        noise = rng.normal(size=len(model)) * np.sqrt(self.variance)
        return replace(self, value=model + noise).levelled(level_err, rng)

    def levelled(self, level_err: Floats, rng: np.random.Generator) -> "Stretch":
        """Return the stretch with another level, drawn from its error."""
        level = rng.normal() * np.hypot(level_err, self.offset)
        measured = self.variance > 0
        return replace(self, value=np.where(measured, self.value + level, 0.0))


class Blocks(NamedTuple):
    """Edges (bins), mean rates and inverse variances of the rates of blocks."""

    edges: Ints
    rate: Floats
    weight: Floats


def emission(stretch: Stretch, blocks: Blocks) -> tuple[int, int]:
    """Return the first and end bin of the emission: edges of Bayesian blocks.

    The first and the last block are background; so are blocks that hold nothing, at
    both ends of what the detector found, and all beyond it.
    """
    edges, rate, weight = blocks
    holds = rate * np.sqrt(weight) > LEAST_SIGMA
    holds &= (edges[1:] > stretch.first) & (edges[:-1] < stretch.end)
    before, after = stretch.beside
    if before and edges[1] < stretch.end:
        holds[0] = False
    if after and edges[-2] > stretch.first:
        holds[-1] = False
    emitting = np.flatnonzero(holds)
    if len(emitting) == 0:
        return stretch.first, stretch.end
    end = min(int(edges[emitting[-1] + 1]), stretch.tail, stretch.end)
    first = max(int(edges[emitting[0]]), stretch.first)
    if end <= first:
        return stretch.first, stretch.end
    return _grown(stretch, first, end)


def _grown(stretch: Stretch, first: int, end: int) -> tuple[int, int]:
    """Return the emission with what is adjacent to it, no longer than itself.

    So near, few windows are tried, and a fainter excess is sure than a block needs.
    """
    reach = max(end - first, ADJACENT_BINS)
    arrays = stretch.value, stretch.variance, stretch.offset
    high = min(end + reach, stretch.end, stretch.tail)
    low = max(first - reach, stretch.first)
    after = adjacent(*arrays, end, high - end, 1, LEAST_SIGMA)
    before = adjacent(*arrays, first - 1, first - low, -1, LEAST_SIGMA)
    return first - before, end + after


def faint_sides(
    stretch: Stretch, blocks: Blocks, first: int, end: int, shares: Floats
) -> tuple[Floats, int, int]:
    """Return the content that blocks expect, with faint emission beside them.

    Before and after the emission, over twice the length of its first and last block, it
    is a share of what the block had, or of what would have been noticed if that is less.
    Also return the first and end bin with it.
    """
    edges = np.union1d(blocks.edges, [first, end])
    rate, _ = _rates(stretch, edges)
    model = np.repeat(rate, np.diff(edges)) * stretch.seconds
    model[:first], model[end:] = 0.0, 0.0
    opens, closes = np.searchsorted(edges, [first, end]) - [0, 1]
    low, high = first, end
    for side, k in ((0, opens), (1, closes)):
        reach = LONGER * int(edges[k + 1] - edges[k])
        bins = (
            slice(max(first - reach, 0), first)
            if side == 0
            else slice(end, end + reach)
        )
        seconds = stretch.seconds[bins]
        noise = stretch.variance[bins].sum() ** 0.5
        if noise <= 0.0:
            continue
        unseen = UNSEEN_SIGMA * noise / seconds.sum()
        model[bins] = shares[side] * min(max(rate[k], 0.0), unseen) * seconds
        low, high = min(low, bins.start), max(high, min(bins.stop, len(model)))
    return model, low, high


def blocks_of(stretch: Stretch, penalty: float) -> Blocks:
    """Return the Bayesian blocks of a stretch, `penalty` the log odds against each."""
    edges = cells(len(stretch.met), stretch.first, stretch.end)
    blocks = edges[block_edges(*_rates(stretch, edges), penalty)]
    return Blocks(blocks, *_rates(stretch, blocks))


def _rates(stretch: Stretch, edges: Ints) -> tuple[Floats, Floats]:
    """Return weighted mean rates between edges, and the inverse of their variances."""
    measured = stretch.variance > 0
    weight = np.zeros(len(measured))
    weight[measured] = stretch.seconds[measured] ** 2 / stretch.variance[measured]
    rate = np.where(measured, stretch.value / stretch.seconds, 0.0)
    inverse = np.add.reduceat(weight, edges[:-1])
    sums = np.add.reduceat(weight * rate, edges[:-1])
    return np.where(inverse > 0, sums / np.maximum(inverse, 1e-300), 0.0), inverse


def without_level(stretch: Stretch, first: int, end: int) -> tuple[Floats, Floats]:
    """Return the content of bins above the level beside the emission, and its error."""
    zero = np.zeros(len(stretch.met))
    if stretch.fitted:
        return stretch.value, zero
    start = stretch.met[first]
    stop = stretch.met[end - 1] + stretch.seconds[end - 1]
    before = _mean_rate(stretch, slice(0, first))
    after = _mean_rate(stretch, slice(end, None))
    rates = [r if r > LEVEL_SIGMA * e else 0.0 for r, e in (before, after)]
    level = np.interp(stretch.met, [start, stop], rates) * stretch.seconds
    error = np.interp(stretch.met, [start, stop], [before[1], after[1]])
    measured = stretch.variance > 0
    return np.where(measured, stretch.value - level, 0.0), error * stretch.seconds


def _mean_rate(stretch: Stretch, part: slice) -> tuple[float, float]:
    """Return the mean rate of bins and its error; without data both are 0."""
    variance = stretch.variance[part]
    measured = variance > 0
    if not measured.any():
        return 0.0, 0.0
    seconds = stretch.seconds[part][measured]
    weight = seconds / variance[measured]
    total = float((weight * seconds).sum())
    mean = float((weight * stretch.value[part][measured]).sum()) / total
    return mean, total**-0.5
