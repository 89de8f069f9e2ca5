"""Unrelated right sources in two rings around left ones, and their density at the centre.

The rings begin where the candidates of a source end. A sector of a ring is classed by
what lies around the left source outside of that sector, as the source itself is classed
by what lies around it outside of its candidates. Sources cluster: from both rings the
density is extrapolated to the centre as a Gaussian of the distance. So edges of fields,
clusters and empty sky have the density that is really found there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.matching.fineness import fineness_class
from orbital_kernel.science.matching.joining import Places, distinct, position_angle
from orbital_kernel.science.matching.priors import (
    BLOCK_ARCSEC2,
    CLASSES,
    FINENESSES,
    STEPS,
    class_of,
)
from orbital_kernel.science.matching.skyjoin import near_directions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Blocks = tuple[Ints, Ints, Ints]

RINGS = 2
SECTORS = 8
WIDTH_ARCSEC = 20.0
LEAST_REACH_ARCSEC = 10.0
MOST_SOURCES = 100_000
"""Left sources looked around at most; of more, every second or further one."""
TYPICAL = 0.98
"""Quantile of the other catalogue's errors that the reach takes into account."""
PSEUDO_HITS = 10.0
SURE_HITS = 1000.0
LEAST_RATIO, MOST_RATIO = 0.2, 1.3
LEAST_RISE, MOST_RISE = 0.8, 1.6


class Surroundings(NamedTuple):
    """Density (per arcsec²) by class; hits and expected hits in both rings of sources.

    `unrelated` counts the hits by class and fineness of their errors; `found` are the
    right sources that are the hits.
    """

    density: Reals
    sources: Ints
    hits: tuple[Reals, Reals]
    expected: tuple[Reals, Reals]
    unrelated: Reals
    found: Ints


class _Ring(NamedTuple):
    """Of one ring: the left sources, hits and class of each sector, area, radius², hits."""

    sources: Ints
    hits: Reals
    classes: Ints
    area: float
    square: float
    found: Ints


