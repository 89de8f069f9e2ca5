"""One query of one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.predicate import Value
from orbital_kernel.query.extremes import Largest
from orbital_kernel.query.regions import Box, Cone, Polygon, Region


@dataclass(frozen=True)
class TimeSpan:
    """A span of time, both ends included.

    Parameters
    ----------
    start, stop : str or datetime, optional
        Ends of the span, ISO 8601 text or datetime in UTC; None is unbounded.
    column : str
        The column of times; 'time' by default.

    Examples
    --------
    >>> from orbital_kernel import Query, TimeSpan, connect
    >>> orbital = connect()
    >>> span = TimeSpan("2012-01-01", "2012-02-01")
    >>> orbital.count(Query("swift.grbs", time=span)) >= 0
    True
    """

    start: str | datetime | None = None
    stop: str | datetime | None = None
    column: str = "time"


@dataclass(frozen=True)
class Query:
    """One query of one table; a row must satisfy every condition.

    Parameters
    ----------
    table : str
        Full name, e.g. 'swift.sources'; `orbital.tables()` lists them.
    columns : tuple of str, optional
        Columns of the answer, in order; all by default.
    cone, box, polygon : Cone, Box, Polygon, optional
        Regions of the sky, ICRS.
    time : TimeSpan, optional
        Span of a column of times, in UTC.
    ranges : mapping of str to tuple
        (low, high) by column, both included, in the column's unit; None is unbounded.
    sets : mapping of str to sequence
        Allowed values by column; None stands for null.
    null, not_null : sequence of str
        Columns that must be null, and columns that must not.
    prefix, contains : mapping of str to str
        Text with which a column must start, and text that it must contain.
    where : polars.Expr, optional
        Condition evaluated locally, after all that the server can evaluate.
    largest : Largest, optional
        Only the rows with the largest values of a column, largest first; with a
        `Smallest` those with the smallest, smallest first.
    limit : int, optional
        Largest number of rows; no limit by default.
    full_scan : bool
        Allow a query that reads most of a large table.

    Raises
    ------
    QueryError
        If a limit is negative, or `largest` is given with a limit or without rows.

    Examples
    --------
    >>> from orbital_kernel import Cone, Query, connect
    >>> orbital = connect()
    >>> query = Query("swift.sources", ("source_id",), cone=Cone(83.63, 22.01, 5))
    >>> orbital.query(query).frame.columns
    ['source_id']
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
        """Raise QueryError for limits that are not valid."""
        if self.limit is not None and self.limit < 0:
            raise QueryError(f"a limit is 0 or more rows, not {self.limit}")
        if self.largest is not None and self.limit is not None:
            raise QueryError("`largest` has a number of rows: give no limit with it")
        if self.largest is not None and self.largest.rows < 1:
            raise QueryError(
                f"`largest` returns 1 or more rows, not {self.largest.rows}"
            )

    def __repr__(self) -> str:
        """Return the query, without the parts that were not given."""
        parts = ((part.name, getattr(self, part.name)) for part in fields(self))
        given = (f"{name}={part!r}" for name, part in parts if _is_given(part))
        return f"Query({', '.join(given)})"

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the sky; a row must be in all.

        Returns
        -------
        tuple of Cone, Box or Polygon
            Those given; none for the whole sky.

        Examples
        --------
        >>> from orbital_kernel import Cone, Query
        >>> [str(region) for region in Query("swift.sources", cone=Cone(83, 22, 5)).regions]
        ['separation from (83, 22) <= 5 arcmin']
        """
        return tuple(r for r in (self.cone, self.box, self.polygon) if r is not None)


def _is_given(part: object) -> bool:
    """Return whether a part of a query is given: not None, not empty, not False."""
    if isinstance(part, Mapping | Sequence):
        return len(part) > 0
    return part is not None and part is not False
