"""What two observatories' lists are matched with: frame offset, priors, chance rate.

All are estimated on a sample of the sky; the chance rate is that of the same search on
shifted skies, beside what the posteriors promise.
"""

import numpy as np

from orbital_kernel.questions.matching.task import N_SIGMA, Chance, Pairing
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.estimating import estimate
from orbital_kernel.science.matching.joining import Joined, Places, joined
from orbital_kernel.science.matching.links import accepted
from orbital_kernel.science.matching.offset import frame_offset
from orbital_kernel.science.matching.priors import Priors
from orbital_kernel.science.matching.surroundings import reach_arcsec

SKIES = 4
SHIFT_ARCSEC = 60.0
SHIFTED_SOURCES = 25_000
MOST_PARTS = 8
"""Of more left sources every second to eighth one is shifted, others in each direction."""
FURTHER = 4.0
"""Skies are shifted by so many reaches of candidates, and an arcminute at least."""


def pairing_of(left: str, right: str, a: Places, b: Places) -> Pairing:
    """Estimate frame offset, priors of both directions and chance rate of two lists."""
    offset = frame_offset(a, b)
    a = offset.taken_out(a)
    pairs = joined(a, b, n_sigma=N_SIGMA)
    directions = (a, b, pairs), (b, a, pairs.turned())
    forth, back = side_by_side(lambda of: estimate(*of, n_sigma=N_SIGMA), directions)
    return Pairing(left, right, offset, forth, back, chance(a, b, pairs, forth, back))


def chance(a: Places, b: Places, pairs: Joined, forth: Priors, back: Priors) -> Chance:
    """Return the chance rate of two lists in one frame, whose candidates are `pairs`."""
    sure = accepted(with_priors(a, b, pairs, forth, back))
    size = np.int64(max(b.ra.size, 1))
    keys = np.append(pairs.of_left * size + pairs.of_right, np.iinfo(np.int64).max)
    distance = np.maximum(FURTHER * reach_arcsec(a, b, n_sigma=N_SIGMA), SHIFT_ARCSEC)
    parts = int(np.clip(a.ra.size // SHIFTED_SOURCES, 1, MOST_PARTS))

    def accepted_by_chance(turn: int) -> int:
        angle = 2 * np.pi * turn / SKIES
        shifted = a.moved(distance * np.sin(angle), distance * np.cos(angle))
        some = np.arange(turn, a.ra.size, parts)
        false = joined(shifted.some(some), b, n_sigma=N_SIGMA)
        false = false._replace(of_left=some[false.of_left])
        place = np.searchsorted(keys, false.of_left * size + false.of_right)
        unrelated = keys[place] != false.of_left * size + false.of_right
        false = false.some(unrelated)
        return accepted(with_priors(shifted, b, false, forth, back)).height

    counts = side_by_side(accepted_by_chance, range(SKIES))
    mean = parts * float(np.mean(counts))
    return Chance(
        int(a.ra.size),
        sure.height,
        float((1 - sure["match_probability"]).sum()),
        mean,
        float(np.sqrt(max(mean, parts / SKIES) * parts / SKIES)),
    )
