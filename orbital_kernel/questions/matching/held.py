"""Rows of a match: read from the database tile by tile, or once and held in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.sky import FULL_SKY
from orbital_kernel.questions.matching.reading import Choice, Sky, near, with_errors
from orbital_kernel.questions.matching.task import healpix_clause
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.science.matching.registry import KNOWN

MOST_HELD = 3_000_000
"""Rows, of about 150 bytes each."""
REGISTERED = (*KNOWN, "event", "other_id", "run_id", "healpix")


class Rows(Protocol):
    """Where a tile has its rows from."""

    def sources(self, name: str, sky: Sky) -> pl.DataFrame:
        """Return an observatory's rows with a position in some sky."""

    def registered(self, sky: Sky) -> pl.DataFrame:
        """Return what is registered of the members in some sky."""


@dataclass(frozen=True)
class Stored:
    """Rows that are read from the database for each tile."""

    store: Store
    choice: Choice

    def sources(self, name: str, sky: Sky) -> pl.DataFrame:
        """Return an observatory's rows with a position in some sky."""
        return near(self.store.read, f"{name}.sources", sky, self.choice.columns)

    def registered(self, sky: Sky) -> pl.DataFrame:
        """Return what is registered of the members in some sky."""
        clause = healpix_clause(sky.ranges or ((0, 1),))
        return frame_of(
            self.store.read("cross.identities", [clause], columns=REGISTERED)
        )


@dataclass(frozen=True)
class Held:
    """Rows that were read once, in order of their cells, and how many have no position."""

    frames: dict[str, pl.DataFrame]
    identities: pl.DataFrame
    without_position: dict[str, int]

    def sources(self, name: str, sky: Sky) -> pl.DataFrame:
        """Return an observatory's rows with a position in some sky."""
        return _within(self.frames[name], sky)

    def registered(self, sky: Sky) -> pl.DataFrame:
        """Return what is registered of the members in some sky."""
        return _within(self.identities, sky)


def hold(
    store: Store,
    names: Sequence[str],
    ranges: Sequence[tuple[int, int]],
    choice: Choice,
) -> Held | None:
    """Read the rows of a match at once; None if there are more than MOST_HELD.

    Without `ranges` of cells they are those of the whole sky.
    """
    tables = [f"{name}.sources" for name in names]
    if sum(map(store.rows, (*tables, "cross.identities"))) > MOST_HELD:
        return None
    clause = healpix_clause(ranges or [FULL_SKY])

    def read(name: str) -> tuple[pl.DataFrame, int]:
        with store.transaction() as tx:
            rows = with_errors(tx.select, f"{name}.sources", [clause], choice.columns)
            return _in_order(rows), tx.rows(f"{name}.sources") - rows.height

    parts = dict(zip(names, side_by_side(read, names), strict=True))
    known = store.read("cross.identities", [clause], columns=REGISTERED)
    return Held(
        {name: rows for name, (rows, _) in parts.items()},
        _in_order(frame_of(known)),
        {} if ranges else {name: missing for name, (_, missing) in parts.items()},
    )


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with a position in order of their cells, copied only if needed."""
    if {"ra", "dec"} <= set(rows.columns):
        unplaced = rows["ra"].null_count() + rows["dec"].null_count()
        rows = rows.drop_nulls(["ra", "dec"]) if unplaced else rows
    return rows if rows["healpix"].is_sorted() else rows.sort("healpix")


def _within(rows: pl.DataFrame, sky: Sky) -> pl.DataFrame:
    """Return the rows in some sky, of rows in order of their cells."""
    cells = rows["healpix"].to_numpy()
    parts = [rows.clear()]
    for low, high in np.searchsorted(cells, np.array(sky.ranges).reshape(-1, 2)):
        parts.append(rows[low:high])
    return pl.concat(parts)
