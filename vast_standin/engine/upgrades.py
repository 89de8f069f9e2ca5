"""From older formats of the catalogue to the present one, one step per format number.

A step runs in one SQLite transaction with the new number: a folder is of the one
format or of the other, whatever happens. Data files never change.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

from vast_standin.custody import begin_sums
from vast_standin.engine.zones import ColumnZones, pack

FORMAT = 5
SUMMED = "meta bucket schema tbl segment patch sorted_run piece snapshot sums".split()  # noqa: SIM905
_WITH_ZONES = ("segment", "patch", "copy")


def upgrade(db: sqlite3.Connection, path: object) -> None:
    """Convert a catalogue to the present format.

    Raises ValueError for one that a newer program wrote.
    """
    version = _format(db)
    if version > FORMAT:
        raise ValueError(
            f"{path} is of format {version}, this program reads up to {FORMAT}: "
            "use the program that wrote it, or a newer one"
        )
    for step in range(version, FORMAT):
        with _all_or_nothing(db):
            _note(db, step + 1)
            _STEPS[step](db)


def _format(db: sqlite3.Connection) -> int:
    """Read the number; a catalogue without one is new, and of the present format."""
    row = db.execute("SELECT value FROM meta WHERE key='format'").fetchone()
    if row is not None:
        return int(row[0])
    with _all_or_nothing(db):
        _note(db, FORMAT)
        begin_sums(db, SUMMED)
    return FORMAT


def _note(db: sqlite3.Connection, number: int) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES ('format', ?)", (str(number),))


@contextmanager
def _all_or_nothing(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _zones_in_one_batch(db: sqlite3.Connection) -> None:
    """Pack zones as one record batch instead of one per column: 4 times as fast."""
    for table in _WITH_ZONES:
        rows = db.execute(f"SELECT id, zones FROM {table}").fetchall()  # noqa: S608 - own names
        db.executemany(
            f"UPDATE {table} SET zones=? WHERE id=?",  # noqa: S608 - own names
            ((pack(_zones_by_column(zones)), number) for number, zones in rows),
        )


def _zones_by_column(data: bytes) -> Mapping[int, ColumnZones]:
    """Read zones as format 1 packed them: one Arrow stream per column."""
    result: dict[int, ColumnZones] = {}
    source = pa.BufferReader(data)
    while source.tell() < len(data):
        with pa.ipc.open_stream(source) as stream:
            table = stream.read_all().combine_chunks()
        batch = table.to_batches()[0]
        result[int(table.schema.metadata[b"column"])] = ColumnZones(
            batch["group"].to_numpy(),
            batch["low"],
            batch["high"],
            batch["nulls"].to_numpy(),
            batch["rows"].to_numpy(),
        )
    return result


def _sums_of_rows(db: sqlite3.Connection) -> None:
    """Sum up the rows of every table, so that damage is noticed from now on."""
    begin_sums(db, SUMMED)


def _constant_columns(db: sqlite3.Connection) -> None:
    """Change only the number: segments may hold constant columns as runs from now on."""
    begin_sums(db, ["meta"])


def _runs_of_pieces(db: sqlite3.Connection) -> None:
    """Make a run of one piece of each sorted copy of a segment."""
    for row in db.execute("SELECT * FROM copy ORDER BY id").fetchall():
        number, table_id, projection, segment, patches, *piece = row
        rows = db.execute("SELECT rows FROM segment WHERE id=?", (segment,)).fetchone()
        if rows is None:
            continue
        origins = np.array([segment, patches, rows[0]], dtype="<i8").tobytes()
        db.execute(
            "INSERT INTO sorted_run VALUES (?, ?, ?, ?)",
            (number, table_id, projection, origins),
        )
        db.execute(
            "INSERT INTO piece VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)",
            (number, number, *piece),
        )
    db.execute("DROP TABLE copy")
    db.execute("DELETE FROM row_sums WHERE name='copy'")
    begin_sums(db, ("meta", "sorted_run", "piece"))


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {
    1: _zones_in_one_batch,
    2: _sums_of_rows,
    3: _constant_columns,
    4: _runs_of_pieces,
}
