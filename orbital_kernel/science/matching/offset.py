"""Offset and rotation between the frames of two catalogues, fitted to shared pairs.

A small rotation w of a whole frame moves a source at the unit vector n by w x n, which is
w . m to the east and -w . e to the north, for the unit vectors e to the east and m to
the north (Lindegren et al. 2016, A&A 595, A4, eq. 10, for positions). It is fitted beside
a constant offset where the pairs span enough of the sky to separate both.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.matching.joining import Places, joined, position_angle

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

REACH_ARCSEC = 6.0
SOFTENING_ARCSEC = (4.0, 2.0, 1.0, 0.5, 0.0, 0.0, 0.0)
STEPS = 30
MOST_SOURCES = 50_000
"""Of more left sources every second or further one is fitted."""
MOST_ERROR_ARCSEC = 15.0
"""Pairs of a larger 1-sigma error an axis, such as BAT's, say nothing of frames: within
their reach lie whole fields of other sources, all displaced alike."""
LEAST_PAIRS = 20.0
SURE_SIGMA = 3.0
SURE_ROTATION = 14.16
"""Chi-square of three components beyond which chance has 0.27 %, as 3 sigma."""
MOST_ALIKE = 1e4
"""Largest condition number of the normal matrix: beyond, fields are too close together."""


@dataclass(frozen=True)
class FrameOffset:
    """Right minus left position of true pairs, arcsec, with its one-sigma error.

    `pull` is the root mean square of normalised residuals an axis: 1 where the stated
    errors are right. `applied` says whether left positions were shifted by the offset,
    `turned` whether they were rotated by the vector `rotation_arcsec` (x, y, z of ICRS,
    with errors).
    """

    east_arcsec: float = 0.0
    north_arcsec: float = 0.0
    error_arcsec: float = float("inf")
    pairs: float = 0.0
    pull: float = float("nan")
    rotation_arcsec: tuple[float, ...] = (0.0, 0.0, 0.0)
    rotation_error_arcsec: tuple[float, ...] = (float("inf"),) * 3
    rotation_chi2: float = 0.0

    @property
    def turned(self) -> bool:
        """Whether the rotation is significant, and is therefore taken out."""
        return bool(self.pairs >= LEAST_PAIRS and self.rotation_chi2 > SURE_ROTATION)

    def taken_out(self, places: Places, sign: float = 1.0) -> Places:
        """Return left places in the right frame; with sign -1, right ones in the left."""
        if not (self.applied or self.turned):
            return places
        east = np.full(places.ra.size, self.east_arcsec if self.applied else 0.0)
        north = np.full(places.ra.size, self.north_arcsec if self.applied else 0.0)
        if self.turned:
            to_east, to_north = _turns(places.ra, places.dec)
            vector = np.array(self.rotation_arcsec)
            east, north = east + to_east @ vector, north + to_north @ vector
        return places.moved(sign * east, sign * north)

    @property
    def applied(self) -> bool:
        """Whether the offset is significant, and is therefore taken out."""
        size = np.hypot(self.east_arcsec, self.north_arcsec)
        return bool(self.pairs >= LEAST_PAIRS and size > SURE_SIGMA * self.error_arcsec)


class _Pairs(NamedTuple):
    """Residuals of pairs (right minus left, arcsec), and how parameters change them."""

    of_left: Ints
    east: Reals
    north: Reals
    variance: Reals
    chance: float
    to_east: Reals
    to_north: Reals


class _Fit(NamedTuple):
    """Parameters, their covariance, and the probability of each pair being true."""

    values: Reals
    covariance: Reals
    weight: Reals
    separable: bool


def frame_offset(left: Places, right: Places) -> FrameOffset:
    """Fit offset and rotation by a mixture of true pairs and even chance pairs.

    Begins with all pairs within 5 sigma and REACH_ARCSEC, softened, so that an offset
    larger than the errors is found too.
    """
    left, right = _precise(left), _precise(right)
    left = left.some(np.arange(0, left.ra.size, -(-left.ra.size // MOST_SOURCES) or 1))
    wide = replace(
        left,
        covariance=left.covariance + np.array([1.0, 1.0, 0.0]) * REACH_ARCSEC**2 / 6,
    )
    pairs = joined(wide, right, n_sigma=5.0)
    if not pairs.of_left.size:
        return FrameOffset()
    angle = np.radians(position_angle(left, right, pairs.of_left, pairs.of_right))
    covariance = left.covariance[pairs.of_left] + right.covariance[pairs.of_right]
    turns = _turns(left.ra[pairs.of_left], left.dec[pairs.of_left])
    columns = [np.ones((angle.size, 1)), np.zeros((angle.size, 1))]
    sample = _Pairs(
        pairs.of_left,
        pairs.apart * np.sin(angle),
        pairs.apart * np.cos(angle),
        (covariance[:, 0] + covariance[:, 1]) / 2,
        _background(pairs.of_left, pairs.apart),
        np.concatenate([*columns, turns[0]], axis=1),
        np.concatenate([*columns[::-1], turns[1]], axis=1),
    )
    shifted = _converged(_only(sample, 2))
    both = _converged(sample)
    if shifted is None:
        return FrameOffset()
    if both is None or not both.separable:
        return _described(shifted, sample)
    turned = _described(both, sample)
    return (
        turned
        if turned.turned
        else replace(
            _described(shifted, sample),
            rotation_arcsec=turned.rotation_arcsec,
            rotation_error_arcsec=turned.rotation_error_arcsec,
            rotation_chi2=turned.rotation_chi2,
        )
    )


def _precise(places: Places) -> Places:
    """Return the places whose error allows a comparison of frames."""
    variance = (places.covariance[:, 0] + places.covariance[:, 1]) / 2
    return places.some(np.flatnonzero(variance <= MOST_ERROR_ARCSEC**2))


def _only(sample: _Pairs, count: int) -> _Pairs:
    """Return the sample with its first parameters only."""
    to_east, to_north = sample.to_east[:, :count], sample.to_north[:, :count]
    return sample._replace(to_east=to_east, to_north=to_north)


def _described(fit: _Fit, sample: _Pairs) -> FrameOffset:
    count = fit.values.size
    some = _only(sample, count)
    away = (
        some.east - some.to_east @ fit.values,
        some.north - some.to_north @ fit.values,
    )
    total = fit.weight.sum()
    square = (away[0] ** 2 + away[1] ** 2) / sample.variance
    error = np.sqrt(np.diag(fit.covariance))
    rotation = FrameOffset.rotation_arcsec, FrameOffset.rotation_error_arcsec, 0.0
    if count > 2:
        vector, within = fit.values[2:], fit.covariance[2:, 2:]
        rotation = (
            tuple(vector.tolist()),
            tuple(error[2:].tolist()),
            float(vector @ np.linalg.solve(within, vector)),
        )
    return FrameOffset(
        float(fit.values[0]),
        float(fit.values[1]),
        float(error[:2].mean()),
        float(total),
        float(np.sqrt((fit.weight * square).sum() / (2 * total))),
        *rotation,
    )


def _turns(ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return m and -e at places: what a rotation moves them to the east and north."""
    a, d = np.radians(ra), np.radians(dec)
    north = [-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)]
    east = [-np.sin(a), np.cos(a), np.zeros(a.size)]
    return np.stack(north, axis=1), -np.stack(east, axis=1)


