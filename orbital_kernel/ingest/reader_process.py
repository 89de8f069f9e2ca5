"""A process that reads files: started when a pool needs it, or as soon as a command begins.

It imports the readers for half a second; a command has imports of its own meanwhile.
"""

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

WORKER = "orbital_kernel.ingest.worker"
SMALL_BYTES = 4 << 20
"""Below this, starting processes costs more than they save (measured)."""
SINGLE_THREADED = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)
_EARLY: list["ReaderProcess"] = []


class ReaderProcess:
    """One process and this end of its socket."""

    def __init__(self) -> None:
        """Start it; the socket says when it is ready."""
        self.end, their_end = socket.socketpair()
        with their_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", WORKER, str(their_end.fileno())],
                pass_fds=[their_end.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the one who started us
                env={**os.environ, **SINGLE_THREADED},
            )
        self.pid = self._process.pid

    def kill(self) -> None:
        """End the process, which holds nothing."""
        self._process.kill()

    def close(self) -> None:
        """End the process and collect its exit."""
        self.kill()
        self._process.wait()
        self.end.close()


def start_early(paths: Iterable[Path]) -> None:
    """Start the process that a pool will need, if a file is large."""
    if not _EARLY and any(
        p.is_file() and p.stat().st_size > SMALL_BYTES for p in paths
    ):
        _EARLY.append(ReaderProcess())
        atexit.register(end_unused)


def reader_process() -> ReaderProcess:
    """Return the process that was started early, else a new one."""
    try:
        return _EARLY.pop()
    except IndexError:
        return ReaderProcess()


def end_unused() -> None:
    """End the process if no pool took it: nothing was to be read."""
    while _EARLY:
        _EARLY.pop().close()


def _size_of(path: Path) -> int:
    """Return the size of a file; 0 of a folder, or of what cannot be opened anyway."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
