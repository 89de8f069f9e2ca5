"""Vendors' log lines, dropped while Orbital calls them: it raises its own errors.

Nobody's log level changes. A user who sets the level of such a logger gets its lines.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Quiet(logging.Filter):
    """Drops a library's records below a level while one of our calls runs."""

    def __init__(self, library: str, below: int) -> None:
        super().__init__()
        self._library = logging.getLogger(library)
        self._below = below
        self._calls = 0
        self._lock = threading.Lock()
        self._library.addFilter(self)
        for name, logger in list(logging.root.manager.loggerDict.items()):
            if name.startswith(f"{library}.") and isinstance(logger, logging.Logger):
                logger.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is shown."""
        chosen = self._library.level != logging.NOTSET
        return chosen or not self._calls or record.levelno >= self._below

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Drop the records of this block, in all threads that work for it."""
        with self._lock:
            self._calls += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
