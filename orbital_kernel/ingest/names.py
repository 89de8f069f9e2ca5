"""Names and places of one transaction's rows, written with them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from orbital_kernel.database import naming, placing
from orbital_kernel.ingest.checksum import SHA
from orbital_kernel.ingest.tally import Tally, added
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause
from orbital_kernel.model.spelling import normalised

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

PLACING = ("burst", "target")
"""Kinds of names whose positions are places of points."""


class Names:
    """Names that one transaction brings, and the places that it gives to points."""

    def __init__(self, tx: "Transaction") -> None:
        self._tx = tx
        self._frames: list[pl.DataFrame] = []
        self._placing: set[str] = set()

    def add(self, table: str, rows: pa.Table) -> None:
        """Take the names of rows that are written to a table."""
        columns = naming.columns_of(table)
        if not columns or not len(rows):
            return
        frame = frame_of(rows.select(list(columns)))
        names = [naming.names_of(table, frame)]
        if table.endswith(".photometry"):
            extra = frame_of(rows.select(["object", "simulated", "extra"]))
            names.append(naming.aliases_of(table, extra))
        self._frames = [naming.united(pl.concat([*self._frames, *names]))]

    def placed(
        self, table: str, rows: pa.Table, tallies: Mapping[str, Tally]
    ) -> pa.Table:
        """Return rows to insert, points with their places; count these by file."""
        if not table.endswith(".photometry"):
            self.add(table, rows)
            return rows
        naming.require_table(self._tx)
        if not placing.is_placed(self._tx, table):
            self.add(table, rows)
            return rows
        rows = placing.placed(self._tx, table, rows)
        self.add(table, rows)
        for sha256, places in placing.places_by(rows, SHA).items():
            tallies[sha256].places = added(tallies[sha256].places, places)
        return rows

    def forget(self, table: str, of_file: Sequence[Clause]) -> None:
        """Take the names of rows that will be deleted, so that they are read again."""
        existing = self._tx.columns(table)
        columns = [c for c in naming.columns_of(table) if c in existing]
        if columns:
            rows = frame_of(self._tx.select(table, of_file, columns=columns))
            self._frames.append(naming.names_of(table, rows))

    def register(self) -> None:
        """Write the names taken so far."""
        names, self._frames = self._frames, []
        if names:
            frame = naming.united(pl.concat(names))
            naming.register(self._tx, frame)
            places = frame.filter(
                pl.col("kind").is_in(PLACING), pl.col("ra").is_not_null()
            )
            self._placing |= set(map(normalised, places["name"]))

    def finish(self) -> None:
        """Write the remaining names, and give places to points stored before."""
        self.register()
        if self._placing:
            for table, points in placing.fill(self._tx, self._placing):
                self.add(table, points)
            self.register()
