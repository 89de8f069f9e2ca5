"""Records of the management side: JSON rows of SQLite, all in memory and written through."""

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from vast_standin.custody import (
    Home,
    Ledger,
    RowSums,
    admit_database,
    begin_sums,
    readable,
)
from vast_standin.vms.journal import Change

Record = dict[str, object]
FORMAT = 2
_SUMMED = ("records", "sequences")


class Records:
    """Every record by resource and id; one lock guards all of them.

    ``version`` grows with every change, so that what is derived can be kept until then;
    ``watch`` is called with what a transaction changed.
    """

    def __init__(self, path: Path, home: Home) -> None:
        databases = ("tables/catalogue.sqlite", "objects/index.sqlite")
        data = any((home.path / name).exists() for name in databases)
        admit_database(home, path, "records", data=data)
        self.lock = threading.RLock()
        self.version = 0
        self.watch: Callable[[list[Change]], None] = _unwatched
        self._changes: list[Change] = []
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._all: dict[str, dict[int, Record]] = {}
        try:
            with readable(path):
                self._upgrade(path)
                self._sums = RowSums(self._db, _SUMMED)
                self._load()
                self.ledger = Ledger(self._db, self.lock, home, path, path.parent)
                self.ledger.admit({}, {})
        except BaseException:
            self._db.close()
            raise

    def all(self, resource: str) -> list[Record]:
        """Return copies of a resource's records, by id."""
        with self.lock:
            records = self._all.get(resource, {})
            return [dict(records[number]) for number in sorted(records)]

    def get(self, resource: str, number: object) -> Record | None:
        """Return a copy of one record, None if there is none."""
        with self.lock:
            record = self._all.get(resource, {}).get(number)  # type: ignore[call-overload]
            return dict(record) if record is not None else None

    def find(self, resource: str, **values: object) -> Record | None:
        """Return the first record whose fields have the given values."""
        for record in self.all(resource):
            if all(record.get(name) == value for name, value in values.items()):
                return record
        return None

    def add(self, resource: str, record: Record) -> Record:
        """Store a new record under the next id, with guid and creation time."""
        with self.transaction():
            number = self._next(resource)
            full = {
                **record,
                "id": number,
                "guid": str(uuid.uuid4()),
                "created": stamp(),
            }
            self._write(resource, number, full)
            return dict(full)

    def change(self, resource: str, number: int, changes: Record) -> Record:
        """Store changes to a record and return it."""
        with self.transaction():
            full = {**self._all[resource][number], **changes}
            self._write(resource, number, full)
            return dict(full)

    def remove(self, resource: str, number: int) -> None:
        """Remove a record."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM records WHERE resource=? AND id=?", (resource, number)
            )
            gone = self._all[resource].pop(number)
            self._changes.append((resource, number, gone, None))
            self.version += 1

    def keep_last(self, resource: str, count: int) -> None:
        """Remove all but the newest records of a resource."""
        with self.lock:
            numbers = sorted(self._all.get(resource, {}))
            for number in numbers[:-count]:
                self.remove(resource, number)

    def seed(self, resource: str, name: str, make: Callable[[], Record]) -> Record:
        """Return the record of a name; store a new one if there is none."""
        with self.lock:
            return self.find(resource, name=name) or self.add(
                resource, {**make(), "name": name}
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; statements within are one transaction of the database."""
        with self.lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sums.write()
                if self._changes:
                    self.ledger.changed()
            except BaseException:
                self._db.execute("ROLLBACK")
                self._sums.forget()
                self._changes.clear()
                self._load()
                raise
            self._db.execute("COMMIT")
            self._sums.committed()
            if self._changes:
                self.ledger.committed()
            self.watch(self._changes)
            self._changes = []

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._db.close()
            self.ledger.close()

    def _load(self) -> None:
        self.version += 1
        self._all = {}
        for resource, number, body in self._db.execute("SELECT * FROM records"):
            self._all.setdefault(resource, {})[number] = json.loads(body)

    def _write(self, resource: str, number: int, record: Record) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO records VALUES (?,?,?)",
            (resource, number, json.dumps(record)),
        )
        records = self._all.setdefault(resource, {})
        self._changes.append((resource, number, records.get(number), record))
        records[number] = record
        self.version += 1

    def _next(self, resource: str) -> int:
        row = self._db.execute(
            "INSERT INTO sequences VALUES (?, 1) "
            "ON CONFLICT (resource) DO UPDATE SET last=last+1 RETURNING last",
            (resource,),
        ).fetchone()
        return int(row[0])

    def _upgrade(self, path: Path) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise ValueError(
                f"{path} has format {version}, this program knows {FORMAT}: use the "
                "newer program that wrote it"
            )
        if version < FORMAT:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS records (resource TEXT, id INTEGER, body TEXT NOT NULL, "
                    "PRIMARY KEY (resource, id)) WITHOUT ROWID"
                )
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS sequences (resource TEXT PRIMARY KEY, "
                    "last INTEGER NOT NULL) WITHOUT ROWID"
                )
                begin_sums(self._db, _SUMMED)
                self._db.execute(f"PRAGMA user_version={FORMAT}")


def _unwatched(changes: list[Change]) -> None:
    """Do nothing: nothing watches yet."""


def stamp() -> str:
    """Return the current time as answers write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
