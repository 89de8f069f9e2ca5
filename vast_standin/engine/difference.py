"""The difference of two roots, written into the catalogue's tables."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from vast_standin.engine.records import narrow, packed, packed_origins, place_of
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import SortedRun
from vast_standin.engine.table import Table


def save_difference(
    db: sqlite3.Connection, old: Root, new: Root, next_row_id: Callable[[int], int]
) -> None:
    """Write what a root has that an older one had not, and remove the reverse."""
    _save_schemas(db, old.schemas, new.schemas)
    for gone in old.tables.keys() - new.tables.keys():
        _remove_table(db, gone)
    for table in new.tables.values():
        before = old.tables.get(table.id)
        if before is not table:
            _save_table(db, before, table, next_row_id(table.id))


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
    db.execute(
        "DELETE FROM piece WHERE run_id IN "
        "(SELECT id FROM sorted_run WHERE table_id=?)",
        (table_id,),
    )
    db.execute("DELETE FROM sorted_run WHERE table_id=?", (table_id,))
    db.execute("DELETE FROM tbl WHERE id=?", (table_id,))


def _save_table(
    db: sqlite3.Connection, old: Table | None, new: Table, next_row_id: int
) -> None:
    if old is None or old.definition is not new.definition:
        fields, definition = packed(new.definition)
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
    _save_runs(db, new.id, () if old is None else old.runs, new.runs)


def _save_runs(
    db: sqlite3.Connection,
    table_id: int,
    old: Sequence[SortedRun],
    new: Sequence[SortedRun],
) -> None:
    """Write runs; one that has other origins than before has the same pieces."""
    before, now = {run.id: run for run in old}, {run.id: run for run in new}
    for gone in before.keys() - now.keys():
        db.execute("DELETE FROM piece WHERE run_id=?", (gone,))
        db.execute("DELETE FROM sorted_run WHERE id=?", (gone,))
    for number, run in now.items():
        if before.get(number) is run:
            continue
        db.execute(
            "INSERT OR REPLACE INTO sorted_run VALUES (?, ?, ?, ?)",
            (number, table_id, run.projection, packed_origins(run.origins)),
        )
        for piece in run.pieces if number not in before else ():
            db.execute(
                "INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    piece.id,
                    number,
                    piece.ordinal,
                    *place_of(piece.extent),
                    piece.rows,
                    piece.sorted_by,
                    piece.packed_zones,
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
                *place_of(base.extent),
                base.rows,
                base.first_row_id,
                base.sorted_by,
                base.run,
                base.packed_zones,
                narrow(new.deleted),
            ),
        )
    elif old.deleted is not new.deleted:
        db.execute(
            "UPDATE segment SET deleted=? WHERE id=?", (narrow(new.deleted), new.id)
        )
    stored = set() if old is None else {p.id for p in old.patches}
    for patch in new.patches:
        if patch.id not in stored:
            db.execute(
                "INSERT INTO patch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    patch.id,
                    new.id,
                    *place_of(patch.extent),
                    patch.first,
                    patch.rows,
                    patch.start,
                    narrow(patch.positions),
                    patch.packed_zones,
                ),
            )
