"""Prior of a match where two catalogues really overlap: density, share and weights.

Catalogues are pointed: neither is even over the sky. What counts is how many unrelated
right sources lie around a left one where the left one is, and how often a left source
like it has a counterpart. Left sources are classed by the right catalogue's count in the
HEALPix cells around them, by whether these are at the edge of a field, and by the size
of their error: bright sources have small errors, and more often a counterpart. As NWAY
weighs candidates by their magnitudes (Salvato et al. 2018, MNRAS 473, 4937, section
2.4), these are weighed by the sizes of both errors, which every catalogue has: how often
a counterpart of such a source has it over how often an unrelated source has.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.matching.brightness import bins_of
from orbital_kernel.science.matching.density import (
    SKY_ARCSEC2,
    blocks_around,
    cell_arcsec2,
)

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = tuple[tuple[float, ...], ...]

COARSEST = 10
"""Order of the widest block that classes look at: 3 x 3 cells, 10 arcmin across."""
BLOCK_ARCSEC2 = 9 * float(cell_arcsec2(np.array(COARSEST)))
STEPS = 40
EDGES = 4
CLASSES = EDGES * STEPS
"""Steps of density, inside a field and with one, two, three or more sides empty."""
FIRST_OCTAVE = -6
OCTAVES = 16
SHARE_STEPS = 8
"""Steps of error an octave for the share with a counterpart."""
WEIGHT_STEPS = 4
"""Steps of error an octave for the weights of candidates."""
SIZES = OCTAVES * SHARE_STEPS
FINENESSES = OCTAVES * WEIGHT_STEPS
DIGITS = 7
EVEN = 1e6


@dataclass(frozen=True)
class Priors:
    """Priors of left sources having a counterpart among the right ones.

    `density` (per arcsec²) is of unrelated right sources, by class. `share` is of left
    sources with a counterpart among those where the right catalogue has sources, by class
    and size of the left error. `weight` is of candidates by the finenesses of the left
    and the right error; `tilt` multiplies it by class and octave of the right error.
    `shape` is that of the gamma distribution of true densities around a class's mean, and
    `area_arcsec2` what the errors of the right sources add to the area in which
    candidates lie. `ratio` multiplies the weight by the brightness between `edges`.
    """

    density: tuple[float, ...]
    share: Rows
    weight: Rows
    tilt: Rows
    shape: float
    area_arcsec2: float
    edges: tuple[float, ...] = ()
    ratio: tuple[float, ...] = ()

    @classmethod
    def even(cls, density_arcsec2: float, share: float) -> "Priors":
        """Return the priors of an even sky."""
        return cls(
            (density_arcsec2,) * CLASSES,
            ((share,) * SIZES,) * CLASSES,
            ((1.0,) * FINENESSES,) * FINENESSES,
            ((1.0,) * OCTAVES,) * CLASSES,
            EVEN,
            0.0,
        )

    def of(self, classes: Ints, sizes: Ints) -> tuple[Reals, Reals]:
        """Return density and share of sources of these classes and sizes of error."""
        density, share = self._arrays[:2]
        return density[classes], share[classes, sizes]

    def weights(self, classes: Ints, left: Ints, right: Ints) -> Reals:
        """Return the weights of pairs: the left source's class, and both finenesses."""
        weight, tilt = self._arrays[2:]
        return weight[left, right] * tilt[classes, right // WEIGHT_STEPS]

    def brightness(self, values: Reals | None, rows: Ints) -> Reals | float:
        """Return the weight of the brightness of right sources, one if there is none."""
        if values is None or not self.ratio:
            return 1.0
        bins = bins_of(values[rows], np.array(self.edges))
        return np.array(self.ratio)[bins]

    def crowding(self, density: Reals, area: Reals, own: Ints) -> Reals:
        """Return how much denser it is around sources with so many candidates.

        With k candidates, one of them true or not, the mean density of a gamma
        distribution rises to (shape + k - 1) / (shape / density + area).

        Parameters
        ----------
        density, area
            Of the class (per arcsec²), and in which candidates can lie (arcsec²).
        own
            The number of candidates.
        """
        return crowding(self.shape, density * (area + self.area_arcsec2), own - 1)

    @cached_property
    def _arrays(self) -> tuple[Reals, ...]:
        columns = self.density, self.share, self.weight, self.tilt
        return tuple(np.array(column, np.float64) for column in columns)


def crowding(shape: float, expected: Reals, hits: Reals | Ints) -> Reals:
    """Return the mean of a gamma distribution of mean one after so many hits."""
    return np.asarray((shape + hits) / (shape + expected))


def sums(kinds: Ints, weight: Reals | None, size: int) -> Reals:
    """Return the summed weight (by default: the number) of each kind."""
    return np.asarray(np.bincount(kinds, weight, minlength=size), np.float64)


def rounded(values: Reals) -> Rows:
    """Return rows of floats with as many digits as are written and read unchanged."""
    rows = np.atleast_2d(values)
    exponent = np.floor(np.log10(np.where(rows > 0, rows, 1.0)))
    scale = 10.0 ** (DIGITS - 1 - exponent)
    return tuple(map(tuple, (np.round(rows * scale) / scale).tolist()))


def density_class(cells: Ints, stored: Ints, own: Ints) -> Ints:
    """Return the class of each place by the other catalogue's count around it.

    `cells` are those of the places; `stored` has the other catalogue's, sorted; `own`
    how many of the counted are candidates of the place itself.
    """
    return class_of(*blocks_around(cells, stored, coarsest=COARSEST), own)


def class_of(count: Ints, order: Ints, edge: Ints, own: Ints) -> Ints:
    """Return the class of blocks with so many sources and empty sides, without `own`.

    Step 0 has none; then half an octave each. STEPS is added for each empty side, as at
    the edge of a field.
    """
    others = np.maximum(count - own, 0)
    relative = others * 4.0 ** (order - COARSEST)
    steps = 1 + np.floor(2 * np.log2(np.maximum(relative, 1.0)) + 1e-9)
    steps = np.where(others > 0, np.clip(steps, 1, STEPS - 1), 0).astype(np.int64)
    return np.asarray(steps + STEPS * np.minimum(edge, EDGES - 1))


def odds_of(bayes: Reals, density: Reals) -> Reals:
    """Return the odds of pairs for a share of one half, from ln B and the density."""
    return np.asarray(np.exp(np.clip(bayes, -700, 700)) / (density * SKY_ARCSEC2))
