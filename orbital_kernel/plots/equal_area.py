"""Equal-area projections of the sky, there and back, in Python and in the browser.

Plane coordinates are in degrees at the map's centre, east to the left. One square degree
of the plane is one of the sky.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
CENTRE_RA = 180.0
DEG = 180.0 / np.pi
WIDE, HIGH = 2 * np.sqrt(2) * DEG, np.sqrt(2) * DEG
"""Half the width and height of the whole sky in Hammer's projection."""
REACH = 2 * DEG
"""Radius of the whole sky in Lambert's projection."""


class Projection(Protocol):
    """A map of the sky."""

    @property
    def facts(self) -> dict[str, float | str]:
        """Kind and centre, as the browser's code reads them."""

    def forward(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Reals, Reals]:
        """Return the plane coordinates of positions, deg."""

    def inverse(self, x: ArrayLike, y: ArrayLike) -> tuple[Reals, Reals]:
        """Return the positions (ICRS deg) of plane coordinates, NaN beside the sky."""


@dataclass(frozen=True)
class Hammer:
    """The whole sky in an ellipse, RA 12 h at its centre (Hammer 1892)."""

    @property
    def facts(self) -> dict[str, float | str]:
        """Kind and centre, as the browser's code reads them."""
        return {"kind": "hammer", "ra": CENTRE_RA, "dec": 0.0}

    def forward(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Reals, Reals]:
        """Return the plane coordinates of positions, deg."""
        turned = np.asarray(ra, np.float64)
        away = np.where(turned == 360, 180, turned % 360 - CENTRE_RA)
        half, lat = away / DEG / 2, np.asarray(dec, np.float64) / DEG
        root = np.sqrt(1 + np.cos(lat) * np.cos(half))
        x = -WIDE * np.cos(lat) * np.sin(half) / root
        return x, HIGH * np.sin(lat) / root

    def inverse(self, x: ArrayLike, y: ArrayLike) -> tuple[Reals, Reals]:
        """Return the positions (ICRS deg) of plane coordinates, NaN beside the sky."""
        east, north = (
            -np.asarray(x, np.float64) / WIDE,
            np.asarray(y, np.float64) / HIGH,
        )
        inside = east**2 + north**2 <= 1
        z = np.sqrt(np.where(inside, 1 - (east**2 + north**2) / 2, np.nan))
        lon = 2 * np.arctan2(z * east * np.sqrt(2), 2 * z**2 - 1)
        dec = np.arcsin(np.clip(z * north * np.sqrt(2), -1, 1))
        return (CENTRE_RA + lon * DEG) % 360, dec * DEG


@dataclass(frozen=True)
class Field:
    """The sky around a position, ICRS deg (Lambert's azimuthal equal-area projection)."""

    ra: float
    dec: float

    @property
    def facts(self) -> dict[str, float | str]:
        """Kind and centre, as the browser's code reads them."""
        return {"kind": "field", "ra": self.ra, "dec": self.dec}

    def forward(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Reals, Reals]:
        """Return the plane coordinates of positions, deg; NaN opposite the centre."""
        lat0, lat = self.dec / DEG, np.asarray(dec, np.float64) / DEG
        lon = (np.asarray(ra, np.float64) - self.ra) / DEG
        cosine = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon)
        far = cosine <= -1 + 1e-12
        k = np.sqrt(2 / np.where(far, np.nan, 1 + cosine)) * DEG
        y = np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon)
        return -k * np.cos(lat) * np.sin(lon), k * y

    def inverse(self, x: ArrayLike, y: ArrayLike) -> tuple[Reals, Reals]:
        """Return the positions (ICRS deg) of plane coordinates, NaN beside the sky."""
        east, north = -np.asarray(x, np.float64) / DEG, np.asarray(y, np.float64) / DEG
        rho = np.hypot(east, north)
        angle = 2 * np.arcsin(np.where(rho <= 2, rho, np.nan) / 2)
        share = np.divide(np.sin(angle), rho, where=rho > 0, out=np.ones_like(rho))
        lat0 = self.dec / DEG
        sine = np.cos(angle) * np.sin(lat0) + north * share * np.cos(lat0)
        down = np.cos(lat0) * np.cos(angle) - north * share * np.sin(lat0)
        lon = np.arctan2(east * share, down)
        dec = np.arcsin(np.clip(sine, -1, 1)) * DEG
        return np.where(np.isnan(angle), np.nan, (self.ra + lon * DEG) % 360), dec


INVERSE_JS = """
const D = 180 / Math.PI, W = 2 * Math.SQRT2 * D, H = Math.SQRT2 * D;
function place(kind, ra0, dec0, x, y) {
  if (kind == 'hammer') {
    const e = -x / W, n = y / H, r = e * e + n * n;
    if (r > 1) return null;
    const z = Math.sqrt(1 - r / 2);
    const lon = 2 * Math.atan2(z * e * Math.SQRT2, 2 * z * z - 1);
    return [((ra0 + lon * D) % 360 + 360) % 360, Math.asin(z * n * Math.SQRT2) * D];
  }
  const e = -x / D, n = y / D, rho = Math.hypot(e, n);
  if (rho > 2) return null;
  const c = 2 * Math.asin(rho / 2), s = rho > 0 ? Math.sin(c) / rho : 1, d = dec0 / D;
  const dec = Math.asin(Math.cos(c) * Math.sin(d) + n * s * Math.cos(d));
  const lon = Math.atan2(e * s, Math.cos(d) * Math.cos(c) - n * s * Math.sin(d));
  return [((ra0 + lon * D) % 360 + 360) % 360, dec * D];
}
function two(v) { return (v < 10 ? '0' : '') + v }
function sexagesimal(value, tenths) {
  const all = Math.round(Math.abs(value) * 3600 * tenths), s = all / tenths % 60;
  const whole = Math.floor(all / tenths / 60);
  return [Math.floor(whole / 60), whole % 60, (s < 10 ? '0' : '') + s.toFixed(Math.log10(tenths))];
}
function words(ra, dec) {
  const [h, m, s] = sexagesimal(ra / 15, 10), [d, am, as] = sexagesimal(dec, 1);
  return `RA ${two(h % 24)}h ${two(m)}m ${s}s, Dec ${dec < 0 ? '\\u2212' : '+'}${two(d)}° ${two(am)}\\u2032 ${as}\\u2033`
    + ` (${ra.toFixed(4)}°, ${dec.toFixed(4)}°)`;
}
"""
"""`place` is the inverse of both projections; `words` writes a position."""
