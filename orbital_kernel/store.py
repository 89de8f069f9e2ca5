"""Tables in VAST: the only file that imports vastdb (and ibis).

Everything goes through a transaction of the vendor's client. Table metadata is loaded
once a table and session, as the vendor advises, and dropped when a table is made anew.
"""

import copy
import logging
import threading
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from pathlib import Path
from typing import Any, TypeVar

import adbc_driver_manager
import pyarrow as pa
import requests
import vastdb
from vastdb import errors as vast_errors
from vastdb._internal import VastdbApi
from vastdb.config import BackoffConfig, QueryConfig
from vastdb.table_metadata import TableMetadata, TableRef, TableType

from orbital_kernel import predicate, schema
from orbital_kernel.config import DATABASE, Settings
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.predicate import Clause

ROW_ID = "$row_id"
Result = TypeVar("Result")
SLICE_BYTES = 4_600_000
SLICE_ROWS = 500_000
TIMEOUT_SECONDS = 120
ENTITIES_A_PAGE = 10_000
ROWS_READ_HEADER = "x-orbital-rows-read"
GROUPS_READ_HEADER = "x-orbital-row-groups-read"
BESIDE_THREADS = 4
log = logging.getLogger(__name__)

logging.getLogger("vastdb").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Told:
    """What the server told of one select: rows and row groups opened, requests.

    Null where the server does not tell.
    """

    rows_read: int | None = None
    groups_read: int | None = None
    requests: int = 0


class _Metadata(TableMetadata):  # type: ignore[misc]
    """Metadata that transactions share: the SDK copies it deeply for each of them."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "_Metadata":
        """Copy only the outside: statistics are replaced, never changed in place."""
        return copy.copy(self)


class _WatchedApi(VastdbApi):  # type: ignore[misc]
    """The vendor's API, connections kept between selects and answers' headers read.

    The SDK opens one API object a select and worker and names the worker's thread by
    `QueryConfig.query_id`: that is how an answer finds its query.
    """

    told: dict[str, Told]
    told_lock: threading.Lock

    def with_endpoints(
        self, endpoints: list[str], *, backoff_config: BackoffConfig | None = None
    ) -> "_WatchedApi":
        """Return an API for these endpoints that shares this one's connections."""
        twin = _WatchedApi(
            access_key=self.access_key,
            secret_key=self.secret_key,
            endpoints=endpoints,
            max_entities_per_page=self._max_entities_per_page,
            ssl_verify=self._ssl_verify,
            timeout=self.timeout,
            backoff_config=backoff_config or self.backoff_config,
            version_check=False,
        )
        twin._sessions = self._sessions
        twin.told, twin.told_lock = self.told, self.told_lock
        return twin

    def __exit__(self, *args: object) -> None:
        """Keep the connections: they belong to the session, not to one select."""

    def _session_create(self, url: Any) -> requests.Session:
        session: requests.Session = super()._session_create(url)
        session.hooks["response"].append(self._note)
        return session

    def _note(self, response: requests.Response, **_: object) -> None:
        name = threading.current_thread().name
        if not name.startswith("query-data-"):
            return
        query_id = name.removeprefix("query-data-").rpartition("_")[0]
        with self.told_lock:
            before = self.told.get(query_id)
            if before is not None:
                self.told[query_id] = Told(
                    _sum(before.rows_read, response.headers.get(ROWS_READ_HEADER)),
                    _sum(before.groups_read, response.headers.get(GROUPS_READ_HEADER)),
                    before.requests + 1,
                )


