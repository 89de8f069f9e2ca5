"""One engine owns a folder of tables; a second one is refused."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO


def own_folder(folder: Path) -> IO[str]:
    """Lock the folder until the returned file is closed."""
    handle = (folder / "owner").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as err:
        handle.seek(0)
        owner = handle.read().strip() or "unknown"
        handle.close()
        raise RuntimeError(
            f"{folder} is in use by process {owner}: stop that one, "
            "or give another folder"
        ) from err
    handle.truncate(0)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    handle.write(f"{os.getpid()} (user {os.getuid()}, since {since})")
    handle.flush()
    return handle
