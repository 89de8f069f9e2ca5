"""The catalogue on disk: SQLite in write-ahead mode, the one place commits happen.

It knows which extents of which files are whose rows. Saving writes the difference of
two roots in one SQLite transaction; what is not in it was never committed.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vast_standin.engine.files import DataFolder, Extent
from vast_standin.engine.root import BucketInfo, Root, Schema
from vast_standin.engine.segment import Base, Patch, Positions, Segment
from vast_standin.engine.table import (
    Column,
    Definition,
    Expansion,
    PartitionKey,
    Projection,
    SortedCopy,
    Table,
    VectorIndex,
)
from vast_standin.engine.upgrades import upgrade

Copies = Mapping[tuple[int, int], SortedCopy]
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
CREATE TABLE IF NOT EXISTS copy (
    id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, projection INTEGER NOT NULL,
    segment_id INTEGER NOT NULL, patches INTEGER NOT NULL, file TEXT NOT NULL,
    offset INTEGER NOT NULL, length INTEGER NOT NULL, rows INTEGER NOT NULL,
    sorted_by INTEGER NOT NULL, zones BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS patch_segment ON patch (segment_id);
CREATE INDEX IF NOT EXISTS segment_table ON segment (table_id);
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
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
            self._db.executescript(_TABLES)
            upgrade(self._db, path)
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
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def load(self, folder: DataFolder) -> Loaded:
        """Read everything that was committed."""
        root = Root()
        for row in self._db.execute("SELECT * FROM schema ORDER BY id").fetchall():
            root = root.with_schema(Schema(*row))
        segments, highest = self._segments(folder)
        next_row_ids: dict[int, int] = {}
        for row in self._db.execute("SELECT * FROM tbl ORDER BY id").fetchall():
            copies = self._copies(row[0], folder)
            table = _table(row, tuple(segments.get(row[0], ())), copies)
            next_row_ids[table.id] = row[8]
            root = root.with_table(table)
        projections = [
            p.id for t in root.tables.values() for p in t.definition.projections
        ]
        runs = [s.base.run for t in root.tables.values() for s in t.segments]
        highest = max([highest, *root.schemas, *root.tables, *projections, *runs])
        return Loaded(root, self._buckets(), next_row_ids, highest)

    def files(self) -> set[str]:
        """Name the files committed data is in."""
        query = (
            "SELECT file FROM segment UNION SELECT file FROM patch "
            "UNION SELECT file FROM copy"
        )
        return {row[0] for row in self._db.execute(query) if row[0] is not None}

    def put_bucket(self, bucket: BucketInfo) -> None:
        """Write a bucket."""
        self._db.execute(
            "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?)",
            (bucket.name, bucket.owner, bucket.created),
        )

    def remove_bucket(self, name: str) -> None:
        """Remove a bucket."""
        self._db.execute("DELETE FROM bucket WHERE name=?", (name,))

    def save(self, old: Root, new: Root, next_row_id: Callable[[int], int]) -> None:
        """Write the difference of two roots, all of it or nothing."""
        with self._transaction() as db:
            _save_schemas(db, old.schemas, new.schemas)
            for gone in old.tables.keys() - new.tables.keys():
                _remove_table(db, gone)
            for table in new.tables.values():
                before = old.tables.get(table.id)
                if before is not table:
                    _save_table(db, before, table, next_row_id(table.id))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _buckets(self) -> dict[str, BucketInfo]:
        rows = self._db.execute("SELECT * FROM bucket ORDER BY created").fetchall()
        return {row[0]: BucketInfo(*row) for row in rows}

    def _copies(
        self, table_id: int, folder: DataFolder
    ) -> dict[tuple[int, int], SortedCopy]:
        query = "SELECT * FROM copy WHERE table_id=?"
        found = (_copy(r, folder) for r in self._db.execute(query, (table_id,)))
        return {(c.projection, c.segment): c for c in found}

    def _segments(self, folder: DataFolder) -> tuple[dict[int, list[Segment]], int]:
        patches: dict[int, list[Patch]] = {}
        highest = 0
        for row in self._db.execute("SELECT * FROM patch ORDER BY id"):
            patches.setdefault(row[1], []).append(_patch(row, folder))
            highest = max(highest, row[0])
        segments: dict[int, list[Segment]] = {}
        for row in self._db.execute("SELECT * FROM segment ORDER BY ordinal"):
            segment = _segment(row, folder, tuple(patches.get(row[0], ())))
            segments.setdefault(row[1], []).append(segment)
            highest = max(highest, row[0])
        for row in self._db.execute("SELECT max(id) FROM copy"):
            highest = max(highest, row[0] or 0)
        return segments, highest


def _save_schemas(
    db: sqlite3.Connection, old: Mapping[int, Schema], new: Mapping[int, Schema]
) -> None:
    for gone in old.keys() - new.keys():
        db.execute("DELETE FROM schema WHERE id=?", (gone,))
    for schema in new.values():
        if old.get(schema.id) is not schema:
            db.execute(
                "INSERT OR REPLACE INTO schema VALUES (?, ?, ?, ?)",
                (schema.id, schema.bucket, schema.path, schema.properties),
            )


def _remove_table(db: sqlite3.Connection, table_id: int) -> None:
    db.execute(
        "DELETE FROM patch WHERE segment_id IN "
        "(SELECT id FROM segment WHERE table_id=?)",
        (table_id,),
    )
    db.execute("DELETE FROM segment WHERE table_id=?", (table_id,))
    db.execute("DELETE FROM copy WHERE table_id=?", (table_id,))
    db.execute("DELETE FROM tbl WHERE id=?", (table_id,))


def _save_table(
    db: sqlite3.Connection, old: Table | None, new: Table, next_row_id: int
) -> None:
    if old is None or old.definition is not new.definition:
        fields, definition = _packed(new.definition)
        db.execute(
            "INSERT OR REPLACE INTO tbl VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new.id,
                new.schema_id,
                new.name,
                fields,
                definition,
                new.external,
                new.inserted,
                new.ddl,
                next_row_id,
            ),
        )
    else:
        db.execute(
            "UPDATE tbl SET schema_id=?, name=?, external=?, inserted=?, ddl=?, "
            "next_row_id=? WHERE id=?",
            (
                new.schema_id,
                new.name,
                new.external,
                new.inserted,
                new.ddl,
                next_row_id,
                new.id,
            ),
        )
    before = {s.id: s for s in old.segments} if old is not None else {}
    now = {s.id: s for s in new.segments}
    for gone in before.keys() - now.keys():
        db.execute("DELETE FROM patch WHERE segment_id=?", (gone,))
        db.execute("DELETE FROM segment WHERE id=?", (gone,))
    for segment in new.segments:
        if before.get(segment.id) is not segment:
            _save_segment(db, new.id, before.get(segment.id), segment)
    _save_copies(db, new.id, {} if old is None else old.copies, new.copies)


def _save_copies(
    db: sqlite3.Connection, table_id: int, old: Copies, new: Copies
) -> None:
    for key, copy in old.items():
        if new.get(key) is not copy:
            db.execute("DELETE FROM copy WHERE id=?", (copy.base.id,))
    for key, copy in new.items():
        if old.get(key) is not copy:
            db.execute(
                "INSERT INTO copy VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    copy.base.id,
                    table_id,
                    copy.projection,
                    copy.segment,
                    copy.patches,
                    *_place(copy.base.extent),
                    copy.base.rows,
                    copy.base.sorted_by,
                    copy.base.packed_zones,
                ),
            )


def _save_segment(
    db: sqlite3.Connection, table_id: int, old: Segment | None, new: Segment
) -> None:
    if old is None:
        base = new.base
        db.execute(
            "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                base.id,
                table_id,
                base.ordinal,
                *_place(base.extent),
                base.rows,
                base.first_row_id,
                base.sorted_by,
                base.run,
                base.packed_zones,
                _narrow(new.deleted),
            ),
        )
    elif old.deleted is not new.deleted:
        db.execute(
            "UPDATE segment SET deleted=? WHERE id=?", (_narrow(new.deleted), new.id)
        )
    known = set() if old is None else {p.id for p in old.patches}
    for patch in new.patches:
        if patch.id not in known:
            db.execute(
                "INSERT INTO patch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    patch.id,
                    new.id,
                    *_place(patch.extent),
                    patch.first,
                    patch.rows,
                    patch.start,
                    _narrow(patch.positions),
                    patch.packed_zones,
                ),
            )


def _place(extent: Extent | None) -> tuple[str | None, int | None, int | None]:
    if extent is None:
        return None, None, None
    return extent.file.name, extent.offset, extent.length


def _extent(folder: DataFolder, place: tuple[Any, ...]) -> Extent | None:
    file, offset, length = place
    return None if file is None else Extent(folder.file(file), offset, length)


def _narrow(positions: Positions | None) -> bytes | None:
    return None if positions is None else positions.astype("<i4").tobytes()


def _widen(data: bytes | None) -> Positions | None:
    return None if data is None else np.frombuffer(data, "<i4").astype(np.int64)


def _segment(
    row: tuple[Any, ...], folder: DataFolder, patches: tuple[Patch, ...]
) -> Segment:
    base = Base(
        id=row[0],
        rows=row[6],
        first_row_id=row[7],
        extent=_extent(folder, row[3:6]),
        packed_zones=row[10],
        ordinal=row[2],
        sorted_by=row[8],
        run=row[9],
    )
    return Segment(base, patches, _widen(row[11]))


def _patch(row: tuple[Any, ...], folder: DataFolder) -> Patch:
    extent = Extent(folder.file(row[2]), row[3], row[4])
    return Patch(row[0], extent, row[5], row[6], row[7], _widen(row[8]), row[9])


def _copy(row: tuple[Any, ...], folder: DataFolder) -> SortedCopy:
    base = Base(
        id=row[0],
        rows=row[8],
        first_row_id=None,
        extent=_extent(folder, row[5:8]),
        packed_zones=row[10],
        ordinal=0.0,
        sorted_by=row[9],
    )
    return SortedCopy(row[2], row[3], row[4], base)


def _packed(definition: Definition) -> tuple[bytes, str]:
    fields = pa.schema([c.field for c in definition.columns]).serialize()
    rest = {
        "numbers": [c.number for c in definition.columns],
        "next_column": definition.next_column,
        "sort_key": definition.sort_key,
        "properties": definition.properties,
        "partition_keys": [asdict(k) for k in definition.partition_keys],
        "vector_index": definition.vector_index and asdict(definition.vector_index),
        "projections": [asdict(p) for p in definition.projections],
        "expansions": [
            {**asdict(e), "columns": e.columns.hex()} for e in definition.expansions
        ],
    }
    return bytes(fields), json.dumps(rest)


def _definition(fields: bytes, text: str) -> Definition:
    rest = json.loads(text)
    schema = pa.ipc.read_schema(pa.py_buffer(fields))
    index = rest["vector_index"]
    return Definition(
        columns=tuple(map(Column, rest["numbers"], schema)),
        next_column=rest["next_column"],
        sort_key=tuple(rest["sort_key"]),
        properties=rest["properties"],
        partition_keys=tuple(PartitionKey(**k) for k in rest["partition_keys"]),
        vector_index=None if index is None else VectorIndex(**index),
        projections=tuple(
            Projection(p["id"], p["name"], tuple(p["sorted"]), tuple(p["unsorted"]))
            for p in rest["projections"]
        ),
        expansions=tuple(
            Expansion(**{**e, "columns": bytes.fromhex(e["columns"])})
            for e in rest["expansions"]
        ),
    )


def _table(
    row: tuple[Any, ...], segments: tuple[Segment, ...], copies: Copies
) -> Table:
    return Table(
        id=row[0],
        schema_id=row[1],
        name=row[2],
        definition=_definition(row[3], row[4]),
        segments=segments,
        external=bool(row[5]),
        inserted=row[6],
        ddl=row[7],
        copies=copies,
    )
