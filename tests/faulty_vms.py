"""A faulty network to a VMS: a proxy that delays, drops, refuses and cuts at random."""

import http.client
import http.server
import random
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

FAULTS = (
    "throttled",
    "unavailable",
    "dropped",
    "lost answer",
    "late answer",
    "cut answer",
)


@dataclass
class Line:
    """A connection: its share of faults, its generator, and the faults so far."""

    address: str
    cert_file: str
    late_s: float
    share: float = 0.0
    page_size: int = 3
    die: random.Random = field(default_factory=random.Random)
    happened: list = field(default_factory=list)
    meanwhile: list = field(default_factory=list)

    def draw(self, request):
        if self.die.random() >= self.share:
            return ""
        fault = self.die.choice(FAULTS)
        self.happened.append((fault, request))
        return fault

    def forward(self, method, target, headers, body):
        context = ssl.create_default_context(cafile=self.cert_file)
        connection = http.client.HTTPSConnection(
            self.address, context=context, timeout=30
        )
        try:
            connection.request(method, self.paged(target), body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read()
        finally:
            connection.close()

    def paged(self, target):
        """Have lists that may be paged come in small pages."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if "page_size" in query:
            query["page_size"] = str(self.page_size)
        return f"{parts.path}?{urlencode(query)}" if query else parts.path


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        line = self.server.line
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        fault = line.draw(f"{self.command} {self.path}")
        if fault in ("throttled", "unavailable"):
            self.answer(
                {"throttled": 429, "unavailable": 503}[fault], b'{"detail": "busy"}'
            )
            return
        if fault == "dropped":
            self.hang_up()
            return
        forwarded = ("Authorization", "Content-Type", "X-Tenant-Name")
        headers = {name: self.headers[name] for name in forwarded if self.headers[name]}
        status, kind, data = line.forward(self.command, self.path, headers, body)
        if line.meanwhile and self.command != "GET":
            line.meanwhile.pop()()
        if fault == "late answer":
            time.sleep(line.late_s)
        if fault == "lost answer":
            self.hang_up()
        elif fault == "cut answer":
            self.answer(status, data[: len(data) // 2], kind, length=len(data) + 1)
            self.hang_up()
        else:
            self.answer(status, data, kind)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def answer(self, status, data, kind="application/json", length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def log_message(self, *args):
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing of clients that hung up."""


@contextmanager
def bad_line(address, *, cert_file, key_file, chain_file, late_s):
    """Yield a Line to the VMS and the address under which it is reached."""
    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file, key_file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.line = Line(address, cert_file, late_s)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}
    )
    thread.start()
    try:
        yield server.line, f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
