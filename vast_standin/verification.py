"""Every file of the store read against its checksums, slowly, again and again.

A pass goes through the databases, the data files of the tables and those of the objects,
in order of their names. It notes how far it came, so that the next start goes on there,
and takes a tenth of one processor at most. Files of older programs get checksums.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from vast_standin.custody import Home
from vast_standin.custody.database import changed_database
from vast_standin.engine import Engine
from vast_standin.files import read_json, write_private_json
from vast_standin.http import ProtocolError
from vast_standin.s3 import verifying
from vast_standin.s3.objects import ObjectStore

LOG = logging.getLogger("vast_standin.verification")
NOTE = "verified.json"
DATABASES = ("vms.sqlite", "objects/index.sqlite", "tables/catalogue.sqlite")
_DELAY_S = 10.0
_EACH_S = 24 * 3600.0
_NOTE_EACH_S = 30.0
_PIECE = 4 << 20
_IDLE_PER_BUSY = 9


class Stopped(Exception):
    """The store closes, so a pass is given up; the next start goes on with it."""


class Verification:
    """The background thread that reads a store."""

    def __init__(self, home: Home, engine: Engine, objects: ObjectStore) -> None:
        self._home, self._engine, self._objects = home, engine, objects
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="verify", daemon=True)
        self._busy_since = time.monotonic()
        self._bytes = 0
        self._after = self._note().get("after", "")
        home.unverified = engine.unverified() + verifying.unverified(objects)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, within a piece of reading."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self, *, slowly: bool = False) -> None:
        """Do one pass, or what is left of it."""
        self._pace = self._slow if slowly else _at_once
        self._busy_since = time.monotonic()
        if not self._after:
            self._databases()
        noted = time.monotonic()
        for name, verify in self._files():
            if name <= self._after:
                continue
            with self._reported(name):
                verify()
            self._after = name
            if time.monotonic() - noted > _NOTE_EACH_S:
                noted = time.monotonic()
                self._write({"after": name})
        self._after = ""
        self._home.unverified = self._engine.unverified() + verifying.unverified(
            self._objects
        )
        self._write({"after": "", "finished": datetime.now(UTC).isoformat()})

    def _keep(self) -> None:
        if sys.platform == "linux":  # where a thread has a priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        delay = _DELAY_S
        while not self._stopping.wait(delay):
            try:
                self.run(slowly=True)
            except Stopped:
                self._write({"after": self._after})
                return
            except Exception:
                LOG.exception("reading the store was given up and will be repeated")
            delay = _EACH_S

    def _files(self) -> Iterator[tuple[str, Any]]:
        objects = verifying.verifications(self._objects, self._pace)
        tables = self._engine.verifications(self._pace)
        yield from ((f"objects/data/{name}", verify) for name, verify in objects)
        yield from ((f"tables/segments/{name}", verify) for name, verify in tables)

    def _databases(self) -> None:
        for name in DATABASES:
            path = self._home.path / name
            problem = changed_database(path)
            if problem:
                self._home.note_damage(path, ValueError(problem))

    @contextmanager
    def _reported(self, name: str) -> Iterator[None]:
        """Go on after damage, which is reported; forget what was repaired."""
        try:
            yield
        except (ProtocolError, OSError) as error:
            self._home.note_damage(self._home.path / name, error)
        else:
            self._home.note_repair(name)

    def _slow(self, count: int) -> None:
        """Wait nine times as long as the last piece took."""
        self._bytes += count
        if self._bytes < _PIECE:
            return
        self._bytes = 0
        busy = time.monotonic() - self._busy_since
        if self._stopping.wait(_IDLE_PER_BUSY * busy):
            raise Stopped
        self._busy_since = time.monotonic()

    def _note(self) -> dict[str, str]:
        return read_json(self._home.path / NOTE)

    def _write(self, note: dict[str, object]) -> None:
        try:
            write_private_json(self._home.path / NOTE, note)
        except OSError as error:
            LOG.warning("%s cannot be written: %s", NOTE, error)


def _at_once(_count: int) -> None:
    """Do not wait."""
