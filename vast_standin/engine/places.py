"""Where the values of a column are in the bytes of its extent, as Arrow lays them out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_OFFSET_BYTES = 4


@dataclass(frozen=True)
class Place:
    """Parts of a column of one record batch.

    `bits` are (offset in the extent, bits per row); `offsets` and `data` are of texts:
    rows of `data` are where the offsets say. What has another form is read whole.
    """

    view: pa.Buffer
    bits: tuple[tuple[int, int], ...] = ()
    offsets: int | None = None
    data: int = 0
    whole: tuple[tuple[int, int], ...] = ()

    def spans(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the spans of rows [start, stop), each to be verified before the next."""
        if start >= stop:
            return
        for offset, width in self.bits:
            yield offset + start * width // 8, offset + -(-stop * width // 8)
        if self.offsets is not None:
            low = self.offsets + start * _OFFSET_BYTES
            high = self.offsets + (stop + 1) * _OFFSET_BYTES
            yield low, high
            ends = np.frombuffer(memoryview(self.view)[low:high], dtype="<i4")
            if ends[-1] > ends[0]:
                yield self.data + int(ends[0]), self.data + int(ends[-1])
        yield from self.whole


def place_of(column: pa.Array, view: pa.Buffer) -> Place:
    """Find the place of a column that was read from the bytes of an extent."""
    buffers = [_within(buffer, view) for buffer in column.buffers()]
    kind = column.type
    if None in buffers:  # not mapped from here: only all of it is safe
        return Place(view, whole=((0, view.size),))
    spans = [span for span in buffers if span is not None]
    if len(spans) == 2 and _has_width(kind):
        widths = (1, kind.bit_width)
        return Place(
            view, tuple((s[0], w) for s, w in zip(spans, widths, strict=True) if s[1])
        )
    if len(spans) == 3 and (pa.types.is_string(kind) or pa.types.is_binary(kind)):
        validity, offsets, data = spans
        bits = ((validity[0], 1),) if validity[1] else ()
        return Place(view, bits, offsets[0] if offsets[1] else None, data[0])
    return Place(view, whole=tuple((at, at + size) for at, size in spans if size))


def _within(buffer: pa.Buffer | None, view: pa.Buffer) -> tuple[int, int] | None:
    """Return offset and size of a buffer in the extent; None if it is elsewhere."""
    if buffer is None or not buffer.size:
        return 0, 0
    offset = buffer.address - view.address
    inside = offset >= 0 and offset + buffer.size <= view.size
    return (offset, buffer.size) if inside else None


def _has_width(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_primitive(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
