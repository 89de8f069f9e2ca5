"""The newest bytes of a load stay in memory; older ones go to the device only.

A load of gigabytes would otherwise push out what readers use, and take memory for each
of its pages that the machine has not touched lately, which costs more than the writing.
"""

import logging
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LOG = logging.getLogger("vast_standin.engine")
_MOST_BYTES = 64 << 20
_STEP = 16 << 20


class Newest:
    """Pieces of files, the oldest first; several threads may add to them."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[Path, int, int]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._sender = ThreadPoolExecutor(1, "send")

    def add(self, path: Path, offset: int, length: int) -> None:
        """Note a piece that was written; the oldest may leave memory for it."""
        old = []
        with self._lock:
            self._pieces.append((path, offset, length))
            self._bytes += length
            if self._bytes >= _MOST_BYTES + _STEP:
                while self._bytes > _MOST_BYTES:
                    old.append(self._pieces.popleft())
                    self._bytes -= old[-1][2]
        if old:
            self._sender.submit(_send, old)

    def settle(self) -> None:
        """Wait until all older bytes have left memory."""
        self._sender.submit(int).result()


def _send(pieces: list[tuple[Path, int, int]]) -> None:
    for path in dict.fromkeys(path for path, _, _ in pieces):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # Merged into another, or rolled back.
        try:
            os.fdatasync(descriptor)
            for _, offset, length in (p for p in pieces if p[0] == path):
                os.posix_fadvise(descriptor, offset, length, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            LOG.warning("%s stays in memory: %s", path, error)
        finally:
            os.close(descriptor)
