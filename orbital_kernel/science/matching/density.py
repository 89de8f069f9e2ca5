"""How dense a catalogue is around positions, from its counts in HEALPix cells."""

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.model.sky import ORDER, healpix

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

SKY_ARCSEC2 = 4 * np.pi * np.degrees(1) ** 2 * 3600**2
DEEPEST = 14
ENOUGH = 30
FINEST_BLOCK = 12
"""Cells of 51 arcsec: a source's own candidates are mostly in the middle one."""
SIDES = ((0, 1, 2), (6, 7, 8), (0, 3, 6), (2, 5, 8))
"""The sides of a block among S, SE, E, SW, middle, NE, W, NW, N."""


def density_arcsec2(
    ra: Reals, dec: Reals, catalogue_ra: Reals, catalogue_dec: Reals
) -> Reals:
    """Return sources per square arcsecond around each position.

    Each position takes the smallest HEALPix cell around it (orders 0-14) that holds at
    least ENOUGH catalogue sources, so crowded fields count as crowded and the empty
    sky between two pointings does not dilute them. Poisson error about 20 %; where
    the whole catalogue is smaller, its mean over a twelfth of the sky.
    """
    stored = cells_of(catalogue_ra, catalogue_dec)
    count, order = counts_around(healpix(ra, dec), stored, coarsest=0)
    return np.maximum(count, 1) / cell_arcsec2(order)


def cells_of(ra: Reals, dec: Reals) -> Ints:
    """Return the sorted HEALPix indices of positions."""
    stored = np.sort(healpix(ra, dec))
    return np.asarray(stored[np.searchsorted(stored, 0) :])


def counts_around(positions: Ints, stored: Ints, *, coarsest: int) -> tuple[Ints, Ints]:
    """Return counts in the smallest cell with ENOUGH sources, and the cell's order.

    `positions` and `stored` (sorted) are HEALPix indices; where no cell down to order
    `coarsest` has enough, the count is that of the coarsest.
    """
    in_order = np.argsort(positions)  # bisection is four times faster in order
    cells = positions[in_order]
    counts = np.zeros(cells.size, np.int64)
    orders = np.full(cells.size, coarsest, np.int64)
    open_rows = np.arange(cells.size)
    for order in range(DEEPEST, coarsest - 1, -1):
        shift = 2 * (ORDER - order)
        cell = cells[open_rows] >> shift
        first = np.searchsorted(stored, cell << shift)
        count = np.searchsorted(stored, (cell + 1) << shift) - first
        counts[open_rows], orders[open_rows] = count, order
        open_rows = open_rows[count < ENOUGH]
    unsorted = np.empty_like(counts), np.empty_like(orders)
    unsorted[0][in_order], unsorted[1][in_order] = counts, orders
    return unsorted


def cell_arcsec2(order: Ints) -> Reals:
    """Return the area of a HEALPix cell of that order, arcsec²."""
    return np.asarray(SKY_ARCSEC2 / (12 * 4.0**order))


def blocks_around(
    positions: Ints, stored: Ints, *, coarsest: int
) -> tuple[Ints, Ints, Ints]:
    """Return counts as `counts_around`, of blocks of a cell and its neighbours.

    A block is centred on its position better than a cell is. The last array counts how
    many of the block's four sides are empty: at the edge of a field one or more.
    """
    in_order = np.argsort(positions)
    cells = positions[in_order]
    counts = np.zeros(cells.size, np.int64)
    orders = np.full(cells.size, coarsest, np.int64)
    edges = np.zeros(cells.size, np.int64)
    open_rows = np.arange(cells.size)
    for order in range(coarsest, FINEST_BLOCK + 1):  # a block holds the finer ones
        own = cells[open_rows] >> 2 * (ORDER - order)
        first = np.flatnonzero(np.diff(own, prepend=-1))
        lengths = np.diff(first, append=own.size)
        count, edge = (
            np.repeat(values, lengths)
            for values in _in_block(own[first], order, stored)
        )
        enough = (count >= ENOUGH) | (order == coarsest)
        open_rows, count, edge = open_rows[enough], count[enough], edge[enough]
        counts[open_rows], orders[open_rows], edges[open_rows] = count, order, edge
        open_rows = open_rows[count >= ENOUGH]
    back = np.empty(cells.size, np.int64)
    back[in_order] = np.arange(cells.size)
    return counts[back], orders[back], edges[back]


def _in_block(cells: Ints, order: int, stored: Ints) -> tuple[Ints, Ints]:
    if not cells.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    from cdshealpix.nested import neighbours

    around = neighbours(cells.astype(np.uint64), order).astype(np.int64)
    coarse = stored >> 2 * (ORDER - order)
    first = np.flatnonzero(np.diff(coarse, prepend=-1))
    occupied = np.append(coarse[first], np.iinfo(np.int64).max)
    lengths = np.append(np.diff(first, append=coarse.size), 0)
    place = np.searchsorted(occupied, around)
    counts = np.where(occupied[place] == around, lengths[place], 0)
    sides = [counts[:, side].sum(axis=1) == 0 for side in SIDES]
    return counts.sum(axis=1), np.sum(sides, axis=0, dtype=np.int64)
