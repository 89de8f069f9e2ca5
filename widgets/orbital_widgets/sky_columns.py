"""Columns of the sky map: the cone and the positions of rows."""

from typing import Any

import numpy as np

from orbital_kernel.plots import theme
from orbital_widgets.outline import outline
from orbital_widgets.results import Outcome
from orbital_widgets.selection import Selection


def cone(selection: Selection) -> dict[str, Any]:
    """Return the outline (ra, dec) and centre (ra0, dec0) of the cone, empty without a cone."""
    ra, dec, radius = selection.ra, selection.dec, selection.radius_arcmin
    if ra is None or dec is None or radius is None:
        return {"ra": [], "dec": [], "ra0": [], "dec0": []}
    ras, decs = outline(ra, dec, radius)
    ra0, dec0 = np.full((2, len(ras)), np.nan)
    ra0[0], dec0[0] = ra, dec
    return {"ra": ras, "dec": decs, "ra0": ra0, "dec0": dec0}


def positions(outcome: Outcome, observatories: tuple[str, ...]) -> dict[str, Any]:
    """Return positions (ICRS degrees), colours by observatory, and the rows' numbers."""
    if not {"ra", "dec"} <= set(outcome.frame.columns):
        return {"ra": [], "dec": [], "color": [], "row": []}
    placed = outcome.frame.with_row_index("row").drop_nulls(["ra", "dec"])
    palette = theme.colors(observatories)
    return {
        "ra": placed["ra"].to_numpy() % 360,
        "dec": placed["dec"].to_numpy().copy(),
        "color": [palette[name] for name in placed["observatory"]],
        "row": placed["row"].to_numpy().astype(np.int32),
    }
