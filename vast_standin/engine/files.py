"""Files of Arrow data: appended to by one transaction, then only mapped and read.

A file holds extents: each a complete Arrow IPC stream of one record batch, beginning
at a multiple of 64 bytes. Files go away when neither committed data nor a reader needs them.
Each extent is a run of blocks with checksums, verified when they are first read.
"""

import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa

from vast_standin.blocks import Run, damaged, run_of
from vast_standin.engine.mapping import Mapping, gone
from vast_standin.engine.places import Place, place_of
from vast_standin.engine.streams import write_and_close
from vast_standin.http import ProtocolError

_AHEAD = 4 << 20
_WRITERS = ThreadPoolExecutor(2, "write")
REMOVE = partial(Path.unlink, missing_ok=True)
_ROWS = "rows of this table are in"
Report = Callable[[Path, ProtocolError], None]


def unheard(path: Path, error: ProtocolError) -> None:
    """Report nothing."""


class DataFile:
    """One file of extents; mapped when first read, unlinked when doomed and unused.

    `report` is called with the path and an error when it turns out to be cut or damaged.
    """

    def __init__(
        self,
        path: Path,
        remove: Callable[[Path], None],
        runs: dict[int, Run] | None = None,
        report: Report = unheard,
    ) -> None:
        self.path = path
        self.absent = False
        self.doomed = threading.Event()
        self.runs = {} if runs is None else runs
        """The blocks of each extent, by its offset; those of older programs have none."""
        self._report = report
        self.mapping = Mapping(path)
        self._lock = threading.Lock()
        self._pending: list[Future[None]] = []
        weakref.finalize(self, _remove_if_doomed, path, self.doomed, remove)

    def require(self) -> None:
        """Refuse to read a file that is missing or shorter than what is mapped of it.

        Reading a mapping beyond the end of its file would end the process.
        """
        if self.absent:
            raise gone(self.path)
        if self.mapping.cut:
            raise self.cut()

    def verify(self, run: Run, view: pa.Buffer, start: int, stop: int) -> None:
        """Verify a range of a run; 500 with the file's name if it is damaged."""
        mapped = memoryview(view)
        asked = 0

        def read(low: int, high: int) -> memoryview:
            nonlocal asked
            if high > asked:
                asked = max(high, min(low + _AHEAD, stop))
                self.mapping.expect(run.offset + low, run.offset + asked)
            return mapped[low:high]

        place = run.damage(read, start, stop)
        if place is not None:
            raise self.broken(damaged(_ROWS, self.path, place))

    def cut(self) -> ProtocolError:
        """Report that the file is cut, and return the error."""
        return self.broken(gone(self.path))

    def broken(self, error: ProtocolError) -> ProtocolError:
        """Report an error of this file, and return it."""
        self._report(self.path, error)
        return error

    @property
    def name(self) -> str:
        """Name inside the data folder, as the catalogue knows it."""
        return self.path.name

    def write_behind(
        self, descriptor: int, buffers: list[memoryview], offset: int
    ) -> None:
        """Write while the caller goes on, then close; `settle` waits for that."""
        write = _WRITERS.submit(write_and_close, descriptor, buffers, offset)
        sums = _WRITERS.submit(note_sums, self.runs, buffers, offset)
        with self._lock:
            self._pending += [write, sums]

    def settle(self) -> None:
        """Wait for pending writes; raise, each time, if one failed."""
        with self._lock:
            pending = list(self._pending)
        for write in pending:
            write.result()
        with self._lock:
            self._pending = [w for w in self._pending if w not in pending]

    def view(self, offset: int, length: int) -> pa.Buffer:
        """Map a range of the file; the mapping lives as long as the buffer."""
        self.settle()
        with self._lock:
            self._reach(offset + length)
            return self.mapping.view(offset, length)

    def scattered(self, offset: int, length: int) -> pa.Buffer | None:
        """Map a range for reads of few bytes; None where `view` is as good."""
        self.settle()
        with self._lock:
            self._reach(offset + length)
            return self.mapping.scattered(offset, length)

    def _reach(self, stop: int) -> None:
        try:
            self.mapping.reach(stop)
        except ProtocolError as error:
            raise self.broken(error) from None


@dataclass(frozen=True, eq=False)
class Extent:
    """Location of one record batch."""

    file: DataFile
    offset: int
    length: int

    @cached_property
    def view(self) -> pa.Buffer:
        """Its bytes, mapped."""
        return self.file.view(self.offset, self.length)

    @cached_property
    def batch(self) -> pa.RecordBatch:
        """The record batch, mapped; what describes it is verified, its values are not."""
        run = self.run
        if run is not None:
            for start, stop in _descriptions(self._few):
                self.file.verify(run, self._few, start, min(stop, self.length))
        return _opened(self.view)

    @cached_property
    def scattered(self) -> pa.RecordBatch:
        """The same record batch, mapped for reads of few rows."""
        batch = self.batch
        return batch if self._few is self.view else _opened(self._few)

    @cached_property
    def _few(self) -> pa.Buffer:
        """Its bytes, mapped for reads of few of them."""
        few = self.file.scattered(self.offset, self.length)
        return self.view if few is None else few

    @property
    def run(self) -> Run | None:
        """Its blocks; None if an older program wrote it and upkeep has not read it yet."""
        self.file.settle()
        return self.file.runs.get(self.offset)

    @property
    def whole(self) -> bool:
        """Return whether reading needs no more verification, once it is open."""
        run = self.file.runs.get(self.offset)
        return run is not None and run.whole

    def verify(self, column: str, start: int = 0, stop: int | None = None) -> None:
        """Verify rows [start, stop) of a column; 500 if file or values are damaged."""
        self.file.require()
        if self.whole:
            return
        run = self.run
        last = self.batch.num_rows if stop is None else stop
        if run is not None:
            for low, high in self._place(column).spans(start, last):
                self.file.verify(run, self._few, low, high)

    def expect(self, column: str, start: int, stop: int) -> None:
        """Ask for rows [start, stop) of a column that are read next."""
        if self._few is not self.view:
            for low, high in self._place(column).spans(start, stop):
                self.file.mapping.expect(self.offset + low, self.offset + high)

    def _place(self, column: str) -> Place:
        place = self._places.get(column)
        if place is None:
            place = place_of(self.scattered.column(column), self._few)
            self._places[column] = place
        return place

    @cached_property
    def _places(self) -> dict[str, Place]:
        return {}

    def verify_all(self) -> None:
        """Verify every byte."""
        self.file.require()
        run = self.run
        if run is not None:
            self.file.verify(run, self._few, 0, self.length)


def _descriptions(view: pa.Buffer) -> Iterator[tuple[int, int]]:
    """Yield the places of the two messages' metadata; each is read after the one before."""
    at = 0
    for _ in range(2):
        yield at, at + 8
        end = at + 8 + int.from_bytes(memoryview(view)[at + 4 : at + 8], "little")
        yield at, end
        at = end


def _opened(view: pa.Buffer) -> pa.RecordBatch:
    with pa.ipc.open_stream(pa.BufferReader(view)) as stream:
        return stream.read_next_batch()


def _remove_if_doomed(
    path: Path, doomed: threading.Event, remove: Callable[[Path], None]
) -> None:
    if doomed.is_set():
        remove(path)


def note_sums(runs: dict[int, Run], buffers: list[memoryview], offset: int) -> None:
    """Keep the checksums of an extent: of the bytes that are to be written."""
    runs[offset] = run_of(offset, buffers)
