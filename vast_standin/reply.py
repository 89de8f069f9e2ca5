"""One HTTP/1.1 response onto a socket: gathered writes, no copies of the buffers."""

import http
import socket
import time
from collections.abc import Iterable, Iterator
from email.utils import formatdate

from vast_standin.http import Response

_BUFFERS_PER_CALL = 512
_WORTH_SENDING = 1 << 16
_REASONS = {status.value: status.phrase for status in http.HTTPStatus}
_BODILESS = frozenset({204, 304})


def send_response(
    connection: socket.socket, response: Response, *, bodiless: bool, close: bool
) -> int:
    """Send the response and return the body bytes sent.

    Bytes go out with Content-Length; an iterable of buffer lists as one HTTP chunk a
    list, small ones joined, or raw if the response declares its own
    Content-Length.  The first list is produced before the head leaves, so an error in
    it can still be told.
    """
    headers = response.headers
    body = response.body
    if isinstance(body, bytes):
        if response.status not in _BODILESS:
            headers.setdefault("Content-Length", str(len(body)))
        sent = body if not bodiless else b""
        _send_all(connection, [_head(response, close=close), sent])
        return len(sent)
    if bodiless:
        _send_all(connection, [_head(response, close=close)])
        return 0
    return _send_stream(connection, response, iter(body), close=close)


def _send_stream(
    connection: socket.socket,
    response: Response,
    lists: Iterator[list[memoryview]],
    *,
    close: bool,
) -> int:
    chunked = "Content-Length" not in response.headers
    first = next(lists, None)
    if chunked:
        response.headers["Transfer-Encoding"] = "chunked"
    pending: list[bytes | memoryview] = [_head(response, close=close)]
    total = 0
    for gathered, size in _gathered(first, lists):
        total += size
        framed = [b"%x\r\n" % size, *gathered, b"\r\n"] if chunked else gathered
        _send_all(connection, [*pending, *framed])
        pending = []
    if chunked:
        pending.append(b"0\r\n\r\n")
    _send_all(connection, pending)
    return total


def _gathered(
    first: list[memoryview] | None, lists: Iterator[list[memoryview]]
) -> Iterator[tuple[list[bytes | memoryview], int]]:
    """Join small lists: a chunk, a call and a wake-up of the peer each cost time."""
    gathered: list[bytes | memoryview] = []
    size = 0
    while first is not None:
        gathered += first
        size += sum(view.nbytes for view in first)
        if size >= _WORTH_SENDING:
            yield gathered, size
            gathered, size = [], 0
        try:
            first = next(lists, None)
        except BaseException:
            # What came before a failure is the peer's.
            yield gathered, size
            raise
    if size:
        yield gathered, size


def _head(response: Response, *, close: bool) -> bytes:
    reason = _REASONS.get(response.status, "Unknown")
    lines = [f"HTTP/1.1 {response.status} {reason}", f"Date: {_date()}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _date() -> str:
    now = int(time.time())
    if _DATE[0] != now:
        _DATE[:] = [now, formatdate(now, usegmt=True)]
    return str(_DATE[1])


_DATE: list[int | str] = [0, ""]


def _send_all(connection: socket.socket, buffers: Iterable[bytes | memoryview]) -> None:
    views = [memoryview(buffer).cast("B") for buffer in buffers if len(buffer)]
    if not hasattr(connection, "sendmsg") or _is_tls(connection):
        for view in views:
            connection.sendall(view)
        return
    while views:
        sent = connection.sendmsg(views[:_BUFFERS_PER_CALL])
        views = _after(views, sent)


def _is_tls(connection: socket.socket) -> bool:
    return hasattr(connection, "cipher")


def _after(views: list[memoryview], sent: int) -> list[memoryview]:
    for index, view in enumerate(views):
        if sent < view.nbytes:
            return [view[sent:], *views[index + 1 :]]
        sent -= view.nbytes
    return []
