"""The queries of a Selection, and the Python that runs them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model import schema, times
from orbital_kernel.query import Largest, Query, Smallest, TimeSpan
from orbital_widgets import code
from orbital_widgets.selection_state import SelectionState

if TYPE_CHECKING:
    import polars as pl

MOST_SORTED = 100_000
"""Rows that are fetched in the order of a column, of each observatory."""
UNSORTED = ("healpix", "extra", "payload", "file_sha256", "file_row")
"""Columns whose order means nothing to a reader."""


class SelectionQueries(SelectionState):
    """What a selection asks of the store.

    Examples
    --------
    >>> from orbital_widgets import Selection
    >>> Selection(sort="flux", limit=20).query("swift").largest
    Largest(column='flux', rows=20)
    """

    def query(
        self, observatory: str, *, also: tuple[str, ...] = (), whole: bool = False
    ) -> Query:
        """Return the query to one observatory's table.

        Parameters
        ----------
        observatory : str
            Name of the observatory, for example 'swift'.
        also : tuple of str, default ()
            Columns to fetch beside the chosen ones, such as those of a plot.
        whole : bool, default False
            All selected rows, without limit and order.

        Returns
        -------
        Query
            The query, with the row limit or the rows of the pages so far.

        Raises
        ------
        QueryError
            If the parts contradict each other, or the table has no such column.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection(table="photometry", limit=7).query("swift")
        Query(table='swift.photometry', limit=7)
        """
        time = self._span()
        table = f"{observatory}.{self.table}"
        columns = {column.name for column in schema.table(table).columns}
        if self.unplaced:
            raise QueryError(
                f"the position of {self.object!r} has not been looked up; give RA and Dec"
            )
        if self.cone and "ra" not in columns:
            raise QueryError(
                f"{table} holds no positions: clear RA and Dec, or choose another table"
            )
        if (self.start or self.stop) and "time" not in columns:
            raise QueryError(
                f"{table} holds no times: clear start and end, or choose another table"
            )
        sets = {"band": self.bands, "instrument": self.instruments}
        unusable = [
            name for name, names in sets.items() if names and name not in columns
        ]
        chosen = (*self.ranges, *self.contains, *self.columns)
        unusable += [name for name in chosen if name not in columns]
        if unusable:
            raise QueryError(
                f"{table} has no column {', '.join(unusable)}: clear that choice"
            )
        extra = tuple(n for n in also if n in columns and n not in self.columns)
        query = Query(
            table,
            columns=(*self.columns, *extra) if self.columns else None,
            cone=self.cone,
            time=time,
            ranges=dict(self.ranges),
            sets={name: names for name, names in sets.items() if names},
            contains=dict(self.contains),
        )
        if whole:
            return query
        if not self.sort:
            return replace(query, limit=self.limit)
        return replace(query, largest=self._end(table), full_scan=True)

    def _end(self, table: str) -> Largest:
        """Return the rows of the pages so far in the order of the column sorted by."""
        names = sortable(self.table)
        if self.sort not in names:
            raise QueryError(
                f"{table}: {unknown('column to sort by', self.sort, names)}"
            )
        rows = (self.page + 1) * self.limit
        if rows > MOST_SORTED:
            raise QueryError(
                f"page {self.page + 1} reaches row {rows:,}, and {MOST_SORTED:,} rows are "
                "sorted at most: narrow the selection, sort the other way, or export it"
            )
        return (
            Largest(self.sort, rows) if self.descending else Smallest(self.sort, rows)
        )

    def arranged(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        """Return the rows of all observatories in the order sorted by, one page of them.

        Parameters
        ----------
        frame : polars.DataFrame
            Rows of the queries, those of one observatory after the other.

        Returns
        -------
        polars.DataFrame
            The same rows if the selection does not sort.

        Examples
        --------
        >>> import polars as pl
        >>> from orbital_widgets import Selection
        >>> rows = pl.DataFrame({"flux": [1.0, 3.0, 2.0]})
        >>> Selection(sort="flux", limit=2, page=1).arranged(rows)["flux"].to_list()
        [1.0]
        """
        if not self.sort or self.sort not in frame.columns:
            return frame
        ordered = frame.sort(
            self.sort, descending=self.descending, nulls_last=True, maintain_order=True
        )
        return ordered.slice(self.page * self.limit, self.limit)

    def queries(
        self, *, also: tuple[str, ...] = (), whole: bool = False
    ) -> tuple[Query, ...]:
        """Return the query to each chosen observatory.

        Parameters
        ----------
        also : tuple of str, default ()
            Columns to fetch beside the chosen ones.
        whole : bool, default False
            All selected rows, without limit and order.

        Returns
        -------
        tuple of Query
            One query per observatory.

        Raises
        ------
        QueryError
            If no observatory is chosen, or one is unknown.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> [query.table for query in Selection(observatories=("swift",)).queries()]
        ['swift.sources']
        """
        if not self.observatories:
            raise QueryError(f"choose an observatory: {', '.join(self.available)}")
        strangers = [name for name in self.observatories if name not in self.available]
        if strangers:
            raise QueryError(
                f"unknown observatory {', '.join(strangers)}; known are {', '.join(self.available)}"
            )
        return tuple(
            self.query(name, also=also, whole=whole) for name in self.observatories
        )

    def code(self) -> str:
        """Return equivalent Python code without widgets.

        Returns
        -------
        str
            A script that connects and runs the queries.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> print(Selection(observatories=("swift",)).code())
        from orbital_kernel import Query, connect
        <BLANKLINE>
        orbital = connect()
        swift_sources = orbital.query(
            Query('swift.sources', limit=1000)
        ).frame
        <BLANKLINE>
        """
        return code.of(self.queries(), name=self.object)

    def _span(self) -> TimeSpan | None:
        if not (self.start or self.stop):
            return None
        if self.start and self.stop:
            start, stop = times.tt_from_utc([self.start, self.stop])
            if start > stop:
                raise QueryError(
                    f"the time range starts {self.start}, after its end {self.stop}"
                )
        return TimeSpan(self.start or None, self.stop or None)


def sortable(table: str) -> tuple[str, ...]:
    """Return the columns of a table, without its schema, that the store can sort by."""
    return tuple(
        column.name
        for column in schema.table(f"any.{table}").columns
        if column.name not in UNSORTED and not pa.types.is_boolean(column.type)
    )


def textual(table: str) -> tuple[str, ...]:
    """Return the columns of a table, without its schema, that hold text."""
    return tuple(
        column.name
        for column in schema.table(f"any.{table}").columns
        if column.name not in UNSORTED and pa.types.is_string(column.type)
    )
