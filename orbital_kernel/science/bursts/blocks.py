"""Bayesian blocks: stretches of constant rate in binned data with Gaussian noise.

The optimal partition (Scargle et al. 2013, ApJ 764, 167, eq. 41 and section 3) with the
pruning of Killick et al. 2012, JASA 107, 1590: a start that can never win is dropped.
battblocks uses the same model for the durations of the BAT catalogue (Lien et al. 2016).
"""

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_CELLS = 600
LEAST_BESIDE = 24
GROWTH = 0.1


@compiled
def block_edges(rate: Floats, weight: Floats, penalty: float) -> Ints:
    """Return the edges of the blocks of cells (n,), from 0 to n.

    `weight` is the inverse variance of a cell's rate, `penalty` the log odds against each
    block.
    """
    n = len(rate)
    sums = np.zeros(n + 1)
    weights = np.zeros(n + 1)
    best = np.zeros(n + 1)
    last = np.zeros(n + 1, dtype=np.int64)
    starts = np.zeros(n + 1, dtype=np.int64)
    scores = np.empty(n + 1)
    count = 0
    for i in range(n):
        sums[i + 1] = sums[i] + rate[i] * weight[i]
        weights[i + 1] = weights[i] + weight[i]
        starts[count] = i
        count += 1
        top = -np.inf
        for k in range(count):
            j = starts[k]
            s = sums[i + 1] - sums[j]
            w = weights[i + 1] - weights[j]
            scores[k] = best[j] + (0.5 * s * s / w if w > 0.0 else 0.0)
            if scores[k] > top:
                top = scores[k]
                last[i + 1] = j
        best[i + 1] = top - penalty
        kept = 0
        for k in range(count):
            if scores[k] >= best[i + 1]:
                starts[kept] = starts[k]
                kept += 1
        count = kept
    return edges_of(last)


@compiled
def edges_of(last: Ints) -> Ints:
    """Return the edges of blocks, from 0 to n, given where the block that ends at each begins."""
    edges = np.empty(last.size, dtype=np.int64)
    number = 0
    at = last.size - 1
    while at > 0:
        edges[number] = at
        number += 1
        at = last[at]
    edges[number] = 0
    return edges[: number + 1][::-1].copy()


def cells(bins: int, first: int, end: int) -> Ints:
    """Return edges of cells of bins: single ones near a burst, wider far from it.

    Bins `first` to `end` and as many beside them share at most `MOST_CELLS` cells; farther
    away a cell's width is a tenth of its distance. So the blocks of a burst take a bounded
    time, however many bins surround it.
    """
    beside = max(end - first, LEAST_BESIDE)
    low, high = max(first - beside, 0), min(end + beside, bins)
    step = -(-(high - low) // MOST_CELLS)
    inner = np.arange(low, high, step)
    right = _growing(bins - high, step)
    left = _growing(low, step)
    edges = np.concatenate((low - left[::-1], inner, high + right, [first, end]))
    return np.unique(edges).astype(np.int64)


def _growing(bins: int, step: int) -> Ints:
    """Return distances from 0 to `bins`, at steps that grow with the distance."""
    at, distances = 0, [0]
    while at < bins:
        at = min(at + max(step, int(GROWTH * at)), bins)
        distances.append(at)
    return np.array(distances, dtype=np.int64)
