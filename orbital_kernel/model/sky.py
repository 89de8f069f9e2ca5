"""Positions on the sky: HEALPix indices, covers of regions, exact separations.

A region becomes a bounded list of half-open ranges of order-29 nested indices, a
predicate a database can evaluate. Covers are conservative: every position inside the
region falls in a range; some outside do too, so the exact test is made afterwards.

astropy, cdshealpix and mocpy (which imports matplotlib) are imported where they compute:
a command that needs none of them answers at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.model.healpix_cells import cells_at

Reals = NDArray[np.float64]
Range = tuple[int, int]

ORDER = 29
FULL_SKY: Range = (0, 12 * 4**ORDER)
CELLS_ACROSS = 4


def healpix(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.int64]:
    """Return HEALPix indices of positions.

    Parameters
    ----------
    ra, dec : array_like
        Degrees, ICRS; RA may lie outside 0 to 360. They broadcast.

    Returns
    -------
    numpy.ndarray of int64
        Nested indices of order 29 (cells of 0.4 mas); -1 if a coordinate is NaN.

    Raises
    ------
    ValueError
        If a declination is beyond 90 deg.

    Examples
    --------
    >>> from orbital_kernel.model.sky import healpix
    >>> healpix([45.0, float("nan")], 0.0).tolist()
    [0, -1]

    References
    ----------
    Gorski et al. 2005, ApJ 622, 759.
    """
    ra, dec = np.broadcast_arrays(
        np.atleast_1d(np.asarray(ra, dtype=np.float64)),
        np.atleast_1d(np.asarray(dec, dtype=np.float64)),
    )
    finite = np.isfinite(ra) & np.isfinite(dec)
    if np.any(np.abs(dec[finite]) > 90):
        worst = dec[finite][np.argmax(np.abs(dec[finite]))]
        raise ValueError(f"a declination of {worst:g} deg does not exist")
    index = np.full(ra.shape, -1, dtype=np.int64)
    if finite.any():
        index[finite] = cells_at(ra[finite], dec[finite], ORDER).astype(np.int64)
    return index


def cone_ranges(
    ra: float, dec: float, radius_deg: float, max_ranges: int = 32, slack: float = 0.0
) -> list[Range]:
    """Return ranges of HEALPix indices that cover a cone.

    Parameters
    ----------
    ra, dec : float
        Centre, deg, ICRS.
    radius_deg : float
        Radius, 0 to 180 deg.
    max_ranges : int, default 32
        Most ranges to return: each is a term of the database's predicate.
    slack : float, default 0
        Ranges are merged further while that adds at most this share of the cells of the
        tight cover.

    Returns
    -------
    list of (int, int)
        Half-open ranges [low, high) of nested indices of order 29. Every position in the
        cone is in a range; some positions outside are, too.

    Raises
    ------
    ValueError
        If there is no such cone.

    Examples
    --------
    >>> from orbital_kernel.model.sky import cone_ranges, healpix
    >>> index = int(healpix(83.63, 22.01)[0])
    >>> any(low <= index < high for low, high in cone_ranges(83.63, 22.01, 0.1))
    True

    References
    ----------
    MOC: IVOA recommendation 2.0, ivoa.net/documents/MOC.
    """
    if not (0 <= radius_deg <= 180 and abs(dec) <= 90 and np.isfinite(ra)):
        raise ValueError(
            f"no cone at RA {ra}, dec {dec} deg with radius {radius_deg} deg: "
            "dec goes from -90 to 90, the radius from 0 to 180"
        )
    if radius_deg >= 90:
        return [FULL_SKY]
    import astropy.units as u
    from astropy.coordinates import Angle, Latitude, Longitude
    from cdshealpix.nested import cone_search

    depth = _depth(radius_deg)
    cells, depths, _ = cone_search(
        Longitude(ra % 360, u.deg),
        Latitude(dec, u.deg),
        Angle(max(radius_deg * (1 + 1e-9), 1e-7), u.deg),
        depth=depth,
        depth_delta=min(2, ORDER - depth),
    )
    return _bounded(_ranges_of(cells, depths), max_ranges, slack)


def box_ranges(
    ra: float,
    dec: float,
    half_width_deg: float,
    half_height_deg: float,
    max_ranges: int = 32,
) -> list[Range]:
    """Return ranges that cover a box; see `cone_ranges`.

    Parameters
    ----------
    ra, dec : float
        Centre, deg, ICRS.
    half_width_deg, half_height_deg : float
        Half the extent along the great circles through the centre, deg.
    max_ranges : int, default 32
        Most ranges to return.

    Returns
    -------
    list of (int, int)
        Half-open ranges of nested indices of order 29.
    """
    import astropy.units as u
    from astropy.coordinates import Angle, Latitude, Longitude
    from mocpy import MOC

    moc = MOC.from_box(
        lon=Longitude(ra % 360, u.deg),
        lat=Latitude(dec, u.deg),
        a=Angle(max(half_width_deg, half_height_deg), u.deg),
        b=Angle(min(half_width_deg, half_height_deg), u.deg),
        angle=Angle(90 if half_width_deg >= half_height_deg else 0, u.deg),
        max_depth=_depth(min(half_width_deg, half_height_deg)),
    )
    return _bounded(moc.to_depth29_ranges, max_ranges)


def zone_ranges(
    ra_min: float,
    ra_max: float,
    dec_min: float,
    dec_max: float,
    max_ranges: int = 32,
) -> list[Range]:
    """Return ranges that cover a zone in RA and Dec; see `cone_ranges`.

    Parameters
    ----------
    ra_min, ra_max : float
        West and east limit, deg; `ra_min` above `ra_max` crosses RA 0, equal limits are
        a meridian.
    dec_min, dec_max : float
        South and north limit, deg.
    max_ranges : int, default 32
        Most ranges to return.

    Returns
    -------
    list of (int, int)
        Half-open ranges of nested indices of order 29.
    """
    from astropy.coordinates import SkyCoord
    from mocpy import MOC

    width = (ra_max - ra_min) % 360 or (360.0 if ra_max != ra_min else 0.0)
    margin = 1e-9
    low, high = max(dec_min - margin, -90), min(dec_max + margin, 90)
    depth = _depth(min(width, dec_max - dec_min) / 2 + margin)
    halves = [
        MOC.from_zone(
            SkyCoord(
                [(west - margin) % 360, (east + margin) % 360], [low, high], unit="deg"
            ),
            max_depth=depth,
        )
        for west, east in (
            (ra_min, ra_min + width / 2),
            (ra_min + width / 2, ra_min + width),
        )
    ]
    return _bounded(halves[0].union(halves[1]).to_depth29_ranges, max_ranges)


def polygon_ranges(
    ra: Sequence[float], dec: Sequence[float], max_ranges: int = 32
) -> list[Range]:
    """Return ranges that cover a polygon; see `cone_ranges`.

    Parameters
    ----------
    ra, dec : sequence of float
        Three or more corners in order, deg, ICRS; edges are great circles that do not
        cross. The polygon is the side that is smaller than half the sky.
    max_ranges : int, default 32
        Most ranges to return.

    Returns
    -------
    list of (int, int)
        Half-open ranges of nested indices of order 29.

    Raises
    ------
    ValueError
        If there are fewer than three corners, or not as many `ra` as `dec`.
    """
    if len(ra) != len(dec) or len(ra) < 3:
        raise ValueError(f"a polygon needs 3 or more corners, got {len(ra)}/{len(dec)}")
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    extent = float(np.max(separation_deg(ra[0], dec[0], ra, dec)))
    moc = MOC.from_polygon(
        lon=Longitude(np.asarray(ra) % 360, u.deg),
        lat=Latitude(dec, u.deg),
        max_depth=_depth(extent / 2),
    )
    return _bounded(moc.to_depth29_ranges, max_ranges)


def separation_deg(
    ra1: ArrayLike, dec1: ArrayLike, ra2: ArrayLike, dec2: ArrayLike
) -> Reals:
    """Return great-circle separations.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : array_like
        Positions, deg; they broadcast.

    Returns
    -------
    numpy.ndarray of float64
        Separations, deg, accurate from 0 to 180.

    Examples
    --------
    >>> from orbital_kernel.model.sky import separation_deg
    >>> float(separation_deg(10, 0, 10, 90))
    90.0

    References
    ----------
    Vincenty 1975, Survey Review 23, 88.
    """
    a1, d1, a2, d2 = (
        np.radians(np.asarray(x, np.float64)) for x in (ra1, dec1, ra2, dec2)
    )
    sin_d1, cos_d1, sin_d2, cos_d2 = np.sin(d1), np.cos(d1), np.sin(d2), np.cos(d2)
    sin_a, cos_a = np.sin(a2 - a1), np.cos(a2 - a1)
    across = np.hypot(cos_d2 * sin_a, cos_d1 * sin_d2 - sin_d1 * cos_d2 * cos_a)
    along = sin_d1 * sin_d2 + cos_d1 * cos_d2 * cos_a
    return np.asarray(np.degrees(np.arctan2(across, along)))


def _depth(radius_deg: float) -> int:
    """Choose cells about a quarter of the radius wide (order 0 cells: 58.6 deg)."""
    if radius_deg <= 0:
        return ORDER
    cells = 58.6 * CELLS_ACROSS / radius_deg
    return int(np.clip(np.ceil(np.log2(cells)), 3, ORDER))


def _ranges_of(cells: NDArray[np.uint64], depths: NDArray[np.uint8]) -> NDArray[Any]:
    """Return the ranges that cells of several depths cover, shape (ranges, 2)."""
    shifts = (2 * (ORDER - depths.astype(np.uint64))).astype(np.uint64)
    lows = np.sort(cells << shifts)
    highs = np.sort((cells + np.uint64(1)) << shifts)
    new = np.concatenate([[True], lows[1:] > highs[:-1]])
    last = np.concatenate([new[1:], [True]])
    return np.stack([lows[new], highs[last]], axis=1)


def _bounded(cover: NDArray[Any], max_ranges: int, slack: float = 0.0) -> list[Range]:
    """Close the smallest gaps until few enough ranges are left, and within `slack`."""
    ranges = cover.astype(np.int64)
    gaps = ranges[1:, 0] - ranges[:-1, 1]
    cells = np.sum(ranges[:, 1] - ranges[:, 0])
    cheap = np.searchsorted(np.cumsum(np.sort(gaps)), slack * cells, side="right")
    closed = max(int(cheap), len(ranges) - max_ranges)
    if closed > 0:
        open_gaps = np.sort(np.argsort(gaps, kind="stable")[closed:])
        lows = np.concatenate([[ranges[0, 0]], ranges[open_gaps + 1, 0]])
        highs = np.concatenate([ranges[open_gaps, 1], [ranges[-1, 1]]])
        ranges = np.stack([lows, highs], axis=1)
    return [(int(low), int(high)) for low, high in ranges]