class Store:
    """One database of one platform."""

    def __init__(self, settings: Settings, *, database: str = DATABASE) -> None:
        """Connect; raises StoreError where the endpoint does not answer or refuses."""
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
                f"cannot connect to the database at {settings.endpoint}: {_say(error)}; "
                "`orbital doctor` tells more"
            ) from error
        watched = _WatchedApi(
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            endpoints=[settings.endpoint],
            max_entities_per_page=ENTITIES_A_PAGE,
            ssl_verify=settings.ca_bundle or True,
            timeout=TIMEOUT_SECONDS,
            version_check=False,
        )
        watched.vast_version = self._session.api.vast_version
        watched.told, watched.told_lock = {}, threading.Lock()
        self._session.api = watched
        self._closing = watched.with_endpoints(
            [settings.endpoint], backoff_config=BackoffConfig(max_tries=1)
        )
        self._beside = ThreadPoolExecutor(BESIDE_THREADS, "orbital-store")
        self._sql_session: Any = None
        self.metadata: dict[str, TableMetadata] = {}

    def __repr__(self) -> str:
        """Tell endpoint and database, never keys."""
        return f"Store({self.settings.endpoint!r}, database={self.database!r})"

    @property
    def version(self) -> str:
        """The server's version, as it advertises itself."""
        return ".".join(map(str, self._session.api.vast_version))

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Open a transaction: committed at the end, rolled back by any exception."""
        try:
            with self._session.transaction() as tx:
                yield Transaction(self, tx)
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(_say(error)) from error

    @contextmanager
    def reading(self) -> Iterator["Transaction"]:
        """Open a transaction that only reads; it is closed without waiting for it."""
        tx = self._session.transaction()
        try:
            tx.__enter__()
            yield Transaction(self, tx)
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(_say(error)) from error
        finally:
            number, tx.txid = tx.txid, None
            if number is not None:
                self._beside.submit(self._close, number)

    def beside(self, call: Callable[..., Result], *arguments: Any) -> "Future[Result]":
        """Make a call beside what the caller does meanwhile."""
        return self._beside.submit(call, *arguments)

    def _close(self, number: int) -> None:
        """Forget a read transaction; one that stays open ends with the platform."""
        try:
            self._closing.rollback_transaction(number)
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            log.debug("transaction %d was not closed: %s", number, _say(error))

    def actual(self) -> dict[str, schema.Table]:
        """Return the tables that exist, by full name; {} where the database does not."""
        with self.transaction() as tx:
            return tx.tables()

    def create(self, full_name: str) -> None:
        """Create one table of schema.py, and its schema where missing."""
        with self.transaction() as tx:
            tx.create(full_name)

    def drop(self, full_name: str) -> None:
        """Drop one table with all its rows."""
        with self.transaction() as tx:
            tx.drop(full_name)

    def roll_back(self, number: int) -> bool:
        """Roll back a transaction somebody left open; False where it is not open."""
        try:
            self._session.api.rollback_transaction(number)
        except vast_errors.HttpError:
            return False
        return True

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Insert rows in one transaction of their own; return how many."""
        with self.transaction() as tx:
            return tx.insert(full_name, rows)

    def read(
        self, full_name: str, clauses: Sequence[Clause] = (), **options: Any
    ) -> pa.Table:
        """Select in one transaction of its own; see Transaction.select."""
        with self.transaction() as tx:
            return tx.select(full_name, clauses, **options)

    def rows(self, full_name: str) -> int:
        """Return how many rows a table holds."""
        with self.transaction() as tx:
            return tx.rows(full_name)

    def counts(self, room: str) -> dict[str, int]:
        """Return how many rows each table of a schema holds, in one request.

        As committed, and outside of any transaction; {} where the schema is missing.
        """
        held: dict[str, int] = {}
        after, more = 0, True
        try:
            while more:
                _, _, tables, after, more, _ = self._session.api.list_tables(
                    self.database, room, next_key=after
                )
                held |= {one.name: int(one.num_rows) for one in tables}
        except vast_errors.NotFound:
            return {}
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(_say(error)) from error
        return held

    def sql(self, text: str, *, driver: Path) -> pa.Table:
        """Return the answer of a SELECT, run by the database's engine through ADBC.

        The session that loads the driver is made once, and used for nothing else.
        """
        if self._sql_session is None:
            self._sql_session = self._connect(adbc_driver_path=str(driver))
        try:
            with _without_autocommit_warning(), self._sql_session.transaction() as tx:
                cursor = tx.adbc_conn.cursor
                cursor.execute(text)
                rows: pa.Table = cursor.fetch_arrow_table()
                return rows
        except adbc_driver_manager.Error as error:
            raise QueryError(f"the database cannot answer this SQL: {error}") from error
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(_say(error)) from error

    def _connect(self, **options: Any) -> Any:
        return vastdb.connect(
            endpoint=self.settings.endpoint,
            access=self.settings.access_key,
            secret=self.settings.secret_key,
            ssl_verify=self.settings.ca_bundle or True,
            timeout=TIMEOUT_SECONDS,
            **options,
        )

    def told(self, query_id: str) -> Told:
        """Return, once, what the server told of the selects with that id."""
        api = self._session.api
        with api.told_lock:
            told: Told = api.told.pop(query_id, Told())
        return told if told.requests else Told()

    def watch(self, query_id: str) -> None:
        """Keep what the server tells of selects with that id, until `told` is asked."""
        api = self._session.api
        with api.told_lock:
            api.told.setdefault(query_id, Told(0, 0))


