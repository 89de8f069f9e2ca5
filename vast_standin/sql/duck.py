"""DuckDB over the engine's own Arrow data: one instance, a catalogue a query.

Nothing of the machine is in its reach: no files, no network, no extensions, no Python
variables; the configuration is locked.
"""

import itertools
import threading
from typing import TYPE_CHECKING

import pyarrow as pa

from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment
from vast_standin.engine.table import Table
from vast_standin.http import ProtocolError

if TYPE_CHECKING:
    import duckdb

_SETTINGS = {
    "python_enable_replacements": "false",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "true",
    "TimeZone": "'UTC'",
    "lock_configuration": "true",
}
BATCH_ROWS = 1 << 17


class Duck:
    """The instance; made at the first query, for its import takes a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._numbers = itertools.count(1)

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Give a connection of its own to the instance."""
        import duckdb  # noqa: PLC0415 - see the class

        with self._lock:
            if self._connection is None:
                self._connection = duckdb.connect(":memory:")
                for name, value in _SETTINGS.items():
                    self._connection.execute(f"SET {name}={value}")
            return self._connection.cursor()

    def catalogue(self) -> str:
        """Give an unused name for a query's catalogue."""
        return f"q{next(self._numbers)}"


def visible_tables(root: Root, sql: str) -> list[tuple[str, Table]]:
    """List the tables whose names occur in a statement, with their schema's name."""
    lowered = sql.lower()
    result = []
    for table in root.tables.values():
        schema = root.schemas.get(table.schema_id)
        if schema is not None and table.name.lower() in lowered:
            result.append((f"{schema.bucket}/{schema.path}", table))
    return result


def arrow_table(table: Table) -> pa.Table:
    """Give a table as Arrow data: mapped, not copied, where nothing was deleted."""
    columns = [c for c in table.definition.columns if not c.is_row_id]
    virtual = [c for c in table.definition.columns if c.is_row_id]
    schema = pa.schema([c.field for c in (*columns, *virtual)])
    batches = []
    for segment in table.segments:
        arrays = [
            segment.read(c.number, c.field.type, 0, segment.rows) for c in columns
        ]
        arrays += [_row_ids(segment) for _ in virtual]
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        live = segment.live_mask(0, segment.rows)
        batches.append(batch if live is None else batch.filter(pa.array(live)))
    whole = pa.Table.from_batches(batches, schema=schema)
    return whole.select([c.name for c in table.definition.columns])


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def sql_error(err: Exception) -> ProtocolError:
    """Turn DuckDB's error into the wire's."""
    return ProtocolError(400, "InvalidQuery", str(err).strip())


def _row_ids(segment: Segment) -> pa.Array:
    return pa.array(segment.base.row_ids.astype("int64"))
