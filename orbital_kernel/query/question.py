"""What can be asked of one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Clause, Range, Value
from orbital_kernel.query.regions import Box, Cone, Polygon, Region

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


@dataclass(frozen=True)
class TimeSpan:
    """From `start` to `stop`, both included; ISO text or datetime in UTC."""

    start: str | datetime | None = None
    stop: str | datetime | None = None
    column: str = "time"


@dataclass(frozen=True)
class Query:
    """One question to one table; every part given must hold.

    `ranges` maps a column to (low, high), None unbounded; `sets` a column to the values
    allowed, None for null; `where` is evaluated here, after everything the server could
    do. `largest` keeps the rows with the largest values of a column, largest first.
    `full_scan` allows reading most of a large table.
    """

    table: str
    columns: tuple[str, ...] | None = None
    cone: Cone | None = None
    box: Box | None = None
    polygon: Polygon | None = None
    time: TimeSpan | None = None
    ranges: Mapping[str, tuple[Value | None, Value | None]] = field(
        default_factory=dict
    )
    sets: Mapping[str, Sequence[Value | None]] = field(default_factory=dict)
    null: Sequence[str] = ()
    not_null: Sequence[str] = ()
    prefix: Mapping[str, str] = field(default_factory=dict)
    contains: Mapping[str, str] = field(default_factory=dict)
    where: pl.Expr | None = None
    largest: Largest | None = None
    limit: int | None = None
    full_scan: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that are none."""
        if self.limit is not None and self.limit < 0:
            raise QueryError(f"a limit is 0 or more rows, not {self.limit}")
        if self.largest is not None and self.limit is not None:
            raise QueryError("`largest` says how many rows: give no limit beside it")
        if self.largest is not None and self.largest.rows < 1:
            raise QueryError(f"the largest 1 or more rows, not {self.largest.rows}")

    def __repr__(self) -> str:
        """Return what is asked, without the parts that were not given."""
        parts = ((one.name, getattr(self, one.name)) for one in fields(self))
        given = (f"{name}={part!r}" for name, part in parts if _is_given(part))
        return f"Query({', '.join(given)})"

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the sky asked for; all must hold."""
        return tuple(r for r in (self.cone, self.box, self.polygon) if r is not None)


def _is_given(part: object) -> bool:
    """Tell whether a part of a query is there: not None, not empty, not False."""
    if isinstance(part, Mapping | Sequence):
        return len(part) > 0
    return part is not None and part is not False
