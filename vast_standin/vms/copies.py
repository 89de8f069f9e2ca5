"""Copies of the data folder at one moment, from which a backup is made.

A copy is a folder of its own: the three databases as they were together, and hard links
to every file they name. Links cost no space and files never change, so a copy of any
size is there in a moment, and what the platform drops later stays in it. Then all of it
is read against its checksums, so that no damage is copied unnoticed.
"""

import os
import shutil
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from vast_standin import __version__
from vast_standin.custody.damaged import damaged_files
from vast_standin.custody.home import NOTE
from vast_standin.disk import disk_errors
from vast_standin.files import write_private_json
from vast_standin.http import ProtocolError
from vast_standin.s3.index import files_named
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall

FOLDER = "copying"


class Copies:
    """The one copy that may exist at a time; one of an earlier run is removed."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self.path = cluster.folder / FOLDER
        self._remove()

    def answer(self, call: VmsCall) -> tuple[int, object]:
        """Make the copy (POST), replacing the last one, or remove it (DELETE)."""
        if call.body:
            raise bad_request(f"unknown fields: {', '.join(sorted(call.body))}")
        if call.method not in ("POST", "DELETE"):
            raise ProtocolError(
                405, "MethodNotAllowed", f"{call.method} is not allowed here"
            )
        with self._lock, disk_errors():
            self._remove()
            return (201, self._make()) if call.method == "POST" else (204, None)

    def _make(self) -> Record:
        """Copy one moment: locks are held for it, and files kept until they are linked."""
        cluster = self._cluster
        # In the order in which calls of the management side take them.
        ledgers = (
            cluster.records.ledger,
            cluster.engine.ledger,
            cluster.objects.ledger,
        )
        segments, objects = cluster.engine.ledger.base, cluster.objects.ledger.base
        with ExitStack() as holds:
            with ExitStack() as locks:
                for ledger in ledgers:
                    locks.enter_context(ledger.lock)
                moment = datetime.now(UTC)
                frozen = [holds.enter_context(ledger.frozen()) for ledger in ledgers]
                names = cluster.engine.files()
                missing = self._link(cluster.engine.snapshot_files())
            missing += self._link(segments / name for name in names)
            missing += self._link(objects / name for name in files_named(frozen[-1].db))
            for database in frozen:
                database.write(self.path)
        write_private_json(self.path / NOTE, {"id": cluster.home.id})
        return {
            "folder": str(self.path),
            "store": cluster.home.id,
            "version": __version__,
            "moment": moment.isoformat(),
            "missing": missing,
            "damaged": self._damaged(),
        }

    def _damaged(self) -> list[str]:
        """Read the copy; report what is damaged in it, and return the names."""
        home, names = self._cluster.home, []
        for name, problem in damaged_files(self.path):
            path = home.path / name
            home.note_damage(path, ValueError(f"{path} is damaged ({problem})"))
            names.append(name)
        return names

    def _link(self, paths: Iterable[Path]) -> list[str]:
        """Link files of the data folder into the copy; return those that are missing."""
        missing = []
        for path in paths:
            name = path.relative_to(self._cluster.folder)
            target = self.path / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _link_or_copy(path, target)
            except FileNotFoundError:
                missing.append(name.as_posix())
        return missing

    def _remove(self) -> None:
        if self.path.exists():
            shutil.rmtree(self.path)


def _link_or_copy(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except FileNotFoundError:
        raise
    except OSError:  # no links there, or too many of this file
        shutil.copyfile(path, target)
