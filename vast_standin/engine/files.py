"""Files of Arrow data: appended to by one transaction, then only mapped and read.

A file holds extents: each a complete Arrow IPC stream of one record batch, beginning
at a multiple of 64 bytes. Files go away when neither committed data nor a reader needs them.
Each extent is a run of blocks with checksums, verified when they are first read.
"""

import mmap
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa

from vast_standin.blocks import Run, damaged, packed, run_of, unpacked
from vast_standin.engine.newest import Newest
from vast_standin.engine.places import Place, place_of
from vast_standin.http import ProtocolError

_ALIGNMENT = 64
_LARGE = 64 << 20
"""Least bytes of a file whose few rows are read without what the disk reads ahead."""
_AHEAD = 4 << 20
_ASKED_AT_ONCE = 128 << 10
"""Most that one request reads: the kernel cuts larger ones to the disk's read-ahead."""
_MOST_BUFFERS = 512
_WRITTEN_BEHIND = range(1 << 20, 16 << 20)
_WRITERS = ThreadPoolExecutor(2, "write")
_REMOVE = partial(Path.unlink, missing_ok=True)
_ROWS = "rows of this table are in"
Report = Callable[[Path, ProtocolError], None]
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def _unheard(path: Path, error: ProtocolError) -> None:
    """Report nothing."""


class Gather:
    """A sink for Arrow's writer that keeps the buffers instead of copying them."""

    def __init__(self) -> None:
        self.buffers: list[memoryview] = []
        self.closed = False

    def write(self, data: pa.Buffer | bytes) -> int:
        """Keep one buffer."""
        view = memoryview(data).cast("B")
        if len(view):
            self.buffers.append(view)
        return len(view)

    def flush(self) -> None:
        """Do nothing: there is nothing behind this sink."""

    def close(self) -> None:
        """Accept no more buffers."""
        self.closed = True

    def readable(self) -> bool:
        """Report to Arrow that this is a sink."""
        return False

    def writable(self) -> bool:
        """Report to Arrow that this is a sink."""
        return True

    def seekable(self) -> bool:
        """Report to Arrow that this is a sink."""
        return False


def stream_buffers(batch: pa.RecordBatch) -> list[memoryview]:
    """Lay out one record batch as an Arrow IPC stream, in buffers not yet joined."""
    sink = Gather()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), batch.schema) as stream:
        stream.write_batch(batch)
    return sink.buffers


class DataFile:
    """One file of extents; mapped when first read, unlinked when doomed and unused.

    `report` is called with the path and an error when it turns out to be cut or damaged.
    """

    def __init__(
        self,
        path: Path,
        remove: Callable[[Path], None],
        runs: dict[int, Run] | None = None,
        report: Report = _unheard,
    ) -> None:
        self.path = path
        self.absent = False
        self.doomed = threading.Event()
        self.runs = {} if runs is None else runs
        """The blocks of each extent, by its offset; those of older programs have none."""
        self._report = report
        self._map: mmap.mmap | None = None
        self._scattered: mmap.mmap | None = None
        self._lock = threading.Lock()
        self._pending: list[Future[None]] = []
        weakref.finalize(self, _remove_if_doomed, path, self.doomed, remove)

    def require(self) -> None:
        """Refuse to read a file that is missing or shorter than what is mapped of it.

        Reading a mapping beyond the end of its file would end the process.
        """
        if self.absent:
            raise _gone(self.path)
        # Once: another thread may map more of the file at any time, since it only grows.
        mapped = self._map
        if mapped is not None and mapped.size() < len(mapped):
            raise self.cut()

    def verify(self, run: Run, view: pa.Buffer, start: int, stop: int) -> None:
        """Verify a range of a run; 500 with the file's name if it is damaged."""
        mapped = memoryview(view)
        asked = 0

        def read(low: int, high: int) -> memoryview:
            nonlocal asked
            if high > asked:
                asked = max(high, min(low + _AHEAD, stop))
                self.expect(run.offset + low, run.offset + asked)
            return mapped[low:high]

        place = run.damage(read, start, stop)
        if place is not None:
            raise self.broken(damaged(_ROWS, self.path, place))

    def cut(self) -> ProtocolError:
        """Report that the file is cut, and return the error."""
        return self.broken(_gone(self.path))

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
        write = _WRITERS.submit(_write_and_close, descriptor, buffers, offset)
        sums = _WRITERS.submit(_note_sums, self.runs, buffers, offset)
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
            self._map_to(offset + length)
            return pa.py_buffer(self._map).slice(offset, length)

    def scattered(self, offset: int, length: int) -> pa.Buffer | None:
        """Map a range for reads of few bytes; None where `view` is as good.

        Around a byte that is read, the system reads as much as the disk's read-ahead says,
        up to megabytes; from this mapping just its page, and what `expect` asked for.
        """
        self.settle()
        with self._lock:
            self._map_to(offset + length)
            if self._scattered is None:
                return None
            return pa.py_buffer(self._scattered).slice(offset, length)

    def expect(self, start: int, stop: int) -> None:
        """Ask for bytes of `scattered` that are read next; they arrive side by side."""
        mapped = self._scattered
        if mapped is None or stop - start <= mmap.PAGESIZE or stop > len(mapped):
            return
        for at in range(start - start % mmap.PAGESIZE, stop, _ASKED_AT_ONCE):
            mapped.madvise(mmap.MADV_WILLNEED, at, min(_ASKED_AT_ONCE, stop - at))

    def _map_to(self, stop: int) -> None:
        if self._map is not None and len(self._map) >= stop:
            return
        try:
            self._map = _mapped(self.path, stop)
            if len(self._map) >= _LARGE and hasattr(mmap, "MADV_RANDOM"):
                self._scattered = _mapped(self.path, stop)
                self._scattered.madvise(mmap.MADV_RANDOM)
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
                self.file.expect(self.offset + low, self.offset + high)

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


