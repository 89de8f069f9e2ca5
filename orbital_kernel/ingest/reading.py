"""Files, read here or by processes, whichever is faster."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orbital_kernel.ingest.files import size_of
from orbital_kernel.ingest.parsing import Task
from orbital_kernel.ingest.pool import Offered, Pool, read_here

SMALL_BYTES = 4 << 20
"""Below this, starting processes costs more than they save (measured)."""


@contextmanager
def read(
    files: Sequence[Path],
    task: Task,
    *,
    wanted: Callable[[str], bool],
    workers: int | None = None,
) -> Iterator[Iterable[Offered]]:
    """Give the files in order, being read: here if they are small, else by processes.

    `wanted` tells by a content's SHA-256 whether it is read at all.
    """
    size = sum(map(size_of, files))
    if workers is None and size <= SMALL_BYTES:
        yield read_here(files, task, wanted=wanted)
    else:
        count = workers or min(cores(), 1 + size // SMALL_BYTES)
        with Pool(files, task, wanted=wanted, workers=count) as pool:
            yield pool


def cores() -> int:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
