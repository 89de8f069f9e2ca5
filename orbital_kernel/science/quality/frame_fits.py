"""Offset and rotation of one frame against another, fitted to residuals of sources."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.model.sky import healpix
from orbital_kernel.science.matching.skyjoin import unit_vectors
from orbital_kernel.science.quality.dating import MAD_TO_SIGMA

Reals = NDArray[np.float64]

LEAST_PAIRS = 12
CLIP_SIGMA = 3.5
FIELD_ORDER = 4
"""Fields are HEALPix cells of 3.7 deg: the widest pointing, with its neighbours."""
LEAST_ARM_DEG = 0.02
WIDE_DEG = 20.0
"""Catalogues that reach farther from their middle show the rotation of a whole frame."""
WITHIN_ARCSEC = 15.0


@dataclass(frozen=True)
class FrameFit:
    """Offset and rotation of second against first, with 1-sigma errors.

    Attributes
    ----------
    east, north, offset_error
        Mean offset and its error, arcsec.
    rotation, rotation_error
        Rotation about the centres of the fields, arcsec per degree, east through north.
    pairs
        Pairs used, after clipping.
    scatter
        1-sigma scatter of the pairs per axis, arcsec.
    """

    east: float
    north: float
    offset_error: float
    rotation: float
    rotation_error: float
    pairs: int
    scatter: float

    @property
    def offset(self) -> float:
        """The length of the offset, arcsec."""
        return float(np.hypot(self.east, self.north))


def fitted(ra: Reals, dec: Reals, east: Reals, north: Reals) -> FrameFit | None:
    """Return offset and rotation of residuals at positions; None for too few pairs.

    Parameters
    ----------
    ra, dec
        Positions (n,) of the pairs, deg.
    east, north
        Second less first (n,), arcsec.
    """
    x, y = _arms(ra, dec)
    use = _core(east, north)
    coefficients, scatter = np.zeros(3), np.inf
    for _ in range(10):
        if use.sum() < LEAST_PAIRS:
            return None
        coefficients, inverse = _solve(x[use], y[use], east[use], north[use])
        left_east, left_north = _residuals(coefficients, x, y, east, north)
        scatter = _scatter(left_east[use], left_north[use])
        again = np.hypot(left_east, left_north) <= CLIP_SIGMA * max(scatter, 1e-6)
        if (again == use).all():
            break
        use = again
    errors = scatter * np.sqrt(np.diag(inverse))
    arm = float(np.sqrt(np.mean(x[use] ** 2 + y[use] ** 2)))
    turns = arm >= LEAST_ARM_DEG
    return FrameFit(
        float(coefficients[0]),
        float(coefficients[1]),
        float(errors[0]),
        float(coefficients[2]) if turns else 0.0,
        float(errors[2]) if turns else float("inf"),
        int(use.sum()),
        scatter,
    )


@dataclass(frozen=True)
class Turn:
    """Rotation of a whole frame: the vector's length and error, its pole, pairs used."""

    arcsec: float
    error: float
    pole: tuple[float, float]
    pairs: int


