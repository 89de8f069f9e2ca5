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
from orbital_kernel.science.columns import demand, finite
from orbital_kernel.science.matching.skyjoin import neighbours

if TYPE_CHECKING:
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDER = 14
"""Cells of 13 arcsec: the area of a field of 8.5 arcmin is 3 % too large, its edge included."""
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
    >>> from orbital_kernel.science.footprints import Coverage
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
        lon, lat = _angles(ra, dec)
        return np.asarray(self.moc.contains_lonlat(lon, lat))


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
        return Coverage(_union(self.looks, self.order))

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
        east, north = _offsets(rows, np.full(len(rows), ra), np.full(len(rows), dec))
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
        east, north = _offsets(self.looks[look], places[place] % 360, lat[place])
        return place, look, np.hypot(east, north)

    def _fields_at(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Ints, Ints]:
        """Return pairs (place, look) of the looks whose field contains the place."""
        places = np.atleast_1d(np.asarray(ra, dtype=np.float64)) % 360
        lat = np.broadcast_to(np.asarray(dec, dtype=np.float64), places.shape)
        if not (len(self.looks) and places.size):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        reach = float(_reach(self.looks).max())
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
        east, north = _offsets(rows, places[place], lat[place])
        inside = np.hypot(east, north) <= rows["radius_arcmin"].to_numpy()
        if "half_arcmin" in rows.columns:
            inside = np.where(_rolled(rows), _in_square(rows, east, north), inside)
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
        area = np.pi * radius**2 * _covered(places[todo], lat[todo], radius, coverage)
        usable = area > 0
        result[todo[usable]] = counts[usable] / area[usable]
        todo = todo[(counts < least) | ~usable]
        radius *= 2
    return result


def upper_limit(counts: float, background: float, confidence: float) -> float:
    """Return the upper limit of a source's counts, given counts and expected background.

    Parameters
    ----------
    counts
        Counts in the aperture, source and background.
    background
        Counts of background expected there.
    confidence
        Probability that the source has less.

    References
    ----------
    Kraft, Burrows & Nousek 1991, ApJ 374, 344, eqs. 8 and 9 with a lower bound of 0: the
    posterior of a flat prior of the source above 0.
    """
    from scipy import special

    tail = (1 - confidence) * special.gammaincc(counts + 1, background)
    return float(special.gammainccinv(counts + 1, tail) - background)


def by_depth(
    footprint: Footprint, ra: ArrayLike, dec: ArrayLike, edges_s: Sequence[float]
) -> Ints:
    """Return the class of depth of places (n,): how many of the exposures they exceed."""
    return np.searchsorted(np.asarray(edges_s), footprint.exposure_at(ra, dec))


def _angles(ra: ArrayLike, dec: ArrayLike) -> "tuple[Longitude, Latitude]":
    from astropy import units as u
    from astropy.coordinates import Latitude, Longitude

    lon = np.atleast_1d(np.asarray(ra, dtype=np.float64)) % 360
    lat = np.atleast_1d(np.asarray(dec, dtype=np.float64))
    return Longitude(lon, u.deg), Latitude(lat, u.deg)


def _union(looks: pl.DataFrame, order: int) -> "MOC":
    """Return the union of fields: circles, and squares whose roll is known."""
    from astropy import units as u
    from astropy.coordinates import Angle
    from mocpy import MOC

    rolled = _rolled(looks) if len(looks) else np.zeros(0, dtype=bool)
    united = MOC.new_empty(order)
    for squares, rows in ((False, looks.filter(~rolled)), (True, looks.filter(rolled))):
        single = rows.unique(
            [
                n
                for n in ("ra", "dec", "radius_arcmin", "half_arcmin", "roll_deg")
                if n in rows.columns
            ],
            maintain_order=True,
        )
        for part in single.iter_slices(AT_ONCE):
            lon, lat = _angles(part["ra"], part["dec"])
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


def _rolled(looks: pl.DataFrame) -> NDArray[np.bool_]:
    if not {"half_arcmin", "roll_deg"} <= set(looks.columns):
        return np.zeros(len(looks), dtype=bool)
    square = pl.col("half_arcmin").is_not_null() & pl.col("roll_deg").is_not_null()
    return looks.select(square).to_series().to_numpy()


def _reach(looks: pl.DataFrame) -> Reals:
    """Return the radius (n,) of the circle around each field, arcmin."""
    radius = looks["radius_arcmin"].to_numpy()
    corner = (
        np.sqrt(2)
        * looks.select(finite("half_arcmin").fill_null(0.0)).to_series().to_numpy()
        if "half_arcmin" in looks.columns
        else radius
    )
    return np.where(_rolled(looks), corner, radius)


def _offsets(rows: pl.DataFrame, ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return the offsets of places from the centres of fields, arcmin, arc-true in length."""
    d0, d = np.radians(rows["dec"].to_numpy()), np.radians(dec)
    away = np.radians(ra - rows["ra"].to_numpy())
    east = np.cos(d) * np.sin(away)
    north = np.cos(d0) * np.sin(d) - np.sin(d0) * np.cos(d) * np.cos(away)
    along = np.sin(d0) * np.sin(d) + np.cos(d0) * np.cos(d) * np.cos(away)
    sine = np.hypot(east, north)
    stretch = np.where(
        sine > 0, np.arctan2(sine, along) / np.maximum(sine, 1e-300), 1.0
    )
    scale = 60 * np.degrees(1) * stretch
    return east * scale, north * scale


def _in_square(rows: pl.DataFrame, east: Reals, north: Reals) -> NDArray[np.bool_]:
    roll = np.radians(rows["roll_deg"].fill_null(0.0).to_numpy())
    half = rows["half_arcmin"].fill_null(0.0).to_numpy()
    along = np.cos(roll) * north + np.sin(roll) * east
    across = np.cos(roll) * east - np.sin(roll) * north
    return np.asarray((np.abs(along) <= half) & (np.abs(across) <= half))


def _covered(ra: Reals, dec: Reals, radius_arcmin: float, coverage: Coverage) -> Reals:
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
