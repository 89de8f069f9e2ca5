"""T90 and T50: the times within which 90 % and 50 % of a burst's fluence arrive.

The emission begins and ends at the edges of Bayesian blocks (`emission`), as in the
durations of the BAT catalogue (battblocks; Lien et al. 2016, ApJ 829, 7). The error comes
from simulations of the same burst, each with other noise, another background level and
another odds against blocks: so it covers faint late emission that may be background.

A catalogue measures the same photons, whose noise it shares. `t90_method_err_s` is the
error among methods alone: the photons stay, level and odds vary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.emission import (
    Blocks,
    Stretch,
    blocks_of,
    emission,
    faint_sides,
    without_level,
)
from orbital_kernel.science.compiled import compiled

Floats = NDArray[np.float64]
REPLICAS = 48
VARIANTS = 24
"""Measurements of the same photons."""
SEED = 90
ONE_SIGMA = 0.683
DEFINITION = 0.3
"""Share of the difference to T90 of all that the detector found, as an error."""
PENALTY = 6.0
"""Log odds against a block, as battblocks has them."""
PENALTIES = (5.0, 8.0)
"""The range of the odds that simulations draw from, log-uniform."""


@dataclass(frozen=True)
class Durations:
    """Durations in s, the start of T90 on the clock of the bins."""

    t90_s: float
    t90_err_s: float
    t90_method_err_s: float
    t90_start: float
    t50_s: float


def durations(stretch: Stretch) -> Durations:
    """Return T90 and T50 of the burst in a stretch of bins, with the error of T90."""
    blocks = blocks_of(stretch, PENALTY)
    t, level_err = _measured(stretch, *emission(stretch, blocks))
    t90 = t[3] - t[0]
    widest, _ = _measured(stretch, stretch.first, min(stretch.end, stretch.tail))
    faint = DEFINITION * (widest[3] - widest[0] - t90)
    noise = np.quantile(_misses(stretch, blocks, level_err), ONE_SIGMA)
    bins = (stretch.width_at(t[0]) ** 2 + stretch.width_at(t[3]) ** 2) / 12
    method = np.quantile(_changes(stretch, t90, level_err), ONE_SIGMA)
    return Durations(
        t90_s=t90,
        t90_err_s=float(np.sqrt(noise**2 + faint**2 + bins)),
        t90_method_err_s=float(np.sqrt(method**2 + faint**2 + bins)),
        t90_start=float(t[0]),
        t50_s=max(float(t[2] - t[1]), 0.0),
    )


def _misses(stretch: Stretch, blocks: Blocks, level_err: Floats) -> Floats:
    """Return by how much T90 is missed, s, in simulations of the burst."""
    rng = np.random.default_rng(SEED)
    first, end = emission(stretch, blocks)
    misses = np.empty(REPLICAS)
    for k in range(REPLICAS):
        tails = rng.uniform(size=2)
        model, a, b = faint_sides(stretch, blocks, first, end, tails)
        true = crossings(stretch.met, stretch.seconds, model, a, b)
        replica = stretch.replica(model, level_err, rng)
        penalty = float(np.exp(rng.uniform(*np.log(PENALTIES))))
        t, _ = _measured(replica, *emission(replica, blocks_of(replica, penalty)))
        misses[k] = abs(t[3] - t[0] - (true[3] - true[0]))
    return misses


def _changes(stretch: Stretch, t90: float, level_err: Floats) -> Floats:
    """Return by how much T90 of the same photons changes, s, with level and odds."""
    rng = np.random.default_rng(SEED)
    changes = np.empty(VARIANTS)
    for k in range(VARIANTS):
        variant = stretch.levelled(level_err, rng)
        penalty = float(np.exp(rng.uniform(*np.log(PENALTIES))))
        t, _ = _measured(variant, *emission(variant, blocks_of(variant, penalty)))
        changes[k] = abs(t[3] - t[0] - t90)
    return changes


def _measured(stretch: Stretch, first: int, end: int) -> tuple[Floats, Floats]:
    """Return the crossings of the fluence of bins `first` to `end`, and the level's error."""
    net, level_err = without_level(stretch, first, end)
    return crossings(stretch.met, stretch.seconds, net, first, end), level_err


@compiled
def crossings(
    met: Floats, seconds: Floats, net: Floats, first: int, end: int
) -> Floats:
    """Return when the fluence of bins `first` to `end` first reaches 5, 25, 75 and 95 %."""
    total = net[first:end].sum()
    times = np.empty(4)
    parts = (0.05, 0.25, 0.75, 0.95)
    for n in range(4):
        level = parts[n] * total
        grown = 0.0
        times[n] = met[end - 1] + seconds[end - 1]
        for k in range(first, end):
            if grown + net[k] >= level:
                share = (level - grown) / net[k] if net[k] > 0.0 else 0.0
                times[n] = met[k] + seconds[k] * min(max(share, 0.0), 1.0)
                break
            grown += net[k]
    return times
