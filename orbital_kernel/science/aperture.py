"""Apertures: the source and background regions of DS9 and CIAO files, tested on photons.

`regions` reads and tests the shapes. Sky pixels (`physical`, CIAO's own syntax) are tested
on the sky pixels of the photons; celestial shapes in a plane that touches the sky at the
region's centre.
"""

import re
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

SHAPES = ("circle", "annulus", "ellipse", "box", "rotbox", "polygon")
FRAMES = ("physical", "image", "icrs", "fk5", "fk4", "galactic", "ecliptic")
PLANE_ARCSEC = 0.1
_SHAPE = re.compile(r"^\s*([-+!*&]*)\s*([a-z]\w*)\s*\(([^)]*)\)", re.IGNORECASE)
_GRID = 1200


@dataclass(frozen=True)
class Aperture:
    """A region of photons: the union of its shapes, without those that it excludes.

    Parameters
    ----------
    text
        Content of a region file of DS9 (physical or celestial coordinates) or of CIAO
        (sky pixels, or celestial text such as 17:45:40). Shapes: circle, annulus,
        ellipse, box or rotbox, polygon; a minus sign excludes one.

    Raises
    ------
    QueryError
        If a line is not such a shape, or its coordinates are those of an image.

    Examples
    --------
    >>> from orbital_kernel.science.aperture import Aperture
    >>> circle = Aperture("circle(4096.5,4096.5,10)")
    >>> round(circle.area(pixel_arcsec=0.492), 2)
    76.05
    """

    text: str

    def __post_init__(self) -> None:
        """Read the text."""
        _ = self._shapes

    @property
    def physical(self) -> bool:
        """Whether coordinates are sky pixels."""
        return _frame(self.text) == "physical"

    def contains(self, events: pl.DataFrame) -> Flags:
        """Return which photons (n,) are inside; at sky pixels or ra, dec (deg, ICRS)."""
        from regions import PixCoord

        x, y = self._coordinates(events)
        place = PixCoord(np.nan_to_num(x, nan=-1e9), np.nan_to_num(y, nan=-1e9))
        return self._inside(place)

    def area(self, *, pixel_arcsec: float | None) -> float:
        """Return the area, arcsec2; `pixel_arcsec` is the size of a sky pixel."""
        scale = pixel_arcsec if self.physical else PLANE_ARCSEC
        if scale is None:
            raise QueryError(
                "the region is in sky pixels, and the photons do not show their size: "
                "save it in celestial coordinates (DS9: Region, File Format, fk5)"
            )
        shapes = self._in_plane
        if len(shapes) == 1:
            return float(shapes[0][0].area) * scale**2
        return self._area_on_grid() * scale**2

    def circle(self) -> tuple[float, float, float] | None:
        """Return ra, dec (deg) and radius (arcmin) around it; None for sky pixels."""
        if self.physical:
            return None
        low_x, high_x, low_y, high_y = self._box
        corners = self._wcs.pixel_to_world_values(
            [low_x, low_x, high_x, high_x], [low_y, high_y, low_y, high_y]
        )
        ra, dec = self._wcs.pixel_to_world_values(
            (low_x + high_x) / 2, (low_y + high_y) / 2
        )
        from orbital_kernel.model.sky import separation_deg

        middle = np.full(4, float(ra)), np.full(4, float(dec))
        apart = separation_deg(*middle, *(np.asarray(c) for c in corners))
        return float(ra) % 360, float(dec), 60 * float(np.max(apart)) * 1.001 + 0.01

    @cached_property
    def _shapes(self) -> list[tuple[Any, bool]]:
        """The shapes as `regions` reads them, and whether each is included."""
        from regions import Regions

        frame, lines = _frame(self.text), _lines(self.text)
        frame = "image" if frame == "physical" else frame
        shapes = []
        for sign, shape in lines:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    parsed = Regions.parse(f"{frame}\n{shape}", format="ds9")
                except (ValueError, TypeError, IndexError) as error:
                    raise QueryError(f"the region {shape!r}: {error}") from error
            if len(parsed) != 1:
                raise QueryError(
                    f"the region {shape!r} is not a shape that can be tested: use "
                    f"{', '.join(SHAPES)}"
                )
            shapes.append((parsed[0], not sign))
        if not any(included for _, included in shapes):
            raise QueryError("the region includes nothing: give at least one shape")
        return shapes

    @cached_property
    def _wcs(self) -> Any:
        """A tangent plane at the first shape's centre, PLANE_ARCSEC a pixel."""
        from astropy.wcs import WCS

        shape = self._shapes[0][0]
        at = shape.center if hasattr(shape, "center") else shape.vertices[0]
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval = [at.icrs.ra.deg, at.icrs.dec.deg]
        wcs.wcs.crpix = [1.0, 1.0]
        wcs.wcs.cdelt = [-PLANE_ARCSEC / 3600, PLANE_ARCSEC / 3600]
        wcs.wcs.radesys = "ICRS"
        return wcs

    @cached_property
    def _in_plane(self) -> list[tuple[Any, bool]]:
        if self.physical:
            return self._shapes
        return [(shape.to_pixel(self._wcs), kept) for shape, kept in self._shapes]

    @property
    def _box(self) -> tuple[float, float, float, float]:
        boxes = [shape.bounding_box for shape, included in self._in_plane if included]
        return (
            min(b.ixmin for b in boxes) - 1.0,
            max(b.ixmax for b in boxes) + 1.0,
            min(b.iymin for b in boxes) - 1.0,
            max(b.iymax for b in boxes) + 1.0,
        )

    def _coordinates(self, events: pl.DataFrame) -> tuple[Reals, Reals]:
        if self.physical:
            demand(
                events, "x_pix", "y_pix", subject="photons in a region of sky pixels"
            )
            # `regions` counts pixels from 0, DS9 and CIAO from 1
            x, y = (
                events[n].cast(pl.Float64).to_numpy() - 1 for n in ("x_pix", "y_pix")
            )
            return x, y
        demand(events, "ra", "dec", subject="photons in a region")
        ra, dec = (events[n].cast(pl.Float64).to_numpy() for n in ("ra", "dec"))
        x, y = self._wcs.world_to_pixel_values(ra, dec)
        return np.asarray(x), np.asarray(y)

    def _inside(self, place: Any) -> Flags:
        inside = np.zeros(place.x.shape, dtype=bool)
        for shape, included in self._in_plane:
            if included:
                inside |= shape.contains(place)
        for shape, included in self._in_plane:
            if not included:
                inside &= ~shape.contains(place)
        return inside

    def _area_on_grid(self) -> float:
        """Return the area of several shapes, pixel2, to about 1e-3 of it."""
        from regions import PixCoord

        low_x, high_x, low_y, high_y = self._box
        step_x, step_y = (high_x - low_x) / _GRID, (high_y - low_y) / _GRID
        x, y = np.meshgrid(
            low_x + (np.arange(_GRID) + 0.5) * step_x,
            low_y + (np.arange(_GRID) + 0.5) * step_y,
        )
        return float(self._inside(PixCoord(x, y)).sum()) * step_x * step_y


