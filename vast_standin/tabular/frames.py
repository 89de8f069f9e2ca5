"""Frames of a QueryData response: sub-split, next position and one Arrow message.

Buffers of the data pass through uncopied.
"""

import struct
from collections.abc import Iterable, Iterator

import pyarrow as pa

from vast_standin.engine.streams import END_OF_STREAM, Gather

_PREFIX = struct.Struct("<IQ")
COMPLETE = struct.pack("<I", 0xFFFFFFFE)


def frames(
    stream: int, next_row: int, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[list[memoryview]]:
    """Frame one Arrow stream: a schema, record batches, the end.

    Yields lists of buffers to be sent in one go.
    """
    prefix = memoryview(_PREFIX.pack(stream, next_row))
    head = memoryview(schema.serialize()).cast("B")
    pending = [prefix, head]
    sink = Gather()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as writer:
        skip = len(head)
        for batch in batches:
            writer.write_batch(batch)
            body, sink.buffers = _after(sink.buffers, skip), []
            skip = 0
            yield [*pending, prefix, *body]
            pending = []
    yield [*pending, prefix, memoryview(END_OF_STREAM)]


def _after(buffers: list[memoryview], skip: int) -> list[memoryview]:
    """Leave out the first bytes: the schema, which the writer repeats."""
    for index, buffer in enumerate(buffers):
        if skip < len(buffer):
            return [buffer[skip:], *buffers[index + 1 :]]
        skip -= len(buffer)
    return []
