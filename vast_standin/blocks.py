"""Checksums of files by blocks, so that a read verifies just what it reads.

A run of bytes has one CRC-32 (IEEE 802.3, as zlib computes it) for each 64 KiB: less than
a row group of any numeric column. Files never change, so a block that was verified once
stays so for the life of the process.
"""

import struct
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from isal.isal_zlib import crc32

from vast_standin.http import ProtocolError

BLOCK = 1 << 16
_HEAD = struct.Struct("<QQ")
Bytes = bytes | memoryview
Read = Callable[[int, int], Bytes]
"""Returns the bytes from one position of a run to another."""


class Summing:
    """The block sums of bytes that arrive piece by piece."""

    def __init__(self) -> None:
        self.length = 0
        self._sums: list[int] = []
        self._present = 0

    def update(self, data: Bytes) -> None:
        """Add bytes."""
        view = memoryview(data)
        at, end = 0, len(view)
        while at < end:
            step = min(end - at, BLOCK - self.length % BLOCK)
            self._present = crc32(view[at : at + step], self._present)
            at += step
            self.length += step
            if self.length % BLOCK == 0:
                self._sums.append(self._present)
                self._present = 0

    def sums(self) -> bytes:
        """Return the sums of all blocks."""
        partial = [self._present] if self.length % BLOCK else []
        return np.array(self._sums + partial, dtype="<u4").tobytes()


class Run:
    """Bytes of a file that were written together, their sums, and what was verified."""

    def __init__(self, offset: int, length: int, sums: bytes) -> None:
        self.offset, self.length, self.sums = offset, length, sums
        self.whole = False
        """Every block was verified."""
        self._sums = np.frombuffer(sums, dtype="<u4").tolist()
        self._verified = bytearray(len(self._sums))

    def damage(self, read: Read, start: int, stop: int) -> tuple[int, int] | None:
        """Verify a range; return the first block of it that is not as written."""
        if self.whole:
            return None
        first, end = start // BLOCK, -(-stop // BLOCK)
        at = self._verified.find(0, first, end)
        if at < 0:
            return None
        while at >= 0:
            low, high = at * BLOCK, min((at + 1) * BLOCK, self.length)
            data = read(low, high)
            if len(data) != high - low or crc32(data) != self._sums[at]:
                return self.offset + low, self.offset + high
            self._verified[at] = 1
            at = self._verified.find(0, at + 1, end)
        self.whole = self._verified.find(0) < 0
        return None

    def forget(self) -> None:
        """Verify everything again from now on."""
        self.whole = False
        self._verified = bytearray(len(self._verified))


def run_of(offset: int, buffers: Iterable[Bytes]) -> Run:
    """Return the run of bytes that begin at an offset."""
    summing = Summing()
    for buffer in buffers:
        summing.update(buffer)
    return Run(offset, summing.length, summing.sums())


def packed(runs: Iterable[Run]) -> bytes:
    """Write runs."""
    return b"".join(_HEAD.pack(r.offset, r.length) + r.sums for r in runs)


def unpacked(data: bytes) -> Iterator[Run]:
    """Read what `packed` wrote."""
    at = 0
    while at < len(data):
        offset, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        size = 4 * -(-length // BLOCK)
        yield Run(offset, length, data[at : at + size])
        at += size


def damaged(what: str, name: object, place: tuple[int, int]) -> ProtocolError:
    """Return the error 500 of a file whose bytes are not those written."""
    return ProtocolError(
        500,
        "InternalError",
        f"{what} {name}, which is damaged: bytes {place[0]} to {place[1]} do not have "
        "the checksum they were written with; restore the file from a backup",
    )
