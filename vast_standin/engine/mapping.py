"""Mapping: a file in memory, once for long reads and, if it is large, once for short ones.

Around a byte that is read the system reads as much as the disk's read-ahead says, up to
megabytes. From the second mapping it reads just the page, and what `expect` asked for.
"""

import mmap
from pathlib import Path

import pyarrow as pa

from vast_standin.http import ProtocolError

_LARGE = 8 << 20
"""Least bytes of a file that is mapped twice."""
_ASKED_AT_ONCE = 128 << 10
"""Most that one request reads: the kernel cuts larger ones to the disk's read-ahead."""


class Mapping:
    """A file that may grow; what was mapped of it lives as long as a buffer of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._all: mmap.mmap | None = None
        self._few: mmap.mmap | None = None

    @property
    def cut(self) -> bool:
        """Whether the file is shorter than what is mapped of it."""
        # Once: another thread may map more of the file at any time, since it only grows.
        mapped = self._all
        return mapped is not None and mapped.size() < len(mapped)

    def reach(self, stop: int) -> None:
        """Map the file at least up to a byte; 500 if it is missing or cut."""
        if self._all is not None and len(self._all) >= stop:
            return
        self._all = _mapped(self.path, stop)
        if len(self._all) >= _LARGE and hasattr(mmap, "MADV_RANDOM"):
            self._few = _mapped(self.path, stop)
            self._few.madvise(mmap.MADV_RANDOM)

    def view(self, offset: int, length: int) -> pa.Buffer:
        """Return a range that `reach` mapped."""
        return pa.py_buffer(self._all).slice(offset, length)

    def scattered(self, offset: int, length: int) -> pa.Buffer | None:
        """Return a range for reads of few bytes; None where `view` is as good."""
        if self._few is None:
            return None
        return pa.py_buffer(self._few).slice(offset, length)

    def expect(self, start: int, stop: int) -> None:
        """Ask for bytes of `scattered` that are read next; they arrive side by side."""
        mapped = self._few
        if mapped is None or stop - start <= mmap.PAGESIZE:
            return
        if start < 0 or stop > len(mapped):
            return  # a damaged offset, which is verified before it is used
        for at in range(start - start % mmap.PAGESIZE, stop, _ASKED_AT_ONCE):
            mapped.madvise(mmap.MADV_WILLNEED, at, min(_ASKED_AT_ONCE, stop - at))


def gone(path: Path) -> ProtocolError:
    """Return the error of a file that is missing or cut."""
    return ProtocolError(
        500,
        "InternalError",
        f"rows of this table are in {path}, which is missing or cut",
    )


def _mapped(path: Path, length: int) -> mmap.mmap:
    try:
        with path.open("rb") as source:
            mapped = mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ)
    except (FileNotFoundError, ValueError):
        raise gone(path) from None
    if len(mapped) < length:
        raise gone(path)
    return mapped
