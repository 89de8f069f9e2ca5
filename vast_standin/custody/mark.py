"""The mark beside data: the last commit of its database, so that an older one is noticed."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

MARK = "mark.json"
LOG = logging.getLogger("vast_standin.custody")
_LENGTH = 160
_FORM = (
    '{{"store": "{0.store}", "run": {0.run}, "token": "{0.token}", '
    '"changes": {0.changes}}}'
)


@dataclass(frozen=True)
class Mark:
    """The newest committed change: of which folder and run, and its number."""

    store: str
    run: int
    token: str
    changes: int


def read_mark(path: Path) -> Mark | None:
    """Read a mark; None if it is missing or cannot be read."""
    try:
        return Mark(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


class MarkFile:
    """The open mark; rewritten in place after each commit, which takes microseconds.

    It may lag behind the database, when killed in between, and never runs ahead.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def write(self, mark: Mark) -> None:
        """Write the mark; a full disk leaves the older one, which is allowed."""
        try:
            if self._descriptor < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
                self._descriptor = os.open(self._path, flags, 0o600)
            text = _FORM.format(mark).ljust(_LENGTH - 1) + "\n"
            os.pwrite(self._descriptor, text.encode(), 0)
        except OSError as error:
            LOG.warning("%s cannot be written: %s", self._path, error)

    def sync(self) -> None:
        """Force the mark to the device."""
        if self._descriptor >= 0:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
