"""Sky positions computed from pixels by the gnomonic projection (FITS WCS 'TAN').

sin, cos and arctan2 differ in their last bits between processors, so that the same file
would give other rows on another machine. Every computed coordinate is therefore rounded
here, to 1e-7 deg (0.36 mas): the sky pixels of event lists are 32-bit floats, whose
steps are 0.24 mas or more, and rounding much finer would let more of the differences
through.

Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3 and equations 2, 54, 55.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.archives.formats.fits import Hdu, number, text
from orbital_kernel.archives.rows import position

DECIMALS = 7
"""Decimals of degrees that computed coordinates keep."""
KEYS = ("TCRVL", "TCRPX", "TCDLT")
TO_DEG = {"": 1.0, "deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600}
UNGIVEN = "the header gives no projection of sky pixels"
Reals = NDArray[np.float64]


def rounded(degrees: ArrayLike) -> Reals:
    """Return computed degrees as every processor gives them."""
    return np.asarray(np.round(np.asarray(degrees, np.float64), DECIMALS))


def from_tangent(
    across_deg: ArrayLike, up_deg: ArrayLike, ra0: float, dec0: float
) -> tuple[Reals, Reals]:
    """Return RA, dec of offsets (deg, east and north) in the plane touching ra0, dec0."""
    xi, eta = np.radians(across_deg), np.radians(up_deg)
    sin0, cos0 = np.sin(np.radians(dec0)), np.cos(np.radians(dec0))
    below = cos0 - eta * sin0
    ra = ra0 + np.degrees(np.arctan2(xi, below))
    dec = np.degrees(np.arctan2(sin0 + eta * cos0, np.hypot(xi, below)))
    return rounded(ra % 360) % 360, rounded(dec)


def tangent_positions(table: Hdu, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Return the sky columns by the tangent projection of columns x and y."""
    axes = tangent_axes(table)
    if not axes:
        return {}
    (ra0, x0, dx), (dec0, y0, dy) = axes
    return position(*from_tangent((x - x0) * dx, (y - y0) * dy, ra0, dec0))


def tangent_axes(table: Hdu) -> list[list[float]]:
    """Return reference value, pixel and step (deg) of columns x and y; [] if unplaced."""
    if unplaced(table):
        return []
    axes = []
    for n in _columns(table):
        unit = TO_DEG[text(table.header, f"TCUNI{n}").lower()]
        value, pixel, step = (number(table.header, f"{key}{n}") or 0.0 for key in KEYS)
        axes.append([value * unit, pixel, step * unit])
    return axes


def unplaced(table: Hdu) -> str | None:
    """Return why pixels of columns x and y have no positions, in words; None if they have."""
    header, columns = table.header, _columns(table)
    kinds = [text(header, f"TCTYP{n}").upper() for n in columns]
    given = [number(header, f"{key}{n}") for n in columns for key in KEYS]
    if len(columns) < 2 or not any(kinds) or None in given:
        return UNGIVEN
    if kinds != ["RA---TAN", "DEC--TAN"]:
        return f"sky pixels are {kinds[0]}, {kinds[1]}, and only RA---TAN, DEC--TAN is read"
    units = {text(header, f"TCUNI{n}") for n in columns}
    if other := sorted(unit for unit in units if unit.lower() not in TO_DEG):
        return f"sky pixels are in {other[0]!r}, which is not read"
    if _is_turned(table, columns):
        return "the axes of the sky pixels are turned (TCROT or a matrix), which is not read"
    frame = text(header, "RADESYS") or text(header, "RADECSYS") or "ICRS"
    equinox = number(header, "EQUINOX")
    if frame.upper() not in {"ICRS", "FK5"} or equinox not in {None, 2000.0}:
        stated = frame if equinox is None else f"{frame} of {equinox:g}"
        return f"sky pixels are of {stated}, and only ICRS and FK5 of 2000 are read"
    return None


def _columns(table: Hdu) -> list[int]:
    """Return the numbers of columns x and y, from 1."""
    numbers = {f.name.lower(): n for n, f in enumerate(table.fields, start=1)}
    return [numbers[name] for name in ("x", "y") if name in numbers]


def _is_turned(table: Hdu, columns: list[int]) -> bool:
    """Return whether a rotation or a matrix of other than the two axes is given."""
    x, y = columns
    turns = [f"TCROT{y}", f"TCROT{x}"]
    for first, second in ((x, y), (y, x)):
        turns += [f"{kind}{first}_{second}" for kind in ("TP", "TC", "TPC", "TCD")]
    return any(number(table.header, name) for name in turns)
