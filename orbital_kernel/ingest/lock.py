"""One ingest at a time into a database; a killed one's open transaction is ended."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orbital_kernel.config import data_folder
from orbital_kernel.config.locks import LONGEST_SECONDS, Lock
from orbital_kernel.errors import StoreError

if TYPE_CHECKING:
    from orbital_kernel.database import Store

LOG = logging.getLogger(__name__)
LEFT_OPEN = ".transaction"
Begun = Callable[[int], None]
"""Called with the id of each transaction as it begins."""


@contextmanager
def only_one(store: "Store", wait_s: float = LONGEST_SECONDS) -> Iterator[Begun]:
    """Keep two ingests of this user from taking the same file into one database.

    The lock is in the platform's folder. A transaction that is still noted beside it
    belongs to an ingest into this database that was killed. It is rolled back: otherwise
    the rows it claimed could not be changed until the database ends it by itself. A note
    that is not of this database, or cannot be read, is removed without effect.
    """
    target = f"{store.settings.endpoint} {store.database}"
    name = f"ingest-{hashlib.sha256(target.encode()).hexdigest()[:16]}"
    folder = store.settings.folder or data_folder()
    left_open = folder / f"{name}{LEFT_OPEN}"
    purpose = f"another ingest into {store.database}"
    with Lock(folder / f"{name}.lock", purpose, StoreError).held(wait_s):
        number = _noted(left_open, target)
        if number is not None:
            store.roll_back(number)
        left_open.unlink(missing_ok=True)

        def begun(number: int) -> None:
            _note(left_open, target, number)

        yield begun
        left_open.unlink(missing_ok=True)


def _note(path: Path, target: str, number: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"target": target, "transaction": number}, file)


def _noted(path: Path, target: str) -> int | None:
    """Return the transaction that a note names; None if there is none of this database."""
    if not path.exists():
        return None
    try:
        note = json.loads(path.read_bytes())
        if path.stat().st_uid == os.getuid() and note["target"] == target:
            return int(note["transaction"])
    except (OSError, ValueError, TypeError, KeyError):
        pass
    LOG.warning("%s is not a note of an ingest into this database: removed", path)
    return None