@dataclass
class FileWriter:
    """Appends extents to one new file; several threads may append at once."""

    file: DataFile
    durable: bool = False
    newest: Newest | None = None
    _end: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _descriptor: int | None = None

    def append(self, batch: pa.RecordBatch) -> Extent:
        """Write one record batch, and return its location.

        Room for it is there on return; the bytes of a larger one follow while the
        caller goes on, one batch at a time, and are there once it is read or sealed.
        """
        buffers = stream_buffers(batch)
        length = sum(len(b) for b in buffers)
        with self._lock:
            if self._descriptor is None:
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
                self._descriptor = os.open(self.file.path, flags, 0o600)
            # One of our own: `discard` may close the other at any time.
            descriptor = os.dup(self._descriptor)
            offset = self._end
            self._end += -(-length // _ALIGNMENT) * _ALIGNMENT
        try:
            if length in _WRITTEN_BEHIND:
                self.file.settle()
                os.posix_fallocate(descriptor, offset, length)
                self.file.write_behind(os.dup(descriptor), buffers, offset)
            else:
                _note_sums(self.file.runs, buffers, offset)
                _write_all(descriptor, buffers, offset)
        finally:
            os.close(descriptor)
        if self.newest is not None:
            self.newest.add(self.file.path, offset, length)
        return Extent(self.file, offset, length)

    def seal(self) -> None:
        """Close the file, first forcing it to the device if `durable`."""
        self.file.settle()
        with self._lock:
            if self._descriptor is None:
                return
            if self.durable:
                os.fdatasync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def discard(self) -> None:
        """Close the file and delete it once nothing reads it."""
        self.file.doomed.set()
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


@dataclass
class DataFolder:
    """The folder of data files."""

    path: Path
    durable: bool = False
    newest: Newest = field(default_factory=Newest)
    remove: Callable[[Path], None] = _REMOVE
    """What is done with a file that nothing needs any more."""
    report: Report = _unheard
    """Called with path and error of a file that is damaged or cut."""
    sums: dict[str, bytes] = field(default_factory=dict)
    """The stored checksums of committed files, by name."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: "weakref.WeakValueDictionary[str, DataFile]" = field(
        default_factory=weakref.WeakValueDictionary
    )

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)

    def file(self, name: str) -> DataFile:
        """Return the file of a name, always the same object."""
        with self._lock:
            file = self._open.get(name)
            if file is None:
                runs = {run.offset: run for run in unpacked(self.sums.get(name, b""))}
                file = DataFile(self.path / name, self.remove, runs, self.report)
                self._open[name] = file
            return file

    def writer(self, name: str, *, load: bool = False) -> FileWriter:
        """Begin a new file; with `load`, memory keeps only its newest bytes."""
        newest = self.newest if load else None
        return FileWriter(self.file(name), self.durable, newest)

    def keep_sums(self, name: str) -> bytes:
        """Return the checksums of a file that was written, for the catalogue."""
        runs = self.file(name).runs
        self.sums[name] = packed(runs[offset] for offset in sorted(runs))
        return self.sums[name]

    def sizes(self) -> dict[str, int]:
        """Return the size of every file."""
        with os.scandir(self.path) as entries:
            return {e.name: e.stat().st_size for e in entries}


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


def _mapped(path: Path, length: int) -> mmap.mmap:
    try:
        with path.open("rb") as source:
            mapped = mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ)
    except (FileNotFoundError, ValueError):
        raise _gone(path) from None
    if len(mapped) < length:
        raise _gone(path)
    return mapped


def _gone(path: Path) -> ProtocolError:
    return ProtocolError(
        500,
        "InternalError",
        f"rows of this table are in {path}, which is missing or cut",
    )


def _remove_if_doomed(
    path: Path, doomed: threading.Event, remove: Callable[[Path], None]
) -> None:
    if doomed.is_set():
        remove(path)


def _note_sums(runs: dict[int, Run], buffers: list[memoryview], offset: int) -> None:
    """Keep the checksums of an extent: of the bytes that are to be written."""
    runs[offset] = run_of(offset, buffers)


def _write_and_close(descriptor: int, buffers: list[memoryview], offset: int) -> None:
    try:
        _write_all(descriptor, buffers, offset)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, buffers: list[memoryview], offset: int) -> None:
    at = offset
    for start in range(0, len(buffers), _MOST_BUFFERS):
        pending = buffers[start : start + _MOST_BUFFERS]
        while pending:
            written = os.pwritev(descriptor, pending, at)
            at += written
            while pending and written >= len(pending[0]):
                written -= len(pending[0])
                pending = pending[1:]
            if pending and written:
                pending = [pending[0][written:], *pending[1:]]
