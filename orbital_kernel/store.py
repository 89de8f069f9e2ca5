"""Tables in VAST: the only file that imports vastdb (and ibis).

Everything goes through a transaction of the vendor's client. Table metadata is loaded
once a table and session, as the vendor advises, and dropped when a table is made anew.
"""

import copy
import logging
import threading
import time as clock
import uuid
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
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
from vastdb.transaction import Transaction as VendorTransaction
from vastdb.transaction import TransactionNotActiveError

from orbital_kernel import schema
from orbital_kernel.config import DATABASE, Settings
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.layout import Projection, layout
from orbital_kernel.predicate import Clause
from orbital_kernel.pushdown import pushed

ROW_ID = "$row_id"
Result = TypeVar("Result")
SLICE_BYTES = 4_600_000
SLICE_ROWS = 500_000
TIMEOUT_SECONDS = 120
CONNECT_SECONDS = 10.0
ENTITIES_A_PAGE = 10_000
ROWS_READ_HEADER = "x-orbital-rows-read"
GROUPS_READ_HEADER = "x-orbital-row-groups-read"
ROWS_STORED_HEADER = "x-orbital-rows-stored"
PROJECTION_HEADER = "x-orbital-projection"
BESIDE_THREADS = 4
PROJECTIONS_SECONDS = 60.0
ALL_PERCENT = 100
NO_TRANSACTION = 0
ROWS_A_SPLIT = 4_000_000
MOST_ROWS_ALONE = 1 << 20
NO_COLUMN = "TabularMismatchColumnName"
OLDER = (
    "; a table an earlier Orbital made lacks columns: `orbital provision plan` tells "
    "which, `orbital provision apply` adds those of ops"
)
log = logging.getLogger(__name__)

logging.getLogger("vastdb").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Told:
    """What the server told of one select: rows and row groups opened, rows stored.

    Null where the server does not tell. `projection` is the one read, "" the table.
    """

    rows_read: int | None = None
    groups_read: int | None = None
    requests: int = 0
    rows_stored: int | None = None
    projection: str | None = None


class _Metadata(TableMetadata):  # type: ignore[misc]
    """Metadata that transactions share: the SDK copies it deeply for each of them."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "_Metadata":
        """Copy only the outside: statistics are replaced, never changed in place."""
        return copy.copy(self)


class _WatchedApi(VastdbApi):  # type: ignore[misc]
    """The vendor's API, connections kept between selects and answers' headers read.

    The SDK asks for one API object a select and worker; an answer finds its query by
    `asking` of the thread, or by the name the SDK gives its workers after
    `QueryConfig.query_id`.
    """

    told: dict[str, Told]
    told_lock: threading.Lock
    asking: threading.local
    twins: dict[tuple[str, ...], "_WatchedApi"]

    def with_endpoints(
        self, endpoints: list[str], *, backoff_config: BackoffConfig | None = None
    ) -> "_WatchedApi":
        """Return an API for these endpoints that shares this one's connections."""
        key = tuple(endpoints)
        if backoff_config is None and key in self.twins:
            return self.twins[key]
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
        twin.asking, twin.twins = self.asking, self.twins
        if backoff_config is None:
            self.twins[key] = twin
        return twin

    def __exit__(self, *args: object) -> None:
        """Keep the connections: they belong to the session, not to one select."""

    @contextmanager
    def asked_as(self, query_id: str) -> Iterator[None]:
        """Note what is told to this thread under the id of a query."""
        self.asking.query_id, self.asking.pages = query_id, 0
        try:
            yield
        finally:
            self.asking.query_id = ""

    def query_data(self, *arguments: Any, **options: Any) -> requests.Response:
        """Ask for data; of an answer without transaction only the first page."""
        if options.get("txid") == NO_TRANSACTION:
            if self.asking.pages:
                raise _MoreToCome
            self.asking.pages = 1
        response: requests.Response = super().query_data(*arguments, **options)
        return response

    def retried(self, call: Callable[[], Result]) -> Result:
        """Make a call that only reads, again where the vendor's client would."""
        again: Callable[[], Result] = self._backoff_decorator(call)
        return again()

    def _session_create(self, url: Any) -> requests.Session:
        session: requests.Session = super()._session_create(url)
        # Proxies and authorities of the environment, looked up once: `requests` would
        # do it at each call, which is a third of the time a small one takes.
        told = session.merge_environment_settings(str(url), {}, None, None, None)
        session.proxies, session.verify = told["proxies"], told["verify"]
        session.trust_env = False
        session.hooks["response"].append(self._note)
        return session

    def _note(self, response: requests.Response, **_: object) -> None:
        query_id = getattr(self.asking, "query_id", "")
        name = threading.current_thread().name
        if not query_id and name.startswith("query-data-"):
            query_id = name.removeprefix("query-data-").rpartition("_")[0]
        if not query_id:
            return
        headers = response.headers
        stored = headers.get(ROWS_STORED_HEADER)
        with self.told_lock:
            before = self.told.get(query_id)
            if before is not None:
                self.told[query_id] = Told(
                    _sum(before.rows_read, headers.get(ROWS_READ_HEADER)),
                    _sum(before.groups_read, headers.get(GROUPS_READ_HEADER)),
                    before.requests + 1,
                    None if stored is None else int(stored),
                    headers.get(PROJECTION_HEADER),
                )


