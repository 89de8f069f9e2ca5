"""Places of new rows, gathered so that few queries read what is stored near them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.model.sky import FULL_SKY, ORDER, healpix, separation_deg
from orbital_kernel.query import Cone
from orbital_kernel.science.novelty import SIGMAS

WIDEST_ARCSEC = 30.0
"""1-sigma error of earlier places up to which none is missed."""
FINEST_ORDER = 7
SELECTS_S, ROWS_PER_S = 0.02, 500_000.0
"""Time to ask the tables for one neighbourhood, and rows read in a second."""
CONE_SHARE = 1.6
"""Area of the cone around a cell, over the cell's."""
COMPACT_ARCMIN = 60.0
"""Rows within so small a cone are read at once: a field of view, or less."""


@dataclass(frozen=True)
class Neighbourhood:
    """New rows near each other, and the cone in which all that concerns them lies."""

    new: pl.DataFrame
    cone: Cone | None
    low: int
    high: int
    """HEALPix indices (order 29) from which on its rows are, and those of later ones."""


@dataclass(frozen=True)
class Reading:
    """How the rows near new ones are read, estimated.

    By one cone around all of them, by cells of an order, or the whole tables.
    """

    order: int | None
    queries: int = 1
    rows: int | None = None
    seconds: float = SELECTS_S
    cone: Cone | None = None


def reading(new: pl.DataFrame, count: Callable[[], int]) -> Reading:
    """Return the fastest way to read what is near.

    `count` is asked how many rows are stored, unless the new ones are near each other.
    """
    cone = None if new.is_empty() else _cone(new)
    if cone is not None and cone.radius_arcmin <= COMPACT_ARCMIN:
        return Reading(None, cone=cone)
    stored = count()
    whole = Reading(None, 1, stored, SELECTS_S + stored / ROWS_PER_S)
    cells = _cells(new)
    ways = [whole]
    for order in range(FINEST_ORDER + 1):
        number = len(np.unique(cells >> 2 * (ORDER - order)))
        share = min(number * CONE_SHARE / (12 * 4**order), 1.0)
        rows = int(share * stored)
        ways.append(
            Reading(order, number, rows, number * SELECTS_S + rows / ROWS_PER_S)
        )
    return min(ways, key=lambda way: way.seconds)


def neighbourhoods(new: pl.DataFrame, way: Reading) -> Iterator[Neighbourhood]:
    """Yield the new rows by what is read at once, from the first cell to the last."""
    if new.is_empty():
        return
    if way.order is None:
        yield Neighbourhood(new, way.cone, *FULL_SKY)
        return
    shift = 2 * (ORDER - way.order)
    cells = pl.Series("cell", _cells(new) >> shift)
    for (cell,), group in sorted(
        new.group_by(cells, maintain_order=True), key=lambda part: int(str(part[0][0]))
    ):
        index = int(str(cell))
        yield Neighbourhood(group, _cone(group), index << shift, (index + 1) << shift)


def _cells(new: pl.DataFrame) -> NDArray[np.int64]:
    return healpix(new["ra"].to_numpy(), new["dec"].to_numpy())


def _cone(group: pl.DataFrame) -> Cone | None:
    """Return a cone around rows, wide enough for their errors; None for all the sky."""
    ra, dec = (np.radians(group[name].to_numpy()) for name in ("ra", "dec"))
    x, y, z = (
        float(np.mean(part))
        for part in (np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec))
    )
    at = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
    apart = separation_deg(*at, group["ra"].to_numpy(), group["dec"].to_numpy())
    widest = float(np.max(group["radius_arcsec"].fill_null(0.0).to_numpy()))
    margin = SIGMAS * (widest + WIDEST_ARCSEC) / 60
    radius = float(np.max(apart)) * 60 + margin
    return None if radius >= 90 * 60 else Cone(float(at[0]), float(at[1]), radius)
