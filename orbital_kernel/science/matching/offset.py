"""The offset between the frames of two catalogues, fitted to the pairs they share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.matching.joining import Places, joined, position_angle

Reals = NDArray[np.float64]

REACH_ARCSEC = 6.0
SOFTENING_ARCSEC = (4.0, 2.0, 1.0, 0.5, 0.0, 0.0, 0.0)
STEPS = 30
LEAST_PAIRS = 20.0
SURE_SIGMA = 3.0


@dataclass(frozen=True)
class FrameOffset:
    """Right minus left position of true pairs, arcsec, with its one-sigma error.

    `pull` is the root mean square of normalised residuals an axis: 1 where the stated
    errors are right. `applied` says whether left positions were shifted by the offset.
    """

    east_arcsec: float = 0.0
    north_arcsec: float = 0.0
    error_arcsec: float = float("inf")
    pairs: float = 0.0
    pull: float = float("nan")

    @property
    def applied(self) -> bool:
        """Whether the offset is significant, and is therefore taken out."""
        size = np.hypot(self.east_arcsec, self.north_arcsec)
        return bool(self.pairs >= LEAST_PAIRS and size > SURE_SIGMA * self.error_arcsec)


def frame_offset(left: Places, right: Places) -> FrameOffset:
    """Fit the offset by a mixture of true pairs and even chance pairs.

    Begins with all pairs within 5 sigma and REACH_ARCSEC, softened, so that an offset
    larger than the errors is found too.
    """
    wide = left._replace(
        covariance=left.covariance + np.array([1.0, 1.0, 0.0]) * REACH_ARCSEC**2 / 6
    )
    pairs = joined(wide, right, n_sigma=5.0)
    if not pairs.of_left.size:
        return FrameOffset()
    angle = np.radians(position_angle(left, right, pairs.of_left, pairs.of_right))
    east, north = pairs.apart * np.sin(angle), pairs.apart * np.cos(angle)
    covariance = left.covariance[pairs.of_left] + right.covariance[pairs.of_right]
    variance = (covariance[:, 0] + covariance[:, 1]) / 2
    chance = _background(pairs.of_left, pairs.apart)
    x = y = 0.0
    weight = np.zeros(variance.size)
    for soft in SOFTENING_ARCSEC:
        x, y, weight = _fitted(
            east, north, variance + soft**2, chance, (x, y), pairs.of_left
        )
    total = weight.sum()
    if total < 1:
        return FrameOffset()
    square = ((east - x) ** 2 + (north - y) ** 2) / variance
    return FrameOffset(
        float(x),
        float(y),
        float(1 / np.sqrt((weight / variance).sum())),
        float(total),
        float(np.sqrt((weight * square).sum() / (2 * total))),
    )


def _background(of_left: NDArray[np.int64], apart: Reals) -> float:
    """Return the even density of chance pairs, per left source and arcsec²."""
    reach = max(float(apart.max()), 1.0)
    outer = apart > reach / 2
    lefts = max(np.unique(of_left).size, 1)
    return float(max(outer.sum(), 1) / (lefts * np.pi * reach**2 * 0.75))


def _fitted(
    east: Reals,
    north: Reals,
    variance: Reals,
    chance: float,
    start: tuple[float, float],
    of_left: NDArray[np.int64],
) -> tuple[float, float, Reals]:
    x, y = start
    weight = np.zeros(variance.size)
    for _ in range(STEPS):
        square = ((east - x) ** 2 + (north - y) ** 2) / variance
        likelihood = np.exp(-square / 2) / (2 * np.pi * variance)
        total = np.bincount(of_left, likelihood)[of_left]
        weight = likelihood / (total + chance)
        inverse = weight / variance
        before = x, y
        if inverse.sum() <= 0:
            break
        x = float((inverse * east).sum() / inverse.sum())
        y = float((inverse * north).sum() / inverse.sum())
        if np.hypot(x - before[0], y - before[1]) < 1e-5:
            break
    return x, y, weight
