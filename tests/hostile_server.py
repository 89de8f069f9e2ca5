"""A service of a stranger, on this machine: every way to answer a query that harms.

The first part of a path names the answer. `Service.seen` counts requests by path, so that a
test sees whether anything was fetched that must not be.
"""

import gzip
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEAD = '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
OK = '<INFO name="QUERY_STATUS" value="OK"/>'
FIELD = '<FIELD name="a" datatype="int"/>'
END = "</RESOURCE></VOTABLE>"
CHUNK = b"<!-- " + b"x" * 8000 + b" -->\n"


def table(inside, field=FIELD, more="", attributes=""):
    return (
        f'{HEAD}<RESOURCE type="results">{OK}<TABLE{attributes}>{field}{inside}</TABLE>'
        f"{more}{END}"
    )


def rows(cells="<TR><TD>1</TD></TR>"):
    return f"<DATA><TABLEDATA>{cells}</TABLEDATA></DATA>"


def stream(attributes, kind="BINARY"):
    return table(f"<DATA><{kind}><STREAM {attributes}/></{kind}></DATA>")


BOMB = gzip.compress(HEAD.encode() + b" " * (64 << 20), compresslevel=1)


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self):
        self.server.seen[self.path] += 1
        how = self.path.split("/")[1]
        answer = getattr(self, f"_{how}", None)
        if answer is not None:
            self.close_connection = True
            return answer()
        text = self.server.answers[how]
        return self.whole(text if isinstance(text, bytes) else text.encode())

    def whole(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-votable+xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def to(self, target, body=b"", status=302):
        self.whole(body, status, Location=target)

    def until_closed(self, pieces):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-votable+xml")
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.server.sent += len(piece)
                if self.server.stop.is_set():
                    return
        except OSError:
            return

    def _endless(self):
        self.until_closed([HEAD.encode(), *([CHUNK] * 100_000)])

    def _slow(self):
        def drops():
            yield HEAD.encode()
            while not self.server.stop.wait(0.05):
                yield b" "

        self.until_closed(drops())

    def _silent(self):
        self.server.stop.wait(30)

    def _slowheaders(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.stop.wait(0.05):
            try:
                self.wfile.write(b"X-A: b\r\n"[:1] + b": 1\r\n")
            except OSError:
                return

    def _manyheaders(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n")

    def _longheader(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 200_000 + b"\r\n\r\n")

    def _nothttp(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    def _nothing(self):
        self.whole(b"")

    def _hangup(self):
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + HEAD.encode()
        )

    def _gzipbomb(self):
        self.whole(BOMB, Content_Encoding="gzip")

    def _tofile(self):
        self.to("file:///etc/passwd")

    def _toftp(self):
        self.to("ftp://127.0.0.1/secret")

    def _togopher(self):
        self.to("gopher://127.0.0.1:70/x")

    def _todata(self):
        self.to("data:text/plain,hello")

    def _loop(self):
        self.to("/loop/tap/sync")

    def _redirectbody(self):
        self.send_response(302)
        self.send_header("Location", "/redirectbody/tap/sync")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while not self.server.stop.is_set():
                self.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except OSError:
            return

    def _controls(self):
        body = b"\x1b]0;owned\x07\x1b[2J not a table"
        self.whole(body)

    def _errorcontrols(self):
        body = (
            f'{HEAD}<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">'
            f"no &#x9b;31m table</INFO>{END}"
        )
        self.whole(body.encode(), 400)

    def log_message(self, *_):
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Service)
        self.answers = answers
        self.seen = Counter()
        self.sent = 0
        self.stop = threading.Event()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(answers):
    server = Server(answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
