"""Columns of the sky map: the cone and the positions of rows, on the map's plane."""

from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.plots import sky_lines, theme
from orbital_kernel.plots.equal_area import Projection
from orbital_widgets.outline import outline
from orbital_widgets.results import Outcome
from orbital_widgets.selection import Selection

CONE = ("x", "y", "dec", "x0", "y0")
ROWS = ("x", "y", "ra", "dec", "color", "row")


def cone(selection: Selection, view: Projection) -> dict[str, Any]:
    """Return the outline (x, y, dec) and centre (x0, y0) of the cone, empty without one."""
    ra, dec, radius = selection.ra, selection.dec, selection.radius_arcmin
    if ra is None or dec is None or radius is None:
        return {name: [] for name in CONE}
    ras, decs = outline(ra, dec, radius)
    x, y = sky_lines.broken(*view.forward(ras, decs))
    edge = np.full((3, len(x)), np.nan)
    edge[0, : len(decs)] = decs[: len(x)]
    edge[1][0], edge[2][0] = view.forward(ra, dec)
    return dict(zip(CONE, (x, y, *edge), strict=True))


def positions(
    outcome: Outcome, observatories: tuple[str, ...], view: Projection
) -> dict[str, Any]:
    """Return where rows are, their colours by observatory, and the rows' numbers."""
    if not {"ra", "dec"} <= set(outcome.frame.columns):
        return {name: [] for name in ROWS}
    rows = outcome.frame.with_row_index("row").drop_nulls(["ra", "dec"])
    return dots(rows, observatories, view)


def dots(
    rows: pl.DataFrame, observatories: tuple[str, ...], view: Projection
) -> dict[str, Any]:
    """Return rows with ra, dec (ICRS deg), observatory and row as dots of the map."""
    palette = theme.colors(observatories)
    ra, dec = rows["ra"].to_numpy() % 360, rows["dec"].to_numpy().copy()
    x, y = view.forward(ra, dec)
    colors = [palette[name] for name in rows["observatory"]]
    number = rows["row"].to_numpy().astype(np.int32)
    return dict(zip(ROWS, (x, y, ra, dec, colors, number), strict=True))
