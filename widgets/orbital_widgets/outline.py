"""The outline of a cone on a map of RA and Dec."""

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
STEPS = 181


def outline(ra: float, dec: float, radius_arcmin: float) -> tuple[Reals, Reals]:
    """Return RA and Dec (deg) around a circle on the sphere, NaN where RA wraps.

    Every point is `radius_arcmin` from the centre; near a pole the circle is a wavy line.
    """
    radius, lat = np.radians(radius_arcmin / 60), np.radians(dec)
    angle = np.linspace(0, 2 * np.pi, STEPS)
    sin_dec = np.sin(lat) * np.cos(radius) + np.cos(lat) * np.sin(radius) * np.cos(
        angle
    )
    east = np.sin(angle) * np.sin(radius) * np.cos(lat)
    north = np.cos(radius) - np.sin(lat) * sin_dec
    ras = (ra + np.degrees(np.arctan2(east, north))) % 360
    decs = np.degrees(np.arcsin(np.clip(sin_dec, -1, 1)))
    wraps = np.flatnonzero(np.abs(np.diff(ras)) > 180) + 1
    return np.insert(ras, wraps, np.nan), np.insert(decs, wraps, np.nan)
