"""Rows of an offered file that other files hold: each is counted once, in one state.

A cut-out, its whole list and a list of another source may all be stored when a file is
offered that shares rows with each of them.
"""

from dataclasses import dataclass, field

import polars as pl

CHANGED, SAME, GONE = range(3)
"""A stored file has the row with other values; with the same; or in its place."""
STATE = "$state"


@dataclass
class Known:
    """What is known of an offered file's rows, table by table, by their ids."""

    row_id: str
    _rows: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def note(self, table: str, rows: pl.DataFrame, state: int) -> None:
        """Note rows that a stored file holds; of several states the last listed counts."""
        if len(rows):
            noted = rows.select(self.row_id, pl.lit(state, pl.Int8).alias(STATE))
            self._rows.setdefault(table, []).append(noted)

    def count(self, counts: dict[str, dict[str, int]]) -> None:
        """Turn rows counted as inserted into updated, unchanged and excluded ones."""
        for table, parts in self._rows.items():
            states = pl.concat(parts).group_by(self.row_id).max()[STATE]
            of_table = counts[table]
            of_table["inserted"] -= len(states)
            of_table["updated"] += int((states == CHANGED).sum())
            of_table["unchanged"] += int((states == SAME).sum())