def turned(ra: Reals, dec: Reals, east: Reals, north: Reals) -> Turn | None:
    """Return the rotation of a whole frame; None if the pairs do not span the sky.

    A small rotation w moves a source at n by w x n: w . m to the east and -w . e to the
    north, with m and e the directions north and east at the source.
    """
    n = unit_vectors(ra, dec)
    middle = n.mean(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-12)
    spread = np.degrees(np.arccos(np.clip(n @ middle, -1, 1)))
    if ra.size < LEAST_PAIRS or np.median(spread) < WIDE_DEG:
        return None
    a = np.radians(ra)
    to_east = np.stack([-np.sin(a), np.cos(a), np.zeros(a.size)], axis=1)
    to_north = np.cross(n, to_east)
    use = np.ones(ra.size, dtype=bool)
    w, inverse, scatter = np.zeros(3), np.eye(3), np.inf
    for _ in range(10):
        design = np.concatenate([to_north[use], -to_east[use]])
        inverse = np.linalg.inv(design.T @ design + 1e-9 * np.eye(3))
        w = inverse @ (design.T @ np.concatenate([east[use], north[use]]))
        left_east, left_north = east - to_north @ w, north + to_east @ w
        scatter = _scatter(left_east[use], left_north[use])
        again = np.hypot(left_east, left_north) <= CLIP_SIGMA * max(scatter, 1e-6)
        if (again == use).all() or again.sum() < LEAST_PAIRS:
            break
        use = again
    size = float(np.linalg.norm(w))
    error = scatter * float(np.sqrt(np.max(np.linalg.eigvalsh(inverse))))
    pole = (
        float(np.degrees(np.arctan2(w[1], w[0])) % 360),
        float(np.degrees(np.arcsin(np.clip(w[2] / max(size, 1e-300), -1, 1)))),
    )
    return Turn(size, error, pole, int(use.sum()))


def _core(east: Reals, north: Reals) -> NDArray[np.bool_]:
    """Return the pairs about the densest offset: chance pairs are spread evenly."""
    if east.size < LEAST_PAIRS:
        return np.ones(east.size, dtype=bool)
    reach = max(WITHIN_ARCSEC, float(np.ceil(np.abs([east, north]).max())))
    edges = np.arange(-reach, reach + 1e-9, 1.0)
    counts, _, _ = np.histogram2d(east, north, [edges, edges])
    padded = np.pad(counts, 1)
    blurred = sum(
        padded[i : i + counts.shape[0], j : j + counts.shape[1]]
        for i in range(3)
        for j in range(3)
    )
    at = np.unravel_index(int(np.argmax(blurred)), counts.shape)
    middle = edges[at[0]] + 0.5, edges[at[1]] + 0.5
    apart = np.hypot(east - middle[0], north - middle[1])
    near = np.sort(apart)[min(east.size - 1, max(LEAST_PAIRS, east.size // 2))]
    return np.asarray(apart <= max(near, 1.5))


def _scatter(east: Reals, north: Reals) -> float:
    """Return the robust 1-sigma scatter of the wider axis, arcsec."""
    return MAD_TO_SIGMA * max(
        float(np.median(np.abs(east))), float(np.median(np.abs(north)))
    )


def _arms(ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return each position from the mean of its field, deg east and north."""
    cell = healpix(ra, dec) >> (2 * (29 - FIELD_ORDER))
    frame = pl.DataFrame(
        {"cell": cell, **dict(zip("xyz", unit_vectors(ra, dec).T, strict=True))}
    ).with_columns(pl.col("x", "y", "z").mean().over("cell").name.prefix("m"))
    mean = frame.select("mx", "my", "mz").to_numpy()
    ra0 = np.degrees(np.arctan2(mean[:, 1], mean[:, 0]))
    dec0 = np.degrees(np.arctan2(mean[:, 2], np.hypot(mean[:, 0], mean[:, 1])))
    away = (ra - ra0 + 180) % 360 - 180
    return away * np.cos(np.radians(dec)), dec - dec0


def _solve(x: Reals, y: Reals, east: Reals, north: Reals) -> tuple[Reals, Reals]:
    """Return offset east, north and rotation by least squares, and the inverse matrix."""
    ones, none = np.ones(x.size), np.zeros(x.size)
    design = np.concatenate(
        [np.stack([ones, none, -y], axis=1), np.stack([none, ones, x], axis=1)]
    )
    normal = design.T @ design + np.diag([0.0, 0.0, 1e-12])
    inverse = np.linalg.inv(normal)
    return inverse @ (design.T @ np.concatenate([east, north])), inverse


def _residuals(
    coefficients: Reals, x: Reals, y: Reals, east: Reals, north: Reals
) -> tuple[Reals, Reals]:
    d_east, d_north, turn = coefficients
    return east - d_east + turn * y, north - d_north - turn * x
