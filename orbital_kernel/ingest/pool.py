"""Many files read at once in processes of their own, and handed over in order.

A thread per process takes the next file, hashes it, and has it parsed if it is to be
read. Files come out in the order they were given, so that what is stored does not
depend on how many processes read. What is parsed ahead is bounded in bytes.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from orbital_kernel.errors import OrbitalError
from orbital_kernel.ingest import messages
from orbital_kernel.ingest.files import size_of
from orbital_kernel.ingest.items import End, Item, Refusal, Task
from orbital_kernel.ingest.offered import Channel, ClosedError, Offered, hashed
from orbital_kernel.ingest.parsing import parse, patient
from orbital_kernel.ingest.reader_process import SMALL_BYTES, WORKER, reader_process

STALLED_SECONDS = 600.0
"""A reader that yields nothing for so long hangs: its process is ended."""
SMALL_SECONDS = 120.0
"""The same for a few small files, which are read in this process."""
START_SECONDS = 120.0
"""A process that has not imported the readers by then is ended too."""
Selects = Callable[[Offered], bool]
"""Whether a file is to be read, given the hash of its content."""
Prepared = Mapping[Path, Offered]
"""Files that are hashed already."""
NOTHING: Prepared = MappingProxyType({})


@contextmanager
def read(
    files: Sequence[Path],
    task: Task,
    *,
    selects: Selects,
    workers: int | None = None,
    prepared: Prepared = NOTHING,
) -> Iterator[Iterable[Offered]]:
    """Give the files in order: read in this process if small, else by processes."""
    size = sum(map(size_of, files))
    if workers is None and size <= SMALL_BYTES:
        yield read_here(files, task, selects=selects, prepared=prepared)
    else:
        count = workers or min(cores(), 1 + size // SMALL_BYTES)
        with Pool(
            files, task, selects=selects, workers=count, prepared=prepared
        ) as pool:
            yield pool


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_here(
    paths: Sequence[Path],
    task: Task,
    *,
    selects: Selects,
    stalled_s: float = SMALL_SECONDS,
    prepared: Prepared = NOTHING,
) -> Iterator[Offered]:
    """Yield the files in order, read in this process: for a few small ones."""
    for path in paths:
        offered = prepared.get(path) or hashed(path)
        if not offered.refusal and selects(offered):
            offered.local = patient(parse(path, task), stalled_s)
        yield offered


class Pool:
    """Processes that read `paths`; a context manager that ends them at its end."""

    def __init__(
        self,
        paths: Sequence[Path],
        task: Task,
        *,
        selects: Selects,
        workers: int,
        stalled_s: float = STALLED_SECONDS,
        prepared: Prepared = NOTHING,
    ) -> None:
        """Read with this many processes those files that `selects` selects.

        A file whose reader yields nothing for `stalled_s` is refused.
        """
        self._stalled_s = stalled_s
        self._prepared = prepared
        self._task = task
        self._selects = selects
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
                self._changed.wait_for(self._is_ready(index))
                if self._failed:
                    raise self._failed
                offered = self._ready.pop(index)
            yield offered

    def _feed(self, channel: Channel) -> None:
        """Take files until none remain; runs in a thread."""
        reader: _Reader | None = None
        try:
            while (index := self._take()) is not None:
                path = self._paths[index]
                offered = self._prepared.get(path) or hashed(path)
                selected = not offered.refusal and self._selects(offered)
                if not selected:
                    self._hand_over(index, offered)
                    continue
                reader = reader or self._reader()
                offered.channel, offered.pid = channel, reader.pid
                self._hand_over(index, offered)
                if not reader.read(offered.path, self._task, channel):
                    reader = None
        except ClosedError:
            return
        except BaseException as error:  # noqa: BLE001  raised again where files are awaited
            with self._changed:
                self._failed = error
                self._changed.notify_all()

    def _is_ready(self, index: int) -> Callable[[], bool]:
        return lambda: index in self._ready or self._failed is not None

    def _take(self) -> int | None:
        with self._changed:
            return next(self._next, None)

    def _hand_over(self, index: int, offered: Offered) -> None:
        with self._changed:
            self._ready[index] = offered
            self._changed.notify_all()

    def _reader(self) -> "_Reader":
        """Return a new process that reads; ClosedError if this pool has ended."""
        with self._changed:
            if self._ended:
                raise ClosedError
            reader = _Reader(self._stalled_s)
            self._readers.append(reader)
        try:
            reader.wait_ready()
        except OrbitalError:
            if self._ended:
                raise ClosedError from None
            raise
        return reader


class _Reader:
    """One process that reads, as its starter sees it."""

    def __init__(self, stalled_s: float) -> None:
        self._stalled_s = stalled_s
        self._process = reader_process()
        self._end, self.pid = self._process.end, self._process.pid

    def wait_ready(self) -> None:
        """Wait until the readers are imported; OrbitalError if that fails."""
        self._end.settimeout(START_SECONDS)
        try:
            messages.receive(self._end)
        except (EOFError, OSError) as error:
            self._process.kill()
            raise OrbitalError(
                f"a process that reads files did not start: `{sys.executable} -m "
                f"{WORKER}` gave {error!r} (see its own message above)"
            ) from None
        self._end.settimeout(self._stalled_s)

    def kill(self) -> None:
        """End the process, which holds nothing, and collect its exit."""
        self._process.close()

    def read(self, path: Path, task: Task, channel: Channel) -> bool:
        """Pass on the file's items; False if the process ended before the file did."""
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
                    f"{path.name}: its reader yielded nothing for "
                    f"{self._stalled_s:g} s and was stopped; if the file is "
                    "intact, this is a fault of the reader"
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
