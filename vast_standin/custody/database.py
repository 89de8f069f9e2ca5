"""Whether a database file may be opened for its folder; nothing is changed to find out."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vast_standin.custody.frozen import reading
from vast_standin.custody.home import OVERRIDE, Home, Refused
from vast_standin.custody.mark import MARK
from vast_standin.custody.sums import changed_table

_HEADER = 100
_MAGIC = b"SQLite format 3\0"
_NOT_DAMAGE = (
    "SQLITE_FULL",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
    "SQLITE_IOERR",
    "SQLITE_PERM",
    "SQLITE_NOMEM",
)
"""Kinds of errors that say nothing of the file's content; SQLite refines their names."""


class Unopened(sqlite3.OperationalError):
    """The system refused to open or write a database file, which may be whole."""


@dataclass(frozen=True)
class Examined:
    """What a database file is: why it cannot be used, or whose it is."""

    problem: str = ""
    store: str = ""
    absent: bool = False
    """There is no file, or nothing in it."""
    blank: bool = False
    """It has no row."""


def admit_database(home: Home, path: Path, table: str, *, data: bool) -> None:
    """Refuse a database that is not that of the data beside it.

    `table` is what such a database has rows in; `data` says whether there are data. A
    database that is not there is a new one if nothing says that it was. With
    `accept_loss` the database moves to `lost/` instead, and a new one begins.
    """
    examined = examine(path, table)
    reason = _reason(home, path, examined, data=data)
    if not reason:
        return
    if not home.accept_loss:
        raise Refused(
            f"{reason}; nothing was deleted: restore {home.name(path)} (and its -wal) "
            f"from a backup of this folder, or begin without it with {OVERRIDE}, which "
            "keeps the files in lost/"
        )
    home.lost.take([path, *_companions(path), path.parent / MARK])
    home.lost.explain(f"{reason}: a new one was begun, as --accept-loss asked")


def examine(path: Path, table: str) -> Examined:
    """Look at a database file without changing it or its log."""
    if not path.exists():
        return Examined("is missing", absent=True)
    if path.stat().st_size == 0:
        return Examined("is empty", absent=True)
    if short := _cut_short(path):
        return Examined(short)
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            return _contents(db, table)
    except sqlite3.DatabaseError as error:
        _require_damage(path, error)
        return Examined(f"is damaged ({error})")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a damaged database into a refusal that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        _require_damage(path, error)
        raise Refused(
            f"{path} is damaged ({error}); nothing was deleted: restore it from a "
            f"backup of this folder, or move it away and begin without it with {OVERRIDE}"
        ) from error


def changed_database(path: Path) -> str:
    """Return what is damaged in a database in use; "" if nothing is."""
    try:
        with reading(path) as db:
            problem = problem_of(db)
    except sqlite3.DatabaseError as error:
        _require_damage(path, error)
        problem = str(error)
    return f"{path} is damaged ({problem})" if problem else ""


def problem_of(db: sqlite3.Connection) -> str:
    """Return what is damaged in a database that is being read; "" if nothing is."""
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        return str(verdict)
    changed = changed_table(db)
    return f"rows of its table {changed}" if changed else ""


def _require_damage(path: Path, error: sqlite3.DatabaseError) -> None:
    """Raise Unopened with the file's name if the file itself may be whole."""
    if isinstance(error, Unopened):
        raise error
    if getattr(error, "sqlite_errorname", "").startswith(_NOT_DAMAGE):
        raise Unopened(
            f"{path} cannot be opened or written ({error}); nothing in it was changed: "
            "check that its disk has space and can be written to, and that enough files "
            "may be open (`ulimit -n`), then start again"
        ) from error


def _contents(db: sqlite3.Connection, table: str) -> Examined:
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return Examined("is empty", absent=True)
    if table not in tables:
        return Examined("is a database of another kind")
    # A log left by a kill may be of another database file than the one here.
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        return Examined(f"does not fit its log, or is damaged ({verdict})")
    if changed := changed_table(db):
        return Examined(f"is damaged (rows of its table {changed} are not as written)")
    (rows,) = db.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").fetchone()  # noqa: S608 - own names
    store = None
    if "custody" in tables:
        query = "SELECT value FROM custody WHERE key='store'"
        store = db.execute(query).fetchone()
    return Examined(store=str(store[0]) if store else "", blank=not rows)


def _reason(home: Home, path: Path, examined: Examined, *, data: bool) -> str:
    """Return why a database cannot be that of its folder; nothing if it can."""
    name = f"{home.name(path)} in {home.path}"
    expected = data or home.established or (path.parent / MARK).exists()
    evidence = "data are there" if data else "the folder was in use before"
    if examined.absent:
        lost = expected or _log(path)
        return f"{name} {examined.problem}, but {evidence}" if lost else ""
    if examined.problem:
        return f"{name} {examined.problem}"
    if examined.store and home.id and examined.store != home.id:
        return home.foreign(path)
    if examined.blank and not examined.store and expected:
        return f"{name} holds nothing, but {evidence}"
    return ""


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]


def _log(path: Path) -> bool:
    """Return whether a write-ahead log with something in it lies beside."""
    log = _companions(path)[0]
    return log.exists() and log.stat().st_size > 0


def _cut_short(path: Path) -> str:
    """Compare the file's size with what its header says; a log may hold the rest."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        return "is not an SQLite database"
    page = int.from_bytes(header[16:18], "big")
    expected = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    size = path.stat().st_size
    if header[24:28] == header[92:96] and size < expected and not _log(path):
        return f"is cut short ({size} of {expected} bytes)"
    return ""
