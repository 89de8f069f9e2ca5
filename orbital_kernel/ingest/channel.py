"""A queue of parsed items, bounded by the bytes of the rows in it."""

import threading
from collections import deque

from orbital_kernel.ingest.parsing import Item, Rows

HELD_BYTES = 32 << 20


class Closed(Exception):
    """The reading end has gone."""


class Channel:
    """One writer, one reader; the writer waits while `held` bytes are unread."""

    def __init__(self, held: int = HELD_BYTES) -> None:
        self._limit = held
        self._held = 0
        self._items: deque[Item] = deque()
        self._moved = threading.Condition()
        self._closed = False

    def put(self, item: Item) -> None:
        """Add an item once there is room for it; Closed where nobody reads."""
        size = _size(item)
        with self._moved:
            self._moved.wait_for(
                lambda: (
                    self._closed or not self._items or self._held + size <= self._limit
                )
            )
            if self._closed:
                raise Closed
            self._items.append(item)
            self._held += size
            self._moved.notify_all()

    def get(self, seconds: float) -> Item | None:
        """Take the next item; None where none came within that time."""
        with self._moved:
            if not self._moved.wait_for(lambda: bool(self._items), seconds):
                return None
            item = self._items.popleft()
            self._held -= _size(item)
            self._moved.notify_all()
        return item

    def close(self) -> None:
        """Let the writer go."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()


def _size(item: Item) -> int:
    return int(item.data.nbytes) if isinstance(item, Rows) else 0
