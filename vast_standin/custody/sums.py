"""Checksums of the rows of a database: what was changed behind its back is noticed.

SQLite sees damage of its structure, not of values. So each table has the sum of the
digests of its rows, kept in step by triggers of this connection and written in the same
transaction; a row that changed, appeared or went without them makes another sum.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from isal.isal_zlib import crc32

_TABLE = "CREATE TABLE IF NOT EXISTS row_sums (name TEXT PRIMARY KEY, sum INTEGER) WITHOUT ROWID"
_LIMIT = 1 << 62
_EVENTS = {
    "insert": (("NEW", 1),),
    "delete": (("OLD", -1),),
    "update": (("OLD", -1), ("NEW", 1)),
}


class RowSums:
    """The sums of the tables of one connection, which changes rows of them."""

    def __init__(self, db: sqlite3.Connection, tables: Iterable[str]) -> None:
        self._db = db
        self._changed: Counter[str] = Counter()
        db.create_function("note_row", -1, self._note)
        db.execute("PRAGMA recursive_triggers=ON")  # REPLACE deletes, too
        self._sums = _stored(db)
        for name in tables:
            if name not in self._sums:
                raise sqlite3.DatabaseError(f"the checksum of table {name} is missing")
            self._watch(name)

    def write(self) -> None:
        """Write the sums of what a transaction changed, as a part of it."""
        for name, change in self._changed.items():
            self._db.execute(
                "UPDATE row_sums SET sum=? WHERE name=?",
                ((self._sums[name] + change) % _LIMIT, name),
            )

    def committed(self) -> None:
        """Take the changes over; the transaction is on disk."""
        for name, change in self._changed.items():
            self._sums[name] = (self._sums[name] + change) % _LIMIT
        self._changed.clear()

    def forget(self) -> None:
        """Forget the changes of a transaction that was rolled back."""
        self._changed.clear()

    def _note(self, name: str, sign: int, *values: object) -> None:
        self._changed[name] += sign * _digest(values)

    def _watch(self, name: str) -> None:
        columns = [
            str(row[1]) for row in self._db.execute(f"PRAGMA table_info({name})")
        ]
        for event, sides in _EVENTS.items():
            notes = "".join(
                f"SELECT note_row('{name}', {sign}, {', '.join(f'{side}.{c}' for c in columns)});"
                for side, sign in sides
            )
            self._db.execute(
                f"CREATE TEMP TRIGGER note_{name}_{event} AFTER {event} ON main.{name} "
                f"BEGIN {notes} END"
            )


def begin_sums(db: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Sum up the tables as they are: they are new, or of a program that kept no sums."""
    db.execute(_TABLE)
    db.executemany(
        "INSERT OR REPLACE INTO row_sums VALUES (?, ?)",
        [(name, sum_of(db, name)) for name in tables],
    )


def sum_of(db: sqlite3.Connection, name: str) -> int:
    """Sum the digests of the rows of a table."""
    rows = db.execute(f"SELECT * FROM {name}")  # noqa: S608 - own names
    return sum(map(_digest, rows)) % _LIMIT


def changed_table(db: sqlite3.Connection) -> str:
    """Name a table whose rows are not those written; "" if all are, or have no sums."""
    if not db.execute("PRAGMA table_info(row_sums)").fetchall():
        return ""
    for name, total in _stored(db).items():
        if not db.execute(f"PRAGMA table_info({name!r})").fetchall():
            return name
        if sum_of(db, name) != total:
            return name
    return ""


def _stored(db: sqlite3.Connection) -> dict[str, int]:
    return {
        str(name): int(total) for name, total in db.execute("SELECT * FROM row_sums")
    }


def _digest(values: Iterable[object]) -> int:
    """Return a number of 56 bits that one row has."""
    parts = [(len(v), crc32(v)) if isinstance(v, bytes) else v for v in values]
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=7).digest(), "big")
