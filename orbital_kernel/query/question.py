"""What can be asked of one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.predicate import Value
from orbital_kernel.query.largest import Largest
from orbital_kernel.query.regions import Box, Cone, Polygon, Region


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
