"""The root a transaction sees: the newest of its beginning, with its own changes.

Every statement that writes first makes sure that nobody else has written there, and
fails with 409 if so. Several requests may use one transaction at once.
"""

import threading
import time

from vast_standin.engine.locks import Mode, conflict
from vast_standin.engine.operations import Operation
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.shared import Shared
from vast_standin.engine.table import Table
from vast_standin.http import ProtocolError


class OwnRoot:
    """The first root, the operations and the present root of one transaction."""

    def __init__(self, shared: Shared, *, id: int, base: Root, sequence: int) -> None:  # noqa: A002
        self.id = id
        self.shared = shared
        self.base = base
        self.root = base
        self.sequence = sequence
        self.operations: list[Operation] = []
        self.ended = False
        self.touched_at = time.monotonic()
        self.owner = ""
        self.mutex = threading.RLock()

    def schema(self, bucket: str, path: str) -> Schema:
        """Find a schema; 404 if there is none."""
        schema = self.root.schema(bucket, path)
        if schema is None:
            raise ProtocolError(404, "NoSuchKey", f"there is no schema {bucket}/{path}")
        return schema

    def table(self, bucket: str, path: str, name: str) -> Table:
        """Find a table; 404 if there is none."""
        table = self.root.table(bucket, path, name)
        if table is None:
            raise ProtocolError(
                404, "NoSuchKey", f"there is no table {bucket}/{path}/{name}"
            )
        return table

    def apply(self, operation: Operation) -> None:
        """Apply an operation to this transaction's root and keep it for the commit."""
        with self.mutex:
            if self.ended:
                raise ProtocolError(
                    404, "TabularNoSuchTransaction", f"transaction {self.id} has ended"
                )
            self.root = operation.apply(self.root)
            self.operations.append(operation)

    def onto(self, newest: Root) -> Root:
        """Return the newest root with the operations of this transaction on top."""
        if newest is self.base:
            return self.root
        for operation in self.operations:
            newest = operation.apply(newest)
        return newest

    def lock(self, key: tuple[str, ...], mode: Mode) -> None:
        """Lock something for this transaction; 409 if another holds it."""
        self.shared.locks.acquire(self.id, key, mode)

    def lock_table(self, table: Table, mode: Mode) -> None:
        """Lock a table; 409 too when another altered it since this one began."""
        self.lock(table_key(table), mode)
        before = self.base.tables.get(table.id)
        if before is None:
            return
        now = self.shared.published.root.tables.get(table.id)
        if now is None or now.ddl != before.ddl:
            raise conflict(
                f"table {table.name} was altered since this transaction began"
            )


def table_key(table: Table) -> tuple[str, ...]:
    """Name the lock of a table."""
    return ("table", str(table.id), f"table {table.name}")
