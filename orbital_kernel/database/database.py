"""One database of one platform: connection, transactions and the server's counts."""

import copy
import logging
import threading
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import adbc_driver_manager
import pyarrow as pa
import requests
import vastdb
from vastdb import errors as vast_errors
from vastdb.config import BackoffConfig

from orbital_kernel.config import DATABASE, Settings
from orbital_kernel.database.cancel import uncancelled
from orbital_kernel.database.client import ReadCounts, Reading, WatchedApi, say
from orbital_kernel.database.quiet import Quiet
from orbital_kernel.database.shared import Shared
from orbital_kernel.database.transaction import Transaction
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause

Result = TypeVar("Result")
TIMEOUT_SECONDS = 120
CONNECT_SECONDS = 5.0
ENTITIES_A_PAGE = 10_000
BACKGROUND_THREADS = 4
CLIENT_ERRORS = (
    vast_errors.HttpError,
    vast_errors.ConnectionError,
    requests.exceptions.Timeout,  # the SDK lets those of an answer through as they are
)
QUIET = Quiet("vastdb", below=logging.CRITICAL)
LOG = logging.getLogger(__name__)


class Store:
    """One database of one platform."""

    def __init__(self, settings: Settings, *, database: str = DATABASE) -> None:
        """Connect; raises StoreError if the endpoint does not answer or refuses."""
        self.settings = settings
        self.database = database
        try:
            self._session = self._connect()
        except (
            vast_errors.HttpError,
            vast_errors.ConnectionError,
            NotImplementedError,
        ) as error:
            raise StoreError(
                f"cannot connect to the database at {settings.endpoint}: {say(error)}; "
                "run `orbital doctor`"
            ) from error
        watched = WatchedApi(
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            endpoints=[settings.endpoint],
            max_entities_per_page=ENTITIES_A_PAGE,
            ssl_verify=settings.ca_bundle or True,
            timeout=TIMEOUT_SECONDS,
            version_check=False,
        )
        watched.vast_version = self._session.api.vast_version
        watched.counts, watched.counts_lock = {}, threading.Lock()
        watched.asking, watched.twins = threading.local(), {}
        watched.answers_alone = threading.Event()
        watched.cancels = {}
        self._session.api = watched
        self._closing = watched.with_endpoints(
            [settings.endpoint], backoff_config=BackoffConfig(max_tries=1)
        )
        self._background = ThreadPoolExecutor(BACKGROUND_THREADS, "orbital-store")
        self._closes = ThreadPoolExecutor(1, "orbital-store-closing")
        self._sql_session: Any = None
        self._shared = Shared(database, watched)
        self.floors: dict[Hashable, Any] = {}
        self.rows_seen: dict[str, tuple[int, float]] = {}
        """Rows of tables as last read, and when (monotonic clock, s)."""

    def __repr__(self) -> str:
        """Return endpoint and database, never keys."""
        return f"Store({self.settings.endpoint!r}, database={self.database!r})"

    @property
    def version(self) -> str:
        """The server's version, as it advertises itself."""
        return ".".join(map(str, self._session.api.vast_version))

    @property
    def answers_alone(self) -> bool:
        """Whether the server answers single requests from one state, untransacted."""
        return self._shared.answers_alone

    @property
    def chooses_order(self) -> bool:
        """Whether the server reads in the order it opens least of, and reports which."""
        return self.answers_alone or self.settings.engine == "embedded"

    def bounded(self, seconds: float) -> "Store":
        """Return this database with requests sent once that end in so many seconds.

        It shares the connections, and is for checks that are repeated anyway.
        """
        api = self._session.api.with_endpoints(
            [self.settings.endpoint], backoff_config=BackoffConfig(max_tries=1)
        )
        api.timeout, api.twins = seconds, {}
        api.vast_version = self._session.api.vast_version
        twin = copy.copy(self)
        twin._session = copy.copy(self._session)  # noqa: SLF001
        twin._session.api = api  # noqa: SLF001
        twin._shared = replace(self._shared, api=api)  # noqa: SLF001
        return twin

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction: committed at the end, rolled back by any exception."""
        try:
            with QUIET(), uncancelled(), self._session.transaction() as tx:
                yield Transaction(self._shared, tx)
        except CLIENT_ERRORS as error:
            raise StoreError(say(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a read-only transaction in the background.

        It begins now, is waited for when first used, and is closed without waiting. If
        the server answers single requests alone it begins when first needed.
        """
        tx = Reading(self._session, self._session._context)  # noqa: SLF001
        tx.begin = lambda: self.in_background(self._begin)
        if not self.answers_alone:
            tx.begun = tx.begin()
        try:
            with QUIET():
                yield Transaction(self._shared, tx)
        except CLIENT_ERRORS as error:
            raise StoreError(say(error)) from error
        finally:
            tx.closed = True
            if tx.begun is not None:
                tx.begun.add_done_callback(self._close_in_background)

    def in_background(
        self, call: Callable[..., Result], *arguments: Any
    ) -> "Future[Result]":
        """Make a call in the background, cancelled with the read that needs it."""
        return self._background.submit(copy_context().run, call, *arguments)

    def _begin(self) -> int:
        """Begin a transaction without searching for the SQL driver, as the SDK does."""
        with QUIET():
            return int(self._session.api.begin_transaction().headers["tabular-txid"])

    def _close_in_background(self, begun: "Future[int]") -> None:
        if begun.exception() is not None:
            return
        try:
            self._closes.submit(self._close, begun.result())
        except RuntimeError as error:  # the program ends: no thread can start
            LOG.debug("transaction %d was not closed: %s", begun.result(), error)

    def _close(self, number: int) -> None:
        """Close a read transaction; one that stays open ends with the platform."""
        try:
            with QUIET():
                self._closing.rollback_transaction(number)
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            LOG.debug("transaction %d was not closed: %s", number, say(error))

    def actual(self) -> dict[str, schema.Table]:
        """Return the tables that exist, by full name; {} if the database does not."""
        with self.transaction() as tx:
            return tx.tables()

    def row_counts(self) -> dict[str, int]:
        """Return the rows of each table by full name; {} if the database is missing."""
        with self.transaction() as tx:
            return tx.row_counts()

    def create(self, full_name: str) -> None:
        """Create one table of schema.py, and its schema if missing."""
        with self.transaction() as tx:
            tx.create(full_name)

    def drop(self, full_name: str) -> None:
        """Drop one table with all its rows."""
        with self.transaction() as tx:
            tx.drop(full_name)

    def arrange(self, full_name: str) -> None:
        """Create the projections that schema.py declares for a table, if missing."""
        with self.transaction() as tx:
            tx.arrange(full_name)

    def widen(self, full_name: str) -> None:
        """Add the columns of schema.py that the table lacks; null in existing rows."""
        with self.transaction() as tx:
            tx.widen(full_name)

    def roll_back(self, number: int) -> bool:
        """Roll back an abandoned transaction; False if it is not open."""
        try:
            with QUIET():
                self._session.api.rollback_transaction(number)
        except vast_errors.HttpError:
            return False
        except vast_errors.ConnectionError as error:
            raise StoreError(say(error)) from error
        return True

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Insert rows in a separate transaction; return how many."""
        with self.transaction() as tx:
            return tx.insert(full_name, rows)

    def read(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Return the rows that all clauses hold for, in a separate transaction."""
        with self.transaction() as tx:
            return tx.select(full_name, clauses, columns=columns, limit=limit)

    def rows(self, full_name: str) -> int:
        """Return how many rows a table holds."""
        with self.transaction() as tx:
            return tx.rows(full_name)

    def counts(self, schema_name: str) -> dict[str, int]:
        """Return how many committed rows each table of a schema holds, in one request.

        {} if the schema is missing.
        """
        held: dict[str, int] = {}
        after, more = 0, True
        try:
            while more:
                with QUIET():
                    _, _, tables, after, more, _ = self._session.api.list_tables(
                        self.database,
                        schema_name,
                        next_key=after,
                        include_list_stats=True,
                    )
                held |= {table.name: int(table.num_rows) for table in tables}
        except vast_errors.NotFound:
            return {}
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(say(error)) from error
        return held

    def sql(self, text: str, *, driver: Path) -> pa.Table:
        """Return the answer of a SELECT, run by the database's engine through ADBC.

        The session that loads the driver is opened once, and used for nothing else.
        """
        if self._sql_session is None:
            self._sql_session = self._connect(driver)
        try:
            with (
                QUIET(),
                _without_autocommit_warning(),
                self._sql_session.transaction() as tx,
            ):
                cursor = tx.adbc_conn.cursor
                cursor.execute(text)
                rows: pa.Table = cursor.fetch_arrow_table()
                return rows
        except adbc_driver_manager.Error as error:
            raise QueryError(f"the database cannot answer this SQL: {error}") from error
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(say(error)) from error

    def _connect(self, driver: Path | None = None) -> Any:
        with QUIET():
            return vastdb.connect(
                endpoint=self.settings.endpoint,
                access=self.settings.access_key,
                secret=self.settings.secret_key,
                ssl_verify=self.settings.ca_bundle or True,
                timeout=TIMEOUT_SECONDS,
                backoff_config=BackoffConfig(max_time=CONNECT_SECONDS),
                **({} if driver is None else {"adbc_driver_path": str(driver)}),
            )

    def read_counts(self, query_id: str) -> ReadCounts:
        """Return the counts the server has reported so far for selects with that id."""
        return self._shared.read_counts(query_id)

    def watched(self, query_id: str) -> AbstractContextManager[None]:
        """Count the rows read for selects with that id, inside the block."""
        return self._shared.watched(query_id)


@contextmanager
def _without_autocommit_warning() -> Iterator[None]:
    """Hide a warning about what is intended: the SDK, not the driver, has the transaction."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Cannot disable autocommit")
        yield
