"""Lines of a sky map: the graticule with RA in hours, circles, and outlines of MOCs."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from cdshealpix.nested import neighbours, vertices
from mocpy import MOC
from numpy.typing import NDArray

from orbital_kernel.plots.equal_area import Hammer, Projection, Reals

ToMap = Callable[[Reals, Reals], tuple[Reals, Reals]]
Lines = tuple[list[Reals], list[Reals]]
MINUS = "\N{MINUS SIGN}"
DEGREES = "\N{DEGREE SIGN}\N{PRIME}\N{DOUBLE PRIME}"
MOST_CELLS = 30_000
WIDEST_DEG = 30.0
"""A segment longer than this crosses the map's edge and is not drawn."""
DEC_STEPS = (30.0, 10.0, 5.0, 2.0, 1.0, 0.5, 1 / 6, 1 / 12, 1 / 30, 1 / 60, 1 / 120)
RA_STEPS = (30.0, 15.0, 7.5, 2.5, 1.25, 0.5, 0.25, 1 / 12, 1 / 24, 1 / 48, 1 / 240)
"""Steps of the graticule, deg: RA steps are whole hours, minutes or seconds."""
LINES_A_VIEW = 4
SIDES = ((1, 0, 1), (5, 1, 2), (7, 2, 3), (3, 3, 0))
"""Neighbour across a side and the vertices of the side: cdshealpix's own numbers."""


def graticule(
    view: Projection, centre: tuple[float, float], reach_deg: float
) -> tuple[Lines, dict[str, list[Any]]]:
    """Return lines of RA and Dec about a place, and labels with x, y and text.

    `reach_deg` is half the width of what is seen.
    """
    whole = isinstance(view, Hammer)
    dec_step = _step(DEC_STEPS, reach_deg)
    cosine = max(np.cos(np.radians(centre[1])), 0.05)
    ra_step = 30.0 if whole else _step(RA_STEPS, reach_deg / cosine)
    low, high = max(centre[1] - reach_deg, -90.0), min(centre[1] + reach_deg, 90.0)
    decs = _ticks(low, high, dec_step, at_most=89.999)
    wide = min(reach_deg / cosine, 180.0)
    ras = _ticks(centre[0] - wide, centre[0] + wide, ra_step)
    if whole or wide >= 180:
        ras, decs = np.arange(0, 360.001, 30.0), np.arange(-60, 61, 30.0)
        low, high, wide = -90.0, 90.0, 180.0
    up = np.linspace(low, high, 61)
    along = np.linspace(centre[0] - wide, centre[0] + wide, 121)
    if whole:
        along = np.linspace(0, 360, 121)
    meridians = [view.forward(np.full(up.size, ra), up) for ra in ras]
    parallels = [view.forward(along, np.full(along.size, dec)) for dec in decs]
    drawn = [broken(*line) for line in (*meridians, *parallels)]
    at = 0.0 if whole else centre[1]
    inner = ras[(ras > 0) & (ras < 360)] if whole else ras
    x, y = view.forward(inner, np.full(inner.size, at))
    left = 359.999 if whole else centre[0]
    x2, y2 = view.forward(np.full(decs.size, left), decs)
    labels = {
        "x": [*x, *x2],
        "y": [*y, *y2],
        "text": [*map(hours, inner), *map(degrees, decs)],
    }
    return ([x for x, _ in drawn], [y for _, y in drawn]), labels


def broken(x: Reals, y: Reals) -> tuple[Reals, Reals]:
    """Return a line with a gap wherever it would cross the map from edge to edge."""
    jump = np.hypot(np.diff(x), np.diff(y)) > WIDEST_DEG
    at = np.flatnonzero(jump) + 1
    return np.insert(x, at, np.nan), np.insert(y, at, np.nan)


def outlines(moc: MOC, to_map: ToMap) -> Lines:
    """Return the sides of a MOC's cells that have no cell beyond, as lines of the map.

    Fine cells are merged until there are few enough to draw.
    """
    part = moc
    while part.max_order > 0 and part.flatten().size > MOST_CELLS:
        part = part.degrade_to_order(part.max_order - 1)
    order = int(part.max_order)
    cells = np.sort(part.flatten().astype(np.int64))
    if cells.size == 0:
        return [], []
    beyond = np.asarray(neighbours(cells.astype(np.uint64), order)).astype(np.int64)
    lon, lat = vertices(cells.astype(np.uint64), order)
    x, y = to_map(np.degrees(lon.rad), np.degrees(lat.rad))
    xs: list[Reals] = []
    ys: list[Reals] = []
    for side, first, last in SIDES:
        edge = ~_member(cells, beyond[:, side])
        edge &= (
            np.hypot(x[:, last] - x[:, first], y[:, last] - y[:, first]) < WIDEST_DEG
        )
        xs += list(x[edge][:, [first, last]])
        ys += list(y[edge][:, [first, last]])
    return xs, ys


def joined(lines: Lines) -> tuple[Reals, Reals]:
    """Return many lines as one with gaps, which a browser draws at once."""
    gap = np.array([np.nan])
    parts = [
        (np.concatenate([x, gap]), np.concatenate([y, gap]))
        for x, y in zip(*lines, strict=True)
    ]
    if not parts:
        return np.empty(0), np.empty(0)
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def hours(ra: float) -> str:
    """Return RA in hours, with minutes and seconds where it has some."""
    seconds = round(ra % 360 * 240)
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    last = max((i for i, part in enumerate(parts) if part), default=0)
    return " ".join(
        f"{part}{unit}" for part, unit in zip(parts[: last + 1], "hms", strict=False)
    )


def degrees(dec: float) -> str:
    """Return Dec in degrees, with minutes and seconds of arc where it has some."""
    seconds = round(abs(dec) * 3600)
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    last = max((i for i, part in enumerate(parts) if part), default=0)
    sign = MINUS if dec < 0 and seconds else "+" if seconds else ""
    return sign + " ".join(
        f"{part}{unit}" for part, unit in zip(parts[: last + 1], DEGREES, strict=False)
    )


def _member(cells: NDArray[np.int64], queried: NDArray[np.int64]) -> NDArray[np.bool_]:
    at = np.minimum(np.searchsorted(cells, queried), cells.size - 1)
    return np.asarray(cells[at] == queried)


def _step(steps: Iterable[float], reach: float) -> float:
    several = [step for step in steps if 2 * reach / step >= LINES_A_VIEW]
    return several[0] if several else min(steps)


def _ticks(low: float, high: float, step: float, at_most: float = np.inf) -> Reals:
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return np.asarray(ticks[np.abs(ticks) <= at_most])
