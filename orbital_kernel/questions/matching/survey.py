"""The survey of a match: cells and errors of the catalogues, streamed once or held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.database import Store
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause
from orbital_kernel.model.sky import FULL_SKY, ORDER, cone_ranges
from orbital_kernel.questions.matching.held import Held
from orbital_kernel.questions.matching.reading import (
    MOST_SIGMA_ARCSEC,
    STATED,
    TYPICAL,
    has_radius,
)
from orbital_kernel.questions.matching.task import healpix_clause
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.science.matching.errorcircles import covariances, largest_sigma
from orbital_kernel.science.matching.typical import with_typical_errors

Ints = NDArray[np.int64]

CELL_ORDER = 8
"""Cells of the survey, 13.7 arcmin: the smallest tile."""
NO_CELLS = pl.DataFrame(schema={"healpix": pl.Int64, "count": pl.UInt32})


@dataclass(frozen=True)
class Survey:
    """Rows by cell of order CELL_ORDER, widest error (one sigma), rows without position."""

    cells: dict[str, tuple[Ints, Ints]]
    sigma_arcsec: float
    without_position: dict[str, int]

    def total(self) -> tuple[Ints, Ints]:
        """Return all occupied cells and how many rows each has."""
        cells = np.concatenate([c for c, _ in self.cells.values()])
        counts = np.concatenate([n for _, n in self.cells.values()])
        order = np.argsort(cells, kind="stable")
        first = np.flatnonzero(np.diff(cells[order], prepend=-1))
        if not first.size:
            return cells, counts
        return cells[order[first]], np.add.reduceat(counts[order], first)


def wide_ranges(
    region: tuple[float, float, float] | None,
) -> list[tuple[int, int]]:
    """Return the cells surveyed for a region: also its surroundings, for priors."""
    if region is None:
        return [FULL_SKY]
    ra, dec, radius = region
    return cone_ranges(ra % 360, dec, min(max(2 * radius, radius + 2), 180.0))


def survey(
    store: Store,
    names: Sequence[str],
    region: tuple[float, float, float] | None,
    held: Held | None = None,
) -> Survey:
    """Survey the catalogues, side by side: rows that are held, or streamed."""
    clauses = [] if region is None else [healpix_clause(wide_ranges(region))]

    def of(name: str) -> _Part:
        if held is None:
            return _streamed(store, clauses, name)
        rows = held.frames[name]
        cells = _summed([NO_CELLS, _cells(rows)])
        return _Part(cells, _widest(rows, name), held.without_position.get(name, 0))

    parts = dict(zip(names, side_by_side(of, names), strict=True))
    return Survey(
        {name: part.cells for name, part in parts.items()},
        max(part.sigma_arcsec for part in parts.values()),
        {n: p.without_position for n, p in parts.items() if p.without_position},
    )


class _Part(NamedTuple):
    """What a survey sees of one catalogue."""

    cells: tuple[Ints, Ints]
    sigma_arcsec: float
    without_position: int


def _streamed(store: Store, clauses: Sequence[Clause], name: str) -> _Part:
    """Survey a catalogue batch by batch; typical errors in a second pass, if needed."""
    table, parts, unstated = f"{name}.sources", [NO_CELLS], False
    missing, sigma = 0, 0.0
    with store.transaction() as tx:
        for batch in tx.stream(table, clauses, columns=list(STATED)):
            rows = frame_of(pa.Table.from_batches([batch]))
            placed = rows.filter(pl.col("healpix").fill_null(-1) >= 0)
            missing += rows.height - placed.height
            parts.append(_cells(placed))
            stated = placed.filter(has_radius())
            unstated |= stated.height < placed.height
            sigma = max(sigma, _widest(stated, name))
        columns = [*STATED, *TYPICAL]
        for batch in tx.stream(table, clauses, columns=columns) if unstated else ():
            rows = frame_of(pa.Table.from_batches([batch])).filter(~has_radius())
            placed = rows.filter(pl.col("healpix").fill_null(-1) >= 0)
            sigma = max(sigma, _widest(placed, name))
    return _Part(_summed(parts), sigma, missing)


def _cells(placed: pl.DataFrame) -> pl.DataFrame:
    """Return how many rows each cell of the survey has."""
    cell = pl.col("healpix") // 4 ** (ORDER - CELL_ORDER)
    return placed.group_by(cell).len("count")


def _summed(parts: Sequence[pl.DataFrame]) -> tuple[Ints, Ints]:
    counted = pl.concat(parts).group_by("healpix").agg(pl.col("count").sum())
    counted = counted.sort("healpix").cast(pl.Int64)
    return counted["healpix"].to_numpy(), counted["count"].to_numpy()


def _widest(rows: pl.DataFrame, name: str) -> float:
    if rows.is_empty():
        return 0.0
    stated = with_typical_errors(rows, observatories()[name].instruments)
    sigma = largest_sigma(covariances(stated, side=name))
    usable = sigma[sigma <= MOST_SIGMA_ARCSEC]
    return float(usable.max()) if usable.size else 0.0
