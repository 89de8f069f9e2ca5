"""The head of one HTTP/1.1 request: bytes in, names and values out, and strict limits.

Nothing here knows what a request means; a head that two readers could understand
differently (folded lines, two lengths, a length and chunks) is refused.
"""

import re
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import parse_qsl

from vast_standin.http import ProtocolError

LINE_LIMIT = 64 * 1024
HEAD_LIMIT = 512 * 1024
HEADERS_LIMIT = 4096
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Head:
    """Request line and headers; names lower-case, repeated headers joined by commas."""

    method: str
    target: str
    version: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """Return the path as sent, percent-encoding untouched."""
        return self.target.partition("?")[0]

    @property
    def raw_query(self) -> str:
        """Return the query string as sent."""
        return self.target.partition("?")[2]

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """Return the decoded query in order; a bare name has an empty value."""
        return tuple(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def keep_alive(self) -> bool:
        """Return whether the client wants the connection kept."""
        wish = self.headers.get("connection", "").lower()
        return "close" not in wish and (
            self.version == "HTTP/1.1" or "keep-alive" in wish
        )

    @property
    def content_length(self) -> int:
        """Return the body's length in bytes; 0 if there is none, -1 for HTTP chunks."""
        if "transfer-encoding" in self.headers:
            return -1
        return int(self.headers.get("content-length", "0"))


def parse_head(stream: BinaryIO) -> Head | None:
    """Read one head; None if the peer closed before sending anything.

    Raises ProtocolError(400 or 501) on anything ambiguous or oversized.
    """
    line = stream.readline(LINE_LIMIT + 1)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(LINE_LIMIT + 1)
    if not line:
        return None
    method, target, version = _request_line(line)
    headers = _headers(stream)
    _check_framing(headers)
    return Head(method, target, version, headers)


def _request_line(line: bytes) -> tuple[str, str, str]:
    if len(line) > LINE_LIMIT or not line.endswith(b"\n"):
        raise _bad(f"request line is longer than {LINE_LIMIT} bytes or cut short")
    parts = line.decode("latin-1").rstrip("\r\n").split(" ")
    if len(parts) < 3 or parts[-1] not in ("HTTP/1.1", "HTTP/1.0"):
        raise _bad("request line is not METHOD TARGET HTTP/1.x")
    # urllib3 sends blanks in paths percent-encoded; other clients may not.
    method, target, version = parts[0], " ".join(parts[1:-1]), parts[-1]
    if method not in METHODS:
        raise ProtocolError(501, "NotImplemented", "the method is not implemented")
    if not target.startswith("/") or _CONTROL.search(target):
        raise _bad("the request target must be an absolute path")
    return method, target, version


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    size = 0
    for _ in range(HEADERS_LIMIT):
        line = stream.readline(LINE_LIMIT + 1)
        size += len(line)
        if len(line) > LINE_LIMIT or size > HEAD_LIMIT or not line.endswith(b"\n"):
            raise _bad("a header is too long or cut short")
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.match(name):
            raise _bad("a header line is not NAME: VALUE")
        _add(headers, name.decode("latin-1").lower(), value.decode("latin-1").strip())
    raise _bad(f"more than {HEADERS_LIMIT} headers")


def _add(headers: dict[str, str], name: str, value: str) -> None:
    if _CONTROL.search(value):
        raise _bad(f"header {name} contains control characters")
    if name not in headers:
        headers[name] = value
    elif name in ("content-length", "host", "authorization"):
        if headers[name] != value:
            raise _bad(f"header {name} is given twice with different values")
    else:
        headers[name] = f"{headers[name]},{value}"


def _check_framing(headers: dict[str, str]) -> None:
    coding = headers.get("transfer-encoding")
    if coding is not None and coding.lower() != "chunked":
        raise ProtocolError(
            501, "NotImplemented", "the only transfer coding is chunked"
        )
    if coding is not None and "content-length" in headers:
        raise _bad("Content-Length and Transfer-Encoding contradict each other")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise _bad("Content-Length is not a number of bytes")


def _bad(message: str) -> ProtocolError:
    return ProtocolError(400, "BadRequest", message)
