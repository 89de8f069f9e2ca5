"""Read many files at once in processes of their own; hand them over in order.

A thread a process takes the next file, hashes it, and has it parsed where it is wanted.
Files come out in the order they were given, whoever was first, so that what is stored
does not depend on how many read. What is parsed ahead is bounded in bytes.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from orbital_kernel.errors import OrbitalError
from orbital_kernel.ingest import messages
from orbital_kernel.ingest.channel import Channel, Closed
from orbital_kernel.ingest.files import sha256_of, size_of
from orbital_kernel.ingest.parsing import End, Item, Refusal, Task, parse
from orbital_kernel.ingest.patience import patient
from orbital_kernel.ingest.position import position

TICK_SECONDS = 0.2
STALLED_SECONDS = 600.0
"""A reader that has given nothing for so long hangs: its process is ended."""
SMALL_SECONDS = 120.0
"""The same for a few small files, which are read in this process."""
START_SECONDS = 120.0
"""A process that has not imported the readers by then is ended too."""
WORKER = "orbital_kernel.ingest.worker"
SINGLE_THREADED = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)


@dataclass
class Offered:
    """One file on its way: its content's hash, and its items where it is read."""

    path: Path
    size: int
    sha256: str = ""
    refusal: Refusal | None = None
    channel: Channel | None = None
    local: Iterator[Item] | None = None
    pid: int = 0
    told: int = 0

    def items(self, tick: Callable[[], None] = lambda: None) -> Iterator[Item]:
        """Yield the file's items; `tick` is called now and then while waiting."""
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
    def known(self) -> bool:
        """Whether there is nothing to read, since the ledger has this content."""
        return self.refusal is None and self.local is None and self.channel is None

    def read_bytes(self) -> int:
        """Return how far into the file its reader is, 0 where that cannot be told."""
        return position(self.pid, self.path) if self.pid else 0


def read_here(
    paths: Sequence[Path],
    task: Task,
    *,
    wanted: Callable[[str], bool],
    stalled_s: float = SMALL_SECONDS,
) -> Iterator[Offered]:
    """Yield the files in order, read in this process: for a few small ones."""
    for path in paths:
        offered = _hashed(path)
        if not offered.refusal and wanted(offered.sha256):
            offered.local = patient(parse(path, task), stalled_s)
        yield offered


class Pool:
    """Processes that read `paths`; a context manager, at whose end they end."""

    def __init__(
        self,
        paths: Sequence[Path],
        task: Task,
        *,
        wanted: Callable[[str], bool],
        workers: int,
        stalled_s: float = STALLED_SECONDS,
    ) -> None:
        """Read with this many processes those files whose hash is `wanted`.

        A file whose reader gives nothing for `stalled_s` is refused.
        """
        self._stalled_s = stalled_s
        self._task = task
        self._wanted = wanted
        self._paths = paths
        self._next = iter(range(len(paths)))
        self._ready: dict[int, Offered] = {}
        self._failed: BaseException | None = None
        self._changed = threading.Condition()
        self._channels = [Channel() for _ in range(min(workers, len(paths)))]
        self._readers: list[_Reader] = []
        self._ended = False

    def __enter__(self) -> Self:
        for channel in self._channels:
            thread = threading.Thread(
                target=self._feed, args=(channel,), name="ingest-reader", daemon=True
            )
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._channels:
            channel.close()
        with self._changed:
            self._ended = True
            self._next = iter(())
            readers = tuple(self._readers)
        for reader in readers:
            reader.kill()

    def __iter__(self) -> Iterator[Offered]:
        """Yield the files in order, each to be read to its end before the next."""
        for index in range(len(self._paths)):
            with self._changed:
                self._changed.wait_for(self._told_of(index))
                if self._failed:
                    raise self._failed
                offered = self._ready.pop(index)
            yield offered

    def _feed(self, channel: Channel) -> None:
        """Take files until there are none; runs in a thread."""
        reader: _Reader | None = None
        try:
            while (index := self._take()) is not None:
                offered = _hashed(self._paths[index])
                wanted = not offered.refusal and self._wanted(offered.sha256)
                if not wanted:
                    self._tell(index, offered)
                    continue
                reader = reader or self._reader()
                offered.channel, offered.pid = channel, reader.pid
                self._tell(index, offered)
                if not reader.read(offered.path, self._task, channel):
                    reader = None
        except Closed:
            return
        except BaseException as error:  # noqa: BLE001  raised again where files are awaited
            with self._changed:
                self._failed = error
                self._changed.notify_all()

    def _told_of(self, index: int) -> Callable[[], bool]:
        return lambda: index in self._ready or self._failed is not None

    def _take(self) -> int | None:
        with self._changed:
            return next(self._next, None)

    def _tell(self, index: int, offered: Offered) -> None:
        with self._changed:
            self._ready[index] = offered
            self._changed.notify_all()

    def _reader(self) -> "_Reader":
        """Return a new process that reads; Closed where this pool has ended."""
        with self._changed:
            if self._ended:
                raise Closed
            reader = _Reader(self._stalled_s)
            self._readers.append(reader)
        try:
            reader.wait_ready()
        except OrbitalError:
            if self._ended:
                raise Closed from None
            raise
        return reader


class _Reader:
    """One process, seen from here."""

    def __init__(self, stalled_s: float) -> None:
        self._stalled_s = stalled_s
        self._end, their_end = socket.socketpair()
        with their_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", WORKER, str(their_end.fileno())],
                pass_fds=[their_end.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the one who started us
                env={**os.environ, **SINGLE_THREADED},
            )
        self.pid = self._process.pid

    def wait_ready(self) -> None:
        """Wait until the readers are imported; OrbitalError where that fails."""
        self._end.settimeout(START_SECONDS)
        try:
            messages.receive(self._end)
        except (EOFError, OSError) as error:
            self._process.kill()
            raise OrbitalError(
                f"a process that reads files did not start: `{sys.executable} -m "
                f"{WORKER}` gave {error!r} (its own message stands before this one)"
            ) from None
        self._end.settimeout(self._stalled_s)

    def kill(self) -> None:
        """End the process, which holds nothing, and take its end."""
        self._process.kill()
        self._process.wait()
        self._end.close()

    def read(self, path: Path, task: Task, channel: Channel) -> bool:
        """Pass on the file's items; False where the process did not live to the end."""
        try:
            messages.send(self._end, {"path": str(path), **asdict(task)})
            item: Item | None = None
            while not isinstance(item, End | Refusal):
                item = messages.receive_item(self._end)
                channel.put(item)
        except TimeoutError:
            self._process.kill()
            channel.put(
                Refusal(
                    f"{path.name}: its reader gave nothing for "
                    f"{self._stalled_s:g} s and was stopped; if the file is in "
                    "order, this is a fault of the reader"
                )
            )
            return False
        except (EOFError, OSError):
            channel.put(
                Refusal(
                    f"{path.name}: the process that read it ended: out of memory, "
                    "killed, or a fault in a library; offer it again by itself"
                )
            )
            return False
        return True


def _hashed(path: Path) -> Offered:
    offered = Offered(path, size_of(path))
    try:
        offered.sha256 = sha256_of(path)
    except OSError as error:
        offered.refusal = Refusal(f"{path.name}: cannot be opened: {error}")
    return offered
