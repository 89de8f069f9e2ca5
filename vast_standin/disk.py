"""When the disk is full: the writer gets an error in the form of the protocol."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from vast_standin.http import ProtocolError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE_NO_ROOM = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE"})


def no_room(error: BaseException) -> ProtocolError | None:
    """Return 507 InsufficientCapacity if an error means a full disk."""
    full = isinstance(error, OSError) and error.errno in _NO_ROOM
    name = getattr(error, "sqlite_errorname", "")
    if not full and not (isinstance(error, sqlite3.Error) and name in _SQLITE_NO_ROOM):
        return None
    return ProtocolError(
        507,
        "InsufficientCapacity",
        f"the data folder has no space for this: {error}; free some space and write again",
    )


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn the errors of a disk that cannot be written into 507."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as err:
        raise no_room(err) or ProtocolError(
            507, "InsufficientCapacity", f"the data folder cannot be written: {err}"
        ) from err
