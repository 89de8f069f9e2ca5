"""Every error that Orbital raises, and what their messages share.

::

    OrbitalError
    ├── ConfigError       settings or environment are missing or contradict each other
    ├── PlatformError     the embedded platform could not be started, found or stopped
    ├── ArchiveError      a file is of no known format, or is broken
    │   ├── MappingError  a declared table's mapping names a wrong column, unit or scale
    │   └── ReaderFault   the code of a reader failed: the file may well be whole
    ├── SchemaMismatch    a table does not have the columns schema.py gives it
    ├── QueryError        a query names something unknown, or asks for too much
    ├── Cancelled         a question was cancelled before it was answered
    ├── StoreError        the database refused or lost something
    ├── ProvisionError    storage could not be brought into the planned state
    └── ReportError       a report notebook, its parameters or its run is wrong

A message says what was asked, what was found, and what to do next.
`unknown` writes the message about a misspelt name, so that each offers the closest one;
`system_sentence` that about an error of the operating system, `connection_reason` why a
connection failed.
"""

import difflib
import errno
import re
from collections.abc import Iterable, Sequence


class OrbitalError(Exception):
    """Base of all; the command line prints its text and exits with 1.

    Examples
    --------
    >>> from orbital_kernel import OrbitalError, connect
    >>> try:
    ...     connect().cone("swift.nothing", ra=1, dec=2, radius_arcmin=3)
    ... except OrbitalError as error:
    ...     print(type(error).__name__)
    QueryError
    """


class ConfigError(OrbitalError):
    """Settings or environment are missing or contradict each other."""


class PlatformError(OrbitalError):
    """The embedded platform could not be started, found or stopped."""


class ArchiveError(OrbitalError):
    """A file is of no known format, or is broken; names the offset where known."""

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class MappingError(ArchiveError):
    """A declared table's mapping names a wrong column, unit or scale."""


class ReaderFault(ArchiveError):
    """The code of a reader failed: the file may well be whole."""


class SchemaMismatch(OrbitalError):
    """A table does not have the columns schema.py gives it."""


class QueryError(OrbitalError):
    """A query names something unknown, or asks for too much."""


class Cancelled(OrbitalError):
    """A question was cancelled before it was answered."""


class StoreError(OrbitalError):
    """The database refused or lost something."""


class ProvisionError(OrbitalError):
    """Storage could not be brought into the planned state."""


class ReportError(OrbitalError):
    """A report notebook, its parameters or its run is wrong."""


MOST_NAMES = 30


def unknown(noun: str, name: str, allowed: Iterable[str]) -> str:
    """Return the sentence about a name that is not allowed: the closest, then all."""
    names = list(allowed)
    return (
        f"unknown {noun} {name!r}{did_you_mean(name, names)}; "
        f"choose from {shortened(names) or 'nothing'}"
    )


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return ' (did you mean X?)' with the closest names, '' if none is close."""
    by_case = {candidate.lower(): candidate for candidate in allowed}
    close = difflib.get_close_matches(str(name).lower(), by_case, n=2, cutoff=0.6)
    choice = " or ".join(by_case[candidate] for candidate in close)
    return f" (did you mean {choice}?)" if close else ""


def shortened(names: Sequence[str]) -> str:
    """Return names in a line, those after the first 30 as a number."""
    shown = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return shown if more <= 0 else f"{shown}, … {more} more"


HANDLES = "allow more open files, for example `ulimit -n 4096`, then run it again"
_MEMORY = "free memory, then run it again"
_SPACE = "free space there, or choose a place on another disk"
_ADVICE = {
    errno.EMFILE: HANDLES,
    errno.ENFILE: HANDLES,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.ENOMEM: _MEMORY,
    errno.EROFS: "choose a place on a disk that can be written to",
    errno.EACCES: "choose a place that you may read and write, or ask its owner",
    errno.EPERM: "choose a place that you may read and write, or ask its owner",
    errno.ENAMETOOLONG: "choose a shorter name: most disks allow 255 bytes",
    errno.ENOENT: "check the spelling; the folder must exist",
    errno.ENOTDIR: "a part of this path is a file: name a folder that exists",
    errno.EISDIR: "this is a folder: name a file",
    errno.EEXIST: "this is in the way: choose another name, or move it away",
    errno.EIO: "the disk failed: check it, then run it again",
}
_EVERYWHERE = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENAMETOOLONG, errno.EIO}
)


def system_advice(error: OSError) -> str:
    """Return what to do next about an error of the operating system."""
    return _ADVICE.get(error.errno or 0, "check that you may read and write it")


def is_of_no_file(error: OSError) -> bool:
    """Whether another file or folder would not help: handles, memory, names, disks."""
    return error.errno in _EVERYWHERE


def system_sentence(error: OSError) -> str:
    """Return what was refused, why, and what to do next."""
    subject = error.filename if error.filename is not None else "the system"
    return f"{subject}: {error.strerror or error}; {system_advice(error)}"


_NUMBERED = re.compile(r"\[Errno -?\d+\] (\w[\w ]+)")


def connection_reason(error: BaseException) -> str:
    """Return the system's words in a connection's error, however deep a client wraps it."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return str(inner.strerror)
        numbered = _NUMBERED.search(str(inner))
        if numbered:
            return numbered[1]
        if isinstance(inner, TimeoutError) or "timed out" in str(inner).lower():
            return "no answer in time"
        wrapped = (getattr(inner, "reason", None), *inner.args)
        inner = next(
            (part for part in wrapped if isinstance(part, BaseException)), None
        )
    return "the connection was interrupted"