def surroundings(
    left: Places,
    right: Places,
    blocks: Blocks,
    own: Ints,
    *,
    n_sigma: float,
) -> Surroundings:
    """Look around left sources; `blocks` and `own` class them (see `class_of`)."""
    order = np.argsort(left.cells, kind="stable")
    some = np.sort(order[:: -(-left.ra.size // MOST_SOURCES) or 1])
    unrelated = np.zeros((CLASSES, FINENESSES))
    rings: tuple[list[_Ring], list[_Ring]] = ([], [])
    reach = reach_arcsec(left.some(some), right, n_sigma=n_sigma)
    for radius in distinct(reach):
        rows = some[reach == radius]
        for ring, parts in zip(
            _around(left, right, rows, radius, blocks, own, unrelated),
            rings,
            strict=True,
        ):
            parts.append(ring)
    near, far = (_measured(parts) for parts in rings)
    return Surroundings(
        _at_centre(near, far),
        np.concatenate([np.empty(0, np.int64), *(r.sources for r in rings[0])]),
        (_hits(rings[0]), _hits(rings[1])),
        (_expected(rings[0], near), _expected(rings[1], far)),
        unrelated,
        np.concatenate(
            [np.empty(0, np.int64), *(r.found for r in rings[0] + rings[1])]
        ),
    )


def reach_arcsec(left: Places, right: Places, *, n_sigma: float) -> Reals:
    """Return how far candidates of each left source reach, in half octaves."""
    sigma = right.sigma
    typical = float(np.quantile(sigma, TYPICAL)) if sigma.size else 0.0
    reach = n_sigma * np.hypot(left.sigma, typical)
    least = np.maximum(reach, LEAST_REACH_ARCSEC)
    return np.asarray(2.0 ** (np.ceil(2 * np.log2(least)) / 2))


def _around(
    left: Places,
    right: Places,
    rows: Ints,
    reach: float,
    blocks: Blocks,
    own: Ints,
    unrelated: Reals,
) -> list[_Ring]:
    """Return both rings of sources of one reach; adds their hits to `unrelated`."""
    width = max(WIDTH_ARCSEC, reach / 2)
    widest = (reach + RINGS * width) / 3600
    i, j, apart = near_directions(left.directions.some(rows), right.directions, widest)
    outside = apart * 3600 > reach
    i, j, apart = i[outside], j[outside], apart[outside] * 3600
    turn = position_angle(left, right, rows[i], j) / 360
    sector = (turn * SECTORS).astype(np.int64) % SECTORS
    finenesses = fineness_class(right.sigma)[j]
    itself = np.repeat(_classed(blocks, rows, own[rows])[:, None], SECTORS, 1)
    rings = []
    for number in range(RINGS):
        low, high = reach + number * width, reach + (number + 1) * width
        inside = (apart > low) & (apart <= high)
        at = i[inside] * SECTORS + sector[inside]
        hits = np.bincount(at, minlength=itself.size).reshape(itself.shape)
        classes = itself.copy()
        x, y = np.nonzero(hits)
        row = rows[x]
        classes[x, y] = _classed(blocks, row, own[row] + hits[x, y])
        kinds = classes.ravel()[at] * FINENESSES + finenesses[inside]
        unrelated += np.bincount(kinds, minlength=unrelated.size).reshape(
            unrelated.shape
        )
        rings.append(
            _Ring(
                rows,
                hits.astype(np.float64),
                classes,
                np.pi * (high**2 - low**2) / SECTORS,
                (high**2 + low**2) / 2,
                j[inside],
            )
        )
    return rings


def _classed(blocks: Blocks, rows: Ints, own: Ints) -> Ints:
    count, order, edge = blocks
    return class_of(count[rows], order[rows], edge[rows], own)


class _Measured(NamedTuple):
    """By class: density, hits, area, and mean squared distance."""

    density: Reals
    hits: Reals
    area: Reals
    square: Reals


def _measured(rings: list[_Ring]) -> _Measured:
    hits, area, square = np.zeros((3, CLASSES))
    for ring in rings:
        hits += np.bincount(ring.classes.ravel(), ring.hits.ravel(), minlength=CLASSES)
        covered = np.bincount(ring.classes.ravel(), minlength=CLASSES) * ring.area
        area += covered
        square += covered * ring.square
    overall = square.sum() / area.sum() if area.any() else 1.0
    mean = np.where(area > 0, square / np.where(area > 0, area, 1.0), overall)
    return _Measured(_densities(hits, area), hits, area, mean)


def _densities(hits: Reals, area: Reals) -> Reals:
    """Return each class's density, drawn towards the classes' common scale."""
    step = np.arange(CLASSES) % STEPS
    nominal = np.where(step > 0, 2.0 ** ((step - 0.5) / 2), 0.5) / BLOCK_ARCSEC2
    scale = (hits.sum() + 1) / ((nominal * area).sum() + 1)
    return np.asarray((hits + PSEUDO_HITS) / (area + PSEUDO_HITS / (scale * nominal)))


def _at_centre(near: _Measured, far: _Measured) -> Reals:
    """Return the density at the left sources from that of both rings."""
    expected = (near.density * far.area).sum()
    overall = np.clip((far.hits.sum() + 1) / (expected + 1), LEAST_RATIO, MOST_RATIO)
    sure = far.hits / (far.hits + SURE_HITS)
    ratio = sure * far.density / near.density + (1 - sure) * overall
    apart = np.maximum(far.square - near.square, 1.0)
    rise = -np.log(ratio) * near.square / apart
    limited = np.exp(np.clip(rise, np.log(LEAST_RISE), np.log(MOST_RISE)))
    return np.asarray(near.density * limited)


def _hits(rings: list[_Ring]) -> Reals:
    return np.concatenate([np.empty(0), *(ring.hits.sum(axis=1) for ring in rings)])


def _expected(rings: list[_Ring], measured: _Measured) -> Reals:
    parts = (measured.density[r.classes].sum(axis=1) * r.area for r in rings)
    return np.concatenate([np.empty(0), *parts])
