"""DuckDB, one instance per query: no query can name what another sees.

Nothing of the machine is in an instance's reach: no files, no network, no extensions, no
Python variables; its memory has a limit and spills into a folder of its own; the
configuration is locked. Instances are kept for the next query, for opening one takes
tens of milliseconds.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from vast_standin.engine.pushdown import Pruned
from vast_standin.http import ProtocolError

if TYPE_CHECKING:
    import duckdb

CATALOGUE = "vastdb"
MOST_QUERIES = 16
MEMORY_LIMIT = "1GB"
BATCH_ROWS = 1 << 17
LONGEST_SECONDS = 600.0
_MOST_IDLE = 4
_SETTINGS = {
    "python_enable_replacements": "false",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "true",
    "TimeZone": "'UTC'",
    "lock_configuration": "true",
}


@dataclass
class Instance:
    """One DuckDB, whose only catalogue is emptied after each query."""

    connection: "duckdb.DuckDBPyConnection"
    _filled: bool = False
    _reader: pa.RecordBatchReader | None = None
    _shown: list[Pruned] = field(default_factory=list)

    def empty(self) -> "Instance":
        """Drop the catalogue of the last query and begin an empty one."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._shown.clear()
        if self._filled:
            self.connection.execute("USE memory")
            self.connection.execute(f"DETACH {CATALOGUE}")
        self.connection.execute(f"ATTACH ':memory:' AS {CATALOGUE}")
        self.connection.execute(f"USE {CATALOGUE}")
        self._filled = True
        return self

    def show(self, schema: str, name: str, rows: pa.Table | ds.Dataset) -> None:
        """Make Arrow data readable under a name; nothing is copied."""
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        self.connection.execute(f"USE {CATALOGUE}.{quoted(schema)}")
        self.connection.from_arrow(rows).create_view(name)
        if isinstance(rows, Pruned):
            self._shown.append(rows)
        self.connection.execute(f"USE {CATALOGUE}")

    def run(self, sql: str) -> pa.RecordBatchReader:
        """Run a reading statement; batches arrive while it runs.

        Until the first one it may take LONGEST_SECONDS, then it is interrupted.
        """
        with self.errors():
            result = self.connection.sql(sql)
            if result is None:
                return pa.RecordBatchReader.from_batches(pa.schema([]), [])
            limit = threading.Timer(LONGEST_SECONDS, self.connection.interrupt)
            limit.start()
            try:
                self._reader = result.to_arrow_reader(BATCH_ROWS)
                return self._reader
            finally:
                limit.cancel()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn DuckDB's errors into protocol errors, and raise those of reading as such."""
        try:
            with duck_errors():
                yield
        except ProtocolError as error:
            faults = (rows.fault for rows in self._shown if rows.fault is not None)
            raise next(faults, error) from error

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return the column names and DuckDB types of a reading statement."""
        with duck_errors():
            relation = self.connection.sql(sql)
            return list(zip(relation.columns, map(str, relation.types), strict=True))


@dataclass
class Duck:
    """The instances; created on demand, because the import takes a second."""

    spill: Path
    _idle: list[Instance] = field(default_factory=list)
    _lent: int = 0
    _created: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def borrow(self) -> Instance:
        """Lend an empty instance; 503 SlowDown when too many are lent."""
        with self._lock:
            if self._lent >= MOST_QUERIES:
                raise ProtocolError(
                    503, "SlowDown", f"{self._lent} queries are running, try later"
                )
            self._lent += 1
            instance = self._idle.pop() if self._idle else None
        try:
            return instance or self._new().empty()
        except BaseException:
            with self._lock:
                self._lent -= 1
            raise

    def give_back(self, instance: Instance) -> None:
        """Take an instance back, to be lent again unless there are enough."""
        try:
            instance.empty()
        finally:
            with self._lock:
                self._lent -= 1
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(instance)
                return
        instance.connection.close()

    def _new(self) -> Instance:
        import duckdb  # noqa: PLC0415 - see the class

        with self._lock:
            if not self._created:
                shutil.rmtree(self.spill, ignore_errors=True)
            self._created += 1
            folder = self.spill / str(self._created)
        connection = duckdb.connect(
            ":memory:",
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(folder)},
        )
        for name, value in _SETTINGS.items():
            connection.execute(f"SET {name}={value}")
        return Instance(connection)


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def duck_errors() -> Iterator[None]:
    """Turn DuckDB's errors into protocol errors."""
    import duckdb  # noqa: PLC0415 - see the class

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as err:
        raise ProtocolError(400, "InvalidQuery", str(err).strip()) from err
