"""The rows at one end of a column's order, found without reading all of a table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from orbital_kernel.model.columns import Table
from orbital_kernel.model.predicate import Clause, Range

SAMPLE_ROWS = 4_096
FLOOR_STEP = 16
Fetch = Callable[[tuple[Clause, ...]], pl.DataFrame]
Sample = Callable[[], pl.Series]


@dataclass(frozen=True)
class Largest:
    """The rows with the largest values of a column, without nulls and NaN.

    Parameters
    ----------
    column : str
        The column compared.
    rows : int
        How many rows, at least 1.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> from orbital_kernel.query import Largest
    >>> orbital = connect()
    >>> query = Query("swift.sources", ("flux",), largest=Largest("flux", 2))
    >>> len(orbital.query(query).frame)
    2
    """

    column: str
    rows: int

    @property
    def descending(self) -> bool:
        """Whether the largest value comes first.

        Examples
        --------
        >>> from orbital_kernel.query import Largest
        >>> Largest("flux", 2).descending
        True
        """
        return True

    def beyond(self, value: Any) -> Clause:
        """Return the condition of values that come no later than one.

        Parameters
        ----------
        value : number, datetime or str
            A value of the column.

        Returns
        -------
        Clause
            From the value on, towards the end that comes first.

        Examples
        --------
        >>> from orbital_kernel.query import Largest
        >>> str(Largest("flux", 2).beyond(3.0))
        'flux >= 3.0'
        """
        return Clause(self.column, (Range(value, None),))

    def of(self, frame: pl.DataFrame, ties: Sequence[str] = ()) -> pl.DataFrame:
        """Return these rows of a frame, the largest first.

        Parameters
        ----------
        frame : polars.DataFrame
            Rows with the column.
        ties : sequence of str
            Columns that order rows of equal value; the frame's own order by default.

        Returns
        -------
        polars.DataFrame
            At most `rows` rows with all columns.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_kernel.query import Largest
        >>> Largest("a", 1).of(pl.DataFrame({"a": [1, 3, 2]}))["a"].to_list()
        [3]
        """
        value = pl.col(self.column)
        usable = value.is_not_null()
        if frame.schema[self.column].is_float():
            usable &= value.is_not_nan()
        names = [name for name in ties if name in frame.columns and name != self.column]
        order = [self.descending, *(False for _ in names)]
        ranked = frame.filter(usable).sort(
            [self.column, *names],
            descending=order,
            nulls_last=True,
            maintain_order=True,
        )
        return ranked.head(self.rows)


@dataclass(frozen=True)
class Smallest(Largest):
    """The rows with the smallest values of a column, without nulls and NaN.

    Parameters
    ----------
    column : str
        The column compared.
    rows : int
        How many rows, at least 1.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> from orbital_kernel.query import Smallest
    >>> orbital = connect()
    >>> query = Query("swift.sources", ("flux",), largest=Smallest("flux", 2))
    >>> orbital.query(query).frame["flux"].is_sorted()
    True
    """

    @property
    def descending(self) -> bool:
        """Whether the largest value comes first.

        Examples
        --------
        >>> from orbital_kernel.query import Smallest
        >>> Smallest("flux", 2).descending
        False
        """
        return False

    def beyond(self, value: Any) -> Clause:
        """Return the condition of values that come no later than one.

        Parameters
        ----------
        value : number, datetime or str
            A value of the column.

        Returns
        -------
        Clause
            Up to the value.

        Examples
        --------
        >>> from orbital_kernel.query import Smallest
        >>> str(Smallest("flux", 2).beyond(3.0))
        'flux <= 3.0'
        """
        return Clause(self.column, (Range(None, value),))


def search(
    largest: Largest,
    fetch: Fetch,
    sample: Sample,
    floor: Any = None,
    ties: Sequence[str] = (),
) -> tuple[pl.DataFrame, Any]:
    """Return the rows, and the floor to begin with next time.

    `fetch` returns the rows of further clauses; without any it reads all. `floor` is
    that of an earlier search.
    """
    for bound in _floors(largest, sample, floor):
        rows = largest.of(fetch((largest.beyond(bound),)), ties)
        if len(rows) >= largest.rows:
            return rows, rows[largest.column][-1]
    return largest.of(fetch(()), ties), None


def _floors(largest: Largest, sample: Sample, first: Any) -> Iterator[Any]:
    if first is not None:
        yield first
    values = sample().drop_nulls()
    values = values.drop_nans() if values.dtype.is_float() else values
    ranked = values.sort(descending=largest.descending).to_list()
    at = 0
    while at < len(ranked):
        nearer = first is not None and not _later(largest, ranked[at], first)
        if not nearer:
            yield ranked[at]
        at = FLOOR_STEP * max(at, 1)


def _later(largest: Largest, value: Any, first: Any) -> bool:
    return bool(value < first if largest.descending else value > first)


def identity(table: Table) -> tuple[str, ...]:
    """Return the columns that tell any two rows of a table apart."""
    names = {column.name for column in table.columns}
    return table.key or tuple(n for n in ("file_sha256", "file_row") if n in names)
