"""Prior of a match where two catalogues really overlap: density and share by class.

Catalogues are pointed: neither is even over the sky. What counts is how many unrelated
right sources lie around a left one where the left one is. Left sources are classed by
the right catalogue's count in the HEALPix cells around them, and by whether these are
at the edge of a field. The density of a class is
measured on shifted skies: the right sources around places 30 and 60 arcsec or more from
the class's left sources, in four directions, without the candidates of that source
itself, extrapolated to the source. So edges of fields, clusters and empty sky have the density that is really found
there. The share of left sources with a counterpart is the self-consistent one
(Budavári & Szalay 2008, ApJ 679, 301, section 4.2) of each class and octave of error, so
that fields where nobody else looked expect no counterpart. As NWAY weighs candidates by
their magnitudes, these are weighed by the size of their errors, which every catalogue
has: how often a probable counterpart has it over how often an unrelated source has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.model.sky import healpix
from orbital_kernel.science.matching.density import (
    SKY_ARCSEC2,
    blocks_around,
    cell_arcsec2,
    cells_of,
)
from orbital_kernel.science.matching.errorcircles import largest_sigma
from orbital_kernel.science.matching.joining import Joined, Places, octave
from orbital_kernel.science.matching.skyjoin import neighbours

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints]

COARSEST = 10
"""Order of the widest block that classes look at: 3 x 3 cells, 10 arcmin across."""
BLOCK_ARCSEC2 = 9 * float(cell_arcsec2(np.array(COARSEST)))
TYPICAL = 0.98
"""Quantile of the other catalogue's errors that shifts take into account."""
STEPS = 40
EDGES = 4
CLASSES = EDGES * STEPS
"""Steps of density, inside a field and with one, two, three or more sides empty."""
OCTAVES = 16
FIRST_OCTAVE = -6
FINENESSES = 2 * OCTAVES
ROUNDS = 4
PSEUDO_COUNTERPARTS = 200.0
SHIFT_ARCSEC = 30.0
DIRECTIONS = 4
MOST_SHIFTED = 100_000
"""Left sources that are shifted at most; of more, every second or further one."""
PSEUDO_HITS = 10.0
SURE_HITS = 1000.0
PSEUDO_SOURCES = 20.0
ITERATIONS = 400
CONVERGED = 1e-7


@dataclass(frozen=True)
class Priors:
    """Density (per arcsec²) by class, and share with a counterpart by class and octave.

    `weight` is by the fineness of the counterpart's position: bright sources have small
    errors and more often a counterpart.
    """

    density: tuple[float, ...]
    share: tuple[tuple[float, ...], ...]
    weight: tuple[float, ...]

    def of(self, classes: Ints, octaves: Ints) -> tuple[Reals, Reals]:
        """Return density and share of sources of these classes and octaves."""
        return np.array(self.density)[classes], np.array(self.share)[classes, octaves]


def octave_class(covariance: Reals) -> Ints:
    """Return the octave of the largest error as a class, 0 to OCTAVES - 1."""
    return np.clip(octave(covariance) - FIRST_OCTAVE, 0, OCTAVES - 1)


def fineness_class(covariance: Reals) -> Ints:
    """Return the half octave of the largest error as a class, 0 to FINENESSES - 1."""
    steps = np.floor(2 * np.log2(largest_sigma(covariance))).astype(np.int64)
    classes: Ints = np.clip(steps - 2 * FIRST_OCTAVE, 0, FINENESSES - 1)
    return classes


def density_class(ra: Reals, dec: Reals, stored: Ints, own: Ints) -> Ints:
    """Return the class of each place by the other catalogue's count around it.

    `stored` has the other catalogue's cells, sorted; `own` how many of the counted are
    candidates of the place itself. Step 0 has none; then half an octave each. STEPS is
    added for each empty side, as at the edge of a field.
    """
    count, order, edge = blocks_around(healpix(ra, dec), stored, coarsest=COARSEST)
    others = np.maximum(count - own, 0)
    relative = others * 4.0 ** (order - COARSEST)
    steps = 1 + np.floor(2 * np.log2(np.maximum(relative, 1.0)) + 1e-9)
    steps = np.where(others > 0, np.clip(steps, 1, STEPS - 1), 0).astype(np.int64)
    return np.asarray(steps + STEPS * np.minimum(edge, EDGES - 1))


