"""Tables: the session's methods that read tables, and the units of their columns."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

import polars as pl

from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.model.frames import frame_of
from orbital_kernel.query.given import given_position
from orbital_kernel.query.names import require_columns, require_table
from orbital_kernel.query.queries import LEDGER, Queries
from orbital_kernel.query.question import Query, TimeSpan
from orbital_kernel.query.regions import Cone
from orbital_kernel.query.unit_text import Unit
from orbital_kernel.query.units import qtable, ucds_by_name, units_by_name

if TYPE_CHECKING:
    from astropy.table import QTable


class Tables(Queries):
    """The tables of one database, as a session reads them."""

    def cone(
        self,
        table: str,
        *,
        ra: float,
        dec: float,
        radius_arcmin: float,
        columns: Iterable[str] | None = None,
        start: str | datetime | None = None,
        stop: str | datetime | None = None,
        limit: int | None = None,
        full_scan: bool = False,
    ) -> pl.DataFrame:
        """Return the rows of a table within a circle on the sky.

        Parameters
        ----------
        table : str
            Full name, e.g. 'swift.sources'.
        ra, dec : float
            Centre, ICRS deg.
        radius_arcmin : float
            Radius, arcmin.
        columns : iterable of str, optional
            Columns of the answer; all by default.
        start, stop : str or datetime, optional
            Only rows of this span of `time`, UTC.
        limit : int, optional
            Largest number of rows; no limit by default.
        full_scan : bool
            Allow a query that reads most of a large table.

        Returns
        -------
        polars.DataFrame
            The rows; `orbital.units(table)` has the units of the columns.

        Raises
        ------
        QueryError
            If the table or a column is unknown, or the position is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> rows = orbital.cone("swift.sources", ra=83.63, dec=22.01, radius_arcmin=5)
        >>> "source_id" in rows.columns
        True
        """
        query = Query(
            table,
            columns=None if columns is None else tuple(columns),
            cone=Cone(*given_position(ra, dec), radius_arcmin),
            time=None if start is stop is None else TimeSpan(start, stop),
            limit=limit,
            full_scan=full_scan,
        )
        return self.query(query, kind="cone").frame

    def between(
        self,
        table: str,
        start: str | datetime | None = None,
        stop: str | datetime | None = None,
        *,
        columns: Iterable[str] | None = None,
        limit: int | None = None,
        full_scan: bool = False,
    ) -> pl.DataFrame:
        """Return the rows of a table within a span of time.

        Parameters
        ----------
        table : str
            Full name, e.g. 'swift.observations'.
        start, stop : str or datetime, optional
            Ends of the span of `time`, UTC, both included; None is unbounded.
        columns : iterable of str, optional
            Columns of the answer; all by default.
        limit : int, optional
            Largest number of rows; no limit by default.
        full_scan : bool
            Allow a query that reads most of a large table.

        Returns
        -------
        polars.DataFrame
            The rows; `orbital.units(table)` has the units of the columns.

        Raises
        ------
        QueryError
            If the table or a column is unknown, or the span is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> rows = orbital.between("swift.grbs", "2012-01-01", "2012-02-01")
        >>> "time" in rows.columns
        True
        """
        query = Query(
            table,
            columns=None if columns is None else tuple(columns),
            time=TimeSpan(start, stop),
            limit=limit,
            full_scan=full_scan,
        )
        return self.query(query, kind="time").frame

    def table(self, name: str, columns: Iterable[str] | None = None) -> pl.DataFrame:
        """Return all rows of a table; meant for small ones.

        Parameters
        ----------
        name : str
            Full name, e.g. 'cross.objects'.
        columns : iterable of str, optional
            Columns of the answer; all by default.

        Returns
        -------
        polars.DataFrame
            All rows.

        Raises
        ------
        QueryError
            If the table or a column is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.table("cross.objects", ["ra", "dec"]).columns
        ['ra', 'dec']
        """
        names = None if columns is None else list(columns)
        require_columns(name, names or ())
        if name == LEDGER:
            self.flush()
        return frame_of(self.store.read(name, columns=names))

    def tables(self) -> dict[str, int]:
        """Return the number of rows of each table.

        Returns
        -------
        dict of str to int
            Rows by full name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.tables()["swift.sources"] > 0
        True
        """
        return self.store.row_counts()

    def units(self, table: str | pl.DataFrame) -> dict[str, str]:
        """Return the units of columns.

        Parameters
        ----------
        table : str or polars.DataFrame
            A table's full name, or any frame that Orbital returned.

        Returns
        -------
        dict of str to str
            The unit of each column that has one; for a frame also 'see X' if the rows
            state it in column X.

        Raises
        ------
        QueryError
            If the table is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.units("swift.sources")["ra"]
        'deg'
        >>> orbital.units(orbital.light_curve("SIM AGN 1"))["value"]
        'see unit'
        """
        if isinstance(table, str):
            return {c.name: c.unit for c in require_table(table).columns if c.unit}
        return _stated(units_by_name(table.columns))

    def ucds(self, table: str | pl.DataFrame) -> dict[str, str]:
        """Return the UCDs of columns.

        Parameters
        ----------
        table : str or polars.DataFrame
            A table's full name, or any frame that Orbital returned.

        Returns
        -------
        dict of str to str
            The UCD of each column that has one.

        Raises
        ------
        QueryError
            If the table is unknown.

        References
        ----------
        IVOA, "UCD1+ controlled vocabulary", version 1.5.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.ucds("swift.sources")["ra"]
        'pos.eq.ra;meta.main'
        """
        if isinstance(table, str):
            return {c.name: c.ucd for c in require_table(table).columns if c.ucd}
        return _stated(ucds_by_name(table.columns))

    def qtable(self, frame: pl.DataFrame) -> "QTable":
        """Return a frame as an astropy table with units.

        Parameters
        ----------
        frame : polars.DataFrame
            Any frame that Orbital returned, e.g. by `cone` or `light_curve`.

        Returns
        -------
        astropy.table.QTable
            Columns with a unit are Quantities, times are Time (TT; UTC in `ops`),
            nulls are masked. A column whose unit is stated in another column has it if
            all rows state the same. The UCD of a column is in `info.meta["ucd"]`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> points = orbital.light_curve("SIM AGN 1", unit="erg / (cm2 s)").points
        >>> curve = orbital.qtable(points)
        >>> curve["value"].unit
        Unit("erg / (s cm2)")
        >>> curve["time"].scale
        'tt'
        """
        return qtable(frame)

    def require_rows(self, *tables: str) -> Self:
        """Return the session, if these tables have rows.

        Parameters
        ----------
        *tables : str
            Full names.

        Returns
        -------
        Orbital
            The session.

        Raises
        ------
        QueryError
            If one of the tables is empty or missing.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.require_rows("swift.sources") is orbital
        True
        """
        counts = self.tables()
        lacking = [name for name in tables if not counts.get(name)]
        if lacking:
            raise QueryError(
                f"this needs rows of {', '.join(lacking)} and database "
                f"{self.database!r} has none: ingest some, or take an empty database, "
                "which gets the sample sky (orbital --database NAME)"
            )
        return self

    def require_tables(self) -> Self:
        """Return the session, if the database has been provisioned.

        Returns
        -------
        Orbital
            The session.

        Raises
        ------
        StoreError
            If the database has no tables.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.require_tables() is orbital
        True
        """
        if not self.store.row_counts():
            raise StoreError(
                f"the database {self.database!r} at {self.store.settings.endpoint} has "
                "no tables: run `orbital provision apply` (or orbital.storage.apply())"
            )
        return self


def _stated(notes: dict[str, Unit]) -> dict[str, str]:
    return {name: note for name, note in notes.items() if note}
