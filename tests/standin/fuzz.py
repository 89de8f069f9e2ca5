"""A campaign of broken requests against a real stand-in, by a seed and of a size.

Requests that the vendors' clients really send are recorded, then broken in their bodies,
headers, paths and queries, signed again and sent. Whatever arrives is answered in time
and by a proper status, a refused write changes nothing, and the process goes on.

    python tests/standin/fuzz.py --seed 1 --size 5000
"""

import argparse
import errno
import json
import logging
import random
import socket
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import hypothesis.strategies as st
import requests
from aws_requests_auth.aws_auth import AWSRequestsAuth
from conftest import Standin
from fuzz_corpus import fingerprint, is_whole, recorded, restore
from hypothesis import HealthCheck, Phase, given, seed, settings

from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.particular import CALLS

TIMEOUT_S = 30
ENDED = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
BUGS = ("Look for request", "Traceback")
PROPER = frozenset(range(200, 600))


@dataclass(frozen=True)
class Sent:
    """One request before it is signed."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Target:
    """A stand-in, its recorded requests and its last state."""

    standin: Standin
    corpus: tuple[Sent, ...] = ()
    statuses: Counter = field(default_factory=Counter)
    state: object = None

    def begin(self) -> None:
        """Fill it, and record what clients send."""
        self.corpus = tuple(Sent(*entry) for entry in recorded(self.standin))
        self.state = fingerprint(self.standin)

    def send(self, sent: Sent) -> requests.Response:
        """Sign and send; a hang is an error."""
        url = urlsplit(self.standin.endpoint)
        query = f"?{sent.query}" if sent.query else ""
        return requests.request(
            sent.method,
            f"{self.standin.endpoint}{quote(sent.path, safe='/%')}{query}",
            headers=dict(sent.headers),
            data=sent.body,
            auth=AWSRequestsAuth(
                aws_access_key=self.standin.access,
                aws_secret_access_key=self.standin.secret,
                aws_host=url.netloc,
                aws_region="",
                aws_service="s3",
            ),
            timeout=TIMEOUT_S,
        )

    def check(self, sent: Sent) -> None:
        """Send a request and check its effect."""
        try:
            answer = self.send(sent)
        except requests.exceptions.ChunkedEncodingError:
            self.statuses["cut"] += 1
            return
        self.statuses[answer.status_code] += 1
        assert answer.status_code in PROPER
        assert not any(bug in answer.text for bug in BUGS), (sent, answer.text)
        if sent.method in ("GET", "HEAD"):
            return
        now = fingerprint(self.standin)
        if answer.status_code >= 400:
            assert self.state == now, (sent, answer.text)
        if answer.status_code < 400 and not is_whole(now):
            restore(self.standin)
            now = fingerprint(self.standin)
        self.state = now

    def ended_well(self) -> None:
        """Assert that the process lives and that nothing surprised it."""
        assert self.standin.process.poll() is None
        log = self.standin.data.parent / f"{self.standin.data.name}.log"
        assert "Traceback" not in log.read_text()


@st.composite
def broken(draw, corpus):
    """Draw a recorded request and break it in some places."""
    sent = draw(st.sampled_from(corpus))
    chosen = random.Random(draw(st.integers(0, 1 << 30)))
    for _ in range(draw(st.integers(1, 4))):
        sent = chosen.choice(BREAKS)(sent, chosen)
    return sent


def _bytes_changed(sent, chosen):
    data = bytearray(sent.body)
    for _ in range(chosen.randint(1, 8) if data else 0):
        data[chosen.randrange(len(data))] = chosen.choice((0, 1, 127, 128, 255))
    return replace(sent, body=bytes(data))


def _word_changed(sent, chosen):
    """Change a number where flatbuffers and Arrow keep offsets and lengths."""
    if len(sent.body) < 4:
        return sent
    at = chosen.randrange(len(sent.body) // 4) * 4
    word = chosen.choice((0, 1, -1, 1 << 30, -(1 << 31), chosen.randrange(64)))
    new = (word & 0xFFFFFFFF).to_bytes(4, "little")
    return replace(sent, body=sent.body[:at] + new + sent.body[at + 4 :])


def _body_cut(sent, chosen):
    return replace(sent, body=sent.body[: chosen.randint(0, len(sent.body))])


def _body_other(sent, chosen):
    return replace(sent, body=chosen.randbytes(chosen.choice((0, 1, 7, 64, 4000))))


def _body_doubled(sent, _):
    return replace(sent, body=sent.body * 2)


ODD = ("", "-1", "0", "1e9", "9" * 30, "true", "None", "a" * 5000, "0,0,0", "1,1",
       "4294967295,1,1", "%00", "../..", "é".encode().decode("latin-1"))  # fmt: skip


def _header_changed(sent, chosen):
    names = [n for n, _ in sent.headers if n.lower() not in ("host", "content-length")]
    if not names:
        return sent
    name, value = chosen.choice(names), chosen.choice(ODD)
    return replace(
        sent, headers=tuple((n, value if n == name else v) for n, v in sent.headers)
    )


def _header_dropped(sent, chosen):
    gone = chosen.choice([n for n, _ in sent.headers] or [""])
    return replace(sent, headers=tuple(h for h in sent.headers if h[0] != gone))


def _path_changed(sent, chosen):
    parts = sent.path.split("/")
    at = chosen.randrange(len(parts))
    parts[at] = chosen.choice(
        ("", "..", ".", "%2e%2e", "%00", "nobody", "a" * 300, "ü")
    )
    return replace(sent, path="/" + "/".join(parts).lstrip("/"))


def _query_changed(sent, chosen):
    extra = chosen.choice(
        ("uploads", "delete", "acl", "partNumber=0&uploadId=x", "list-type=2",
         "max-keys=-1", "sub-table=x", "name=%FF", "x=%", "rows", "data")
    )  # fmt: skip
    return replace(sent, query=chosen.choice((extra, f"{sent.query}&{extra}", "")))


def _method_changed(sent, chosen):
    method = chosen.choice(("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "BREW"))
    return replace(sent, method=method)


BREAKS = (
    *(_bytes_changed, _bytes_changed, _word_changed, _word_changed, _word_changed),
    *(_body_cut, _body_other, _body_doubled, _header_changed, _header_changed),
    *(_header_dropped, _path_changed, _query_changed, _method_changed),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8)
    | st.floats() | st.sampled_from(("/", "/a/../b", "default", "1d", "OK", "0s")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@st.composite
def management(draw):
    """Draw a request to the management side."""
    kind = RESOURCES[draw(st.sampled_from(sorted(RESOURCES)))]
    routes = [kind.name, f"{kind.name}/1", f"{kind.name}/99999999999999999999"]
    routes += [route.replace("{id}", "1") for _, route in CALLS]
    names = st.sampled_from([f.name for f in kind.fields] + ["?", "id"])
    return (
        draw(st.sampled_from(("GET", "POST", "PATCH", "OPTIONS", "PUT"))),
        draw(st.sampled_from(routes)),
        draw(st.dictionaries(names, JSON, max_size=4)),
        draw(st.dictionaries(names, st.text(max_size=8), max_size=2)),
        draw(st.sampled_from((None, b"", b"{", b"[1]", b"\xff", b"[" * 100_000))),
    )


def check_management(target: Target, drawn) -> None:
    """Send a request to the management side and look at its answer."""
    method, route, body, query, raw = drawn
    standin = target.standin
    answer = requests.request(
        method,
        f"https://{standin.vms_address}/api/latest/{route}/",
        params=query,
        data=json.dumps(body).encode() if raw is None else raw,
        headers={"Content-Type": "application/json"},
        auth=(standin.user, standin.password),
        verify=standin.cert_file,
        timeout=TIMEOUT_S,
    )
    target.statuses[f"vms {answer.status_code}"] += 1
    assert answer.status_code < 500, (drawn, answer.text)


def check_raw(target: Target, data: bytes, *, tls: bool) -> None:
    """Send bytes that may be no HTTP, or no TLS; the connection ends, or is answered."""
    address = target.standin.vms_address if tls else target.standin.endpoint[7:]
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), TIMEOUT_S) as wire:
        try:
            wire.sendall(data + b"\r\n\r\n")
            wire.shutdown(socket.SHUT_WR)
            first = wire.recv(12)
        except OSError as error:
            if error.errno not in ENDED:
                raise
            first = b""
        assert not first or first.startswith((b"HTTP/1.1 ", b"\x15"))
    target.statuses["raw"] += 1


HEADS = st.lists(
    st.binary(max_size=60)
    | st.sampled_from(
        (b"GET / HTTP/1.1", b"POST /?transaction HTTP/1.1", b"Content-Length: -5",
         b"Content-Length: 9999999999", b"Transfer-Encoding: chunked", b"Host: x",
         b"Expect: 100-continue", b"x: " + b"y" * 70_000, b"\x16\x03\x01\x02\x00")
    ),
    max_size=6,
).map(b"\r\n".join)  # fmt: skip


def campaign(target: Target, *, seed_: int, size: int) -> Counter:
    """Run a campaign; AssertionError shows the first request that was not met well."""
    target.begin()
    shape = settings(
        max_examples=size,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @seed(seed_)
    @shape
    @given(broken(target.corpus))
    def data_port(sent):
        target.check(sent)

    @seed(seed_)
    @settings(shape, max_examples=max(1, size // 4))
    @given(management())
    def management_port(drawn):
        check_management(target, drawn)

    @seed(seed_)
    @settings(shape, max_examples=max(1, size // 10))
    @given(HEADS, st.booleans())
    def any_bytes(data, tls):
        check_raw(target, data, tls=tls)

    for part in (data_port, management_port, any_bytes):
        part()
    target.ended_well()
    return target.statuses


def main() -> int:
    """Run a campaign against a stand-in of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=5000)
    given_ = parser.parse_args()
    logging.getLogger("vastdb").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        standin = Standin(Path(scratch) / "data").start()
        try:
            statuses = campaign(Target(standin), seed_=given_.seed, size=given_.size)
        finally:
            standin.kill()
    sys.stdout.write(f"{sum(statuses.values())} requests: {dict(statuses)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
