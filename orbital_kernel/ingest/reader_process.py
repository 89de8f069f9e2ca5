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
        process = ReaderProcess()
        _EARLY.append(process)
        atexit.register(_end_unused, process)


def reader_process() -> ReaderProcess:
    """Return the process that was started early, else a new one."""
    return _EARLY.pop() if _EARLY else ReaderProcess()


def _end_unused(process: ReaderProcess) -> None:
    if process in _EARLY:
        process.close()
