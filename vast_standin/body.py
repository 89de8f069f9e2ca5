"""A request body as it was sent: by length or in HTTP chunks, the go-ahead at first read."""

import io
import socket
from typing import TYPE_CHECKING, BinaryIO

from vast_standin.http import ProtocolError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UNKNOWN = -1
_LINE_LIMIT = 4096


class Body(io.RawIOBase):
    """The bytes of one body on a connection's stream.

    ``remaining`` is how many are still to come, or UNKNOWN for HTTP chunks that have
    not ended.  ``100 Continue`` is sent at the first read if the client waits for
    it, so a request refused by its head never uploads anything.
    """

    def __init__(
        self, stream: BinaryIO, length: int, awaited_by: socket.socket | None
    ) -> None:
        super().__init__()
        self._stream = stream
        self._awaited_by = awaited_by
        self._chunk = 0
        self._opened = False
        self.remaining = length

    @property
    def unsent(self) -> bool:
        """Return whether the client still waits for leave to send."""
        return self._awaited_by is not None

    def readable(self) -> bool:
        """Return True: bodies are read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer with at most the bytes that remain."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, b"" at the end; raise if the client stops."""
        if not self.remaining:
            return b""
        self._invite()
        length = None if size is None or size < 0 else size
        if self.remaining == UNKNOWN:
            return self._read_chunks(length)
        return self._read_exactly(
            self.remaining if length is None else min(length, self.remaining)
        )

    def _read_exactly(self, length: int) -> bytes:
        data = self._stream.read(length)
        if len(data) < length:
            self._cut(f"{length - len(data)} bytes before its Content-Length")
        self.remaining -= len(data)
        return data

    def _read_chunks(self, limit: int | None) -> bytes:
        pieces: list[bytes] = []
        while limit is None or limit > 0:
            if not self._chunk and not self._next_chunk():
                break
            size = self._chunk if limit is None else min(limit, self._chunk)
            data = self._stream.read(size)
            if len(data) < size:
                self._cut("within a chunk")
            pieces.append(data)
            self._chunk -= size
            if limit is not None:
                limit -= size
        return b"".join(pieces)

    def _next_chunk(self) -> bool:
        if self._opened and self._line():
            self._cut("where a chunk should")
        self._opened = True
        size = self._line().partition(b";")[0].strip()
        try:
            self._chunk = int(size, 16)
        except ValueError:
            self._cut("at a chunk size that is not hexadecimal")
        if self._chunk < 0:
            self._cut("at a negative chunk size")
        if not self._chunk:
            while self._line():
                pass
            self.remaining = 0
        return self._chunk > 0

    def _line(self) -> bytes:
        line = self._stream.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            self._cut("within a chunk's line")
        return line.rstrip(b"\r\n")

    def _cut(self, where: str) -> None:
        self.remaining = 0
        raise ProtocolError(400, "IncompleteBody", f"the body ended {where}")

    def _invite(self) -> None:
        if self._awaited_by is not None:
            self._awaited_by.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._awaited_by = None
