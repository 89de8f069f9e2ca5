"""The rows with the largest values of a column, without reading the column whole.

Rows of a table in an order led by that column are found from a floor upwards. A sample
of the table gives floors, highest first; one that leaves enough rows is kept for the
next time, when a single request is enough. Floors save work and change no answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from orbital_kernel.predicate import Clause, Range

SAMPLE_ROWS = 4_096
FLOOR_STEP = 16
Fetch = Callable[[tuple[Clause, ...]], pl.DataFrame]
Sample = Callable[[], pl.Series]


@dataclass(frozen=True)
class Largest:
    """How many rows with the largest values of a column; nulls and NaN are left out."""

    column: str
    rows: int

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return these rows of a frame, largest first."""
        value = pl.col(self.column)
        kept = value.is_not_null()
        if frame.schema[self.column].is_float():
            kept &= value.is_not_nan()
        return frame.filter(kept).sort(value, descending=True).head(self.rows)


def search(
    wanted: Largest, fetch: Fetch, sample: Sample, known: float | None
) -> tuple[pl.DataFrame, float | None]:
    """Return the rows, and the floor to begin with next time.

    `fetch` returns the rows of further clauses; with none of them it reads all.
    """
    for floor in _floors(sample, known):
        found = wanted.of(fetch((Clause(wanted.column, (Range(floor, None),)),)))
        if len(found) >= wanted.rows:
            return found, float(found[wanted.column][-1])
    return wanted.of(fetch(())), None


def _floors(sample: Sample, known: float | None) -> Iterator[float]:
    if known is not None:
        yield known
    values = sample().drop_nulls()
    values = values.drop_nans() if values.dtype.is_float() else values
    ranked = values.sort(descending=True).to_list()
    at = 0
    while at < len(ranked):
        if known is None or ranked[at] < known:
            yield ranked[at]
        at = FLOOR_STEP * max(at, 1)