class _Reading(VendorTransaction):  # type: ignore[misc]
    """A transaction begun beside what the caller does, or when it is first needed."""

    begin: Callable[[], "Future[int]"]
    begun: "Future[int] | None" = None
    closed = False

    @property
    def is_active(self) -> bool:
        """Whether it was not closed yet."""
        return not self.closed

    @property
    def active_txid(self) -> int:
        """The transaction's number; raises what went wrong when it was begun."""
        if self.closed:
            raise TransactionNotActiveError
        if self.begun is None:
            self.begun = self.begin()
        return self.begun.result()


class _MoreToCome(Exception):
    """An answer without a transaction is not complete."""


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
        watched.asking, watched.twins = threading.local(), {}
        self._session.api = watched
        self._closing = watched.with_endpoints(
            [settings.endpoint], backoff_config=BackoffConfig(max_tries=1)
        )
        self._beside = ThreadPoolExecutor(BESIDE_THREADS, "orbital-store")
        self._closes = ThreadPoolExecutor(1, "orbital-store-closing")
        self._sql_session: Any = None
        self.answers_alone = False
        self.floors: dict[Hashable, float] = {}
        self.metadata: dict[str, TableMetadata] = {}
        self.projections: dict[str, tuple[float, dict[str, Projection]]] = {}

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
        """Open a transaction that only reads, beside what the caller does meanwhile.

        It is begun now, waited for when first used, and closed without waiting. Where
        the server answers single requests alone it is begun when first needed.
        """
        tx = _Reading(self._session, self._session._context)  # noqa: SLF001
        tx.begin = lambda: self._beside.submit(self._begin)
        if not self.answers_alone:
            tx.begun = tx.begin()
        try:
            yield Transaction(self, tx)
        except (vast_errors.HttpError, vast_errors.ConnectionError) as error:
            raise StoreError(_say(error)) from error
        finally:
            tx.closed = True
            if tx.begun is not None:
                tx.begun.add_done_callback(self._close_beside)

    def beside(self, call: Callable[..., Result], *arguments: Any) -> "Future[Result]":
        """Make a call beside what the caller does meanwhile."""
        return self._beside.submit(call, *arguments)

    def _begin(self) -> int:
        """Begin a transaction without looking for the SQL driver, as the SDK would."""
        return int(self._session.api.begin_transaction().headers["tabular-txid"])

    def _close_beside(self, begun: "Future[int]") -> None:
        if begun.exception() is not None:
            return
        try:
            self._closes.submit(self._close, begun.result())
        except (
            RuntimeError
        ) as error:  # the program is ending: no thread starts any more
            log.debug("transaction %d was not closed: %s", begun.result(), error)

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

    def arrange(self, full_name: str) -> None:
        """Make the projections schema.py wants of a table, where missing."""
        with self.transaction() as tx:
            tx.arrange(full_name)

    def widen(self, full_name: str) -> None:
        """Add the columns schema.py has and the table lacks; null in the rows it has."""
        with self.transaction() as tx:
            tx.widen(full_name)

    def roll_back(self, number: int) -> bool:
        """Roll back a transaction somebody left open; False where it is not open."""
        try:
            self._session.api.rollback_transaction(number)
        except vast_errors.HttpError:
            return False
        except vast_errors.ConnectionError as error:
            raise StoreError(_say(error)) from error
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
            backoff_config=BackoffConfig(max_time=CONNECT_SECONDS),
            **options,
        )

    def told(self, query_id: str) -> Told:
        """Return what the server told so far of the selects with that id."""
        api = self._session.api
        with api.told_lock:
            told: Told = api.told.get(query_id, Told())
        if told.requests:
            # Only the embedded platform tells how many rows are stored. It is also known
            # to answer requests of transaction 0 from one state; of clusters it is not.
            self.answers_alone = told.rows_stored is not None
        return told if told.requests else Told()

    def forget_told(self, query_id: str) -> None:
        """Begin anew with what the server tells of selects with that id."""
        api = self._session.api
        with api.told_lock:
            if query_id in api.told:
                api.told[query_id] = Told(0, 0)

    @contextmanager
    def watched(self, query_id: str) -> Iterator[None]:
        """Keep what the server tells of selects with that id, to ask `told` for it."""
        api = self._session.api
        with api.told_lock:
            api.told[query_id] = Told(0, 0)
        try:
            yield
        finally:
            with api.told_lock:
                del api.told[query_id]


