"""Queries in progress: started once, fetched in order, forgotten when done or idle."""

import itertools
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import pyarrow as pa

from vast_standin.engine.engine import Engine
from vast_standin.engine.files import stream_buffers
from vast_standin.engine.root import Root
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.sql.duck import (
    BATCH_ROWS,
    Duck,
    arrow_table,
    quoted,
    sql_error,
    visible_tables,
)
from vast_standin.sql.statements import Statement, refuse_change

if TYPE_CHECKING:
    import duckdb

_IDLE_S = 600.0
_LONGEST_RESULT_CHUNK = 4 << 20


@dataclass
class Chunk:
    """What one data request gets: where the next begins, and the batches."""

    next: int | None
    messages: list[memoryview]


@dataclass
class Query:
    """One running query."""

    id: int
    cursor: "duckdb.DuckDBPyConnection"
    catalogue: str
    reader: pa.RecordBatchReader
    touched_at: float = field(default_factory=time.monotonic)
    ticket_given: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _position: int = 0
    _last: tuple[int, Chunk] | None = None

    def fetch(self, position: int) -> Chunk:
        """Give the batches from a position on; the last answer can be had again."""
        with self._lock:
            self.touched_at = time.monotonic()
            if self._last is not None and self._last[0] == position:
                return self._last[1]
            if position != self._position:
                raise ProtocolError(
                    400, "InvalidArgument", f"batch {position} is gone or not there yet"
                )
            chunk = self._read()
            self._last = (position, chunk)
            return chunk

    def close(self) -> None:
        """Give its memory back."""
        with self._lock:
            self.reader.close()
            self.cursor.execute("USE memory")
            self.cursor.execute(f"DETACH {self.catalogue}")
            self.cursor.close()

    def _read(self) -> Chunk:
        messages: list[memoryview] = []
        size = 0
        while size < _LONGEST_RESULT_CHUNK:
            try:
                batch = self.reader.read_next_batch()
            except StopIteration:
                return Chunk(None, messages)
            except (pa.ArrowException, OSError) as err:
                raise sql_error(err) from err
            if batch.num_rows:
                self._position += 1
                messages += batch_message(batch)
                size += batch.nbytes
        return Chunk(self._position, messages)


@dataclass
class Running:
    """All running queries of an engine."""

    engine: Engine
    _duck: Duck = field(default_factory=Duck)
    _queries: dict[int, Query] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def start(self, sql: str, transaction: Transaction | None) -> Query:
        """Start a query on what a transaction sees."""
        self._forget_idle()
        root = self.engine.root if transaction is None else transaction.root
        cursor, catalogue = self._duck.cursor(), self._duck.catalogue()
        try:
            reader = self._execute(cursor, catalogue, sql, root)
        except Exception as err:
            cursor.close()
            if isinstance(err, ProtocolError):
                raise
            raise sql_error(err) from err
        query = Query(next(self._numbers), cursor, catalogue, reader)
        self._queries[query.id] = query
        return query

    def find(self, number: int) -> Query:
        """Find a query; 404 when there is none."""
        found = self._queries.get(number)
        if found is None:
            raise ProtocolError(404, "NoSuchQuery", f"query {number} is not running")
        found.touched_at = time.monotonic()
        return found

    def finish(self, number: int) -> None:
        """Forget a query."""
        found = self._queries.pop(number, None)
        if found is not None:
            found.close()

    def _execute(
        self,
        cursor: "duckdb.DuckDBPyConnection",
        catalogue: str,
        sql: str,
        root: Root,
    ) -> pa.RecordBatchReader:
        statement = Statement.of(cursor, sql)
        if statement.changes:
            raise refuse_change(statement)
        cursor.execute(f"ATTACH ':memory:' AS {catalogue}")
        cursor.execute(f"USE {catalogue}")
        _show(cursor, root, sql)
        result = cursor.sql(sql)
        if result is None:
            return pa.RecordBatchReader.from_batches(pa.schema([]), [])
        return result.to_arrow_reader(BATCH_ROWS)

    def _forget_idle(self) -> None:
        limit = time.monotonic() - _IDLE_S
        for query in list(self._queries.values()):
            if query.touched_at < limit:
                self.finish(query.id)


_RUNNING: "WeakKeyDictionary[Engine, Running]" = WeakKeyDictionary()
_RUNNING_LOCK = threading.Lock()


def running_on(engine: Engine) -> Running:
    """Give the running queries of an engine."""
    with _RUNNING_LOCK:
        found = _RUNNING.get(engine)
        if found is None:
            found = _RUNNING[engine] = Running(weakref.proxy(engine))
        return found


def batch_message(batch: pa.RecordBatch) -> list[memoryview]:
    """Give a batch as one Arrow message, without the schema before and the end after."""
    buffers = stream_buffers(batch)
    skip = batch.schema.serialize().size
    while buffers and skip >= len(buffers[0]):
        skip -= len(buffers[0])
        buffers = buffers[1:]
    if skip:
        buffers = [buffers[0][skip:], *buffers[1:]]
    return buffers[:-1] if bytes(buffers[-1][-8:-4]) == b"\xff" * 4 else buffers


def _show(cursor: "duckdb.DuckDBPyConnection", root: Root, sql: str) -> None:
    """Make the tables a statement may mean visible as views."""
    schemas: set[str] = set()
    for number, (schema, table) in enumerate(visible_tables(root, sql)):
        if schema not in schemas:
            cursor.execute(f"CREATE SCHEMA {quoted(schema)}")
            schemas.add(schema)
        cursor.register(f"arrow_{number}", arrow_table(table))
        cursor.execute(
            f"CREATE VIEW {quoted(schema)}.{quoted(table.name)} "  # noqa: S608 - quoted
            f"AS SELECT * FROM arrow_{number}"
        )
