"""The SQLite index of objects: their files and properties."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vast_standin.custody import Home, Ledger, RowSums, begin_sums

FORMAT = 4
_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL, key BLOB NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, modified REAL NOT NULL, said TEXT NOT NULL,
    PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, started REAL NOT NULL,
    said TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, file TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
    PRIMARY KEY (upload, number)) WITHOUT ROWID;
"""
_SNAPSHOT_TABLE = """
CREATE TABLE IF NOT EXISTS kept (
    bucket TEXT NOT NULL, snapshot TEXT NOT NULL, key BLOB NOT NULL, file TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
    said TEXT NOT NULL, PRIMARY KEY (bucket, snapshot, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_file ON kept (file);
"""
_COMPLETED = """
CREATE TABLE IF NOT EXISTS completed (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, listed TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
    said TEXT NOT NULL) WITHOUT ROWID
"""
_SUMS = """
CREATE TABLE IF NOT EXISTS sums (file TEXT PRIMARY KEY, runs BLOB NOT NULL) WITHOUT ROWID
"""
_NAMING = ("objects", "parts", "kept")
_SUMMED = (*_NAMING, "uploads", "completed", "sums")
_TRIGGERS = """
CREATE TRIGGER IF NOT EXISTS {table}_named AFTER INSERT ON {table} BEGIN
    DELETE FROM pending WHERE file=NEW.file; END;
CREATE TRIGGER IF NOT EXISTS {table}_dropped AFTER DELETE ON {table} BEGIN
    INSERT OR IGNORE INTO pending VALUES (OLD.file); END;
"""


@dataclass(frozen=True)
class Properties:
    """Properties that the writer gave an object: headers, metadata, checksums, tags.

    `owner` is the user who wrote it; before format 2 that was not noted. `algorithm` is
    what an open upload declared. Number, size and checksums of `parts` are noted since
    format 3.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    checksum_type: str = ""
    algorithm: str = ""
    parts: Sequence[tuple[int, int, Mapping[str, str]]] = ()

    def dumps(self) -> str:
        """Return the stored form."""
        return json.dumps(
            [
                dict(self.headers),
                dict(self.metadata),
                dict(self.checksums),
                dict(self.tags),
                self.owner,
                self.checksum_type,
                self.algorithm,
                list(self.parts),
            ]
        )

    @classmethod
    def loads(cls, text: str) -> "Properties":
        """Return what was stored."""
        return cls(*json.loads(text))


@dataclass(frozen=True)
class Stored:
    """One object: its bytes are an immutable file of the store."""

    bucket: str
    key: str
    file: str
    size: int
    etag: str
    modified: float
    properties: Properties


class Index:
    """The catalogue of one object folder; every write is one transaction."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        self._lock = threading.RLock()
        self._ledger: Ledger | None = None
        self._sums: RowSums | None = None
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={'FULL' if sync else 'NORMAL'}")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise ValueError(
                f"{path} has format {version}, this program knows {FORMAT}: use the "
                "newer program that wrote it"
            )
        if version == 0:
            with self.transaction() as db:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
        self._db.executescript(_SNAPSHOT_TABLE)
        if version < FORMAT:
            self._upgrade()
        self._sums = RowSums(self._db, _SUMMED)

    def _upgrade(self) -> None:
        """Bring an index of an earlier format to this one, in one transaction."""
        with self.transaction() as db:
            db.execute(_COMPLETED)
            columns = {row[1] for row in db.execute("PRAGMA table_info(parts)")}
            if "checksums" not in columns:
                db.execute(
                    "ALTER TABLE parts ADD COLUMN checksums TEXT NOT NULL DEFAULT '{}'"
                )
            db.execute(_SUMS)
            begin_sums(db, _SUMMED)
            db.execute(f"PRAGMA user_version={FORMAT}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one transaction; an exception undoes all of them."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                if self._ledger is not None:
                    self._ledger.changed()
                if self._sums is not None:
                    self._sums.write()
            except BaseException:
                self._db.execute("ROLLBACK")
                if self._sums is not None:
                    self._sums.forget()
                raise
            self._db.execute("COMMIT")
            if self._sums is not None:
                self._sums.committed()
            if self._ledger is not None:
                self._ledger.committed()

    def keep_ledger(self, home: Home, path: Path, base: Path) -> Ledger:
        """Begin to note changes, and files in `base` that are unfinished or dropped."""
        ledger = Ledger(self._db, self._lock, home, path, base)
        self._db.execute("PRAGMA recursive_triggers=ON")
        for table in _NAMING:
            self._db.executescript(_TRIGGERS.format(table=table))
        self._ledger = ledger
        return ledger

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def get(self, bucket: str, key: str) -> Stored | None:
        """Return one object, None if there is none."""
        rows = self.rows(
            "SELECT * FROM objects WHERE bucket=? AND key=?", bucket, key.encode()
        )
        return stored(rows[0]) if rows else None

    def files(self) -> dict[str, int]:
        """Return every file the index refers to, with its size."""
        with self._lock:
            return files_named(self._db)

    def tags_without_sums(self) -> dict[str, list[tuple[str, list[int]]]]:
        """Return the ETags of files that have no checksums, with the sizes of parts."""
        parts = " UNION ".join(
            f"SELECT file, etag, {said} FROM {table} "  # noqa: S608 - own names
            "WHERE file NOT IN (SELECT file FROM sums)"
            for table, said in (
                ("objects", "said"),
                ("kept", "said"),
                ("parts", "'[]'"),
            )
        )
        tags: dict[str, list[tuple[str, list[int]]]] = {}
        for file, tag, text in self.rows(parts):
            sizes = [int(size) for _, size, _ in Properties.loads(str(text)).parts]
            tags.setdefault(str(file), []).append((str(tag), sizes))
        return tags

    def forget_sums(self, named: Mapping[str, int]) -> None:
        """Remove the checksums of files that nothing names."""
        with self.transaction() as db:
            files = [row[0] for row in db.execute("SELECT file FROM sums")]
            gone = [(file,) for file in files if file not in named]
            db.executemany("DELETE FROM sums WHERE file=?", gone)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()


def files_named(db: sqlite3.Connection) -> dict[str, int]:
    """Return every file a database of objects refers to, with its size."""
    query = " UNION ".join(f"SELECT file, size FROM {name}" for name in _NAMING)  # noqa: S608
    return {str(file): int(size) for file, size in db.execute(query)}


def put_row(db: sqlite3.Connection, thing: Stored) -> None:
    """Insert or replace an object's row."""
    db.execute(
        "INSERT OR REPLACE INTO objects VALUES (?,?,?,?,?,?,?)",
        (
            thing.bucket,
            thing.key.encode(),
            thing.file,
            thing.size,
            thing.etag,
            thing.modified,
            thing.properties.dumps(),
        ),
    )


def stored(row: tuple[object, ...]) -> Stored:
    """Return an object from its row."""
    bucket, key, file, size, etag, modified, properties = row
    return Stored(
        str(bucket),
        bytes(key).decode(),  # type: ignore[call-overload]
        str(file),
        int(size),  # type: ignore[call-overload]
        str(etag),
        float(modified),  # type: ignore[arg-type]
        Properties.loads(str(properties)),
    )


def now() -> float:
    """Return the time of a change, in whole milliseconds of Unix time."""
    return round(time.time(), 3)
