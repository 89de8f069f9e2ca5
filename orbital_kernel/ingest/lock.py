"""One ingest at a time into a database; a killed one's open transaction is ended."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from orbital_kernel.database import Store

Begun = Callable[[int], None]
"""Called with the id of each transaction as it begins."""


@contextmanager
def only_one(store: "Store") -> Iterator[Begun]:
    """Keep two ingests of this user from taking the same file into one database.

    A transaction that is still noted beside the lock belongs to an ingest that was killed.
    It is rolled back: otherwise the rows it claimed could not be changed until the
    database ends it by itself.
    """
    target = f"{store.settings.endpoint} {store.database}"
    name = f"orbital-ingest-{os.getuid()}-{hashlib.sha256(target.encode()).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir())
    left_open = folder / f"{name}.transaction"
    with FileLock(folder / f"{name}.lock"):
        if left_open.exists():
            if number := left_open.read_text().strip():
                store.roll_back(int(number))
            left_open.unlink()

        def begun(number: int) -> None:
            left_open.write_text(str(number))

        yield begun
        left_open.unlink(missing_ok=True)
