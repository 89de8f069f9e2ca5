"""Every window of every length tested in one pass: the functional pruning of FOCuS.

The likelihood ratio of a window depends on its start only through the running sums
(V, S) at that start, and only starts on the lower convex hull of those points can
ever win, whatever excess comes next. Updating the hull costs amortised O(1) per bin.
Ward, Dilillo, Eckley & Fearnhead 2023, JASA 119, 2404 (arXiv:2208.01494), for counts;
Romano, Eckley, Fearnhead & Rigaill 2023, JMLR 24, 81 (arXiv:2110.08205), for rates.

S sums the excess over background, V its variance. The hull of a band is a deque in
three arrays (V, S, number of the bin), one row per band, between `head` and `tail`.
"""

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled, inlined

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HULL = 256
LEVEL = 1.25
SLOPE = 0.5
"""Variance of Brown's smoothed level and slope (Brown 1963), in units of alpha."""


@compiled
def compact(hull_v: Floats, hull_s: Floats, hull_i: Ints, ends: Ints, b: int) -> None:
    """Move the deque to the front of its arrays; drop the oldest start if full."""
    head, tail = ends[b, 0], ends[b, 1]
    if tail - head >= HULL - 1:
        head += 1
    for k in range(head, tail):
        hull_v[b, k - head] = hull_v[b, k]
        hull_s[b, k - head] = hull_s[b, k]
        hull_i[b, k - head] = hull_i[b, k]
    ends[b, 0] = 0
    ends[b, 1] = tail - head


@inlined
def push(
    hull_v: Floats,
    hull_s: Floats,
    hull_i: Ints,
    ends: Ints,
    b: int,
    v: float,
    s: float,
    number: int,
) -> None:
    """Add a start at the running sums (v, s), popping starts it makes hopeless."""
    tail = ends[b, 1]
    head = ends[b, 0]
    while tail - head >= 2:
        dv = hull_v[b, tail - 1] - hull_v[b, tail - 2]
        ds = hull_s[b, tail - 1] - hull_s[b, tail - 2]
        if ds * (v - hull_v[b, tail - 1]) < (s - hull_s[b, tail - 1]) * dv:
            break
        tail -= 1
    if tail >= HULL:
        ends[b, 1] = tail
        compact(hull_v, hull_s, hull_i, ends, b)
        tail = ends[b, 1]
    hull_v[b, tail] = v
    hull_s[b, tail] = s
    hull_i[b, tail] = number
    ends[b, 1] = tail + 1


@compiled
def prune(
    hull_v: Floats,
    hull_s: Floats,
    hull_i: Ints,
    ends: Ints,
    b: int,
    slope: float,
    oldest: int,
) -> None:
    """Drop starts older than `oldest`, and those followed by less than `slope`."""
    head, tail = ends[b, 0], ends[b, 1]
    while tail - head >= 2 and (
        hull_i[b, head] < oldest
        or hull_s[b, head + 1] - hull_s[b, head]
        <= slope * (hull_v[b, head + 1] - hull_v[b, head])
    ):
        head += 1
    ends[b, 0] = head


@compiled
def significance(v: float, s: float, dispersion: float, poisson: bool) -> float:  # noqa: FBT001
    """Return sigma of an excess s over variance v; for counts, v is the background.

    Wilks: the root of twice the log likelihood ratio, divided by the dispersion.
    """
    if s <= 0.0 or v <= 0.0:
        return 0.0
    if poisson:
        n = s + v
        return float(np.sqrt(max(0.0, 2.0 * (n * np.log(n / v) - s) / dispersion)))
    return float(s / np.sqrt(v * dispersion))


@compiled
def best_start(
    hull_v: Floats,
    hull_s: Floats,
    hull_i: Ints,
    ends: Ints,
    b: int,
    v: float,
    s: float,
    number: int,
    alpha: float,
) -> tuple[float, int]:
    """Return the largest squared sigma of windows ending at (v, s), and its start.

    A background smoothed with `alpha` errs in level and slope alike over a window:
    its variance grows with the window's age in units of the memory (0 for a background
    that is known). For counts this Gaussian value is never less than the Poisson one,
    so that the logarithm is needed only where it passes the threshold.
    """
    best = 0.0
    where = -1
    for k in range(ends[b, 0], ends[b, 1]):
        ds = s - hull_s[b, k]
        dv = v - hull_v[b, k]
        if ds > 0.0 and dv > 0.0 and ds * ds > best * dv:
            age = alpha * (number - hull_i[b, k])
            dv *= 1.0 + LEVEL * age + SLOPE * age * age * age
            if ds * ds > best * dv:
                best = ds * ds / dv
                where = k
    return best, where


@compiled
def best_window(
    excess: Floats, variance: Floats, drift: Floats, longest: int
) -> tuple[float, int, int]:
    """Return sigma, first bin and end bin (exclusive) of the best window of a series.

    `excess` and `variance` are a bin's sums, `drift` its systematic offset, which
    adds linearly over a window. The best window neither starts with a deficit nor ends
    with one: without that bin it would be better. The hull is looked through only where
    the bound on all its windows (see `onepass`) exceeds the best so far.
    """
    hull_v = np.zeros((1, HULL))
    hull_s = np.zeros((1, HULL))
    hull_i = np.zeros((1, HULL), dtype=np.int64)
    ends = np.zeros((1, 2), dtype=np.int64)
    n = len(excess)
    sum_d = np.zeros(n + 1)
    v = s = best = bound = 0.0
    first = end = 0
    push(hull_v, hull_s, hull_i, ends, 0, 0.0, 0.0, 0)
    for i in range(n):
        v += variance[i]
        s += excess[i]
        sum_d[i + 1] = sum_d[i] + drift[i]
        if excess[i] > 0.0:
            bound += excess[i] * excess[i] / max(variance[i], 1e-300)
        if excess[i] > 0.0 and bound > best:
            prune(hull_v, hull_s, hull_i, ends, 0, 0.0, i + 1 - longest)
            bound = 0.0
            for k in range(ends[0, 0], ends[0, 1]):
                ds = s - hull_s[0, k]
                offset = sum_d[i + 1] - sum_d[hull_i[0, k]]
                dv = v - hull_v[0, k] + offset * offset
                if ds > 0.0 and dv > 0.0 and ds * ds > bound * dv:
                    bound = ds * ds / dv
                    if bound > best:
                        best = bound
                        first = hull_i[0, k]
                        end = i + 1
        if i + 1 < n and excess[i + 1] >= 0.0:
            push(hull_v, hull_s, hull_i, ends, 0, v, s, i + 1)
    return np.sqrt(best), first, end