class Transaction:
    """One open transaction on the store's database."""

    row_id = ROW_ID

    def __init__(self, store: Store, tx: Any) -> None:
        self._store = store
        self._tx = tx

    @property
    def number(self) -> int:
        """The transaction's id on the wire."""
        return int(self._tx.txid)

    def tables(self) -> dict[str, schema.Table]:
        """Return what exists, columns and sort key as the database tells them."""
        try:
            bucket = self._tx.bucket(self._store.database)
        except vast_errors.MissingBucket:
            return {}
        found = {}
        for room in bucket.schemas():
            for name in room.tablenames():
                full_name = f"{room.name}.{name}"
                metadata = self._load(full_name)
                columns = tuple(
                    schema.Column(f.name, f.type) for f in metadata.arrow_schema
                )
                sort = _sort_key(metadata)
                found[full_name] = schema.Table(name, columns, sort)
        return found

    def create(self, full_name: str) -> None:
        """Create one table of schema.py, and its schema where missing."""
        wanted = schema.table(full_name)
        room = full_name.partition(".")[0]
        bucket = self._tx.bucket(self._store.database)
        parent = bucket.schema(room, fail_if_missing=False) or bucket.create_schema(
            room
        )
        parent.create_table(wanted.name, wanted.arrow, sorting_key=list(wanted.sort))
        self._store.metadata.pop(full_name, None)

    def drop(self, full_name: str) -> None:
        """Drop one table with all its rows."""
        room, _, name = full_name.partition(".")
        self._tx.bucket(self._store.database).schema(room).table(name).drop()
        self._store.metadata.pop(full_name, None)

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Insert rows of schema.py's columns; return how many the database took."""
        rows = schema.conform(rows, schema.table(full_name))
        target = self._table(full_name)
        return sum(len(target.insert(batch)) for batch in _slices(rows))

    def import_objects(self, full_name: str, objects: Sequence[str]) -> None:
        """Import Parquet objects ('bucket/key') with this table's columns."""
        self._table(full_name).import_files([f"/{name}" for name in objects])

    def delete(self, full_name: str, clauses: Sequence[Clause]) -> int:
        """Delete the rows the clauses select; return how many."""
        doomed = self.select(full_name, clauses, columns=(), row_ids=True)
        if len(doomed):
            self._table(full_name).delete(doomed)
        return len(doomed)

    def delete_rows(self, full_name: str, row_ids: pa.Table) -> None:
        """Delete rows by the ids a select with `row_ids` gave."""
        if len(row_ids):
            self._table(full_name).delete(row_ids.select([ROW_ID]))

    def rows(self, full_name: str) -> int:
        """Return how many rows the table holds, uncommitted ones included."""
        table = self._table(full_name)
        table.reload_stats()
        return int(table.stats.num_rows)

    def rows_beside(self, full_name: str) -> "Future[int]":
        """Ask how many rows the table holds, and go on meanwhile."""
        self._load(full_name)
        return self._store.beside(self.rows, full_name)

    def knows(self, full_name: str) -> bool:
        """Whether the table's metadata was loaded before in this session."""
        return full_name in self._store.metadata

    def sort_key(self, full_name: str) -> tuple[str, ...]:
        """Return the columns the database sorts the table by."""
        return _sort_key(self._load(full_name))

    def estimate(self, full_name: str, clauses: Sequence[Clause]) -> int | None:
        """Return how many rows the server would open; None for unsorted tables.

        Whole row groups are counted, as the SDK does to plan its splits.
        """
        if not self.sort_key(full_name) or not clauses:
            return None
        table = self._table(full_name)
        return int(
            table._get_elysium_row_estimate(  # noqa: SLF001 the SDK's own question
                [clauses[0].column], _ibis(table, clauses), table.arrow_schema
            )
        )

    def select(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        row_ids: bool = False,
        query_id: str = "",
    ) -> pa.Table:
        """Return the rows all clauses hold for, evaluated by the server.

        `query_id` is what `Store.told` is asked with afterwards.
        """
        return self.stream(
            full_name,
            clauses,
            columns=columns,
            limit=limit,
            row_ids=row_ids,
            query_id=query_id,
        ).read_all()

    def stream(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        row_ids: bool = False,
        query_id: str = "",
    ) -> pa.RecordBatchReader:
        """Return the same as `select`, batch by batch, while the transaction is open."""
        table = self._table(full_name)
        if limit == 0:
            names = table.arrow_schema.names if columns is None else columns
            fields = [table.arrow_schema.field(name) for name in names]
            return pa.RecordBatchReader.from_batches(pa.schema(fields), [])
        selective = bool(clauses)
        if not selective:
            table.reload_stats()  # the number of splits follows the number of rows
        config = QueryConfig(
            query_id=query_id or uuid.uuid4().hex,
            num_sub_splits=1 if selective else 4,
            num_splits=1 if selective else None,
        )
        return table.select(
            columns=None if columns is None else list(columns),
            predicate=_ibis(table, clauses),
            config=config,
            limit_rows=limit,
            internal_row_id=row_ids,
        )

    def _table(self, full_name: str) -> Any:
        return self._tx.table_from_metadata(self._load(full_name))

    def _load(self, full_name: str) -> TableMetadata:
        cache = self._store.metadata
        if full_name not in cache:
            room, _, name = full_name.partition(".")
            metadata = _Metadata(TableRef(self._store.database, room, name))
            try:
                metadata.load(self._tx)
            except vast_errors.NotFound as error:
                raise StoreError(
                    f"the database {self._store.database!r} has no table {full_name!r}: "
                    "`orbital provision apply` creates all tables"
                ) from error
            cache[full_name] = metadata
        return cache[full_name]


