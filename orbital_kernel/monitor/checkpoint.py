"""The watcher's checkpoint: one small database beside the data.

It holds how far each series was read, the detector's state, the excursions reported and
the alerts not yet delivered. One transaction stores what one round changes.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orbital_kernel.config.locks import Lock
from orbital_kernel.errors import StoreError
from orbital_kernel.monitor.course import Course, Name

VERSION = 2
FILE = "watch.sqlite"
DOCUMENT = (
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
create table if not exists findings (finding_id text primary key) without rowid;
"""


class AtWorkError(StoreError):
    """Another watcher holds the checkpoint."""


@dataclass
class Waiting:
    """An alert and the sinks it is still to be delivered to."""

    number: int
    alert: dict[str, Any]
    sinks: set[str]


class Checkpoints:
    """The courses and the outbox of a folder; one watcher per folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = Lock(folder / "watch.lock", "another watcher", StoreError)
        # Opened in one thread; a watcher may run in another.
        self._database = sqlite3.connect(
            folder / FILE, timeout=30.0, check_same_thread=False
        )
        try:
            self._begin()
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{folder / FILE} is not a watcher's checkpoint ({error}): delete it to "
                "follow every series again from its start"
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Exclude other watchers; StoreError if one is at work already."""
        try:
            self._lock.acquire(0)
        except StoreError as error:
            raise AtWorkError(
                f"another watcher already follows this store ({error}); stop it first, or "
                "let it do the work"
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def courses(self) -> dict[Name, Course]:
        """Return every saved course."""
        courses = {}
        for observatory, series, text, state in self._database.execute(
            "select observatory, series, document, state from courses"
        ):
            course = Course(observatory, series, state=state, **json.loads(text))
            course.seen = [(float(met), int(channel)) for met, channel in course.seen]
            courses[course.name] = course
        for observatory, series, key, text in self._database.execute(
            "select observatory, series, key, document from excursions"
        ):
            courses[observatory, series].excursions[key] = json.loads(text)
        return courses

    def outbox(self) -> list[Waiting]:
        """Return the alerts that are still to be delivered, oldest first."""
        rows = self._database.execute(
            "select number, alert, waiting from outbox order by number"
        )
        return [Waiting(n, json.loads(a), set(json.loads(w))) for n, a, w in rows]

    def save(
        self,
        courses: Iterable[Course],
        alerts: Iterable[dict[str, Any]] = (),
        sinks: Iterable[str] = (),
    ) -> list[Waiting]:
        """Save courses and new alerts, durably; return the alerts as they wait."""
        names = sorted(sinks)
        with self._database as database:
            for course in courses:
                _save(database, course)
            numbers = [
                (database.execute(INSERT, (json.dumps(a), json.dumps(names))), a)
                for a in alerts
                if names
            ]
        return [Waiting(int(c.lastrowid or 0), a, set(names)) for c, a in numbers]

    def announced(self) -> set[str]:
        """Return the findings whose alerts were taken up for delivery."""
        rows = self._database.execute("select finding_id from findings")
        return {identity for (identity,) in rows}

    def announce(
        self, alerts: Iterable[dict[str, Any]], sinks: Iterable[str]
    ) -> list[Waiting]:
        """Save alerts of findings, durably and each once; return them as they wait."""
        names, saved = sorted(sinks), []
        with self._database as database:
            for alert in alerts:
                database.execute("insert into findings values (?)", (alert["id"],))
                row = database.execute(INSERT, (json.dumps(alert), json.dumps(names)))
                saved.append(Waiting(int(row.lastrowid or 0), alert, set(names)))
        return saved

    def settle(self, waiting: Iterable[Waiting]) -> None:
        """Save which sinks alerts still wait for; delete alerts that were delivered."""
        with self._database as database:
            for entry in waiting:
                if entry.sinks:
                    database.execute(
                        "update outbox set waiting = ? where number = ?",
                        (json.dumps(sorted(entry.sinks)), entry.number),
                    )
                else:
                    database.execute(
                        "delete from outbox where number = ?", (entry.number,)
                    )

    def _begin(self) -> None:
        database = self._database
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        version = database.execute("pragma user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise StoreError(
                f"{self.folder / FILE} is a checkpoint of version {version}, this is "
                f"{VERSION}: delete it to follow every series again from its start"
            )
        database.executescript(TABLES)
        database.execute(f"pragma user_version = {VERSION}")


INSERT = "insert into outbox (alert, waiting) values (?, ?)"


def _save(database: sqlite3.Connection, course: Course) -> None:
    document = json.dumps({name: getattr(course, name) for name in DOCUMENT})
    database.execute(
        "insert or replace into courses values (?, ?, ?, ?)",
        (*course.name, document, course.state),
    )
    present = [key for key in course.changed if key in course.excursions]
    gone = course.changed - course.excursions.keys()
    database.executemany(
        "insert or replace into excursions values (?, ?, ?, ?)",
        [(*course.name, key, json.dumps(course.excursions[key])) for key in present],
    )
    database.executemany(
        "delete from excursions where observatory = ? and series = ? and key = ?",
        [(*course.name, key) for key in gone],
    )
    course.changed.clear()
    course.certain = True
