"""All pairs of two position lists closer than a radius, without comparing all pairs.

Declination zones sorted by RA (Gray et al. 2006, arXiv:cs/0701171): every position
searches at most three zones for one window of RA, by bisection. Right at the poles and
across RA 0; memory grows with the lists and the pairs found, not with their product.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.ranges import expanded

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints, Reals]
"""Index in the first list, index in the second, separation in degrees."""

SMALLEST_ZONE_DEG = 1 / 3600
SLACK_DEG = 1e-7
PITCH = 1024.0
"""Distance of two zones in sort keys: above the 720 degrees a wrapped RA spans."""

LOW_DEG, STEEP_DEG = 5.0, 80.0
"""Up to here a cone lower than that is at most seven times as wide in RA as it is high."""

_CHUNK = 250_000


class Directions(NamedTuple):
    """Positions (deg, RA from 0 to 360) with their unit vectors."""

    ra: Reals
    dec: Reals
    vectors: Reals

    @classmethod
    def of(cls, ra: Reals, dec: Reals) -> "Directions":
        """Return the directions of positions."""
        return cls(ra % 360, dec, unit_vectors(ra, dec))

    def some(self, rows: Ints) -> "Directions":
        """Return these directions only."""
        return Directions(self.ra[rows], self.dec[rows], self.vectors[rows])


def neighbours(
    ra1: Reals, dec1: Reals, ra2: Reals, dec2: Reals, radius_deg: float
) -> Pairs:
    """Return every pair of two lists within a radius, in no particular order.

    Parameters
    ----------
    ra1, dec1
        First list (n,), deg, ICRS; finite. RA may lie outside 0 to 360.
    ra2, dec2
        Second list (m,), deg.
    radius_deg
        Largest separation, deg (0 to 45).

    Returns
    -------
    tuple of numpy.ndarray
        Index in the first list, index in the second, separation (deg).

    References
    ----------
    Gray et al. 2006, arXiv:cs/0701171 (zones).
    """
    first, second = Directions.of(ra1, dec1), Directions.of(ra2, dec2)
    return near_directions(first, second, radius_deg)


def near_directions(first: Directions, second: Directions, radius_deg: float) -> Pairs:
    """Return the pairs of `neighbours`."""
    if not 0 <= radius_deg <= 45:
        raise ValueError(f"a radius of {radius_deg} deg is not between 0 and 45")
    if not (first.ra.size and second.ra.size):
        return _empty()
    height = max(2 * radius_deg, SMALLEST_ZONE_DEG)
    zones = _zones(second, height)
    order = np.argsort(_zone(first.dec, height) * PITCH + first.ra)
    parts = [
        _pairs_of(part, first.some(part), radius_deg, height, *zones)
        for part in np.array_split(order, -(-order.size // _CHUNK))
    ]
    i, j, apart = (np.concatenate(column) for column in zip(*parts, strict=True))
    return i, j, apart


def half_width_deg(dec: Reals, radius_deg: float) -> Reals:
    """Return how far in RA a cone around this declination can reach; 180 over a pole."""
    reach = np.sin(np.radians(radius_deg))
    cosine = np.cos(np.radians(dec))
    polar = (np.abs(dec) + radius_deg >= 90 - SLACK_DEG) | (cosine <= reach)
    ratio = np.where(polar, 0.0, reach / np.where(polar, 1.0, cosine))
    wide = np.degrees(np.arcsin(ratio)) + SLACK_DEG / np.maximum(cosine, 1e-6)
    return np.where(polar, 180.0, np.minimum(wide, 180.0))


def unit_vectors(ra: Reals, dec: Reals) -> Reals:
    """Return Cartesian unit vectors, shape (n, 3)."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def apart_deg(first: Reals, second: Reals) -> Reals:
    """Return the separation of unit vectors by their chord, exact when small."""
    chord = np.sqrt(np.sum((first - second) ** 2, axis=-1))
    return np.asarray(np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))))


def _empty() -> Pairs:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)


def _zone(dec: Reals, height: float) -> Ints:
    return np.floor((dec + 90) / height).astype(np.int64)


def _zones(places: Directions, height: float) -> tuple[Reals, Ints, Reals]:
    """Return sort keys, rows and vectors; rows near RA 0 are on both sides of it."""
    ra, dec = places.ra, places.dec
    zone = _zone(dec, height)
    edge = np.minimum(
        np.maximum(np.abs(zone * height - 90), np.abs(dec)) + 2 * height, 90
    )
    steep = STEEP_DEG if height < LOW_DEG else 0.0
    some = np.flatnonzero((edge > steep) | (np.abs(ra - 180) > 180 - 7 * height))
    margin = half_width_deg(edge[some], height)
    low, high = some[ra[some] <= margin], some[ra[some] >= 360 - margin]
    rows = np.concatenate([np.arange(ra.size), low, high])
    keys = zone[rows] * PITCH + np.concatenate([ra, ra[low] + 360, ra[high] - 360])
    order = np.argsort(keys)
    rows = rows[order]
    return keys[order], rows, places.vectors[rows]


def _pairs_of(
    part: Ints,
    places: Directions,
    radius: float,
    height: float,
    keys: Reals,
    rows: Ints,
    vectors: Reals,
) -> Pairs:
    ra, dec, positions = places
    width = half_width_deg(dec, radius)
    zone = _zone(dec, height)
    parts = [_empty()]
    for step in (-1, 0, 1):
        asks = np.flatnonzero(_reaches(dec, zone + step, radius, height))
        middle = (zone[asks] + step) * PITCH + ra[asks]
        first = np.searchsorted(keys, middle - width[asks], side="left")
        last = np.searchsorted(keys, middle + width[asks], side="left")
        for i, j in expanded(first, last):
            apart = apart_deg(positions[asks[i]], vectors[j])
            near = apart <= radius
            parts.append((part[asks[i[near]]], rows[j[near]], apart[near]))
    i, j, apart = (np.concatenate(column) for column in zip(*parts, strict=True))
    return i, j, apart


def _reaches(dec: Reals, zone: Ints, radius: float, height: float) -> NDArray[np.bool_]:
    bottom = zone * height - 90
    slack = radius + SLACK_DEG
    return np.asarray((dec + slack >= bottom) & (dec - slack <= bottom + height))