def _sort_key(metadata: TableMetadata) -> tuple[str, ...]:
    if metadata.table_type is not TableType.Elysium:
        return ()
    return tuple(field.name for field in metadata.sorted_columns)


def _ibis(table: Any, clauses: Iterable[Clause]) -> Any:
    parts = [reduce(or_, _terms(table[c.column], c)) for c in clauses]
    return reduce(and_, parts) if parts else None


def _terms(column: Any, clause: Clause) -> list[Any]:
    """Return the clause's terms; many values go as one set, since ibis nests each OR."""
    values = [term.value for term in clause.any_of if isinstance(term, predicate.Equal)]
    others = [t for t in clause.any_of if not isinstance(t, predicate.Equal)]
    terms = [_TERMS[type(term)](column, term) for term in others]
    return [*terms, column.isin(values)] if values else terms


def _range(column: Any, term: Any) -> Any:
    if term.low is None:
        return column <= term.high
    return (
        column >= term.low if term.high is None else column.between(term.low, term.high)
    )


_TERMS: dict[type, Callable[[Any, Any], Any]] = {
    predicate.Range: _range,
    predicate.Null: lambda column, _: column.isnull(),
    predicate.NotNull: lambda column, _: ~column.isnull(),
    predicate.Prefix: lambda column, term: column.startswith(term.text),
    predicate.Contains: lambda column, term: column.contains(term.text),
}


def _slices(rows: pa.Table) -> Iterator[pa.RecordBatch]:
    """Cut rows into batches that fit one request, so that inserts stay single calls."""
    for batch in rows.combine_chunks().to_batches():
        count = max(1, -(-batch.nbytes // SLICE_BYTES), -(-len(batch) // SLICE_ROWS))
        step = -(-len(batch) // count)
        for start in range(0, len(batch), step):
            yield batch.slice(start, step)


@contextmanager
def _without_autocommit_warning() -> Iterator[None]:
    """Leave out what is meant: the transaction is the SDK's, not the driver's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Cannot disable autocommit")
        yield


def _sum(before: int | None, told: str | None) -> int | None:
    return None if before is None or told is None else before + int(told)


def _say(error: Exception) -> str:
    """Return the vendor's error in one sentence."""
    if isinstance(error, vast_errors.HttpError):
        return f"the database answered {error.code or error.status}: {error.message or 'no reason'}"
    return str(getattr(error, "cause", error))
