"""Queries in progress: started once, fetched in order, removed when done or idle."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import pyarrow as pa

from vast_standin.engine.engine import Engine
from vast_standin.engine.files import stream_buffers
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.sql.duck import Duck, Instance, duck_errors
from vast_standin.sql.sight import Check, Sight
from vast_standin.sql.statements import Statement

_END_OF_STREAM = 8
_IDLE_S = 600.0
_LONGEST_RESULT_CHUNK = 4 << 20


@dataclass
class Chunk:
    """Reply to one data request: the batches, and where the next begins."""

    next: int | None
    messages: list[memoryview]


@dataclass
class Query:
    """One running query."""

    id: int
    instance: Instance
    reader: pa.RecordBatchReader
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
                with duck_errors():
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
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def start(
        self, engine: Engine, sql: str, transaction: Transaction | None, check: Check
    ) -> Query:
        """Start a query on what a transaction sees, or change something in it.

        `check` raises 403 if the user may not do an action to a key of a bucket.
        """
        self._forget_idle()
        instance = self.duck.borrow()
        try:
            reader = _run(instance, engine, sql, transaction, check)
        except BaseException:
            self.duck.give_back(instance)
            raise
        query = Query(next(self._numbers), instance, reader)
        self._queries[query.id] = query
        return query

    def find(self, number: int) -> Query:
        """Find a query; 404 if there is none."""
        query = self._queries.get(number)
        if query is None:
            raise ProtocolError(404, "NoSuchQuery", f"query {number} is not running")
        query.touched_at = time.monotonic()
        return query

    def finish(self, number: int) -> None:
        """Remove a query."""
        query = self._queries.pop(number, None)
        if query is not None:
            query.close()
            self.duck.give_back(query.instance)

    def _forget_idle(self) -> None:
        limit = time.monotonic() - _IDLE_S
        for query in list(self._queries.values()):
            if query.touched_at < limit:
                self.finish(query.id)


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
