"""Candidates weighed by their brightness, as NWAY does.

The weight of a brightness is how often probable counterparts have it over how often
unrelated sources have (Salvato et al. 2018, MNRAS 473, 4937, section 2.4: the ratio of
both histograms), beyond what the sizes of their errors say already. Sources without a
brightness have a weight of their own.
"""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 12
PSEUDO_SOURCES = 50.0


def edges_of(brightness: Reals) -> Reals:
    """Return edges with about as many sources between each two, rounded."""
    usable = brightness[np.isfinite(brightness)]
    if not usable.size:
        return np.empty(0)
    inner = np.quantile(usable, np.arange(1, BINS) / BINS)
    return np.unique(np.round(inner, 4))


def bins_of(brightness: Reals, edges: Reals) -> Ints:
    """Return the bin of each brightness; 0 without one."""
    inside = np.searchsorted(edges, brightness, side="right") + 1
    return np.where(np.isfinite(brightness), inside, 0).astype(np.int64)


def ratio(true: Ints, probable: Reals, unrelated: Ints, weight: Reals) -> Reals:
    """Return the weight of each bin, from 0 to BINS.

    Parameters
    ----------
    true, probable
        Bins of candidates, and the probability that they are counterparts.
    unrelated, weight
        Bins of unrelated sources, and the weights of their errors.
    """
    found = np.bincount(true, probable, minlength=BINS + 1)
    every = np.bincount(unrelated, weight, minlength=BINS + 1)
    if not (found.any() and every.any()):
        return np.ones(BINS + 1)
    share = every / every.sum()
    drawn = PSEUDO_SOURCES * share
    expected = found.sum() * share + drawn
    return np.where(
        expected > 0, (found + drawn) / np.where(expected > 0, expected, 1.0), 1.0
    )
