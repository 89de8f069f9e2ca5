"""Open plain and gzipped files alike, and stop what swells without end.

A gzip member can hold a thousand times its size; nothing an observatory writes comes
near a hundred. Whatever does is refused before it fills the machine. Only regular files
are opened: a pipe or a device has no end, and opening a pipe waits for its writer.
"""

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from orbital_kernel.errors import ArchiveError

GZIP = b"\x1f\x8b"
SWELL = 100
ALWAYS_ALLOWED = 64 << 20
GZIP_EXTRA = 0x04
GZIP_NAME = 0x18
"""Flags of a gzip header that holds a file name or a comment, each up to a zero byte."""
GZIP_NAME_BYTES = 1 << 17
HOLES_BYTES = 1 << 30
HOLES = 100
"""A file above 1 GiB that occupies less than a hundredth of its size is holes."""
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, without waiting.

    Raises ArchiveError for a pipe, a socket, a device, a folder and links to these, and for
    a file of holes; OSError if the file cannot be opened.
    """
    refuse_irregular(path.stat())
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    file = os.fdopen(number, "rb")
    try:  # the file may have been replaced since
        refuse_irregular(os.fstat(file.fileno()))
    except ArchiveError:
        file.close()
        raise
    return file


def refuse_irregular(status: os.stat_result) -> None:
    """Raise ArchiveError if this is not a regular file with content."""
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "of an unknown kind")
        raise ArchiveError(
            f"{kind}, not a regular file: copy its content to a file and offer that"
        )
    occupied = getattr(status, "st_blocks", status.st_size) * 512
    if status.st_size > HOLES_BYTES and occupied * HOLES < status.st_size:
        raise ArchiveError(
            f"{status.st_size:,} bytes of which the disk holds {occupied:,}: a file of "
            "holes, perhaps a download that has only begun; fetch it again"
        )


class Bounded(io.RawIOBase):
    """A readable stream that raises ArchiveError past `limit` bytes."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream = stream
        self.limit = limit

    def readable(self) -> bool:
        """Tell that bytes can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer; raises ArchiveError where gzip is cut or swells."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            data = self.stream.read(len(view))
            position = self.stream.tell()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ArchiveError(f"the gzip data is cut or damaged: {error}") from error
        if position > self.limit:
            raise ArchiveError(
                f"unpacks to more than {self.limit:,} bytes, over {SWELL} times its "
                "size: refused; unpack it by hand if it is meant so"
            )
        view[: len(data)] = data
        return len(data)


@contextmanager
def open_bounded(path: Path) -> Iterator[BinaryIO]:
    """Open the file for reading from its first unpacked byte."""
    with open_regular(path) as file:
        head = file.read(GZIP_NAME_BYTES)
        file.seek(0)
        if not head.startswith(GZIP):
            yield file
            return
        _refuse_endless_name(head)
        limit = max(ALWAYS_ALLOWED, SWELL * path.stat().st_size)
        with gzip.GzipFile(fileobj=file) as unpacked:
            stream = Bounded(unpacked, limit)  # type: ignore[arg-type]
            yield io.BufferedReader(stream, 1 << 20)


def _refuse_endless_name(head: bytes) -> None:
    """Raise ArchiveError for a gzip header whose file name has no end."""
    flags, start = int.from_bytes(head[3:4]), 10
    if flags & GZIP_EXTRA:
        start += 2 + int.from_bytes(head[10:12], "little")
    if flags & GZIP_NAME and b"\0" not in head[start:]:
        raise ArchiveError(
            f"the gzip header names a file in more than {GZIP_NAME_BYTES:,} bytes: damaged"
        )


def skip(file: BinaryIO, count: int) -> int:
    """Move on by `count` bytes, seeking where that is free; return those passed."""
    if isinstance(file, io.BufferedReader) and isinstance(file.raw, Bounded):
        remaining = count
        while remaining and (data := file.read(min(remaining, 1 << 20))):
            remaining -= len(data)
        return count - remaining
    before = file.tell()
    end = file.seek(0, io.SEEK_END)
    return file.seek(min(before + count, end)) - before
