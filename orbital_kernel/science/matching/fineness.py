"""How fine positions are: classes by the size of an error."""

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.matching.priors import (
    FIRST_OCTAVE,
    OCTAVES,
    SHARE_STEPS,
    WEIGHT_STEPS,
)

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


def size_class(sigma: Reals) -> Ints:
    """Return the class of the largest error for shares, 0 to SIZES - 1."""
    return _stepped(sigma, SHARE_STEPS)


def fineness_class(sigma: Reals) -> Ints:
    """Return the class of the largest error for weights, 0 to FINENESSES - 1."""
    return _stepped(sigma, WEIGHT_STEPS)


def _stepped(sigma: Reals, steps: int) -> Ints:
    number = np.floor(steps * np.log2(sigma)).astype(np.int64)
    most = OCTAVES * steps - 1
    return np.asarray(np.clip(number - steps * FIRST_OCTAVE, 0, most), np.int64)
