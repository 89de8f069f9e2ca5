"""Queries and SQL: the session's methods that answer them and record latencies."""

import getpass
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.query import running, sql
from orbital_kernel.query.answer import Answer
from orbital_kernel.query.explanation import Explanation
from orbital_kernel.query.names import check_names
from orbital_kernel.query.question import Query
from orbital_kernel.query.recording import Recorder, ledger_fields, short

LEDGER = "ops.queries"


class Queries(ABC):
    """Queries of one database, as a session answers them."""

    home: Path
    database: str

    @property
    @abstractmethod
    def store(self) -> Store:
        """The database."""

    @cached_property
    def _user(self) -> str:
        return getpass.getuser()

    @cached_property
    def _recorder(self) -> Recorder:
        return Recorder(lambda rows: self.store.insert(LEDGER, rows))

    def query(
        self, query: Query, *, kind: str = "query", estimate: bool = False
    ) -> Answer:
        """Answer a query; the latency ledger gets a row for it.

        Parameters
        ----------
        query : Query
            Table, columns and conditions.
        kind : str
            Label of the row in the latency ledger.
        estimate : bool
            Also ask the server how many rows its statistics leave to read.

        Returns
        -------
        Answer
            The rows as `frame`, `units` and `ucds` of the columns, `explain()` and
            `qtable()`.

        Raises
        ------
        QueryError
            If a table or column is unknown or a value invalid, before the database is
            asked; or if the query would read most of a large table without `full_scan`.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> answer = orbital.query(Query("swift.sources", ("ra", "flux_unit"), limit=1))
        >>> answer.units
        {'ra': 'deg', 'flux_unit': ''}
        """
        check_names(query)
        answer = running.run(query, self.store, estimate=estimate)
        self._record(query, answer, kind)
        return answer

    def count(self, query: Query) -> int:
        """Return the number of rows of a query, counted by the server if possible.

        Parameters
        ----------
        query : Query
            Table and conditions.

        Returns
        -------
        int
            The number of rows.

        Raises
        ------
        QueryError
            As `query`.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> orbital.count(Query("swift.sources", limit=2))
        2
        """
        return int(self.counted(query).frame["count"][0])

    def counted(self, query: Query) -> Answer:
        """Return the number of rows of a query, with explanation.

        Parameters
        ----------
        query : Query
            Table and conditions.

        Returns
        -------
        Answer
            One row with the column count.

        Raises
        ------
        QueryError
            As `query`.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> orbital.counted(Query("swift.sources", limit=2)).frame.columns
        ['count']
        """
        check_names(query)
        answer = running.count(query, self.store)
        self._record(query, answer, "count")
        return answer

    def sql(self, text: str) -> pl.DataFrame:
        """Return the rows of a SELECT, run in the database's engine.

        Parameters
        ----------
        text : str
            One SELECT with tables named as elsewhere, e.g. swift.rates; times are TT.

        Returns
        -------
        polars.DataFrame
            The rows; of several columns with one name the later get a number.

        Raises
        ------
        QueryError
            If the text is not one valid SELECT, or names an unknown table or column.
        ConfigError
            If the vendor's driver is not installed.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> frame = orbital.sql("SELECT count(*) AS n FROM swift.sources")
        >>> frame.columns
        ['n']
        """
        return self.ask_sql(text).frame

    def ask_sql(self, text: str) -> Answer:
        """Return the answer of a SELECT, with units and explanation.

        Parameters
        ----------
        text : str
            One SELECT with tables named as elsewhere, e.g. swift.rates; times are TT.

        Returns
        -------
        Answer
            The rows, and units and UCDs as far as they follow from the tables.

        Raises
        ------
        QueryError
            If the text is not one valid SELECT, or names an unknown table or column.
        ConfigError
            If the vendor's driver is not installed.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.ask_sql("SELECT max(ra) AS ra FROM swift.sources").units
        {'ra': 'deg'}
        """
        answer = sql.run(text, self.store, home=self.home)
        row = ledger_fields(
            Query(answer.how.table), answer.how, kind="sql", who=self._user
        )
        self._recorder.record(row | {"predicate": short(text), "predicate_json": None})
        return answer

    def flush(self) -> None:
        """Wait until the latency ledger has a row for every query of this session.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.flush()
        """
        self._recorder.flush()

    @contextmanager
    def explained(self) -> Iterator[Explanation]:
        """Explain whatever is called in a block: its queries, rows read and time.

        Yields
        ------
        Explanation
            The queries so far, complete at the end of the block.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> with orbital.explained() as explanation:
        ...     place = orbital.objects.position("SIM GRB 120102S")
        >>> explanation.rows_read <= explanation.rows_stored
        True
        """
        explanation = Explanation()
        self._explanations.append(explanation)
        try:
            yield explanation
        finally:
            self._explanations.remove(explanation)
            explanation.finish()

    @cached_property
    def _explanations(self) -> list[Explanation]:
        return []

    def _record(self, query: Query, answer: Answer, kind: str) -> None:
        for explanation in self._explanations:
            explanation.add(kind, answer.how)
        row = ledger_fields(query, answer.how, kind=kind, who=self._user)
        self._recorder.record(row)
