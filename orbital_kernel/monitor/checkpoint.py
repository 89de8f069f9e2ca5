"""What the watcher must not forget: one small database beside the data.

It holds how far each series was read, the detector's state, the excursions told and the
alerts not yet delivered. What one round changes goes in one transaction: all or nothing.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from orbital_kernel.errors import StoreError

Name = tuple[str, str]
VERSION = 2
FILE = "watch.sqlite"
KEPT = (
    *("stored", "late", "channels", "newest_met", "newest_ns", "seen", "origin"),
    *("closed", "relook"),
)
TABLES = """
create table if not exists courses (observatory text, series text, document text,
    state blob, primary key (observatory, series)) without rowid;
create table if not exists excursions (observatory text, series text, key text,
    document text, primary key (observatory, series, key)) without rowid;
create table if not exists outbox (number integer primary key autoincrement,
    alert text, waiting text);
"""


@dataclass
class Course:
    """How far one series has been followed.

    `stored` is how many rows of it were read or found late, `channels` how many a bin
    has, `newest_*` the last bin read (MET in s, TT in ns), `seen` the (MET, channel)
    read within the reach of late rows, `relook` that rows came too late to be taken in
    order, and `known` the excursions told, by the detector's key.

    Not kept: `changed`, keys of `known` to keep next; `held_back`, rows of a last bin
    that is not whole; `certain`, that nothing was written which is not kept.
    """

    observatory: str
    series: str
    stored: int = 0
    late: int = 0
    channels: int = 1
    newest_met: float | None = None
    newest_ns: int | None = None
    seen: list[tuple[float, int]] = field(default_factory=list)
    origin: dict[str, Any] | None = None
    state: bytes = b""
    closed: bool = True
    relook: bool = False
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    held_back: int = 0
    certain: bool = False

    @property
    def name(self) -> Name:
        """The observatory and the series."""
        return self.observatory, self.series


@dataclass
class Waiting:
    """An alert and the sinks that still wait for it."""

    number: int
    alert: dict[str, Any]
    sinks: set[str]


class Checkpoints:
    """The courses and the outbox of a folder; one watcher a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(folder / "watch.lock")
        # Made in one thread, a watcher may run in another.
        self._kept = sqlite3.connect(
            folder / FILE, timeout=30.0, check_same_thread=False
        )
        try:
            self._begin()
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{folder / FILE} is not a watcher's checkpoint ({error}): delete it, and "
                "every series is followed again from its start"
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other watchers away; StoreError where one is at work already."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise StoreError(
                f"another watcher already follows this store (it holds {self.folder}): "
                "end it first, or let it do the work"
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def courses(self) -> dict[Name, Course]:
        """Return every course kept."""
        found = {}
        for observatory, series, text, state in self._kept.execute(
            "select observatory, series, document, state from courses"
        ):
            course = Course(observatory, series, state=state, **json.loads(text))
            course.seen = [(float(met), int(channel)) for met, channel in course.seen]
            found[course.name] = course
        for observatory, series, key, text in self._kept.execute(
            "select observatory, series, key, document from excursions"
        ):
            found[observatory, series].known[key] = json.loads(text)
        return found

    def outbox(self) -> list[Waiting]:
        """Return the alerts somebody still waits for, oldest first."""
        rows = self._kept.execute(
            "select number, alert, waiting from outbox order by number"
        )
        return [Waiting(n, json.loads(a), set(json.loads(w))) for n, a, w in rows]

    def save(
        self,
        courses: Iterable[Course],
        told: Iterable[dict[str, Any]] = (),
        sinks: Iterable[str] = (),
    ) -> list[Waiting]:
        """Keep courses and new alerts, durably; return the alerts as they wait."""
        names = sorted(sinks)
        with self._kept as kept:
            for course in courses:
                _save(kept, course)
            numbers = [
                (kept.execute(INSERT, (json.dumps(one), json.dumps(names))), one)
                for one in told
                if names
            ]
        return [Waiting(int(c.lastrowid or 0), a, set(names)) for c, a in numbers]

    def settle(self, waiting: Iterable[Waiting]) -> None:
        """Keep who still waits for alerts; those nobody waits for are forgotten."""
        with self._kept as kept:
            for one in waiting:
                if one.sinks:
                    left = json.dumps(sorted(one.sinks))
                    kept.execute(
                        "update outbox set waiting = ? where number = ?",
                        (left, one.number),
                    )
                else:
                    kept.execute("delete from outbox where number = ?", (one.number,))

    def _begin(self) -> None:
        kept = self._kept
        kept.execute("pragma journal_mode = wal")
        kept.execute("pragma synchronous = full")
        version = kept.execute("pragma user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise StoreError(
                f"{self.folder / FILE} is a checkpoint of version {version}, this is "
                f"{VERSION}: delete it, and every series is followed again from its start"
            )
        kept.executescript(TABLES)
        kept.execute(f"pragma user_version = {VERSION}")


INSERT = "insert into outbox (alert, waiting) values (?, ?)"


def _save(kept: sqlite3.Connection, course: Course) -> None:
    document = json.dumps({name: getattr(course, name) for name in KEPT})
    kept.execute(
        "insert or replace into courses values (?, ?, ?, ?)",
        (*course.name, document, course.state),
    )
    there = [key for key in course.changed if key in course.known]
    gone = course.changed - course.known.keys()
    kept.executemany(
        "insert or replace into excursions values (?, ?, ?, ?)",
        [(*course.name, key, json.dumps(course.known[key])) for key in there],
    )
    kept.executemany(
        "delete from excursions where observatory = ? and series = ? and key = ?",
        [(*course.name, key) for key in gone],
    )
    course.changed.clear()
    course.certain = True
