"""The listener: accepts connections, reads heads, calls an application, sends replies.

One thread per connection, HTTP/1.1 kept alive, Nagle off.  It knows neither S3 nor VMS:
an Application answers requests and turns a ProtocolError into bytes.  An unexpected
exception becomes a 500 with the request id, its traceback on the server's own log.
"""

import io
import logging
import select
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Protocol, cast

from vast_standin.access_log import AccessLog
from vast_standin.body import Body
from vast_standin.disk import no_room
from vast_standin.head import Head, parse_head
from vast_standin.http import ProtocolError, Request, Response
from vast_standin.reply import send_response
from vast_standin.trace import Trace

LOG = logging.getLogger("vast_standin")
IDLE_SECONDS = 300.0
DRAIN_LIMIT = 1 << 20


class Application(Protocol):
    """The protocol behind a port."""

    name: str

    def answer(self, request: Request, trace: Trace) -> Response:
        """Return the response, or raise ProtocolError."""

    def refuse(
        self, error: ProtocolError, request: Request | None, trace: Trace
    ) -> Response:
        """Return an error in the form that clients of this port expect."""

    def sign(self, response: Response, trace: Trace) -> None:
        """Add the headers every response of this port carries."""

    def finished(
        self, request: Request, response: Response, trace: Trace, sizes: tuple[int, int]
    ) -> None:
        """Take note of a request that was answered: bytes in and out."""


class CutStream(Exception):
    """The connection is to be closed in the middle of the body."""


class Listener(socketserver.ThreadingTCPServer):
    """A listening socket and the threads of its connections."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        application: Application,
        log: AccessLog,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.application = application
        self.log = log
        self.tls = tls
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        try:
            super().__init__(address, Connection)
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot listen on {address[0]}:{address[1]} ({error.strerror}); end the "
                "program that uses the port or choose another",
            ) from error

    @property
    def port(self) -> int:
        """Return the port listened on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own until stop()."""
        name = f"listener-{self.application.name}"
        threading.Thread(
            target=self.serve_forever, args=(0.1,), name=name, daemon=True
        ).start()

    def stop(self) -> None:
        """Accept no more, end idle connections and close the socket."""
        self.shutdown()
        self.server_close()
        with self._guard:
            for connection in self._open:
                _shut(connection, socket.SHUT_RD)

    def adopt(self, connection: socket.socket) -> None:
        """Remember an open connection, so that stop() can end it."""
        with self._guard:
            self._open.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """Forget a connection that ended."""
        with self._guard:
            self._open.discard(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log an unexpected error of a connection, but not that a peer left."""
        error = sys.exc_info()[1]
        LOG.error("connection %s of %s", request, client_address, exc_info=error)


