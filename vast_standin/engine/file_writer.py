"""FileWriter: appends record batches to one new file of data."""

import os
import threading
from dataclasses import dataclass, field

import pyarrow as pa

from vast_standin.engine.files import DataFile, Extent, note_sums
from vast_standin.engine.newest import Newest
from vast_standin.engine.streams import stream_buffers, write_all

_ALIGNMENT = 64
_WRITTEN_BEHIND = range(1 << 20, 16 << 20)


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
                note_sums(self.file.runs, buffers, offset)
                write_all(descriptor, buffers, offset)
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
