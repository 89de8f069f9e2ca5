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
    """Return reference value, pixel and step (deg) of columns x and y; [] if not given."""
    columns = {f.name.lower(): n for n, f in enumerate(table.fields, start=1)}
    axes = []
    for name, kind in (("x", "RA---TAN"), ("y", "DEC--TAN")):
        n = columns[name]
        values = [
            number(table.header, f"{key}{n}") for key in ("TCRVL", "TCRPX", "TCDLT")
        ]
        if text(table.header, f"TCTYP{n}").upper() != kind or None in values:
            return []
        axes.append([value or 0.0 for value in values])
    return axes
