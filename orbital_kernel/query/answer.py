"""Rows, how they were found, and the units of their columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from orbital_kernel.query.units import qtable

if TYPE_CHECKING:
    from astropy.table import QTable


@dataclass(frozen=True)
class Explain:
    """How a query was answered; `print` shows it in lines.

    Parameters
    ----------
    table : str
        The table, or the tables, separated by commas.
    pushed, residual : list of str
        Conditions that the server evaluated, and those evaluated locally.
    sort_key : list of str
        Columns that the table, or the `projection` read instead, is sorted by.
    sky_ranges : int
        How many ranges of HEALPix cells were sent.
    rows_read : int or None
        Rows of the row groups that the server opened; None if it does not report them.
    rows_stored, rows_fetched, rows_returned : int
        Rows of the table, rows that the server sent, and rows of the answer.
    bytes : int
        Size of the rows sent, as Arrow.
    milliseconds : float
        Time from question to frame.
    stages : dict of str to float
        The same by stage, ms.
    engine : str
        'embedded' or 'cluster'.
    estimated_rows : int or None
        Rows of the row groups that the server's statistics leave; None if not asked.
    row_groups_read : int or None
        Row groups that the server opened.
    selects, splits, requests : int
        How many selects were sent, into how many parts they were cut, and in how many
        requests those were read.
    cold : bool
        Whether the table's columns had to be asked for first.
    projection : str
        The projection that was read; '' for the table.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> orbital = connect()
    >>> orbital.query(Query("swift.sources", limit=3)).explain().rows_returned
    3
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
        rows = _count(self.rows_returned, "row")
        first = f"{self.table}: {rows} in {self.milliseconds:.1f} ms"
        start = (
            "cold: the table's columns were asked for first" if self.cold else "warm"
        )
        parts = f"{_count(self.selects, 'select')}, {_count(self.splits, 'split')}, "
        parts += _count(self.requests, "request")
        lines = [
            f"{first} ({self.engine}, {start})",
            f"  sorted by  {self._sorted_by()}",
            *(f"  pushed     {text}" for text in self.pushed or ["nothing: all rows"]),
            *(f"  local      {text}" for text in self.residual),
            f"  rows read  {self._read()}",
            f"  fetched    {self.rows_fetched:,} rows, {self.bytes:,} bytes, in {parts}",
            "  stages     "
            + ", ".join(f"{k} {v:.1f} ms" for k, v in self.stages.items()),
        ]
        return "\n".join(lines)

    def _sorted_by(self) -> str:
        named = f" (projection {self.projection})" if self.projection else ""
        return (", ".join(self.sort_key) or "nothing") + named

    def _read(self) -> str:
        if self.rows_read is None:
            text = f"not reported, of {self.rows_stored:,}"
        else:
            share = self.rows_read / max(self.rows_stored, 1)
            often = f"{share:.1f} times all, in several passes"
            part = f"{share:.2%}" if share <= 1 else often
            text = f"{self.rows_read:,} of {self.rows_stored:,} ({part})"
        if self.row_groups_read is not None:
            text += f", {_count(self.row_groups_read, 'row group')}"
        if self.estimated_rows is not None:
            text += f"; statistics left at most {self.estimated_rows:,}"
        return text


@dataclass(frozen=True)
class Answer:
    """Rows, how they were found, and what their columns mean.

    Parameters
    ----------
    frame : polars.DataFrame
        The rows.
    how : Explain
        How they were found.
    units : mapping of str to str or None
        The unit of each column: '' without one, 'see X' if each row states it in its
        column X; None, or no entry, if it is not known.
    ucds : mapping of str to str or None
        The UCD (UCD1+) of each column; None, or no entry, if it is not known.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> orbital = connect()
    >>> answer = orbital.query(Query("swift.sources", columns=("ra", "dec"), limit=3))
    >>> answer.units
    {'ra': 'deg', 'dec': 'deg'}
    >>> answer.ucds["ra"]
    'pos.eq.ra;meta.main'
    """

    frame: pl.DataFrame
    how: Explain
    units: Mapping[str, str | None] = field(default_factory=dict)
    ucds: Mapping[str, str | None] = field(default_factory=dict)

    def explain(self) -> Explain:
        """Return how the rows were found.

        Returns
        -------
        Explain
            What the server evaluated and read, and the time it took.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> orbital.query(Query("swift.sources", limit=3)).explain().table
        'swift.sources'
        """
        return self.how

    def qtable(self) -> "QTable":
        """Return the rows as an astropy table with units.

        Returns
        -------
        astropy.table.QTable
            Columns with a unit are Quantities, times are Time (TT; UTC in `ops`),
            nulls are masked. A column 'see X' has the unit if all rows state the same.
            The UCD of a column is in `info.meta["ucd"]`.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> answer = orbital.query(Query("swift.sources", columns=("ra",), limit=3))
        >>> answer.qtable()["ra"].unit
        Unit("deg")
        """
        return qtable(self.frame, self.units, self.ucds)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
