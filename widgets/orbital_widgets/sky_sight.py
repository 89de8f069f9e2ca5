"""What a map shows of a large selection: counts as an image, or its rows as dots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.model import sky
from orbital_kernel.plots.equal_area import Field, Hammer, Projection
from orbital_kernel.query import Box, Query
from orbital_kernel.questions.density import ORDER, SkyDensity
from orbital_widgets.sky_figure import WHOLE, Window, around

MOST_DOTS = 10_000
PIXELS = (480, 240)
FINE_DEG = 12.0
"""Half the width of a view in which cells of order 8 are coarse: the store is asked."""
TO_FIELD_DEG, TO_WHOLE_DEG, OFF_CENTRE_DEG = 35.0, 80.0, 15.0
ARCMIN_ORDER_0 = 3517.9
"""Width of a cell of order 0, arcmin."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sight:
    """A view with an image of counts over a window, or dots, and a sentence."""

    view: Projection
    window: Window
    image: Bytes | None = None
    dots: pl.DataFrame | None = None
    words: str = ""


@dataclass(frozen=True, eq=False)
class Crowd:
    """A selection of many rows: its queries, and its counts by cell."""

    queries: tuple[Query, ...]
    density: SkyDensity


def recentred(view: Projection, window: Window) -> tuple[Projection, Window]:
    """Return the projection that suits a window: the whole sky, or the field in it."""
    (left, right), (low, high) = window
    x, y, wide = (left + right) / 2, (low + high) / 2, (right - left) / 2
    if isinstance(view, Field) and wide > TO_WHOLE_DEG:
        return Hammer(), WHOLE
    moved = isinstance(view, Field) and np.hypot(x, y) > OFF_CENTRE_DEG
    if moved or (isinstance(view, Hammer) and wide < TO_FIELD_DEG):
        ra, dec = (float(value) for value in view.inverse(x, y))
        if not np.isnan(dec):
            return Field(ra, dec), around((high - low) / 2)
    return view, window


def sight(session: Any, crowd: Crowd, view: Projection, window: Window) -> Sight:
    """Return what a view of a large selection shows: dots once they are few enough."""
    (left, right), (low, high) = window
    wide = (right - left) / 2
    if isinstance(view, Hammer) or wide > FINE_DEG:
        return _counted(crowd.density, view, window)
    middle = view.inverse((left + right) / 2, (low + high) / 2)
    ra, dec = (float(value) for value in middle)
    reach = float(np.hypot(wide, (high - low) / 2))
    rows = rows_within(crowd.density, ra, dec, reach)
    if np.isnan(dec) or rows == 0:
        return _counted(crowd.density, view, window)
    near = [replace(query, box=box_around(ra, dec, reach)) for query in crowd.queries]
    if rows <= MOST_DOTS:
        dots = positions(session, near)
        return Sight(
            view, window, None, dots, f"{len(dots):,} rows in and near the view"
        )
    order = int(np.log2(ARCMIN_ORDER_0 * PIXELS[0] / (60 * 2 * wide * 3)))
    fine = session.sky_density(near, order=min(max(order, ORDER), 18))
    return _counted(fine, view, window)


def positions(session: Any, queries: Sequence[Query]) -> pl.DataFrame:
    """Return the positions of rows, 10,000 of each observatory at most."""
    frames: list[pl.DataFrame] = [
        session.query(
            replace(query, columns=("ra", "dec"), limit=MOST_DOTS), kind="sky"
        ).frame.select(
            pl.lit(query.table.partition(".")[0]).alias("observatory"),
            *("ra", "dec"),
            pl.lit(-1).alias("row"),
        )
        for query in queries
    ]
    return pl.concat(frames).drop_nulls(["ra", "dec"])


def rows_within(density: SkyDensity, ra: float, dec: float, reach: float) -> int:
    """Return at most how many rows lie within a circle (deg), from the counts of cells."""
    if np.isnan(dec):
        return 0
    total = np.concatenate([[0], np.cumsum(density.counts)])
    shift = 2 * (sky.ORDER - density.order)
    rows = 0
    last = -1
    for low, high in sorted(sky.cone_ranges(ra, dec, min(reach, 180.0))):
        first = max(low >> shift, last + 1)
        last = max((high - 1) >> shift, last)
        ends = np.searchsorted(density.cells, (first, last + 1))
        rows += int(total[ends[1]] - total[ends[0]])
    return rows


def box_around(ra: float, dec: float, reach: float) -> Box:
    """Return a box of RA and Dec that contains a circle (deg)."""
    low, high = max(dec - reach, -90.0), min(dec + reach, 90.0)
    farthest = max(abs(low), abs(high))
    cosine = np.cos(np.radians(farthest))
    half = reach / cosine if cosine > 0.01 else 180.0
    if half >= 180:
        return Box(0.0, 360.0, low, high)
    return Box(float((ra - half) % 360), float((ra + half) % 360), low, high)


def _counted(density: SkyDensity, view: Projection, window: Window) -> Sight:
    """Return the counts as an image, their logarithm from 1 to 255."""
    width, height = PIXELS
    counts = density.image(view, *window, width=width, height=height)
    most = int(counts.max(initial=0))
    image = np.zeros(counts.shape, np.uint8)
    some = counts > 0
    scale = np.log(counts[some]) / np.log(most) if most > 1 else np.zeros(some.sum())
    image[some] = 1 + np.round(254 * scale)
    cell = ARCMIN_ORDER_0 / 2**density.order
    size = f"{cell:.3g} arcmin" if cell >= 1 else f"{60 * cell:.3g} arcsec"
    words = (
        f"{density.rows:,} rows counted in cells of {size}, darker for more: up to "
        f"{most:,} in one here; zoom in for single rows"
    )
    return Sight(view, window, image, None, words)
