"""One offered file on its way from its reader to the database.

Its items come from this process, or through a channel from a process that reads. The
channel is bounded in bytes, so that a fast reader waits for a slow database.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.content import State, change_of, content_of, state_of
from orbital_kernel.ingest.files import sha256_of, shown, size_of, unreadable
from orbital_kernel.ingest.items import End, Item, Refusal, Rows
from orbital_kernel.ingest.report import Progress

TICK_SECONDS = 0.2
CHANNEL_BYTES = 32 << 20


class ClosedError(Exception):
    """The reading end of a channel has closed."""


class Channel:
    """A queue with one writer and one reader; the writer waits while it is full."""

    def __init__(self, limit: int = CHANNEL_BYTES) -> None:
        self._limit = limit
        self._bytes = 0
        self._items: deque[Item] = deque()
        self._moved = threading.Condition()
        self._closed = False

    def put(self, item: Item) -> None:
        """Add an item once it fits; ClosedError if the reader has closed the channel."""
        size = _size(item)
        with self._moved:
            self._moved.wait_for(
                lambda: (
                    self._closed or not self._items or self._bytes + size <= self._limit
                )
            )
            if self._closed:
                raise ClosedError
            self._items.append(item)
            self._bytes += size
            self._moved.notify_all()

    def get(self, seconds: float) -> Item | None:
        """Return the next item; None if none arrives within that time."""
        with self._moved:
            if not self._moved.wait_for(lambda: bool(self._items), seconds):
                return None
            item = self._items.popleft()
            self._bytes -= _size(item)
            self._moved.notify_all()
        return item

    def close(self) -> None:
        """Release the writer."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()


def _size(item: Item) -> int:
    return int(item.data.nbytes) if isinstance(item, Rows) else 0


@dataclass
class Offered:
    """One file: the hash of its content, and its items if it is read.

    `sha256` is of the unpacked bytes, `packed` of the bytes as stored. `pid` is the process that reads it; `reported` counts the bytes shown as progress.
    """

    path: Path
    size: int
    sha256: str = ""
    refusal: Refusal | None = None
    channel: Channel | None = None
    local: Iterator[Item] | None = None
    pid: int = 0
    reported: int = 0
    packed: str = ""
    state: State = ()
    separate: bool = False
    """Whether `sha256` is of the content and the table that a mapping reads it into."""

    @property
    def hashes(self) -> tuple[str, str]:
        """The hashes the ledger may know it by: `sha256`, and `packed` of a whole file."""
        return self.sha256, "" if self.separate else self.packed

    def items(self, tick: Callable[[], None] = lambda: None) -> Iterator[Item]:
        """Yield the file's items; call `tick` now and then while waiting.

        A file that is not what was hashed any more ends with a refusal.
        """
        for item in self._items(tick):
            if isinstance(item, End | Refusal) and self.packed:
                why = change_of(self.path, self.state, self.packed)
                if why:
                    self.sha256 = ""  # the content that was hashed is not to blame
                    item = Refusal(why, item.format)  # noqa: PLW2901
            yield item

    def _items(self, tick: Callable[[], None]) -> Iterator[Item]:
        if self.refusal:
            yield self.refusal
        if self.local:
            yield from self.local
        if self.channel is None:
            return
        while True:
            item = self.channel.get(TICK_SECONDS)
            tick()
            if item is not None:
                yield item
            if isinstance(item, End | Refusal):
                return

    @property
    def unread(self) -> bool:
        """Whether the file is not read, since the ledger has its content."""
        return self.refusal is None and self.local is None and self.channel is None

    def read_bytes(self) -> int:
        """Return how far into the file its reader is; 0 if the system cannot say."""
        return _position(self.pid, self.path) if self.pid else 0


class Meter:
    """Reports progress inside one file, from its reader's position in it.

    The reader's check of the file is the first half, its rows are the second.
    """

    def __init__(self, offered: Offered, progress: Progress) -> None:
        self._offered = offered
        self._progress = progress
        self.rows_seen = False

    def tick(self) -> None:
        """Report how many bytes further the reader is than last time."""
        offered = self._offered
        at = offered.read_bytes() // 2 + (offered.size // 2 if self.rows_seen else 0)
        at = min(at, offered.size - 1)  # the last byte is reported once it is stored
        if at > offered.reported:
            self._progress(offered.path, at - offered.reported)
            offered.reported = at


def hashed(path: Path) -> Offered:
    """Return a file with the hash of its content; refused if it cannot be read."""
    offered = Offered(path, size_of(path))
    name = shown(Path(path.name))
    if why := unreadable(path):
        offered.refusal = Refusal(f"{name}: {why}")
        return offered
    try:
        offered.state = state_of(path)
        offered.packed = sha256_of(path)
        offered.sha256 = content_of(path, offered.packed)
    except ArchiveError as error:
        offered.refusal = Refusal(f"{name}: {error}")
    except OSError as error:
        offered.refusal = Refusal(f"{name}: cannot be opened: {error.strerror}")
    return offered


def _position(pid: int, path: Path) -> int:
    """Return the offset at which a process reads a file, from Linux's /proc; else 0."""
    folder = Path(f"/proc/{pid}")
    target = os.path.realpath(path)
    try:
        for link in (folder / "fd").iterdir():
            if os.readlink(link) == target:  # noqa: PTH115  /proc links are text
                first = (folder / "fdinfo" / link.name).read_text().split("\n", 1)[0]
                return int(first.removeprefix("pos:"))
    except (OSError, ValueError):
        return 0
    return 0