def estimate(left: Places, right: Places, pairs: Joined, *, n_sigma: float) -> Priors:
    """Return the priors of left sources having a counterpart among the right ones."""
    stored = cells_of(right.ra, right.dec)
    own = np.bincount(pairs.of_left, minlength=left.ra.size)
    some = np.argsort(healpix(left.ra, left.dec), kind="stable")
    some = np.sort(some[:: -(-left.ra.size // MOST_SHIFTED) or 1])
    (*near, unrelated), (*far, _) = (
        _intensity(left, right, some, pairs, stored, n_sigma=n_sigma, step=step)
        for step in (1.0, 2.0)
    )
    density = _towards_zero((near[0], near[1]), (far[0], far[1]))
    classes = density_class(left.ra, left.dec, stored, own)
    kinds = classes * OCTAVES + octave_class(left.covariance)
    fineness = fineness_class(right.covariance)
    odds = odds_of(pairs, density[classes[pairs.of_left]])
    weight = np.ones(FINENESSES)
    for _ in range(ROUNDS):
        weighed = odds * weight[fineness[pairs.of_right]]
        share = _shares(pairs.of_left, weighed, kinds)
        weight = _weights(pairs, weighed, share[kinds], fineness, unrelated)
    return Priors(
        tuple(density.tolist()),
        tuple(tuple(row) for row in share.reshape(CLASSES, OCTAVES).tolist()),
        tuple(weight.tolist()),
    )


def _intensity(
    left: Places,
    right: Places,
    some: Ints,
    pairs: Joined,
    stored: Ints,
    *,
    n_sigma: float,
    step: float,
) -> tuple[Reals, Reals, Reals]:
    """Return unrelated right sources and the area searched (arcsec²) by class.

    And the unrelated ones by fineness. The places are `step` times SHIFT_ARCSEC away from the left sources, or so much
    further that their own candidates are not in the way.
    """
    own = np.bincount(pairs.of_left, minlength=left.ra.size)
    hits, area = np.zeros(CLASSES), np.zeros(CLASSES)
    fineness, unrelated = fineness_class(right.covariance), np.zeros(FINENESSES)
    shift = shift_arcsec(left, right, n_sigma=n_sigma)
    keys = np.sort(pairs.of_left * np.int64(right.ra.size) + pairs.of_right)
    for distance in np.unique(shift[some]):
        rows = some[shift[some] == distance]
        near = distance / 2
        for turn in range(DIRECTIONS):
            angle = 2 * np.pi * (turn + step / 2) / DIRECTIONS
            east, north = np.sin(angle) * distance, np.cos(angle) * distance
            place = left.some(rows).moved(step * east, step * north)
            i, j, _ = neighbours(place.ra, place.dec, right.ra, right.dec, near / 3600)
            chance = ~_among(rows[i] * np.int64(right.ra.size) + j, keys)
            i, j = i[chance], j[chance]
            unrelated += np.bincount(fineness[j], minlength=FINENESSES)
            apart = own[rows] + np.bincount(i, minlength=rows.size)
            classes = density_class(place.ra, place.dec, stored, apart)
            hits += np.bincount(classes[i], minlength=CLASSES)
            area += np.bincount(classes, minlength=CLASSES) * np.pi * near**2
    return hits, area, unrelated


def _towards_zero(near: tuple[Reals, Reals], far: tuple[Reals, Reals]) -> Reals:
    """Return the density at the left sources from that at one and two steps away.

    Sources cluster: the density falls about with the square of the distance.
    """
    first, second = _densities(*near), _densities(*far)
    overall = _ratio(near, far)
    weight = far[0] / (far[0] + SURE_HITS)
    ratio = weight * second / first + (1 - weight) * overall
    return first * np.clip(1 + (1 - ratio) / 3, 0.8, 1.4)


def _ratio(near: tuple[Reals, Reals], far: tuple[Reals, Reals]) -> float:
    """Return the hits two steps away over those expected from one step away."""
    expected = (_densities(*near) * far[1]).sum()
    return float(np.clip((far[0].sum() + 1) / (expected + 1), 0.3, 1.2))


def shift_arcsec(left: Places, right: Places, *, n_sigma: float) -> Reals:
    """Return how far to shift each left source so that its candidates are elsewhere."""
    radius = n_sigma * np.hypot(
        largest_sigma(left.covariance), _typical(largest_sigma(right.covariance))
    )
    steps = np.ceil(np.maximum(np.log2(2 * radius / SHIFT_ARCSEC), 0))
    return np.asarray(SHIFT_ARCSEC * 2.0**steps)


def _typical(sigma: Reals) -> float:
    """Return an error that few sources exceed; 0 for no source."""
    return float(np.quantile(sigma, TYPICAL)) if sigma.size else 0.0


def _among(values: Ints, ordered: Ints) -> NDArray[np.bool_]:
    """Return which values are in a sorted array."""
    at = np.searchsorted(ordered, values)
    at = np.minimum(at, max(ordered.size - 1, 0))
    return ordered[at] == values if ordered.size else np.zeros(values.size, bool)


def _densities(hits: Reals, area: Reals) -> Reals:
    """Return each class's density, drawn towards the classes' common scale."""
    step = np.arange(CLASSES) % STEPS
    nominal = np.where(step > 0, 2.0 ** ((step - 0.5) / 2), 0.5) / BLOCK_ARCSEC2
    expected = (nominal * area).sum()
    scale = (hits.sum() + 1) / (expected + 1)
    density = (hits + PSEUDO_HITS) / (area + PSEUDO_HITS / (scale * nominal))
    return np.asarray(density)


def odds_of(pairs: Joined, density: Reals) -> Reals:
    """Return each pair's odds for a share of one half; `density` is by pair."""
    bayes = np.exp(np.clip(pairs.bayes, -700, 700))
    return np.asarray(bayes / (density * SKY_ARCSEC2))


def _shares(of_left: Ints, odds: Reals, kinds: Ints) -> Reals:
    """Return the self-consistent shares by class and octave, drawn to the class's."""
    sources = np.bincount(kinds, minlength=CLASSES * OCTAVES).astype(np.float64)
    total = np.bincount(of_left, odds, minlength=kinds.size)
    some = np.flatnonzero(total > 0)
    kind, total = kinds[some], total[some]
    share = np.full(CLASSES * OCTAVES, 0.5)
    for _ in range(ITERATIONS):
        weight = share[kind] * total
        expected = np.bincount(
            kind, weight / (1 - share[kind] + weight), minlength=share.size
        )
        new = _drawn(np.asarray(expected, np.float64), sources)
        change = np.abs(new - share).max()
        share = new
        if change < CONVERGED:
            break
    return share


def _weights(
    pairs: Joined, odds: Reals, share: Reals, fineness: Ints, unrelated: Reals
) -> Reals:
    """Return by fineness how much more frequent counterparts are than unrelated sources."""
    of = pairs.of_left
    total = np.bincount(of, odds, minlength=share.size)[of]
    probable = share[of] * odds / (1 - share[of] + share[of] * total)
    true = np.bincount(fineness[pairs.of_right], probable, minlength=FINENESSES)
    every = unrelated / max(unrelated.sum(), 1.0)
    drawn = true + PSEUDO_COUNTERPARTS * every
    ratio = drawn / drawn.sum() if drawn.sum() else every
    return np.where(every > 0, ratio / np.where(every > 0, every, 1.0), 1.0)


def _drawn(expected: Reals, sources: Reals) -> Reals:
    """Return shares drawn towards those of the class, and these towards that of all."""
    some, every = (column.reshape(CLASSES, OCTAVES) for column in (expected, sources))
    overall = some.sum() / max(every.sum(), 1.0)
    by_class = (some.sum(axis=1) + PSEUDO_SOURCES * overall) / (
        every.sum(axis=1) + PSEUDO_SOURCES
    )
    share = (some + PSEUDO_SOURCES * by_class[:, None]) / (every + PSEUDO_SOURCES)
    return np.asarray(np.clip(share, 1e-9, 1 - 1e-9).ravel())
