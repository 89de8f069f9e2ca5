"""A database as it was at one moment, while it changes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vast_standin.custody.mark import MARK, Mark, MarkFile


@dataclass(frozen=True)
class Frozen:
    """The database in a read transaction, its name below the data folder, its mark."""

    db: sqlite3.Connection
    name: Path
    mark: Mark

    def write(self, folder: Path) -> None:
        """Write the database and the mark beside it, as files of another data folder."""
        path = folder / self.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            self.db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log
        mark = MarkFile(path.parent / MARK)
        mark.write(self.mark)
        mark.close()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database of its own connection, in a transaction that reads this moment."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(
        sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False
        )
    ) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield db
