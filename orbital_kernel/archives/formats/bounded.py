"""Open plain and gzipped files alike, and stop what swells without end.

A gzip member can hold a thousand times its size; nothing an observatory writes comes
near a hundred. Whatever does is refused before it fills the machine.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from orbital_kernel.errors import ArchiveError

GZIP = b"\x1f\x8b"
SWELL = 100
ALWAYS_ALLOWED = 64 << 20
PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ\x00": "xz-compressed",
    b"\x1f\x9d": "compressed (.Z)",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
}


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
    with path.open("rb") as file:
        magic = file.read(2)
        file.seek(0)
        if magic != GZIP:
            yield file
            return
        limit = max(ALWAYS_ALLOWED, SWELL * path.stat().st_size)
        with gzip.GzipFile(fileobj=file) as unpacked:
            stream = Bounded(unpacked, limit)  # type: ignore[arg-type]
            yield io.BufferedReader(stream, 1 << 20)


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
