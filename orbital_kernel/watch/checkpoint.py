"""What the watcher must not forget: a file a series, replaced whole, beside the data.

A file holds how far the series was read, the detector's state, the excursions still
open and the alerts not yet delivered. They change together or not at all: a new file
is written, synced and renamed over the old one.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from orbital_kernel.errors import StoreError

VERSION = 1


@dataclass
class Course:
    """How far one series has been followed.

    `stored` is how many rows of it were read or found late, `channels` how many a bin has, `newest_*` the last
    bin read (MET in s, TT in ns), `seen` the (MET, channel) read within the reach of
    late rows, `known` the excursions that may still change, by the detector's key, and
    `outbox` alerts with the sinks that still wait for them.
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
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    outbox: list[dict[str, Any]] = field(default_factory=list)


class Checkpoints:
    """The courses of a folder; one watcher a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(folder / "watch.lock")

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

    def load(self) -> dict[tuple[str, str], Course]:
        """Return every course kept; StoreError for a file that is none."""
        courses = map(_read, sorted(self.folder.glob("*.json")))
        return {(c.observatory, c.series): c for c in courses}

    def save(self, course: Course) -> None:
        """Replace the file of a course, durably."""
        document = asdict(course) | {
            "version": VERSION,
            "state": base64.b64encode(course.state).decode(),
        }
        path = self._path(course)
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, course: Course) -> Path:
        name = f"{course.observatory}/{course.series}".encode()
        return self.folder / f"{hashlib.sha256(name).hexdigest()[:32]}.json"


def _read(path: Path) -> Course:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document.pop("version")
        kept = {f.name: document[f.name] for f in fields(Course)}
    except (ValueError, KeyError) as error:
        raise StoreError(
            f"{path} is not a watcher's checkpoint ({error}): delete it, and the series "
            "is followed again from its start"
        ) from error
    if version != VERSION:
        raise StoreError(
            f"{path} is a checkpoint of version {version}, this is {VERSION}: delete it, "
            "and the series is followed again from its start"
        )
    seen = [(float(met), int(channel)) for met, channel in kept["seen"]]
    state = base64.b64decode(kept["state"])
    return Course(**(kept | {"state": state, "seen": seen}))
