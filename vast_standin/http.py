"""One HTTP request in, one response out: the types that all protocol packages share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Request:
    """A request as received; header names lower-case, query in order, undecoded path."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    raw_query: str
    headers: Mapping[str, str]
    body: BinaryIO
    content_length: int
    gone: Callable[[], bool] = _never
    """Whether the connection it came by has ended; the same object for all of one."""

    def read(self) -> bytes:
        """Return the whole body; callers bound its size first."""
        return self.body.read(self.content_length)


@dataclass
class Response:
    """Status, headers and body: bytes, or buffers that go out as one HTTP chunk each."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[list[memoryview]] = b""


class ProtocolError(Exception):
    """An error with its wire code; turned into bytes in one place, the listener.

    `details` are further elements that S3 adds to the document of some errors.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
