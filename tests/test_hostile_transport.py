"""Services whose HTTP lies: lengths, chunks, encodings, redirects, endless answers to come."""

import gzip
import resource
import zlib

import pytest
from hostile_server import HEAD, Service, rows, serving, table
from test_hostile_services import ADQL, client

from orbital_kernel.archives.services import fetching
from orbital_kernel.errors import ArchiveError

WHOLE = table(rows()).encode()
TWICE = gzip.compress(gzip.compress(HEAD.encode() + b" " * (64 << 20), 1), 1)
GROWTH_BYTES = 64 << 20


class Lying(Service):
    """The ways of this file to answer, beside those of any hostile service."""

    def say(self, *lines, body=b""):
        head = ("HTTP/1.1 200 OK", "Content-Type: application/x-votable+xml", *lines)
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def _shortlength(self):
        self.say(f"Content-Length: {len(WHOLE) - 30}", body=WHOLE)

    def _hugelength(self):
        self.say(f"Content-Length: {10**18}", body=WHOLE)

    def _lesslength(self):
        self.say("Content-Length: -5", "Connection: close", body=WHOLE[:-30])

    def _twolengths(self):
        self.say("Content-Length: 9", f"Content-Length: {len(WHOLE)}", body=WHOLE)

    def _chunkbomb(self):
        self.say("Transfer-Encoding: chunked", body=b"fffffffffffffff\r\n" + WHOLE)

    def _badchunk(self):
        self.say("Transfer-Encoding: chunked", body=b"zz\r\n" + WHOLE)

    def _longchunk(self):
        self.say("Transfer-Encoding: chunked", body=b"1;" + b"x" * (1 << 20))

    def _nested(self):
        self.whole(TWICE, Content_Encoding="gzip, gzip")

    def _deflate(self):
        body = zlib.compress(HEAD.encode() + b" " * (64 << 20), 1)
        self.whole(body, Content_Encoding="deflate")

    def _cutgzip(self):
        self.whole(gzip.compress(WHOLE)[:-20], Content_Encoding="gzip")

    def _growing(self):
        self.to(f"{self.path}/{'x' * 1000}")

    def _longtarget(self):
        self.to("/later/" + "y" * 60_000)

    def _elsewhere(self):
        self.to("http://user:secret@127.0.0.1:1/x")

    def _later(self):
        self.whole(b"busy", 503, Retry_After="999999999")

    def _continues(self):
        try:
            while not self.server.stop.is_set():
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        except OSError:
            return

    def _strange(self):
        self.wfile.write(b"HTTP/1.1 999 \x1b[2J\r\nContent-Length: 0\r\n\r\n")

    def _part(self):
        self.whole(WHOLE[:-30], 206, Content_Range="bytes 0-9/9999999")


NAMES = {
    "shortlength": "in 2 tries: the answer is cut or broken",
    "hugelength": "in 2 tries|more than 4,194,304 bytes",
    "lesslength": "in 2 tries",
    "twolengths": "in 2 tries|not with a VOTable",
    "chunkbomb": "in 2 tries",
    "badchunk": "in 2 tries: the connection broke",
    "longchunk": "in 2 tries: the connection broke",
    "nested": "more than 4,194,304 bytes",
    "deflate": "more than 4,194,304 bytes",
    "cutgzip": "in 2 tries: the answer is cut or broken",
    "growing": "Exceeded 5 redirects",
    "longtarget": "in 2 tries: 503",
    "elsewhere": "in 2 tries: the connection broke",
    "later": "in 2 tries: 503 Service Unavailable",
    "continues": "not complete after 2 s",
    "strange": "not with a VOTable",
    "part": "in 2 tries: the answer is cut or broken",
}


@pytest.fixture(scope="module")
def server():
    with serving({}) as running:
        running.RequestHandlerClass = Lying
        yield running


@pytest.mark.parametrize("how", NAMES)
def test_a_lying_answer_is_refused_and_never_kept(server, tmp_path, how):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ArchiveError, match=NAMES[how]) as caught:
        fetching.fetch(client(server, how, tmp_path), ADQL, tmp_path / "a.vot")

    assert "secret" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert GROWTH_BYTES > grown * 1024
    assert 12 > sum(n for path, n in server.seen.items() if f"/{how}/" in path)
