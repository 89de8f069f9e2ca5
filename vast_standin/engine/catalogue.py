"""The catalogue on disk: SQLite in write-ahead mode, the one place commits happen.

It knows which extents of which files are whose rows. Saving writes the difference of
two roots in one SQLite transaction; what is not in it was never committed.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vast_standin.custody import Home, Ledger, RowSums
from vast_standin.engine.data_folder import DataFolder
from vast_standin.engine.difference import save_difference
from vast_standin.engine.records import (
    patch_of,
    piece_of,
    run_of,
    segment_of,
    table_of_row,
)
from vast_standin.engine.root import BucketInfo, Root, Schema
from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import SortedRun
from vast_standin.engine.upgrades import SUMMED, upgrade

if TYPE_CHECKING:
    from vast_standin.engine.base import Base
    from vast_standin.engine.patch import Patch

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bucket (
    name TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS schema (
    id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, path TEXT NOT NULL,
    properties TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tbl (
    id INTEGER PRIMARY KEY, schema_id INTEGER NOT NULL, name TEXT NOT NULL,
    fields BLOB NOT NULL, definition TEXT NOT NULL, external INTEGER NOT NULL,
    inserted INTEGER NOT NULL, ddl INTEGER NOT NULL, next_row_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS segment (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, ordinal REAL NOT NULL,
    file TEXT, offset INTEGER, length INTEGER, rows INTEGER NOT NULL,
    first_row_id INTEGER, sorted_by INTEGER, run INTEGER NOT NULL,
    zones BLOB NOT NULL, deleted BLOB);
CREATE TABLE IF NOT EXISTS patch (
    id INTEGER PRIMARY KEY, segment_id INTEGER NOT NULL, file TEXT NOT NULL,
    offset INTEGER NOT NULL, length INTEGER NOT NULL, first INTEGER NOT NULL,
    rows INTEGER NOT NULL, start INTEGER, positions BLOB, zones BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sorted_run (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, projection INTEGER NOT NULL,
    origins BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS piece (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, ordinal REAL NOT NULL,
    file TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    rows INTEGER NOT NULL, sorted_by INTEGER NOT NULL, zones BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sums (file TEXT PRIMARY KEY, runs BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshot (file TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS patch_segment ON patch (segment_id);
CREATE INDEX IF NOT EXISTS segment_table ON segment (table_id);
CREATE INDEX IF NOT EXISTS piece_run ON piece (run_id);
"""


@dataclass(frozen=True)
class Loaded:
    """What a catalogue held when it was opened."""

    root: Root
    buckets: dict[str, BucketInfo]
    next_row_ids: dict[int, int]
    highest_id: int