class Connection(socketserver.BaseRequestHandler):
    """One connection's conversation: requests answered in turn."""

    server: Listener

    def handle(self) -> None:
        """Answer until the peer leaves, an error breaks the framing, or stop()."""
        plain = cast("socket.socket", self.request)
        self.gone = partial(_has_ended, plain)
        plain.settimeout(IDLE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.adopt(plain)
        connection = plain
        try:
            if self.server.tls is not None:
                connection = self.server.tls.wrap_socket(plain, server_side=True)
                self.request = connection
            stream = cast("BinaryIO", connection.makefile("rb", 128 * 1024))
            while self._exchange(connection, stream):
                pass
        except (OSError, ssl.SSLError) as gone:
            LOG.debug("peer went away: %s", gone)
        finally:
            self.server.forget(plain)
            if connection is not plain:
                connection.close()

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        try:
            head = parse_head(stream)
        except ProtocolError as error:
            self._reject(connection, error)
            return False
        if head is None:
            return False
        trace = Trace(peer=self.client_address[0])
        body = self._body(connection, stream, head)
        request = _request(head, body, self.gone)
        response = self._answer(request, trace)
        trace.mark("answer")
        drainable = 0 <= body.remaining <= DRAIN_LIMIT or self._ends_soon(body)
        keep = head.keep_alive and not body.unsent and drainable
        sent = self._send(connection, response, request, trace, keep=keep)
        trace.mark("send")
        sizes = (max(head.content_length, 0), max(sent, 0))
        self.server.application.finished(request, response, trace, sizes)
        self.server.log.write(
            self.server.application.name, head, trace, response.status, sizes
        )
        if sent < 0:
            return False
        if keep:
            _drain(body)
        else:
            _linger(connection)
        return keep

    @staticmethod
    def _ends_soon(body: Body) -> bool:
        """Return whether unread chunks end within the drain limit."""
        if body.remaining >= 0 or body.unsent:
            return False
        try:
            body.read(DRAIN_LIMIT)
        except ProtocolError:
            return False
        return body.remaining == 0 or not body.read(1)

    def _body(self, connection: socket.socket, stream: BinaryIO, head: Head) -> Body:
        waits = head.headers.get("expect", "").lower() == "100-continue"
        length = head.content_length
        return Body(stream, length, connection if waits and length else None)

    def _answer(self, request: Request, trace: Trace) -> Response:
        application = self.server.application
        try:
            response = application.answer(request, trace)
        except ProtocolError as error:
            response = self._refusal(error, request, trace)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            refused = no_room(error)
            if refused is None:
                LOG.exception(
                    "request %s: %s %s", trace.id, request.method, request.path
                )
            response = self._refusal(refused or _internal(trace), request, trace)
        application.sign(response, trace)
        return response

    def _refusal(
        self, error: ProtocolError, request: Request | None, trace: Trace
    ) -> Response:
        trace.error = f"{error.code}: {error.message}"[:500]
        return self.server.application.refuse(error, request, trace)

    def _send(
        self,
        connection: socket.socket,
        response: Response,
        request: Request,
        trace: Trace,
        *,
        keep: bool,
    ) -> int:
        bodiless = request.method == "HEAD"
        try:
            return send_response(
                connection, response, bodiless=bodiless, close=not keep
            )
        except CutStream:
            trace.error = "stream cut on demand"
        except OSError as gone:
            trace.error = f"peer went away: {gone}"
        except Exception as failure:
            LOG.exception("request %s failed while streaming", trace.id)
            trace.error = f"failed while streaming: {failure}"
        finally:
            close = getattr(response.body, "close", None)
            if close is not None:
                close()
        return -1

    def _reject(self, connection: socket.socket, error: ProtocolError) -> None:
        trace = Trace()
        response = self._refusal(error, None, trace)
        self.server.application.sign(response, trace)
        send_response(connection, response, bodiless=False, close=True)
        self.server.log.write(
            self.server.application.name, None, trace, response.status, (0, 0)
        )
        _linger(connection)


def _request(head: Head, body: Body, gone: Callable[[], bool]) -> Request:
    return Request(
        gone=gone,
        method=head.method,
        path=head.path,
        query=head.query,
        raw_query=head.raw_query,
        headers=head.headers,
        body=cast("BinaryIO", body) if head.content_length else io.BytesIO(),
        content_length=head.content_length,
    )


def _internal(trace: Trace) -> ProtocolError:
    return ProtocolError(
        500,
        "InternalError",
        f"We encountered an internal error. Look for request {trace.id} in the log.",
    )


def _drain(body: Body) -> None:
    while body.remaining:
        body.read(min(body.remaining, 1 << 16))


def _linger(connection: socket.socket) -> None:
    """Close so that the reply is read before the unread request resets it."""
    _shut(connection, socket.SHUT_WR)
    connection.settimeout(1.0)
    for _ in range(256):
        if not connection.recv(1 << 16):
            return


def _has_ended(connection: socket.socket) -> bool:
    """Return whether the peer has closed its side, also while a request is answered."""
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError as gone:
        LOG.debug("already closed: %s", gone)
