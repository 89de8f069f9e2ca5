"""Queries in progress: started once, fetched in order, removed when done or idle."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import pyarrow as pa

from vast_standin.engine.engine import Engine
from vast_standin.engine.streams import stream_buffers
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.sql.duck import Duck, Instance
from vast_standin.sql.sight import Check, Sight
from vast_standin.sql.statements import Statement

_END_OF_STREAM = 8
_IDLE_S = 600.0
_GONE_S = 30.0
_SWEEP_S = 1.0
MOST_OF_A_KEY = 12
_LONGEST_RESULT_CHUNK = 4 << 20


@dataclass
class Chunk:
    """Reply to one data request: the batches, and where the next begins."""

    next: int | None
    messages: list[memoryview]


@dataclass(frozen=True)
class Client:
    """Who asks: the access key, and whether the connection has ended."""

    owner: str = ""
    gone: Callable[[], bool] = bool


@dataclass
class Query:
    """One running query."""

    id: int
    instance: Instance
    reader: pa.RecordBatchReader
    client: Client
    touched_at: float = field(default_factory=time.monotonic)
    ticket_given: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _position: int = 0
    _last: tuple[int, Chunk] | None = None

    def fetch(self, position: int) -> Chunk:
        """Return the batches from a position on; the last answer can be repeated."""
        with self._lock:
            self.touched_at = time.monotonic()
            if self._last is not None and self._last[0] == position:
                return self._last[1]
            if position != self._position:
                raise ProtocolError(
                    400,
                    "InvalidArgument",
                    f"batch {position} was replaced or is not ready",
                )
            chunk = self._read()
            self._last = (position, chunk)
            return chunk

    def close(self) -> None:
        """Stop it at any moment."""
        self.instance.connection.interrupt()
        with self._lock:
            self.reader.close()

    def _read(self) -> Chunk:
        messages: list[memoryview] = []
        size = 0
        while size < _LONGEST_RESULT_CHUNK:
            try:
                with self.instance.errors():
                    batch = self.reader.read_next_batch()
            except StopIteration:
                return Chunk(None, messages)
            if batch.num_rows:
                self._position += 1
                messages += batch_message(batch)
                size += batch.nbytes
        return Chunk(self._position, messages)


@dataclass
class Running:
    """All running queries of an engine."""

    duck: Duck
    _queries: dict[int, Query] = field(default_factory=dict)
    _starting: dict[int, tuple[Client, Instance]] = field(default_factory=dict)
    _sweeping: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self,
        engine: Engine,
        sql: str,
        transaction: Transaction | None,
        check: Check,
        client: Client,
    ) -> Query:
        """Start a query on what a transaction sees, or change something in it.

        `check` raises 403 if the user may not do an action to a key of a bucket. Ends
        with 503 if the client's access key has too many running.
        """
        self._watch()
        instance = self._borrow(client)
        try:
            reader = _run(instance, engine, sql, transaction, check)
        except BaseException:
            self.duck.give_back(instance)
            raise
        finally:
            del self._starting[id(instance)]
        query = Query(self._number(), instance, reader, client)
        self._queries[query.id] = query
        return query

    def find(self, number: int, client: Client) -> Query:
        """Find a query of the client's access key; 404 if it has none of that number."""
        query = self._queries.get(number)
        if query is None or query.client.owner != client.owner:
            raise ProtocolError(404, "NoSuchQuery", f"query {number} is not running")
        query.touched_at = time.monotonic()
        query.client = client
        return query

    def finish(self, number: int, owner: str) -> None:
        """Remove a query of an access key, if it is running."""
        query = self._queries.get(number)
        if query is not None and query.client.owner == owner:
            self._remove(query)

    def sweep(self, now: float) -> None:
        """Interrupt statements and remove queries that nobody waits for any more."""
        for client, instance in list(self._starting.values()):
            if client.gone():
                instance.connection.interrupt()
        for query in list(self._queries.values()):
            idle = now - query.touched_at
            if idle > _IDLE_S or (idle > _GONE_S and query.client.gone()):
                self._remove(query)

    def _borrow(self, client: Client) -> Instance:
        with self._lock:
            of_key = [c for c, _ in self._starting.values()]
            of_key += [query.client for query in self._queries.values()]
            if sum(c.owner == client.owner for c in of_key) >= MOST_OF_A_KEY:
                raise ProtocolError(
                    503,
                    "SlowDown",
                    f"this access key has {MOST_OF_A_KEY} running queries, the most it may "
                    "have: fetch or cancel some, or try later",
                )
            instance = self.duck.borrow()
            self._starting[id(instance)] = client, instance
            return instance

    def _number(self) -> int:
        while (number := secrets.randbits(62)) in self._queries or not number:
            pass
        return number

    def _remove(self, query: Query) -> None:
        if self._queries.pop(query.id, None) is not None:
            query.close()
            self.duck.give_back(query.instance)

    def _watch(self) -> None:
        """Sweep every second, for as long as there are queries."""
        with self._lock:
            if self._sweeping:
                return
            self._sweeping = True
        threading.Thread(target=self._sweep, name="sql-sweep", daemon=True).start()

    def _sweep(self) -> None:
        while True:
            time.sleep(_SWEEP_S)
            self.sweep(time.monotonic())
            with self._lock:
                if not self._queries and not self._starting:
                    self._sweeping = False
                    return


_RUNNING: "WeakKeyDictionary[Engine, Running]" = WeakKeyDictionary()
_RUNNING_LOCK = threading.Lock()


def running_on(engine: Engine) -> Running:
    """Return the running queries of an engine."""
    with _RUNNING_LOCK:
        running = _RUNNING.get(engine)
        if running is None:
            spill = Duck(engine.path.parent / "sql-spill")
            running = _RUNNING[engine] = Running(spill)
        return running


def _run(
    instance: Instance,
    engine: Engine,
    sql: str,
    transaction: Transaction | None,
    check: Check,
) -> pa.RecordBatchReader:
    if Statement.of(instance, sql).reads:
        root = engine.root if transaction is None else transaction.root
        Sight(engine, root, check).show(instance, sql)
        return instance.run(sql)
    # Imported here: most servers are never sent such a statement.
    from vast_standin.sql.changing import change  # noqa: PLC0415

    with engine.writing(transaction) as active:
        return change(sql, engine, active, instance, check).to_reader()


def batch_message(batch: pa.RecordBatch) -> list[memoryview]:
    """Return a batch as one Arrow message, without the schema before and the end after."""
    buffers = stream_buffers(batch)
    skip = batch.schema.serialize().size
    while skip >= len(buffers[0]):
        skip -= len(buffers.pop(0))
    buffers[0] = buffers[0][skip:]
    end = _END_OF_STREAM
    while end >= len(buffers[-1]):
        end -= len(buffers.pop())
    buffers[-1] = buffers[-1][: len(buffers[-1]) - end]
    return buffers
