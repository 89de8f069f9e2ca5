"""A limit to how long a reader in this process may give nothing.

Processes that read are watched from outside (pool). Here an alarm ends what takes too
long, a regular expression that never comes to an end too; where there can be no alarm
(another thread, another system) or one rings sooner, there is no other limit.
"""

import signal
import threading
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.parsing import Item


def patient(items: Iterator[Item], seconds: float) -> Iterator[Item]:
    """Yield the items; in the reader of them ArchiveError is raised when time is up."""
    while True:
        with _alarm(seconds):
            item = next(items, None)
        if item is None:
            return
        yield item


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    here = threading.current_thread() is threading.main_thread()
    if not here or not hasattr(signal, "setitimer"):
        yield
        return
    began = clock.monotonic()
    due, interval = signal.getitimer(signal.ITIMER_REAL)
    if 0 < due < seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, partial(_ring, seconds))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if due:
            left = max(due - (clock.monotonic() - began), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _ring(seconds: float, _signal: int, _frame: FrameType | None) -> None:
    raise ArchiveError(f"its reader gave nothing for {seconds:g} s: stopped")
