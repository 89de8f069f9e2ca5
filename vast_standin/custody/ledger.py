"""What a database notes of itself and of files that it does not name, or not yet.

It counts committed changes, keeps the runs that made them, and lists the files that
are unfinished or dropped: only those may go away at the next start.
"""

import itertools
import re
import secrets
import sqlite3
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from vast_standin.custody.admission import DatabaseState, admit
from vast_standin.custody.frozen import Frozen, reading
from vast_standin.custody.home import Home
from vast_standin.custody.mark import MARK, Mark, MarkFile, read_mark

_TABLES = """
CREATE TABLE IF NOT EXISTS custody (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY, token TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pending (file TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_GUARDED = (
    "dropped files of earlier runs are moved here instead of deleted, as long as lost/ "
    "exists, because the database that was set aside or is to return may need them"
)
_RESERVED = 64
_SERIAL = re.compile(r"([0-9a-f]{12})[0-9a-f]{8}")


class Ledger:
    """The ledger of one open database, and the mark beside it.

    `lock` guards the connection; `changed` is called in every transaction, `committed`
    after it. Files are named by their paths below `base`.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        lock: AbstractContextManager[object],
        home: Home,
        path: Path,
        base: Path,
    ) -> None:
        self._db, self.lock, self._home = db, lock, home
        self._path, self.base = path, base
        self._mark = MarkFile(path.parent / MARK)
        self._gone: list[str] = []
        self._disposing = threading.RLock()  # a finalizer may dispose at any point
        self._holds = 0
        self._deferred: list[Path] = []
        self._flushed = 0
        self._guarded_runs: frozenset[str] | None = None
        self._reserved: defaultdict[str, deque[str]] = defaultdict(deque)
        self._numbers = itertools.count(1)
        self.token = secrets.token_hex(6)
        db.executescript(_TABLES)
        self._store = home.join(str(self._value("store", "")), path)
        self._changes = int(str(self._value("changes", 0)))

    def admit(self, named: Mapping[str, int], present: Mapping[str, int]) -> list[str]:
        """Settle what becomes of every file, and begin a run.

        `named` and `present` are sizes by file. Raises Refused if named ones are
        missing, or if the database knows none of those present. Returns the missing
        ones if that loss is accepted.
        """
        mark = read_mark(self._path.parent / MARK)
        runs = {str(row[0]) for row in self._db.execute("SELECT token FROM run")}
        pending = {str(row[0]) for row in self._db.execute("SELECT file FROM pending")}
        state = DatabaseState(
            self._home,
            self._path,
            self.base,
            mark,
            runs=frozenset(runs),
            changes=self._changes,
            pending=frozenset(pending),
        )
        doubt, missing = admit(state, named, present, self._dispose_at_start)
        self._begin(mark, doubt=doubt)
        return missing

    def new_file(self, form: str) -> str:
        """Name a file that no run of this folder had; it is noted as unfinished.

        `form` is filled with the file's serial, of 20 characters.
        """
        with self.lock:
            reserved = self._reserved[form]
            if not reserved:
                self._reserve(form, reserved)
            return reserved.popleft()

    def changed(self, gained: Iterable[str] = (), dropped: Iterable[str] = ()) -> None:
        """Note within a transaction that something changes, and what becomes of files."""
        self._db.execute("UPDATE custody SET value=value+1 WHERE key='changes'")
        self._flushed = len(self._gone)
        for file in (*self._gone[: self._flushed], *gained):
            self._db.execute("DELETE FROM pending WHERE file=?", (file,))
        for file in dropped:
            self._db.execute("INSERT OR IGNORE INTO pending VALUES (?)", (file,))

    def committed(self) -> None:
        """Move the mark on, once the transaction is on disk."""
        self._changes += 1
        del self._gone[: self._flushed]
        self._mark.write(self._present())

    def dispose(self, path: Path) -> None:
        """Remove a file that nothing needs; what another database may name moves away.

        While the files are held for a copy it is removed at the end of that.
        """
        with self._disposing:
            if self._holds and path.is_relative_to(self.base):
                self._deferred.append(path)
                return
        if not self._is_guarded(path.name):
            path.unlink(missing_ok=True)
        elif self._home.lost.take([path]):
            self._home.lost.explain_once(_GUARDED)
        if path.is_relative_to(self.base):
            self._gone.append(path.relative_to(self.base).as_posix())

    @contextmanager
    def frozen(self) -> Iterator[Frozen]:
        """Give the present state, and keep every file it names; begin with the lock held.

        Only the beginning needs the lock: commits go on meanwhile.
        """
        with self._disposing:
            self._holds += 1
        try:
            with reading(self._path) as db:
                name = self._path.relative_to(self._home.path)
                yield Frozen(db, name, self._present())
        finally:
            self._release()

    def close(self) -> None:
        """Close the mark."""
        self._mark.close()

    def _release(self) -> None:
        """Remove what was dropped while the files were held."""
        with self._disposing:
            self._holds -= 1
            if self._holds:
                return
            deferred, self._deferred = self._deferred, []
        for path in deferred:
            self.dispose(path)

    def _reserve(self, form: str, reserved: deque[str]) -> None:
        """Note names in advance, many at once, because each note is a commit."""
        serials = (f"{self.token}{next(self._numbers):08x}" for _ in range(_RESERVED))
        files = [form.format(serial) for serial in serials]
        marks = ", ".join(["(?)"] * len(files))
        self._db.execute(f"INSERT INTO pending VALUES {marks}", files)  # noqa: S608 - own text
        reserved.extend(files)

    def _is_guarded(self, name: str) -> bool:
        serial = _SERIAL.search(name)
        runs = self._guarded_runs
        return runs is not None and (serial is None or serial[1] not in runs)

    def _dispose_at_start(self, path: Path) -> None:
        self._guard()
        self.dispose(path)

    def _begin(self, mark: Mark | None, *, doubt: bool) -> None:
        """Begin a run, which no other of this folder has the number of."""
        (last,) = self._db.execute(
            "SELECT coalesce(max(number), 0) FROM run"
        ).fetchone()
        self.run = max(int(last), mark.run if mark else 0) + 1
        if doubt and mark:
            self._changes = max(self._changes, mark.changes) + 1
        values = {"store": self._store, "changes": self._changes}
        if doubt:
            values["guard"] = self.run
        with self.lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT INTO run VALUES (?, ?)", (self.run, self.token))
            self._db.executemany(
                "INSERT OR REPLACE INTO custody VALUES (?, ?)", values.items()
            )
            self._db.execute("DELETE FROM pending")
            self._db.execute("COMMIT")
        self._gone.clear()
        self._guard()
        self._mark.write(self._present())
        self._mark.sync()

    def _guard(self) -> None:
        """While files are set aside, keep what runs before that left: see `dispose`."""
        guard = self._value("guard", None)
        if guard is None or not self._home.lost:
            return
        rows = self._db.execute("SELECT token FROM run WHERE number>=?", (guard,))
        self._guarded_runs = frozenset(str(row[0]) for row in rows)

    def _present(self) -> Mark:
        return Mark(self._store, self.run, self.token, self._changes)

    def _value(self, key: str, default: object) -> object:
        row = self._db.execute(
            "SELECT value FROM custody WHERE key=?", (key,)
        ).fetchone()
        return default if row is None else row[0]
