"""One process owns a data folder; a second one is refused with the name of the first."""

import json
import os
from pathlib import Path

from filelock import FileLock, Timeout

from vast_standin.files import write_private_json


class FolderTaken(Exception):
    """Another process owns the data folder."""


class Ownership:
    """The lock on a data folder and the note of who holds it."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "standin.json"
        self._lock = FileLock(folder / "standin.lock", mode=0o600)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise FolderTaken(
                f"{folder} belongs to a running stand-in ({self._holder()}); stop it or "
                "choose another folder"
            ) from None
        self._note.unlink(missing_ok=True)

    def announce(self, note: dict[str, object]) -> None:
        """Write the note that this process serves the folder."""
        write_private_json(self._note, {"pid": os.getpid(), **note})

    def release(self) -> None:
        """Remove the note and release the folder."""
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def _holder(self) -> str:
        try:
            note = json.loads(self._note.read_bytes())
            return f"process {note['pid']}, {note['endpoint']}, since {note['started']}"
        except FileNotFoundError:
            return "it is just starting or stopping"
        except (OSError, ValueError, KeyError, TypeError):
            return f"its note {self._note} is damaged"
