"""Record batches as Arrow IPC streams: laid out in buffers, and written to a file."""

import os

import pyarrow as pa

_MOST_BUFFERS = 512
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


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


def write_and_close(descriptor: int, buffers: list[memoryview], offset: int) -> None:
    """Write buffers from a place on, and close the descriptor."""
    try:
        write_all(descriptor, buffers, offset)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, buffers: list[memoryview], offset: int) -> None:
    """Write buffers from a place on."""
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
