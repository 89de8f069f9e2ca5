"""The plan of a match: tiles of the sky, and what all tiles have to agree on.

A survey streams cells and errors of both catalogues once. From it come the tiles, each
with at most MOST_ROWS rows, and the margin around them. Frame offset and priors are
estimated on a sample of stretches of the sky that depends on the survey only, so that
every cutting gives the same posteriors.
"""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import FULL_SKY, ORDER, cone_ranges
from orbital_kernel.questions.matching.held import Held, Rows, Stored
from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.questions.matching.reading import (
    PLAIN,
    Choice,
    Sky,
    listed,
)
from orbital_kernel.questions.matching.survey import CELL_ORDER, Survey, survey
from orbital_kernel.questions.matching.task import (
    N_SIGMA,
    Pairing,
    Plan,
    Tile,
)
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.science.matching.joining import distinct, places
from orbital_kernel.science.ranges import expand

Ints = NDArray[np.int64]

MOST_ROWS = 250_000
SAMPLE_ROWS = 400_000
STRETCHES = 48
LEAST_MARGIN_ARCMIN = 6.0
MOST_RANGES = 128


def make_plan(
    store: Store,
    names: Sequence[str],
    *,
    within_arcsec: float | None,
    region: tuple[float, float, float] | None,
    most_rows: int = MOST_ROWS,
    choice: Choice = PLAIN,
    held: Held | None = None,
) -> Plan:
    """Survey the catalogues, cut the sky and estimate what the tiles share."""
    names = tuple(sorted(names))
    surveyed = survey(store, names, region, held)
    tiles = cut(surveyed, region, most_rows)
    pairings = _pairings(held or Stored(store, choice), names, surveyed, choice)
    plan = Plan(
        "",
        names,
        within_arcsec,
        region,
        pairings,
        tiles,
        surveyed.without_position if region is None else {},
        *choice,
    )
    text = plan.as_json() + json.dumps([(t.low, t.high, t.rows) for t in tiles])
    return replace(plan, run_id=hashlib.sha256(text.encode()).hexdigest()[:16])


def cut(
    surveyed: Survey, region: tuple[float, float, float] | None, most_rows: int
) -> tuple[Tile, ...]:
    """Cut the sky, or the region, into tiles of at most `most_rows` where cells allow."""
    cells, counts = surveyed.total()
    if region is not None:
        inside = _in_ranges(cells, cone_ranges(region[0] % 360, *region[1:]))
        inner, inner_counts = cells[inside], counts[inside]
    else:
        inner, inner_counts = cells, counts
    if not inner.size:
        return (Tile(*FULL_SKY, (), 0),)
    starts, held = [0], 0
    for place, count in enumerate(inner_counts.tolist()):
        if held and held + count > most_rows:
            starts.append(place)
            held = 0
        held += count
    scale = 4 ** (ORDER - CELL_ORDER)
    bounds = [0, *(int(inner[place]) * scale for place in starts[1:]), FULL_SKY[1]]
    before = np.cumsum(counts) - counts
    order = _margin_order(surveyed.sigma_arcsec)
    tiles = []
    for low, high, first, last in zip(
        bounds, bounds[1:], starts, [*starts[1:], inner.size], strict=False
    ):
        ranges = _ranges(inner[first:last], cells, before, order)
        tiles.append(Tile(low, high, ranges, int(inner_counts[first:last].sum())))
    return tuple(tiles)


def _in_ranges(cells: Ints, ranges: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    scale = 4 ** (ORDER - CELL_ORDER)
    inside = np.zeros(cells.size, bool)
    for low, high in ranges:
        inside |= (cells >= low // scale) & (cells <= (high - 1) // scale)
    return inside


def _margin_order(sigma_arcsec: float) -> int:
    """Return the order of cells that are wider than the margin."""
    margin = max(LEAST_MARGIN_ARCMIN, 3 * N_SIGMA * sigma_arcsec / 60)
    order = CELL_ORDER
    while order > 0 and 58.6 * 60 / 2**order * 0.6 < margin:
        order -= 1
    return order


def _ranges(
    core: Ints, occupied: Ints, before: Ints, order: int
) -> tuple[tuple[int, int], ...]:
    """Return ranges that cover the occupied cells of a tile and of its margin.

    They are cut where most rows of other tiles lie between; `before` has the rows that
    lie before each occupied cell.
    """
    shift = 2 * (CELL_ORDER - order)
    coarse = distinct(core >> shift)
    from cdshealpix.nested import neighbours as cells_beside  # noqa: PLC0415 - slow

    around = cells_beside(coarse.astype(np.uint64), order).astype(np.int64)
    near = distinct(np.concatenate([coarse, around[around >= 0]]))
    ends = (
        np.searchsorted(occupied >> shift, near, side) for side in ("left", "right")
    )
    places = expand(*ends)[1]
    between = before[places[1:]] - before[places[:-1] + 1]
    breaks = np.sort(np.argsort(between, kind="stable")[::-1][: MOST_RANGES - 1])
    breaks = breaks[between[breaks] > 0]
    cells = occupied[places]
    scale = 4 ** (ORDER - CELL_ORDER)
    lows = np.concatenate([cells[:1], cells[breaks + 1]]) * scale
    highs = (np.concatenate([cells[breaks], cells[-1:]]) + 1) * scale
    return tuple(zip(lows.tolist(), highs.tolist(), strict=True))


def _pairings(
    rows: Rows, names: Sequence[str], surveyed: Survey, choice: Choice
) -> tuple[Pairing, ...]:
    ranges = sample_ranges(surveyed)
    sample = Sky(tuple(ranges))

    def read(name: str) -> pl.DataFrame | None:
        if not ranges:
            return None
        return listed(rows.sources(name, sample), name, choice).sources

    lists = dict(zip(names, side_by_side(read, names), strict=True))
    _require_brightness(lists, choice)
    positions = {name: places(_some(lists[name]), name) for name in names}
    return tuple(
        pairing_of(left, right, positions[left], positions[right])
        for left, right in itertools.combinations(names, 2)
    )


def _require_brightness(
    lists: Mapping[str, pl.DataFrame | None], choice: Choice
) -> None:
    """Refuse a brightness that no source has."""
    frames = [frame for frame in lists.values() if frame is not None]
    if choice.brightness is None or not frames:
        return
    if all(f["brightness"].null_count() == f.height for f in frames):
        raise QueryError(
            f"no source of {', '.join(lists)} has a {choice.brightness!r}: name flux, or "
            "a number in the column `extra` of the catalogues"
        )


def _some(sources: pl.DataFrame | None) -> pl.DataFrame:
    if sources is not None:
        return sources
    return pl.DataFrame(schema={"ra": pl.Float64, "dec": pl.Float64})


def sample_ranges(surveyed: Survey) -> list[tuple[int, int]]:
    """Return even stretches of the sky with about SAMPLE_ROWS rows, of whole cells.

    Few and long: each stretch is a condition that the database has to be sent.
    """
    cells, counts = surveyed.total()
    total = int(counts.sum())
    if total <= SAMPLE_ROWS:
        return [FULL_SKY] if cells.size else []
    before = np.cumsum(counts) - counts
    begin = np.arange(STRETCHES) * total // STRETCHES
    first = np.searchsorted(before, begin)
    last = np.searchsorted(before, begin + SAMPLE_ROWS // STRETCHES)
    scale = 4 ** (ORDER - CELL_ORDER)
    return [
        (int(cells[low]) * scale, (int(cells[high - 1]) + 1) * scale)
        for low, high in zip(first, last, strict=True)
        if high > low
    ]
