"""Positions on the sky: HEALPix indices, covers of regions, exact separations.

A region becomes a bounded list of half-open ranges of order-29 nested indices, a
predicate a database can evaluate. Covers are conservative: every position inside the
region falls in a range; some outside do too, so the exact test is made afterwards.
"""

import re
from collections.abc import Sequence

import astropy.units as u
import numpy as np
from astropy.coordinates import Angle, Latitude, Longitude, SkyCoord
from cdshealpix.nested import lonlat_to_healpix
from mocpy import MOC
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Range = tuple[int, int]

ORDER = 29
FULL_SKY: Range = (0, 12 * 4**ORDER)
CELLS_ACROSS = 4

_SEXAGESIMAL = re.compile(
    r"\s*([+-]?)\s*(\d{1,3})[\s:hd°]+(\d{1,2})(?:[\s:m'′]+(\d{1,2}(?:\.\d*)?))?[s\"″]?\s*",  # noqa: RUF001
)


def healpix(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.int64]:
    """Return nested order-29 indices of ICRS degrees; -1 where a position is missing.

    RA may lie outside 0-360. Raises ValueError for |dec| over 90.
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
        index[finite] = lonlat_to_healpix(
            Longitude(ra[finite], u.deg), Latitude(dec[finite], u.deg), ORDER
        ).astype(np.int64)
    return index


def cone_ranges(
    ra: float, dec: float, radius_deg: float, max_ranges: int = 32, slack: float = 0.0
) -> list[Range]:
    """Return at most `max_ranges` index ranges [low, high) covering a cone.

    There are fewer where that adds at most `slack` times the cells of a tight cover.
    """
    if not (0 <= radius_deg <= 180 and abs(dec) <= 90 and np.isfinite(ra)):
        raise ValueError(
            f"no cone at RA {ra}, dec {dec} deg with radius {radius_deg} deg: "
            "dec goes from -90 to 90, the radius from 0 to 180"
        )
    if radius_deg >= 90:
        return [FULL_SKY]
    moc = MOC.from_cone(
        lon=Longitude(ra % 360, u.deg),
        lat=Latitude(dec, u.deg),
        radius=Angle(max(radius_deg * (1 + 1e-9), 1e-7), u.deg),
        max_depth=_depth(radius_deg),
        delta_depth=2,
    )
    return _bounded(moc, max_ranges, slack)


def box_ranges(
    ra: float,
    dec: float,
    half_width_deg: float,
    half_height_deg: float,
    max_ranges: int = 32,
) -> list[Range]:
    """Return ranges covering a box along great circles around its centre."""
    moc = MOC.from_box(
        lon=Longitude(ra % 360, u.deg),
        lat=Latitude(dec, u.deg),
        a=Angle(max(half_width_deg, half_height_deg), u.deg),
        b=Angle(min(half_width_deg, half_height_deg), u.deg),
        angle=Angle(90 if half_width_deg >= half_height_deg else 0, u.deg),
        max_depth=_depth(min(half_width_deg, half_height_deg)),
    )
    return _bounded(moc, max_ranges)


def zone_ranges(
    ra_min: float,
    ra_max: float,
    dec_min: float,
    dec_max: float,
    max_ranges: int = 32,
) -> list[Range]:
    """Return ranges covering RA from `ra_min` east to `ra_max`, Dec between, in deg.

    `ra_min` above `ra_max` crosses RA 0; equal ends are a meridian.
    """
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
    return _bounded(halves[0].union(halves[1]), max_ranges)


def polygon_ranges(
    ra: Sequence[float], dec: Sequence[float], max_ranges: int = 32
) -> list[Range]:
    """Return ranges covering a simple polygon smaller than half the sky."""
    if len(ra) != len(dec) or len(ra) < 3:
        raise ValueError(f"a polygon needs 3 or more corners, got {len(ra)}/{len(dec)}")
    extent = float(np.max(separation_deg(ra[0], dec[0], ra, dec)))
    moc = MOC.from_polygon(
        lon=Longitude(np.asarray(ra) % 360, u.deg),
        lat=Latitude(dec, u.deg),
        max_depth=_depth(extent / 2),
    )
    return _bounded(moc, max_ranges)


def separation_deg(
    ra1: ArrayLike, dec1: ArrayLike, ra2: ArrayLike, dec2: ArrayLike
) -> Reals:
    """Return great-circle separations in degrees, exact from 0 to 180 (Vincenty)."""
    a1, d1, a2, d2 = (
        np.radians(np.asarray(x, np.float64)) for x in (ra1, dec1, ra2, dec2)
    )
    sin_d1, cos_d1, sin_d2, cos_d2 = np.sin(d1), np.cos(d1), np.sin(d2), np.cos(d2)
    sin_a, cos_a = np.sin(a2 - a1), np.cos(a2 - a1)
    across = np.hypot(cos_d2 * sin_a, cos_d1 * sin_d2 - sin_d1 * cos_d2 * cos_a)
    along = sin_d1 * sin_d2 + cos_d1 * cos_d2 * cos_a
    return np.asarray(np.degrees(np.arctan2(across, along)))


def parse_ra(text: str) -> float:
    """Return degrees of '20:44:28.52', '16 44 49.93' (hours) or '311.118' (degrees).

    NaN for blank text and 'n/a'. Raises ValueError for anything else.
    """
    return _parse_angle(text, sexagesimal_unit=15.0, limit=360.0)


def parse_dec(text: str) -> float:
    """Return degrees of '-41:19:48.3', '-00 30 00' or '-41.33'; NaN where blank."""
    return _parse_angle(text, sexagesimal_unit=1.0, limit=90.0)


def _parse_angle(text: str, *, sexagesimal_unit: float, limit: float) -> float:
    text = text.strip()
    if text.lower() in {"", "n/a", "nan", "null", "none", "-"}:
        return float("nan")
    match = _SEXAGESIMAL.fullmatch(text)
    if match is None:
        value = float(text)
    else:
        sign, leading, minutes, seconds = match.groups()
        if int(minutes) >= 60 or float(seconds or 0) >= 60.000001:
            raise ValueError(f"{text!r} has 60 or more minutes or seconds")
        value = int(leading) + int(minutes) / 60 + float(seconds or 0) / 3600
        value *= -sexagesimal_unit if sign == "-" else sexagesimal_unit
    if not -limit <= value <= limit:
        raise ValueError(f"{text!r} is no angle up to {limit:g} deg")
    return value


def _depth(radius_deg: float) -> int:
    """Choose cells about a quarter of the radius wide (order 0 cells: 58.6 deg)."""
    if radius_deg <= 0:
        return ORDER
    cells = 58.6 * CELLS_ACROSS / radius_deg
    return int(np.clip(np.ceil(np.log2(cells)), 3, ORDER))


def _bounded(moc: MOC, max_ranges: int, slack: float = 0.0) -> list[Range]:
    """Close the smallest gaps until few enough ranges are left, and within `slack`."""
    ranges = moc.to_depth29_ranges.astype(np.int64)
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
