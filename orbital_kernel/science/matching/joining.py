"""Pairs of two source lists within their combined errors, with the Bayes factor of each.

The Bayes factor is that of Budavári & Szalay 2008 (ApJ 679, 301), eq. 16, for ellipses.
"""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.model.sky import healpix
from orbital_kernel.science.columns import demand, finite
from orbital_kernel.science.matching.errorcircles import covariances, largest_sigma
from orbital_kernel.science.matching.skyjoin import Directions, near_directions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

Number = TypeVar("Number", np.int64, np.float64)

ARCSEC_PER_RADIAN = np.degrees(1) * 3600


@dataclass(frozen=True, eq=False)
class Places:
    """Positions (deg) and their covariances (arcsec²) of the rows that have a position.

    `brightness` is what candidates are weighed by besides, if anything.
    """

    rows: Ints
    ra: Reals
    dec: Reals
    covariance: Reals
    brightness: Reals | None = None

    @cached_property
    def directions(self) -> Directions:
        """The positions with their unit vectors."""
        return Directions.of(self.ra, self.dec)

    @cached_property
    def cells(self) -> Ints:
        """The HEALPix index of each position."""
        return healpix(self.ra, self.dec)

    @cached_property
    def sorted_cells(self) -> Ints:
        """The HEALPix indices in order."""
        return np.sort(self.cells)

    @cached_property
    def sigma(self) -> Reals:
        """The larger axis of each error ellipse, one sigma, arcsec."""
        return largest_sigma(self.covariance)

    def some(self, rows: Ints) -> "Places":
        """Return these places only."""
        return Places(
            self.rows[rows],
            self.ra[rows],
            self.dec[rows],
            self.covariance[rows],
            None if self.brightness is None else self.brightness[rows],
        )

    def moved(
        self, east_arcsec: Reals | float, north_arcsec: Reals | float
    ) -> "Places":
        """Return the places shifted on the sky by so much, arcsec."""
        dec = self.dec + np.asarray(north_arcsec) / 3600
        over = np.abs(dec) > 90
        dec = np.where(over, np.sign(dec) * 180 - dec, dec)
        shrink = np.maximum(np.cos(np.radians(self.dec)), 1e-9)
        ra = self.ra + np.asarray(east_arcsec) / 3600 / shrink + 180 * over
        return replace(self, ra=ra % 360, dec=dec)


class Joined(NamedTuple):
    """Candidate pairs: indices, separation (arcsec), combined sigma, ln Bayes factor."""

    of_left: Ints
    of_right: Ints
    apart: Reals
    normalised: Reals
    bayes: Reals

    def some(self, mask: NDArray[np.bool_]) -> "Joined":
        """Return the pairs for which `mask` is true."""
        return Joined(
            self.of_left[mask],
            self.of_right[mask],
            self.apart[mask],
            self.normalised[mask],
            self.bayes[mask],
        )

    def turned(self) -> "Joined":
        """Return the pairs with left and right exchanged."""
        return self._replace(of_left=self.of_right, of_right=self.of_left)


def places(sources: pl.DataFrame, side: str) -> Places:
    """Return the positions and errors of the rows of `sources` that have a position."""
    demand(sources, "ra", "dec", subject=f"{side} sources")
    numbered = sources.with_row_index("_row").filter(
        finite("ra").is_not_null(), finite("dec").is_not_null()
    )
    return Places(
        numbered["_row"].cast(pl.Int64).to_numpy(),
        numbered["ra"].cast(pl.Float64).to_numpy() % 360,
        numbered["dec"].cast(pl.Float64).to_numpy(),
        covariances(numbered, side=side),
        numbered["brightness"].to_numpy() if "brightness" in numbered.columns else None,
    )


def joined(
    a: Places, b: Places, *, n_sigma: float, most_arcsec: float = np.inf
) -> Joined:
    """Join classes of errors one by one: a vague source does not widen all searches."""
    parts = [(np.empty(0, np.int64),) * 2 + (np.empty(0),)]
    first, second = a.directions, b.directions
    classes = error_class(a.sigma), error_class(b.sigma)
    for low, high in itertools.product(*(distinct(values) for values in classes)):
        i, j = np.flatnonzero(classes[0] == low), np.flatnonzero(classes[1] == high)
        radius = n_sigma * np.hypot(*(4.0 ** (step + 1) for step in (low, high)))
        radius_deg = min(radius, most_arcsec) / 3600
        x, y, apart = near_directions(first.some(i), second.some(j), radius_deg)
        parts.append((i[x], j[y], apart * 3600))
    of_left, of_right, apart = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    angle = np.radians(position_angle(a, b, of_left, of_right))
    combined = a.covariance[of_left] + b.covariance[of_right]
    normalised, log_det = mahalanobis(apart, angle, combined)
    near = normalised <= n_sigma
    order = np.lexsort((of_right[near], of_left[near]))
    keep = np.flatnonzero(near)[order]
    bayes = np.log(2) - log_det[keep] / 2 + 2 * np.log(ARCSEC_PER_RADIAN)
    bayes -= normalised[keep] ** 2 / 2
    return Joined(of_left[keep], of_right[keep], apart[keep], normalised[keep], bayes)


def distinct(values: NDArray[Number]) -> NDArray[Number]:
    """Return the few different values of many, in order: by sorting, not by hashing."""
    ordered = np.sort(values)
    first = np.ones(ordered.size, bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def error_class(sigma: Reals) -> Ints:
    """Return the power of four below each one-sigma error, arcsec."""
    return np.floor(np.log2(sigma) / 2).astype(np.int64)


def position_angle(a: Places, b: Places, of_left: Ints, of_right: Ints) -> Reals:
    """Return the direction from left to right, deg east of north."""
    ra1, dec1, ra2, dec2 = (
        np.radians(x)
        for x in (a.ra[of_left], a.dec[of_left], b.ra[of_right], b.dec[of_right])
    )
    turn = ra2 - ra1
    east = np.cos(dec2) * np.sin(turn)
    north = np.cos(dec1) * np.sin(dec2) - np.sin(dec1) * np.cos(dec2) * np.cos(turn)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360)


def mahalanobis(apart: Reals, angle: Reals, combined: Reals) -> tuple[Reals, Reals]:
    """Return the separation in combined sigma and the log of the covariance's det."""
    east, north = apart * np.sin(angle), apart * np.cos(angle)
    ee, nn, en = combined.T
    det = ee * nn - en**2
    square = (nn * east**2 - 2 * en * east * north + ee * north**2) / det
    return np.sqrt(np.maximum(square, 0)), np.log(det)
