"""Where an observatory has looked, how deep, and the limit that follows where nothing was seen.

A footprint is the union of the fields of exposed pointings, as a MOC. Exposure at a place
is exact: the sum over the fields that contain it, not over cells. A square field of
unknown roll counts as its inscribed circle, which it covers at any roll. Vignetting and
gaps between chips are not taken into account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand
from orbital_kernel.science.coverage import Coverage, covered_share, union_of
from orbital_kernel.science.field_shapes import in_square, offsets, reach_of, rolled
from orbital_kernel.science.matching.skyjoin import neighbours

if TYPE_CHECKING:
    from mocpy import MOC

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDER = 14
"""Cells of 13 arcsec: the area of a field of 8.5 arcmin is 3 % too large, its edge included."""


@dataclass(frozen=True)
class Footprint:
    """The fields of an observatory's exposed pointings.

    Parameters
    ----------
    name : str
        The observatory.
    looks : polars.DataFrame
        One row per pointing: ra, dec (deg), radius_arcmin of its circle, or half_arcmin
        of its square with roll_deg; exposure_s (s, null if unknown), instrument, obs_id.
    excluded : dict of str to int
        Pointings that are not looks, by reason.
    order : int
        HEALPix order of the MOC.

    Raises
    ------
    SchemaMismatch
        If a column is missing.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.footprint("chandra").area_deg2 > 0
    True
    """

    name: str
    looks: pl.DataFrame
    excluded: dict[str, int]
    order: int = ORDER

    def __post_init__(self) -> None:
        """Check the columns."""
        demand(self.looks, "ra", "dec", "radius_arcmin", subject="looks")

    def __repr__(self) -> str:
        """Return observatory, pointings and area."""
        return f"Footprint({self.name}: {len(self.looks):,} pointings, {self.area_deg2:,.2f} deg2)"

    @cached_property
    def coverage(self) -> Coverage:
        """The union of the fields, computed once."""
        return Coverage(union_of(self.looks, self.order))

    @property
    def moc(self) -> "MOC":
        """The union of the fields as a MOC."""
        return self.coverage.moc

    @property
    def area_deg2(self) -> float:
        """The area of the union, deg2."""
        return self.coverage.area_deg2

    def contains(self, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.bool_]:
        """Return whether places lie in a field, exactly and not by cells.

        Parameters
        ----------
        ra, dec : array_like
            Places, ICRS deg.

        Returns
        -------
        numpy.ndarray of bool
            True for the places that a field contains.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.footprint("swift").contains([0.0], [-89.9]).tolist()
        [False]
        """
        place, _ = self._fields_at(ra, dec)
        size = np.atleast_1d(np.asarray(ra, dtype=np.float64)).size
        return np.bincount(place, minlength=size) > 0

    def exposure_at(self, ra: ArrayLike, dec: ArrayLike) -> Reals:
        """Return the exposure at places: the sum over all fields that contain them.

        Parameters
        ----------
        ra, dec : array_like
            Places, ICRS deg.

        Returns
        -------
        numpy.ndarray of float
            Exposures, s; 0 where nobody looked. Looks of unknown exposure add nothing.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.footprint("swift").exposure_at(0.0, -89.9).tolist()
        [0.0]
        """
        place, look = self._fields_at(ra, dec)
        size = np.atleast_1d(np.asarray(ra, dtype=np.float64)).size
        seconds = self.looks["exposure_s"].fill_null(0.0).to_numpy()
        total = np.bincount(place, weights=seconds[look], minlength=size)
        return total.astype(np.float64)

    def looks_at(self, ra: float, dec: float) -> pl.DataFrame:
        """Return the pointings whose field contains a place, first ones first.

        Parameters
        ----------
        ra, dec : float
            The place, ICRS deg.

        Returns
        -------
        polars.DataFrame
            Columns of `looks`, and off_axis_arcmin (arcmin).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> len(orbital.footprint("swift").looks_at(0.0, -89.9))
        0
        """
        _, look = self._fields_at(ra, dec)
        rows = self.looks[look]
        east, north = offsets(rows, np.full(len(rows), ra), np.full(len(rows), dec))
        order: list[str] = [n for n in ("time", "obs_id") if n in rows.columns]
        return rows.with_columns(
            pl.Series("off_axis_arcmin", np.hypot(east, north))
        ).sort(*(order or ["ra"]), nulls_last=True)

    def overlap(self, other: "Footprint") -> Coverage:
        """Return the part of the sky that two observatories have looked at.

        Parameters
        ----------
        other : Footprint
            The other observatory's.

        Returns
        -------
        Coverage
            With `moc`, `area_deg2` and `inside(ra, dec)`, to the cells of the MOC.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> swift = orbital.footprint("swift")
        >>> swift.overlap(swift).area_deg2 == swift.area_deg2
        True
        """
        return Coverage(self.moc.intersection(other.moc))

    def pairs_at(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Ints, Ints, Reals]:
        """Return pairs of places and looks whose field contains them, and how far off axis.

        Parameters
        ----------
        ra, dec : array_like
            Places, ICRS deg.

        Returns
        -------
        tuple of numpy.ndarray
            Row numbers of places and of `looks`, and off-axis angles, arcmin.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> [len(part) for part in orbital.footprint("swift").pairs_at(0.0, -89.9)]
        [0, 0, 0]
        """
        place, look = self._fields_at(ra, dec)
        places, lat = (
            np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (ra, dec)
        )
        east, north = offsets(self.looks[look], places[place] % 360, lat[place])
        return place, look, np.hypot(east, north)

    def _fields_at(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Ints, Ints]:
        """Return pairs (place, look) of the looks whose field contains the place."""
        places = np.atleast_1d(np.asarray(ra, dtype=np.float64)) % 360
        lat = np.broadcast_to(np.asarray(dec, dtype=np.float64), places.shape)
        if not (len(self.looks) and places.size):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        reach = float(reach_of(self.looks).max())
        if reach > 45 * 60:
            raise QueryError(
                f"fields of {reach / 60:.0f} deg radius are not places looked at"
            )
        place, look, _ = neighbours(
            places,
            np.ascontiguousarray(lat),
            self.looks["ra"].to_numpy() % 360,
            self.looks["dec"].to_numpy(),
            reach / 60,
        )
        order = np.lexsort((look, place))
        place, look = place[order], look[order]
        rows = self.looks[look]
        east, north = offsets(rows, places[place], lat[place])
        inside = np.hypot(east, north) <= rows["radius_arcmin"].to_numpy()
        if "half_arcmin" in rows.columns:
            inside = np.where(rolled(rows), in_square(rows, east, north), inside)
        return place[inside], look[inside]


def density(
    ra: ArrayLike,
    dec: ArrayLike,
    others_ra: Reals,
    others_dec: Reals,
    footprint: Coverage | Footprint,
    *,
    within_arcmin: float = 5.0,
    least: int = 5,
    widest_arcmin: float = 120.0,
) -> Reals:
    """Return the local density of a catalogue inside the footprint, around places.

    Parameters
    ----------
    ra, dec
        Places (n,), deg.
    others_ra, others_dec
        The other catalogue's sources (m,), deg.
    footprint
        Where the other catalogue could have sources.
    within_arcmin
        Radius of the first circle; it doubles until it has `least` sources.
    least
        Sources that a circle needs.
    widest_arcmin
        The widest circle.

    Returns
    -------
    numpy.ndarray of float64
        Sources per arcmin2 of covered area; NaN where no circle has covered area. A pointed
        catalogue has up to 1,000 times the density that coarse cells of the sky give.
    """
    places = np.atleast_1d(np.asarray(ra, dtype=np.float64)) % 360
    lat = np.atleast_1d(np.asarray(dec, dtype=np.float64))
    coverage = footprint.coverage if isinstance(footprint, Footprint) else footprint
    result = np.full(places.size, np.nan)
    todo = np.arange(places.size)
    radius = within_arcmin
    while todo.size and radius <= widest_arcmin:
        i, _, _ = neighbours(
            places[todo], lat[todo], others_ra % 360, others_dec, radius / 60
        )
        counts = np.bincount(i, minlength=todo.size)
        area = (
            np.pi * radius**2 * covered_share(places[todo], lat[todo], radius, coverage)
        )
        usable = area > 0
        result[todo[usable]] = counts[usable] / area[usable]
        todo = todo[(counts < least) | ~usable]
        radius *= 2
    return result


def by_depth(
    footprint: Footprint, ra: ArrayLike, dec: ArrayLike, edges_s: Sequence[float]
) -> Ints:
    """Return the class of depth of places (n,): how many of the exposures they exceed."""
    return np.searchsorted(np.asarray(edges_s), footprint.exposure_at(ra, dec))