def _background(of_left: Ints, apart: Reals) -> float:
    """Return the even density of chance pairs, per left source and arcsec²."""
    reach = max(float(apart.max()), 1.0)
    outer = apart > reach / 2
    lefts = max(int(np.count_nonzero(np.bincount(of_left))), 1)
    return float(max(outer.sum(), 1) / (lefts * np.pi * reach**2 * 0.75))


def _converged(sample: _Pairs) -> _Fit | None:
    """Return the fit with less and less softening; None without true pairs."""
    fit = None
    values = np.zeros(sample.to_east.shape[1])
    for soft in SOFTENING_ARCSEC:
        fit = _fitted(sample._replace(variance=sample.variance + soft**2), values)
        if fit is None or fit.weight.sum() < 1:
            return None
        values = fit.values
    return fit


def _fitted(sample: _Pairs, start: Reals) -> _Fit | None:
    values, fit = start, None
    to_east, to_north = sample.to_east, sample.to_north
    for _ in range(STEPS):
        east, north = sample.east - to_east @ values, sample.north - to_north @ values
        square = (east**2 + north**2) / sample.variance
        likelihood = np.exp(-square / 2) / (2 * np.pi * sample.variance)
        total = np.bincount(sample.of_left, likelihood)[sample.of_left]
        weight = likelihood / (total + sample.chance)
        inverse = weight / sample.variance
        normal = (to_east.T * inverse) @ to_east + (to_north.T * inverse) @ to_north
        if not (normal.diagonal() > 0).all():
            return None
        before = values
        moment = to_east.T @ (inverse * sample.east)
        moment = moment + to_north.T @ (inverse * sample.north)
        covariance = np.asarray(np.linalg.pinv(normal, hermitian=True), np.float64)
        values = covariance @ moment
        separable = bool(np.linalg.cond(normal) < MOST_ALIKE)
        fit = _Fit(values, covariance, weight, separable)
        if np.abs(values - before).max() < 1e-5:
            break
    return fit
