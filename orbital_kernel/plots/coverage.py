"""The part of the sky that was looked at, shaded and outlined on a map."""

from typing import Any, Protocol

import numpy as np
from cdshealpix.nested import vertices
from mocpy import MOC

from orbital_kernel.plots import sky_lines

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
    while part.uniq_hpx.size > MOST_CELLS:
        part = part.degrade_to_order(part.max_order - 1)
    uniq = part.uniq_hpx.astype(np.int64)
    orders = np.floor(np.log2(np.maximum(uniq, 4) / 4) / 2).astype(int)
    xs, ys = [], []
    reach = WIDEST_SHARE * abs(_width(drawn))
    for order in np.unique(orders):
        cells = uniq[orders == order] - 4 * 4 ** int(order)
        lon, lat = vertices(cells.astype(np.uint64), int(order))
        x, y = to_map(np.degrees(lon.rad), np.degrees(lat.rad))
        drawable = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
        if reach:
            drawable &= np.ptp(x, axis=1) <= reach
        xs += x[drawable].tolist()
        ys += y[drawable].tolist()
    return [drawn.patches(xs, ys, fill_color=color, fill_alpha=0.25, line_color=None)]


def outlined(drawn: Any, moc: MOC, to_map: Any, *, color: str) -> Any:
    """Draw the outline of a MOC; return the glyph."""
    x, y = sky_lines.joined(sky_lines.outlines(moc, to_map))
    return drawn.line(x, y, color=color, line_width=1.2, line_alpha=0.9)


def _width(drawn: Any) -> float:
    start, end = drawn.x_range.start, drawn.x_range.end
    return 0.0 if start is None or end is None else float(end - start)
