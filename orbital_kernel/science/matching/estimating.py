"""Priors estimated from the candidates of two catalogues themselves, self-consistently.

The share of left sources with a counterpart is the sum of the probabilities that follow
from it (Budavári & Szalay 2008, ApJ 679, 301, section 4.2), by class of density and size
of error, drawn towards the product of both margins where sources are few. Sources without
a counterpart are often there because the other observatory did not look, and then no
unrelated source is there either: the density counts as it is found around sources with
and without a counterpart, weighed by their probabilities. Weights of candidates are the
sizes of errors of probable counterparts over those of unrelated sources, from coarse to
fine steps of size, each drawn towards the coarser one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.matching import brightness
from orbital_kernel.science.matching.brightness import BINS, bins_of, edges_of
from orbital_kernel.science.matching.density import blocks_around
from orbital_kernel.science.matching.errorcircles import mean_sigma
from orbital_kernel.science.matching.fineness import fineness_class, size_class
from orbital_kernel.science.matching.joining import Joined, Places
from orbital_kernel.science.matching.priors import (
    CLASSES,
    COARSEST,
    EVEN,
    FINENESSES,
    OCTAVES,
    SIZES,
    WEIGHT_STEPS,
    Priors,
    class_of,
    crowding,
    odds_of,
    rounded,
    sums,
)
from orbital_kernel.science.matching.surroundings import Surroundings, surroundings

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 6
ITERATIONS = 400
CONVERGED = 1e-5
MARGINS = 3
PSEUDO_SOURCES = 20.0
PSEUDO_OF_MARGINS = 50.0
PSEUDO_HITS = 20.0
PSEUDO_COUNTERPARTS = 50.0
PSEUDO_OF_UNRELATED = 200.0
COARSE_TO_FINE = (4, 2, 1)
"""Steps of fineness that are taken together, one after the other."""
SIZES_TOGETHER = (8, 4, 2, 1)
MOST_SHARE = 0.999


class _Sample(NamedTuple):
    """Left sources by class and size; pairs by odds (for the density only) and classes.

    `hits` and `expected` are those of rings, `others` and `chance` the candidates besides
    one and how many unrelated ones are expected.
    """

    of_left: Ints
    odds: Reals
    classes: Ints
    sizes: Ints
    finenesses: Ints
    right: Ints
    around: Surroundings
    shape: float
    others: Ints
    chance: Reals


class _Weights(NamedTuple):
    """Weights by both finenesses, tilt and norm by class and fineness of either."""

    weight: Reals
    tilt: Reals
    norm: Reals

    def of(self, sample: _Sample) -> Reals:
        """Return the weight of each pair."""
        classes = sample.classes[sample.of_left]
        left = sample.finenesses[sample.of_left]
        tilt = self.tilt[classes, sample.right // WEIGHT_STEPS]
        return self.weight[left, sample.right] * tilt / self.norm[classes, left]


def estimate(left: Places, right: Places, pairs: Joined, *, n_sigma: float) -> Priors:
    """Return the priors of left sources having a counterpart among the right ones."""
    variance = mean_sigma(right.covariance) ** 2
    area = np.pi * n_sigma**2 * (float(variance.mean()) if variance.size else 0.0)
    sample = _sample(left, right, pairs, n_sigma=n_sigma, area=area)
    at = sample.classes, sample.sizes
    crowded = crowding(sample.shape, sample.chance, sample.others)
    weights = _Weights(
        np.ones((FINENESSES, FINENESSES)),
        np.ones((CLASSES, OCTAVES)),
        np.ones((CLASSES, FINENESSES)),
    )
    edges = edges_of(np.empty(0) if right.brightness is None else right.brightness)
    bins = bins_of(_or_none(right), edges)
    ratio = np.ones(BINS + 1)
    share = np.full((CLASSES, SIZES), 0.5)
    with_one = without = np.ones((CLASSES, SIZES))
    for _ in range(ROUNDS):
        denser = (with_one[at] * crowded)[pairs.of_left]
        odds = sample.odds * weights.of(sample) / denser * ratio[bins[pairs.of_right]]
        total = sums(pairs.of_left, odds, left.ra.size)
        fewer = (without / with_one)[at]
        share = _shares(total, fewer, sample, share)
        p_any = _any(share[at], total, fewer)
        probable = p_any[pairs.of_left] * _part(odds, total[pairs.of_left])
        weights = _weights(sample, p_any, probable)
        if edges.size:
            found = sample.around.found
            by_error = _by_error(sample, probable)[fineness_class(right.sigma[found])]
            ratio = brightness.ratio(
                bins[pairs.of_right], probable, bins[found], by_error
            )
        locally = _surrounded(share[at], total * crowded, fewer, sample)
        with_one, without = (
            _relative_density(sample, chance) for chance in (locally, 1 - locally)
        )
    norm = np.repeat(weights.norm, SIZES // FINENESSES, axis=1)
    prior_odds = share / ((1 - share) * without * norm)
    shape, added = rounded(np.array([sample.shape, area]))[0]
    return Priors(
        rounded(sample.around.density)[0],
        rounded(prior_odds / (1 + prior_odds)),
        rounded(weights.weight),
        rounded(weights.tilt),
        shape,
        added,
        tuple(edges.tolist()),
        rounded(ratio)[0] if edges.size else (),
    )


def _or_none(right: Places) -> Reals:
    none = np.full(right.ra.size, np.nan)
    return none if right.brightness is None else right.brightness


def _by_error(sample: _Sample, probable: Reals) -> Reals:
    """Return by fineness how much more frequent counterparts are than unrelated ones."""
    true = sums(sample.right, probable, FINENESSES)
    every = sample.around.unrelated.sum(axis=0)
    share = true / max(true.sum(), 1.0)
    return np.asarray(share / np.maximum(every / max(every.sum(), 1.0), 1e-9))


def _sample(
    left: Places, right: Places, pairs: Joined, *, n_sigma: float, area: float
) -> _Sample:
    own = np.bincount(pairs.of_left, minlength=left.ra.size)
    blocks = blocks_around(left.cells, right.sorted_cells, coarsest=COARSEST)
    classes = class_of(*blocks, own)
    around = surroundings(left, right, blocks, own, n_sigma=n_sigma)
    density = around.density[classes]
    itself = np.pi * (n_sigma * mean_sigma(left.covariance)) ** 2
    return _Sample(
        pairs.of_left,
        odds_of(pairs.bayes, density[pairs.of_left]),
        classes,
        size_class(left.sigma),
        fineness_class(left.sigma),
        fineness_class(right.sigma)[pairs.of_right],
        around,
        _shape(around),
        np.maximum(own - 1, 0),
        density * (itself + area),
    )


def _shape(around: Surroundings) -> float:
    """Return the shape of the gamma distribution of densities, from that of hits."""
    hits = around.hits[0] + around.hits[1]
    expected = around.expected[0] + around.expected[1]
    spread = float(((hits - expected) ** 2 - expected).sum())
    square = float((expected**2).sum())
    return square / spread if spread > square / EVEN else EVEN


def _any(share: Reals, total: Reals, fewer: Reals) -> Reals:
    return share * total / ((1 - share) * fewer + share * total)


def _part(odds: Reals, total: Reals) -> Reals:
    return odds / np.where(total > 0, total, 1.0)


def _counted(sample: _Sample) -> Reals:
    kinds = sample.classes * SIZES + sample.sizes
    return sums(kinds, None, CLASSES * SIZES).reshape(CLASSES, SIZES)


def _shares(total: Reals, fewer: Reals, sample: _Sample, start: Reals) -> Reals:
    """Return the self-consistent shares by class and size of error."""
    sources = _counted(sample)
    some = np.flatnonzero(total > 0)
    kinds = (sample.classes * SIZES + sample.sizes)[some]
    total, fewer = total[some], fewer[some]
    share = start
    for _ in range(ITERATIONS):
        chance = _any(share.ravel()[kinds], total, fewer)
        expected = sums(kinds, chance, share.size)
        before, share = share, _drawn(expected.reshape(share.shape), sources)
        if np.abs(share - before).max() < CONVERGED:
            break
    return share


def _drawn(expected: Reals, sources: Reals) -> Reals:
    """Return shares drawn towards the product of those of the class and of the size."""
    overall = expected.sum() / max(sources.sum(), 1.0)
    by_size = (expected.sum(axis=0) + PSEUDO_SOURCES * overall) / (
        sources.sum(axis=0) + PSEUDO_SOURCES
    )
    by_size = by_size / overall if overall > 0 else np.ones(SIZES)
    for _ in range(MARGINS):
        by_class = (expected.sum(axis=1) + PSEUDO_SOURCES * overall) / (
            (sources * by_size).sum(axis=1) + PSEUDO_SOURCES
        )
        by_size = (expected.sum(axis=0) + PSEUDO_SOURCES) / (
            (sources * by_class[:, None]).sum(axis=0) + PSEUDO_SOURCES
        )
    product = np.clip(by_class[:, None] * by_size, 1e-9, MOST_SHARE)
    share = (expected + PSEUDO_OF_MARGINS * product) / (sources + PSEUDO_OF_MARGINS)
    return np.asarray(np.clip(share, 1e-9, 1 - 1e-9))


def _weights(sample: _Sample, p_any: Reals, probable: Reals) -> _Weights:
    """Return how much more frequent counterparts' errors are than unrelated sources'."""
    unrelated = sample.around.unrelated
    every = unrelated.sum(axis=0)
    share = every / max(every.sum(), 1.0)
    left, classes = (
        column[sample.of_left] for column in (sample.finenesses, sample.classes)
    )
    true = _table(left, sample.right, probable, FINENESSES)
    given_left = _from_coarse_to_fine(true, share)
    sources = _table(sample.classes, sample.finenesses, p_any, CLASSES)
    of_class = _table(classes, sample.right, probable, CLASSES)
    of_true = _by_octave(of_class, sources @ given_left)
    of_unrelated = _by_octave(unrelated, unrelated.sum(axis=1, keepdims=True) * share)
    if share.any():
        of_unrelated /= (_spread(of_unrelated) @ share)[:, None]
    return _Weights(
        np.where(share > 0, given_left / np.where(share > 0, share, 1.0), 1.0),
        of_true / of_unrelated,
        _spread(of_true) @ given_left.T,
    )


def _table(rows: Ints, columns: Ints, weight: Reals, size: int) -> Reals:
    """Return the summed weight by row and by fineness."""
    kinds = rows * FINENESSES + columns
    return sums(kinds, weight, size * FINENESSES).reshape(size, FINENESSES)


def _from_coarse_to_fine(true: Reals, unrelated: Reals) -> Reals:
    """Return how the errors of counterparts are distributed for each left fineness."""
    drawn = true.sum(axis=0) + PSEUDO_OF_UNRELATED * unrelated
    margin = drawn / drawn.sum() if drawn.any() else np.full(FINENESSES, 1 / FINENESSES)
    given_left = np.broadcast_to(margin, true.shape)
    sources = true.sum(axis=1, keepdims=True)
    for steps in COARSE_TO_FINE:
        blocks = FINENESSES // steps
        shape = blocks, steps, blocks, steps
        found = true.reshape(shape).sum(axis=(1, 3))
        expected = (sources * given_left).reshape(shape).sum(axis=(1, 3))
        ratio = (found + PSEUDO_COUNTERPARTS) / (expected + PSEUDO_COUNTERPARTS)
        given_left = given_left * ratio.repeat(steps, axis=0).repeat(steps, axis=1)
        given_left = given_left / given_left.sum(axis=1, keepdims=True)
    return given_left


def _by_octave(counts: Reals, expected: Reals) -> Reals:
    """Return counts over expected ones by class and octave, drawn towards one."""
    shape = CLASSES, OCTAVES, WEIGHT_STEPS
    found, foreseen = (v.reshape(shape).sum(axis=2) for v in (counts, expected))
    return np.asarray((found + PSEUDO_COUNTERPARTS) / (foreseen + PSEUDO_COUNTERPARTS))


def _spread(by_octave: Reals) -> Reals:
    return by_octave.repeat(WEIGHT_STEPS, axis=1)


def _surrounded(share: Reals, total: Reals, fewer: Reals, sample: _Sample) -> Reals:
    """Return p_any of the sources looked around, with the density of their own rings."""
    around, some = sample.around, sample.around.sources
    hits = around.hits[0] + around.hits[1] + sample.others[some]
    expected = around.expected[0] + around.expected[1] + sample.chance[some]
    denser = crowding(sample.shape, expected, hits)
    return _any(share[some], total[some] / denser, fewer[some])


def _relative_density(sample: _Sample, chance: Reals) -> Reals:
    """Return by class and size the density around sources of such a chance, over its mean.

    A product of both margins; the sizes' own is relative to that of the classes.
    """
    around = sample.around
    hits, expected = chance * around.hits[0], chance * around.expected[0]
    mean = hits.sum() / expected.sum() if expected.sum() > 0 else 1.0
    classes, sizes = sample.classes[around.sources], sample.sizes[around.sources]
    by_class = (sums(classes, hits, CLASSES) + PSEUDO_HITS * mean) / (
        sums(classes, expected, CLASSES) + PSEUDO_HITS
    )
    by_class = np.maximum(by_class, 1e-3)
    found = sums(sizes, hits, SIZES)
    foreseen = sums(sizes, expected * by_class[classes], SIZES)
    by_size = np.ones(SIZES)
    for steps in SIZES_TOGETHER:
        n, m = (v.reshape(-1, steps).sum(axis=1) for v in (found, foreseen * by_size))
        by_size = by_size * ((n + PSEUDO_HITS) / (m + PSEUDO_HITS)).repeat(steps)
    return by_class[:, None] * by_size