class Transaction:
    """One open transaction on the store's database."""

    row_id = ROW_ID

    def __init__(self, store: Store, tx: Any) -> None:
        self._store = store
        self._tx = tx
        self.splits = 0
        """Into how many requests at least selects were cut so far."""

    @property
    def number(self) -> int:
        """The transaction's id on the wire."""
        return int(self._tx.active_txid)

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
                laid_out = layout(full_name).projections
                made = self.projections(full_name, fresh=True) if laid_out else {}
                found[full_name] = schema.Table(
                    name, columns, sort, projections=tuple(made.values())
                )
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
        self._forget(full_name)
        self.arrange(full_name)

    def drop(self, full_name: str) -> None:
        """Drop one table with all its rows."""
        room, _, name = full_name.partition(".")
        self._tx.bucket(self._store.database).schema(room).table(name).drop()
        self._forget(full_name)

    def arrange(self, full_name: str) -> None:
        """Make the projections schema.py wants of a table, where missing."""
        known = self.projections(full_name, fresh=True)
        for wanted in schema.table(full_name).projections:
            if wanted.name not in known:
                self.project(full_name, wanted)

    def widen(self, full_name: str) -> None:
        """Add the columns schema.py has and the table lacks; null in the rows it has."""
        room, _, name = full_name.partition(".")
        table = self._tx.bucket(self._store.database).schema(room).table(name)
        known = set(table.arrow_schema.names)
        more = [f for f in schema.table(full_name).arrow if f.name not in known]
        if more:
            table.add_column(pa.schema(more))
            self._forget(full_name)

    def project(self, full_name: str, wanted: Projection) -> None:
        """Make one projection; the database sorts it in its own time."""
        room, _, name = full_name.partition(".")
        table = self._tx.bucket(self._store.database).schema(room).table(name)
        rest = [n for n in table.arrow_schema.names if n not in wanted.sort]
        table.create_projection(wanted.name, list(wanted.sort), rest)
        self._store.projections.pop(full_name, None)

    def drop_projection(self, full_name: str, name: str) -> None:
        """Drop one projection; the table keeps all its rows."""
        self._table(full_name).projection(name, include_stats=False).drop()
        self._store.projections.pop(full_name, None)

    def projections(
        self, full_name: str, *, fresh: bool = False
    ) -> dict[str, Projection]:
        """Return a table's projections by name, asked for once in a while.

        The database tells columns, the leading one first; the rest of the sort is known
        only of those that layout.py names.
        """
        known = self._store.projections.get(full_name)
        now = clock.monotonic()
        if known is None or fresh or now - known[0] > PROJECTIONS_SECONDS:
            declared = {p.name: p for p in layout(full_name).projections}
            found = {
                one.name: declared.get(one.name)
                or Projection(one.name, (one.columns().names[0],))
                for one in self._table(full_name).projections(include_stats=False)
            }
            known = self._store.projections[full_name] = (now, found)
        return known[1]

    def in_step(self, full_name: str, name: str) -> bool:
        """Whether the database has sorted all rows of a projection by now."""
        room, _, table = full_name.partition(".")
        stats = self._store._session.api.get_projection_stats(  # noqa: SLF001
            self._store.database, room, table, name, txid=self.number
        )
        return bool(stats[-1] >= ALL_PERCENT)

    def _forget(self, full_name: str) -> None:
        self._store.metadata.pop(full_name, None)
        self._store.projections.pop(full_name, None)

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Insert rows of schema.py's columns; return how many the database took."""
        wanted = schema.table(full_name)
        rows = _told(schema.conform(rows, wanted), wanted.sort)
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
                [clauses[0].column], pushed(table, clauses), table.arrow_schema
            )
        )

    def select(
        self, full_name: str, clauses: Sequence[Clause] = (), **options: Any
    ) -> pa.Table:
        """Return the rows all clauses hold for, evaluated by the server.

        Options as in `stream`. What is selective and has no limit is read in this
        thread, in one split.
        """
        limit = options.pop("limit", None)
        if not clauses or limit is not None:
            options.pop("alone", None)
            return self.stream(full_name, clauses, limit=limit, **options).read_all()
        schema_, batches = self._at_once(full_name, clauses, **options)
        return pa.Table.from_batches(batches, schema_)

    def count(self, full_name: str, clauses: Sequence[Clause], **options: Any) -> int:
        """Return how many rows the clauses hold for, without their values."""
        _, batches = self._at_once(full_name, clauses, columns=(), **options)
        return sum(map(len, batches))

    def stream(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        row_ids: bool = False,
        query_id: str = "",
        projection: str | None = None,
    ) -> pa.RecordBatchReader:
        """Return the same as `select`, batch by batch, while the transaction is open.

        `query_id` is what `Store.told` is asked with afterwards. `projection` names the
        one to read from; "" reads from the table, None leaves it to the server.
        """
        table = self._table(full_name)
        if limit == 0:
            names = table.arrow_schema.names if columns is None else columns
            fields = [table.arrow_schema.field(name) for name in names]
            return pa.RecordBatchReader.from_batches(pa.schema(fields), [])
        splits = 1
        if not clauses:
            table.reload_stats()
            splits = max(1, int(table.stats.num_rows) // ROWS_A_SPLIT)
        self.splits += splits
        return table.select(
            columns=None if columns is None else list(columns),
            predicate=pushed(table, clauses),
            config=_config(query_id, projection, splits, 1 if clauses else 4),
            limit_rows=limit,
            internal_row_id=row_ids,
        )

    def _at_once(
        self,
        full_name: str,
        clauses: Sequence[Clause],
        *,
        columns: Sequence[str] | None = None,
        row_ids: bool = False,
        query_id: str = "",
        projection: str | None = None,
        alone: bool = False,
    ) -> tuple[pa.Schema, list[pa.RecordBatch]]:
        """Return all batches of one split, read without threads in between.

        `alone`: nothing else is read in this transaction, so that one request which is
        answered whole needs none.
        """
        config = _config(query_id, projection)
        self.splits += 1

        def read(
            table: Any, config: QueryConfig
        ) -> tuple[pa.Schema, list[pa.RecordBatch]]:
            (reader,) = table.select_splits(
                columns=None if columns is None else list(columns),
                predicate=pushed(table, clauses),
                config=config,
                internal_row_id=row_ids,
            )
            return reader.schema, list(reader)

        api = self._store._session.api  # noqa: SLF001
        answer: tuple[pa.Schema, list[pa.RecordBatch]]
        if alone and self._store.answers_alone:
            whole = replace(config, limit_rows_per_sub_split=MOST_ROWS_ALONE)
            with api.asked_as(query_id), suppress(_MoreToCome):
                answer = api.retried(partial(read, self._alone(full_name), whole))
                return answer
            self._store.forget_told(query_id)
        with api.asked_as(query_id):
            answer = api.retried(partial(read, self._table(full_name), config))
            return answer

    def _alone(self, full_name: str) -> Any:
        """Return a table that is asked without a transaction."""
        none = VendorTransaction(self._tx._rpc, self._tx._session_context)  # noqa: SLF001
        none.txid = NO_TRANSACTION
        return none.table_from_metadata(self._load(full_name))

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


def _config(
    query_id: str, projection: str | None, splits: int = 1, sub_splits: int = 1
) -> QueryConfig:
    return QueryConfig(
        query_id=query_id or uuid.uuid4().hex,
        num_sub_splits=sub_splits,
        num_splits=splits,
        use_semi_sorted_projections=projection != "",
        semi_sorted_projection_name=projection or None,
    )


def _told(rows: pa.Table, sort: tuple[str, ...]) -> pa.Table:
    """Leave out columns without any value: they are null to the database anyway."""
    told = [n for n in rows.column_names if rows[n].null_count < len(rows) or n in sort]
    return rows.select(told or rows.column_names[:1])


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
        said = f"the database answered {error.code or error.status}: {error.message or 'no reason'}"
        return said + (OLDER if error.code == NO_COLUMN else "")
    return str(getattr(error, "cause", error))
