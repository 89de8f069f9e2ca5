"""Regions of the sky, the HEALPix ranges that cover them, and exact tests of positions.

Covers are conservative and bounded in number. A small cone is covered by few ranges:
three times its area (median; 1.4 times with 12 ranges) holds few rows, while each range
takes the client 0.6 ms to put into a request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model import sky
from orbital_kernel.model.predicate import Clause, Range
from orbital_kernel.query.given import given_position, given_separation

MAX_SKY_RANGES = 12
FEW_SKY_RANGES = 4
SLACK = 2.0
SMALL_ARCMIN = 15.0
MAX_CORNERS = 200
WIDEST_POLYGON_DEG = 80.0
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Cone:
    """A circle on the sky.

    Parameters
    ----------
    ra, dec : float
        Centre, ICRS deg; an RA of -180 to 0 is taken as west of 0.
    radius_arcmin : float
        Radius, arcmin; above 0 and at most 10800.

    Raises
    ------
    QueryError
        If the centre or the radius is not valid.

    Examples
    --------
    >>> from orbital_kernel import Cone, Query, connect
    >>> orbital = connect()
    >>> orbital.count(Query("swift.sources", cone=Cone(83.63, 22.01, 5))) >= 0
    True
    """

    ra: float
    dec: float
    radius_arcmin: float

    def __post_init__(self) -> None:
        """Put RA into 0..360; raise QueryError for what is not a circle on the sky."""
        east = given_position(self.ra, self.dec)[0]
        if self.ra < 0:
            object.__setattr__(self, "ra", east)
        given_separation("the radius of a cone", self.radius_arcmin, "arcmin")

    def __str__(self) -> str:
        """Return the test as people write it."""
        return f"separation from ({self.ra}, {self.dec}) <= {self.radius_arcmin} arcmin"

    @property
    def cover(self) -> list[sky.Range]:
        """HEALPix ranges that contain the cone.

        Returns
        -------
        list of tuple of int
            First and one past the last pixel (nested, order 29) of each range.

        Examples
        --------
        >>> from orbital_kernel import Cone
        >>> (low, high), *_ = Cone(83.63, 22.01, 5).cover
        >>> low < high
        True
        """
        at = self.ra, self.dec, self.radius_arcmin / 60
        if self.radius_arcmin <= SMALL_ARCMIN:
            return sky.cone_ranges(*at, max_ranges=FEW_SKY_RANGES, slack=SLACK)
        return sky.cone_ranges(*at, max_ranges=MAX_SKY_RANGES)

    @property
    def inside(self) -> pl.Expr:
        """The exact test on `ra` and `dec`.

        Returns
        -------
        polars.Expr
            True for each row whose position is within the cone.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_kernel import Cone
        >>> sky = pl.DataFrame({"ra": [83.6, 84.6], "dec": [22.0, 22.0]})
        >>> sky.filter(Cone(83.63, 22.01, 5).inside)["ra"].to_list()
        [83.6]
        """
        return _of_positions(
            lambda ra, dec: (
                sky.separation_deg(self.ra, self.dec, ra, dec)
                <= self.radius_arcmin / 60
            )
        )


@dataclass(frozen=True)
class Box:
    """A range of right ascension and declination.

    Parameters
    ----------
    ra_min, ra_max : float
        From `ra_min` eastwards to `ra_max`, ICRS deg; the box may cross RA 0.
    dec_min, dec_max : float
        Range of declination, ICRS deg.

    Raises
    ------
    QueryError
        If a position is not valid, or dec_min is not below dec_max.

    Examples
    --------
    >>> from orbital_kernel import Box, Query, connect
    >>> orbital = connect()
    >>> orbital.count(Query("swift.sources", box=Box(350, 10, -5, 5))) >= 0
    True
    """

    ra_min: float
    ra_max: float
    dec_min: float
    dec_max: float

    def __post_init__(self) -> None:
        """Put RA into 0..360; raise QueryError for what is not a box on the sky."""
        for ra, dec in (("ra_min", self.dec_min), ("ra_max", self.dec_max)):
            east = given_position(getattr(self, ra), dec)[0]
            if getattr(self, ra) < 0:  # 360 remains: 0 to 360 is the whole circle
                object.__setattr__(self, ra, east)
        if self.dec_min >= self.dec_max:
            raise QueryError(
                f"a box needs dec_min < dec_max, not {self.dec_min} and {self.dec_max}"
            )

    def __str__(self) -> str:
        """Return the test as people write it."""
        return f"RA {self.ra_min}..{self.ra_max}, Dec {self.dec_min}..{self.dec_max}"

    @property
    def cover(self) -> list[sky.Range]:
        """HEALPix ranges that contain the box.

        Returns
        -------
        list of tuple of int
            First and one past the last pixel (nested, order 29) of each range.

        Examples
        --------
        >>> from orbital_kernel import Box
        >>> (low, high), *_ = Box(83, 84, 21, 23).cover
        >>> low < high
        True
        """
        edges = (self.ra_min, self.ra_max, self.dec_min, self.dec_max)
        return sky.zone_ranges(*edges, max_ranges=MAX_SKY_RANGES)

    @property
    def inside(self) -> pl.Expr:
        """The exact test on `ra` and `dec`.

        Returns
        -------
        polars.Expr
            True for each row whose position is within the box.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_kernel import Box
        >>> sky = pl.DataFrame({"ra": [83.6, 84.6], "dec": [22.0, 22.0]})
        >>> sky.filter(Box(83, 84, 21, 23).inside)["ra"].to_list()
        [83.6]
        """
        ra = pl.col("ra")
        east = ra.is_between(self.ra_min, self.ra_max)
        if self.ra_min > self.ra_max:
            east = (ra >= self.ra_min) | (ra <= self.ra_max)
        return east & pl.col("dec").is_between(self.dec_min, self.dec_max)


@dataclass(frozen=True)
class Polygon:
    """A polygon on the sky whose sides are great circles.

    Parameters
    ----------
    corners : tuple of tuple of float
        3 to 200 corners (RA, Dec) in order, ICRS deg. No two sides may cross, and no
        corner may be more than 80 degrees from the middle.

    Raises
    ------
    QueryError
        If the corners are not valid.

    Examples
    --------
    >>> from orbital_kernel import Polygon, Query, connect
    >>> orbital = connect()
    >>> corners = ((83, 21), (84, 21), (84, 23))
    >>> orbital.count(Query("swift.sources", polygon=Polygon(corners))) >= 0
    True
    """

    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Raise QueryError for corners that enclose no area."""
        for ra, dec in self.corners:
            given_position(ra, dec)
        if not 3 <= len(self.corners) <= MAX_CORNERS:
            raise QueryError(
                f"a polygon has 3 to {MAX_CORNERS} corners, not {len(self.corners)}"
            )
        middle = np.sum(_unit(*self._sides), axis=0)
        if np.linalg.norm(middle) < 1e-9 * len(self.corners):
            raise QueryError("the polygon's corners have no middle: give a smaller one")
        if np.min(_unit(*self._sides) @ self._axes[0]) < np.cos(
            np.radians(WIDEST_POLYGON_DEG)
        ):
            raise QueryError(
                f"a polygon's corners are within {WIDEST_POLYGON_DEG:g} degrees of its "
                "middle: ask several smaller ones, or a box"
            )
        if self._crosses_itself():
            raise QueryError("sides of the polygon cross: give its corners in order")

    def __str__(self) -> str:
        """Return the test as people write it."""
        shown = ", ".join(f"({ra}, {dec})" for ra, dec in self.corners[:4])
        more = len(self.corners) - 4
        return f"inside polygon {shown}" + (f" and {more} more" if more > 0 else "")

    @property
    def cover(self) -> list[sky.Range]:
        """HEALPix ranges that contain the polygon.

        Returns
        -------
        list of tuple of int
            First and one past the last pixel (nested, order 29) of each range.

        Examples
        --------
        >>> from orbital_kernel import Polygon
        >>> (low, high), *_ = Polygon(((83, 21), (84, 21), (83.6, 23))).cover
        >>> low < high
        True
        """
        ra, dec = map(list, zip(*self.corners, strict=True))
        return sky.polygon_ranges(ra, dec, max_ranges=MAX_SKY_RANGES)

    @property
    def inside(self) -> pl.Expr:
        """The exact test on `ra` and `dec`.

        Returns
        -------
        polars.Expr
            True for each row whose position is within the polygon.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_kernel import Polygon
        >>> sky = pl.DataFrame({"ra": [83.6, 84.6], "dec": [22.0, 22.0]})
        >>> sky.filter(Polygon(((83, 21), (84, 21), (83.6, 23))).inside)["ra"].to_list()
        [83.6]
        """
        return _of_positions(self._contains)

    @cached_property
    def _sides(self) -> tuple[Reals, Reals]:
        ra, dec = np.array(self.corners, dtype=np.float64).T
        return ra, dec

    @cached_property
    def _axes(self) -> Reals:
        """The middle's direction and two axes across it, shape (3, 3)."""
        middle = np.sum(_unit(*self._sides), axis=0)
        middle = middle / np.linalg.norm(middle)
        east = np.cross(np.eye(3)[np.argmin(np.abs(middle))], middle)
        east /= np.linalg.norm(east)
        return np.stack([middle, east, np.cross(middle, east)])

    def _plane(self, ra: Reals, dec: Reals) -> tuple[Reals, Reals, Reals]:
        """Project so that great circles are straight: depth (above 0 in front), x, y."""
        depth, x, y = self._axes @ _unit(ra, dec).T
        front = np.where(depth > 0, depth, np.nan)
        return depth, x / front, y / front

    def _contains(self, ra: Reals, dec: Reals) -> NDArray[np.bool_]:
        """Count the sides a ray from each position crosses."""
        depth, x, y = self._plane(ra, dec)
        _, cx, cy = self._plane(*self._sides)
        inside = np.zeros(len(x), dtype=bool)
        for x1, y1, x2, y2 in zip(
            cx, cy, np.roll(cx, -1), np.roll(cy, -1), strict=True
        ):
            if y1 != y2:
                reach = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
                inside ^= ((y1 > y) != (y2 > y)) & (x < reach)
        return inside & (depth > 0)

    def _crosses_itself(self) -> bool:
        _, x, y = self._plane(*self._sides)
        corner = np.stack([x, y], axis=1)
        count = len(corner)
        return any(
            _cross(corner[i], corner[i + 1], corner[j], corner[(j + 1) % count])
            for i in range(count - 1)
            for j in range(i + 2, count - (i == 0))
        )


Region = Cone | Box | Polygon


def clause(region: Region) -> Clause:
    """Return the ranges of `healpix` that cover the region."""
    return Clause("healpix", tuple(Range(low, high - 1) for low, high in region.cover))


def _of_positions(
    inside: Callable[[Reals, Reals], NDArray[np.bool_]],
) -> pl.Expr:
    def test(position: Sequence[pl.Series]) -> pl.Series:
        ra, dec = (column.to_numpy() for column in position)
        return pl.Series(inside(ra, dec), dtype=pl.Boolean)

    return pl.map_batches(["ra", "dec"], test, return_dtype=pl.Boolean)


def _unit(ra: Reals, dec: Reals) -> Reals:
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=1)


def _cross(a: Reals, b: Reals, c: Reals, d: Reals) -> bool:
    def side(p: Reals, q: Reals, r: Reals) -> float:
        return float((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
