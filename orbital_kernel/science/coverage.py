"""Parts of the sky as MOCs: unions of fields, and the share of circles that they cover."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.science.field_shapes import rolled

if TYPE_CHECKING:
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

Reals = NDArray[np.float64]

SKY_DEG2 = 41_252.961_249_419_28
AT_ONCE = 20_000
SAMPLED = 256
"""Points at which the covered part of a circle is measured."""


class Coverage:
    """A part of the sky.

    Parameters
    ----------
    moc : mocpy.MOC
        The part.

    Examples
    --------
    >>> from mocpy import MOC
    >>> from orbital_kernel.science.coverage import Coverage
    >>> round(Coverage(MOC.from_str("0/0-11")).area_deg2)
    41253
    """

    def __init__(self, moc: "MOC") -> None:
        self._moc = moc

    @property
    def moc(self) -> "MOC":
        """The part of the sky as a MOC."""
        return self._moc

    @property
    def area_deg2(self) -> float:
        """Its area, deg2."""
        return float(self.moc.sky_fraction) * SKY_DEG2

    def inside(self, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.bool_]:
        """Return which places lie in the cells of the MOC.

        Parameters
        ----------
        ra, dec : array_like
            Places, ICRS deg.

        Returns
        -------
        numpy.ndarray of bool
            True for the places inside.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> swift = orbital.footprint("swift")
        >>> swift.overlap(swift).inside(0.0, -89.9).tolist()
        [False]
        """
        lon, lat = angles(ra, dec)
        return np.asarray(self.moc.contains_lonlat(lon, lat))


def angles(ra: ArrayLike, dec: ArrayLike) -> "tuple[Longitude, Latitude]":
    """Return places as mocpy takes them."""
    from astropy import units as u
    from astropy.coordinates import Latitude, Longitude

    lon = np.atleast_1d(np.asarray(ra, dtype=np.float64)) % 360
    lat = np.atleast_1d(np.asarray(dec, dtype=np.float64))
    return Longitude(lon, u.deg), Latitude(lat, u.deg)


def union_of(looks: pl.DataFrame, order: int) -> "MOC":
    """Return the union of fields: circles, and squares whose roll is known."""
    from astropy import units as u
    from astropy.coordinates import Angle
    from mocpy import MOC

    square = rolled(looks) if len(looks) else np.zeros(0, dtype=bool)
    united = MOC.new_empty(order)
    for squares, rows in ((False, looks.filter(~square)), (True, looks.filter(square))):
        single = rows.unique(
            [
                n
                for n in ("ra", "dec", "radius_arcmin", "half_arcmin", "roll_deg")
                if n in rows.columns
            ],
            maintain_order=True,
        )
        for part in single.iter_slices(AT_ONCE):
            lon, lat = angles(part["ra"], part["dec"])
            if squares:
                half = Angle(part["half_arcmin"].to_numpy(), u.arcmin)
                roll = Angle(part["roll_deg"].to_numpy() % 90, u.deg)
                fields = MOC.from_boxes(
                    lon=lon,
                    lat=lat,
                    a=half,
                    b=half,
                    angle=roll,
                    max_depth=order,
                    union_strategy="small_boxes",
                )
            else:
                radius = Angle(part["radius_arcmin"].to_numpy(), u.arcmin)
                fields = MOC.from_cones(
                    lon=lon,
                    lat=lat,
                    radius=radius,
                    max_depth=order,
                    union_strategy="small_cones",
                )
            united = united.union(fields)
    return united


def covered_share(
    ra: Reals, dec: Reals, radius_arcmin: float, coverage: Coverage
) -> Reals:
    """Return the covered share (n,) of circles, from points spread evenly in them."""
    k = np.arange(SAMPLED) + 0.5
    away = radius_arcmin / 60 * np.sqrt(k / SAMPLED)
    turn = np.pi * (1 + np.sqrt(5)) * k
    d0 = np.radians(dec)[:, None]
    r = np.radians(away)[None, :]
    sine = np.sin(d0) * np.cos(r) + np.cos(d0) * np.sin(r) * np.cos(turn)
    east = np.arctan2(
        np.sin(turn) * np.sin(r) * np.cos(d0), np.cos(r) - np.sin(d0) * sine
    )
    lon = (ra[:, None] + np.degrees(east)) % 360
    lat = np.degrees(np.arcsin(np.clip(sine, -1, 1)))
    inside = coverage.inside(lon.ravel(), lat.ravel()).reshape(lon.shape)
    return np.asarray(inside.mean(axis=1))
