"""Rows, and how they were found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Explain:
    """How a query was answered.

    `rows_read` is of the row groups the server really opened, `estimated_rows` of those
    its statistics left; both null where they are not told or were not asked.
    `selects` were cut into `splits`, each read in one request or more. `sort_key` is of the table, or of the `projection` that was read instead.
    `milliseconds` is from question to frame; `stages` is where they went.
    """

    table: str
    pushed: list[str]
    residual: list[str]
    sort_key: list[str]
    sky_ranges: int
    rows_read: int | None
    rows_stored: int
    rows_fetched: int
    rows_returned: int
    bytes: int
    milliseconds: float
    stages: dict[str, float] = field(default_factory=dict)
    engine: str = ""
    estimated_rows: int | None = None
    row_groups_read: int | None = None
    selects: int = 1
    requests: int = 0
    cold: bool = False
    projection: str = ""
    splits: int = 0

    def __str__(self) -> str:
        """Return the explanation in lines people can read."""
        found = _count(self.rows_returned, "row")
        first = f"{self.table}: {found} in {self.milliseconds:.1f} ms"
        start = "cold: the table's columns had to be asked for" if self.cold else "warm"
        asked = f"{_count(self.selects, 'select')}, {_count(self.splits, 'split')}, "
        asked += _count(self.requests, "request")
        lines = [
            f"{first} ({self.engine}, {start})",
            f"  sorted by  {self._sorted_by()}",
            *(f"  pushed     {t}" for t in self.pushed or ["nothing: all rows"]),
            *(f"  done here  {text}" for text in self.residual),
            f"  rows read  {self._read()}",
            f"  fetched    {self.rows_fetched:,} rows, {self.bytes:,} bytes, in {asked}",
            "  stages     "
            + ", ".join(f"{k} {v:.1f} ms" for k, v in self.stages.items()),
        ]
        return "\n".join(lines)

    def _sorted_by(self) -> str:
        named = f" (projection {self.projection})" if self.projection else ""
        return (", ".join(self.sort_key) or "nothing") + named

    def _read(self) -> str:
        if self.rows_read is None:
            text = f"not told, of {self.rows_stored:,}"
        else:
            share = self.rows_read / max(self.rows_stored, 1)
            text = f"{self.rows_read:,} of {self.rows_stored:,} ({share:.2%})"
        if self.row_groups_read is not None:
            text += f", {_count(self.row_groups_read, 'row group')}"
        if self.estimated_rows is not None:
            text += f"; statistics left at most {self.estimated_rows:,}"
        return text


@dataclass(frozen=True)
class Answer:
    """Rows, how they were found, and units.

    `units` maps a column to its unit: '' where it has none, 'see X' where the row tells
    it in column X; None, or no entry, where it is not known.
    """

    frame: pl.DataFrame
    how: Explain
    units: Mapping[str, str | None] = field(default_factory=dict)

    def explain(self) -> Explain:
        """Return how it was answered."""
        return self.how


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
