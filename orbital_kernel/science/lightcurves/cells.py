"""Sums over the points of each cell, a bin of one series, in one pass over the points."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.compiled import compiled

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


class Sums(NamedTuple):
    """What the points of each cell add up to; weights are of exposure, width or equal."""

    points: Ints
    first: Ints
    """The first point of the cell."""
    weight: Reals
    value: Reals
    since_s: Reals
    square_plus: Reals
    square_minus: Reals
    """Weighted values, times and squares of weighted errors."""
    start: Reals
    stop: Reals
    """Earliest start and latest end of a point, s."""
    exposure_s: Reals
    """NaN of cells without a stated exposure."""


def sums(
    cell: Ints,
    cells: int,
    weight: Reals,
    value: Reals,
    since: Reals,
    errors: tuple[Reals, Reals],
    widths: tuple[Reals, Reals],
    exposure: Reals,
) -> Sums:
    """Return the sums of each cell over the points (n,), whose cell is below 0 if unused."""
    return Sums(*_sums(cell, cells, weight, value, since, *errors, *widths, exposure))


@compiled
def _sums(
    cell: Ints,
    cells: int,
    weight: Reals,
    value: Reals,
    since: Reals,
    plus: Reals,
    minus: Reals,
    before: Reals,
    after: Reals,
    exposure: Reals,
) -> tuple[Ints, Ints, Reals, Reals, Reals, Reals, Reals, Reals, Reals, Reals]:
    points = np.zeros(cells, np.int64)
    first = np.full(cells, -1, np.int64)
    total, values, times = np.zeros(cells), np.zeros(cells), np.zeros(cells)
    square_plus, square_minus = np.zeros(cells), np.zeros(cells)
    start, stop = np.full(cells, np.inf), np.full(cells, -np.inf)
    live = np.full(cells, np.nan)
    for i in range(cell.size):
        k = cell[i]
        if k < 0:
            continue
        if points[k] == 0:
            first[k] = i
        points[k] += 1
        w = weight[i]
        total[k] += w
        values[k] += w * value[i]
        times[k] += w * since[i]
        square_plus[k] += (w * plus[i]) ** 2
        square_minus[k] += (w * minus[i]) ** 2
        low = before[i] if before[i] == before[i] else 0.0
        high = after[i] if after[i] == after[i] else 0.0
        start[k] = min(start[k], since[i] - low)
        stop[k] = max(stop[k], since[i] + high)
        if np.isfinite(exposure[i]):
            live[k] = exposure[i] + (live[k] if live[k] == live[k] else 0.0)
    return (
        points,
        first,
        total,
        values,
        times,
        square_plus,
        square_minus,
        start,
        stop,
        live,
    )