class Catalogue:
    """The open catalogue file; callers take care to save one at a time."""

    def __init__(self, path: Path, *, full: bool = False) -> None:
        self._ledger: Ledger | None = None
        self._folder: DataFolder | None = None
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
            self._db.executescript(_TABLES)
            upgrade(self._db, path)
            self._sums = RowSums(self._db, SUMMED)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def setting(self, key: str, default: str) -> str:
        """Read a remembered value."""
        row = self._db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return default if row is None else str(row[0])

    def remember(self, key: str, value: str) -> None:
        """Write a remembered value."""
        with self._changing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def load(self, folder: DataFolder) -> Loaded:
        """Read everything that was committed."""
        self._folder = folder
        folder.sums.update(self._db.execute("SELECT file, runs FROM sums"))
        root = Root()
        for row in self._db.execute("SELECT * FROM schema ORDER BY id").fetchall():
            root = root.with_schema(Schema(*row))
        segments, highest = self._segments(folder)
        runs = self._sorted_runs(folder)
        next_row_ids: dict[int, int] = {}
        for row in self._db.execute("SELECT * FROM tbl ORDER BY id").fetchall():
            table = table_of_row(
                row, tuple(segments.get(row[0], ())), tuple(runs.get(row[0], ()))
            )
            next_row_ids[table.id] = row[8]
            root = root.with_table(table)
        projections = [
            p.id for t in root.tables.values() for p in t.definition.projections
        ]
        sorts = [s.base.run for t in root.tables.values() for s in t.segments]
        highest = max([highest, *root.schemas, *root.tables, *projections, *sorts])
        return Loaded(root, self._buckets(), next_row_ids, highest)

    def extents(self) -> dict[str, int]:
        """Name the files committed data is in, with the sizes they have at least."""
        parts = " UNION ALL ".join(
            f"SELECT file, offset+length AS size FROM {table}"  # noqa: S608 - own names
            for table in ("segment", "patch", "piece")
        )
        query = f"SELECT file, max(size) FROM ({parts}) GROUP BY file"  # noqa: S608
        return {name: size for name, size in self._db.execute(query) if name}

    def keep_ledger(
        self, lock: AbstractContextManager[object], home: Home, path: Path, base: Path
    ) -> Ledger:
        """Begin to note changes, and files in `base` that are unfinished or dropped."""
        self._ledger = Ledger(self._db, lock, home, path, base)
        return self._ledger

    def snapshots(self) -> set[str]:
        """Name the files of snapshots that are to be there."""
        return {row[0] for row in self._db.execute("SELECT file FROM snapshot")}

    def note_snapshots(self, files: Iterable[str]) -> None:
        """Note that files of snapshots are there."""
        with self._transaction() as db:
            values = [(file,) for file in files]
            db.executemany("INSERT OR IGNORE INTO snapshot VALUES (?)", values)

    def forget_snapshot(self, file: str, dropped: Iterable[str]) -> None:
        """Note that a snapshot goes, and the data files it alone held."""
        with self._transaction(dropped=dropped) as db:
            db.execute("DELETE FROM snapshot WHERE file=?", (file,))

    def put_bucket(self, bucket: BucketInfo) -> None:
        """Write a bucket."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)",
                (bucket.name, bucket.owner, bucket.created),
            )

    def remove_bucket(self, name: str) -> None:
        """Remove a bucket."""
        with self._transaction() as db:
            db.execute("DELETE FROM bucket WHERE name=?", (name,))

    def save(
        self,
        old: Root,
        new: Root,
        next_row_id: Callable[[int], int],
        files: tuple[set[str], set[str]] = (set(), set()),
    ) -> None:
        """Write the difference of two roots, all of it or nothing.

        `files` are those that data begin to be in, and those that go away.
        """
        with self._transaction(*files) as db:
            save_difference(db, old, new, next_row_id)

    @contextmanager
    def _transaction(
        self, gained: Iterable[str] = (), dropped: Iterable[str] = ()
    ) -> Iterator[sqlite3.Connection]:
        with self._changing() as db:
            yield db
            if self._folder is not None:
                self._keep_sums(self._folder, gained, dropped)
            if self._ledger is not None:
                self._ledger.changed(gained, dropped)
        if self._ledger is not None:
            self._ledger.committed()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._sums.write()
            self._db.execute("COMMIT")
        except BaseException:
            self._sums.forget()
            # A full disk may have ended the transaction already.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._sums.committed()

    def _keep_sums(
        self, folder: DataFolder, gained: Iterable[str], dropped: Iterable[str]
    ) -> None:
        """Keep the checksums of files as long as something is in them."""
        for file in gained:
            values = (file, folder.keep_sums(file))
            self._db.execute("INSERT OR REPLACE INTO sums VALUES (?, ?)", values)
        for file in dropped:
            self._db.execute("DELETE FROM sums WHERE file=?", (file,))
            folder.sums.pop(file, None)

    def keep_sums(self, file: str) -> None:
        """Write the checksums of a file that had none."""
        with self._changing():
            if self._folder is not None:
                self._keep_sums(self._folder, [file], ())

    def _buckets(self) -> dict[str, BucketInfo]:
        rows = self._db.execute("SELECT * FROM bucket ORDER BY created").fetchall()
        return {row[0]: BucketInfo(*row) for row in rows}

    def _sorted_runs(self, folder: DataFolder) -> dict[int, list[SortedRun]]:
        pieces: dict[int, list[Base]] = {}
        for row in self._db.execute("SELECT * FROM piece ORDER BY ordinal"):
            pieces.setdefault(row[1], []).append(piece_of(row, folder))
        runs: dict[int, list[SortedRun]] = {}
        for row in self._db.execute("SELECT * FROM sorted_run ORDER BY id"):
            run = run_of(row, pieces.get(row[0], ()))
            runs.setdefault(row[1], []).append(run)
        return runs

    def _segments(self, folder: DataFolder) -> tuple[dict[int, list[Segment]], int]:
        patches: dict[int, list[Patch]] = {}
        highest = 0
        for row in self._db.execute("SELECT * FROM patch ORDER BY id"):
            patches.setdefault(row[1], []).append(patch_of(row, folder))
            highest = max(highest, row[0])
        segments: dict[int, list[Segment]] = {}
        for row in self._db.execute("SELECT * FROM segment ORDER BY ordinal"):
            segment = segment_of(row, folder, tuple(patches.get(row[0], ())))
            segments.setdefault(row[1], []).append(segment)
            highest = max(highest, row[0])
        for table in ("piece", "sorted_run"):
            query = f"SELECT max(id) FROM {table}"  # noqa: S608 - own names
            highest = max(highest, self._db.execute(query).fetchone()[0] or 0)
        return segments, highest
