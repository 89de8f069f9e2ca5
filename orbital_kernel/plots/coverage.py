"""The part of the sky that was looked at, shaded on a map."""

from typing import Any, Protocol

import numpy as np
from cdshealpix.nested import vertices
from mocpy import MOC

MOST_CELLS = 6_000
WIDEST_SHARE = 0.2
"""Cells wider than this share of the map are cut by its edge and not drawn."""


class Covers(Protocol):
    """What covers a part of the sky."""

    @property
    def moc(self) -> MOC:
        """The part."""


def shaded(drawn: Any, moc: MOC, to_map: Any, *, color: str) -> list[Any]:
    """Shade the cells of a MOC, merged until there are few enough; return the glyphs."""
    part = moc
    while _cells(part) > MOST_CELLS:
        part = part.degrade_to_order(part.max_order - 1)
    xs, ys = [], []
    reach = WIDEST_SHARE * abs(_width(drawn))
    for cell, order in _listed(part):
        lon, lat = vertices(np.array([cell], dtype=np.uint64), order)
        x, y = to_map(np.degrees(lon.rad[0]), np.degrees(lat.rad[0]))
        if np.isfinite([*x, *y]).all() and (not reach or np.ptp(x) <= reach):
            xs.append(list(x))
            ys.append(list(y))
    return [drawn.patches(xs, ys, fill_color=color, fill_alpha=0.25, line_color=None)]


def _listed(moc: MOC) -> list[tuple[int, int]]:
    """Return the cells of a MOC with their orders."""
    tree = moc.serialize(format="json")
    return [(cell, int(order)) for order, cells in tree.items() for cell in cells]


def _cells(moc: MOC) -> int:
    return len(_listed(moc))


def _width(drawn: Any) -> float:
    start, end = drawn.x_range.start, drawn.x_range.end
    return 0.0 if start is None or end is None else float(end - start)