def pixel_arcsec(events: pl.DataFrame) -> float | None:
    """Return the size of a sky pixel, arcsec, from the photons' places; None if unknown."""
    if not {"x_pix", "y_pix", "ra", "dec"} <= set(events.columns):
        return None
    places = events.select("x_pix", "y_pix", "ra", "dec").cast(pl.Float64).drop_nulls()
    x, y, ra, dec = places.to_numpy().T if len(places) else np.empty((4, 0))
    if min(x.size, np.unique(x).size, np.unique(y).size) < 3:
        return None
    across = (ra - ra[0] + 180) % 360 - 180
    east = across * np.cos(np.radians(dec.mean()))
    base = np.stack([x - x.mean(), y - y.mean(), np.ones_like(x)], axis=1)
    slopes = np.linalg.lstsq(base, np.stack([east, dec], axis=1), rcond=None)[0][:2]
    return float(np.sqrt(abs(np.linalg.det(slopes)))) * 3600


def _lines(text: str) -> list[tuple[bool, str]]:
    """Return the shapes of a region file, and whether each is excluded."""
    shapes = []
    for line in re.split(r"[;\n]", re.sub(r"(?m)#.*$", "", text)):
        plain = line.strip()
        if not plain or plain.lower() in FRAMES or plain.lower().startswith("global"):
            continue
        match = _SHAPE.match(plain)
        if match is None or match[2].lower() not in SHAPES or set(match[1]) & {"&"}:
            raise QueryError(
                f"the region file has {plain[:60]!r}: use {', '.join(SHAPES)}, one a line"
            )
        name = "box" if match[2].lower() == "rotbox" else match[2].lower()
        excluded = bool(set(match[1]) & {"-", "!"})
        if match[1] == "*":
            raise QueryError(
                "intersections of regions (*) cannot be tested: use one shape"
            )
        shapes.append((excluded, f"{name}({match[3]})"))
    if not shapes:
        raise QueryError("the region file has no shape: give for example circle(x,y,r)")
    return shapes


def _frame(text: str) -> str:
    """Return the coordinates of a region file; CIAO's files do not name them."""
    words = [
        w.strip().lower()
        for w in re.split(r"[;\n]", re.sub(r"#.*$", "", text, flags=re.MULTILINE))
    ]
    named = [word for word in words if word in FRAMES]
    if len(set(named)) > 1:
        raise QueryError(f"the region file mixes {' and '.join(sorted(set(named)))}")
    if named and named[0] == "image":
        raise QueryError(
            "image coordinates depend on the image's binning: save the region in "
            "physical or fk5 coordinates"
        )
    if named:
        return named[0]
    return "fk5" if re.search(r"\d[:dh'\"]", text) else "physical"
