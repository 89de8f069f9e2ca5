"""Request payloads as declared by their signature: hashed, unsigned or in aws-chunks.

Source: AWS SigV4 streaming uploads (chunk signatures chained from the seed signature,
trailers, ``x-amz-decoded-content-length``).  All readers work in bounded memory and
raise at the end of the body, so that a writer publishes nothing unproven.
"""

import hashlib
import hmac
import io
from typing import TYPE_CHECKING, BinaryIO

from vast_standin.digits import whole
from vast_standin.http import ProtocolError, Request
from vast_standin.sigv4 import EMPTY_SHA256, UNSIGNED, Verified

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNED_CHUNKS = frozenset(
    {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    }
)
_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_LINE_LIMIT = 8192


def open_payload(
    request: Request, proof: Verified
) -> tuple[BinaryIO, int, dict[str, str]]:
    """Return the decoded body, its length in bytes, and a dict trailers will fill."""
    if proof.payload in _SIGNED_CHUNKS or proof.payload == _UNSIGNED_CHUNKS:
        chunks = _Chunks(request, proof)
        return io.BufferedReader(chunks, 1 << 20), chunks.length, chunks.trailers
    if request.content_length < 0:
        raise ProtocolError(
            411, "MissingContentLength", "uploads need a Content-Length"
        )
    if proof.payload == UNSIGNED:
        return request.body, request.content_length, {}
    body = _Hashed(request.body, request.content_length, proof.payload)
    return io.BufferedReader(body, 1 << 20), request.content_length, {}


def read_checked(
    request: Request, proof: Verified, limit: int
) -> tuple[bytes, dict[str, str]]:
    """Return a whole body of at most `limit` bytes, checked against its signed hash.

    Its trailers come with it.
    """
    if request.content_length > limit:
        raise _too_large(limit)
    if proof.payload in _SIGNED_CHUNKS or proof.payload == _UNSIGNED_CHUNKS:
        reader, length, trailers = open_payload(request, proof)
        if length > limit:
            raise _too_large(limit)
        return reader.read(), trailers
    length = request.content_length if request.content_length >= 0 else limit + 1
    data = request.body.read(length) if length else b""
    if len(data) > limit:
        raise _too_large(limit)
    if proof.payload != UNSIGNED:
        digest = hashlib.sha256(data).hexdigest() if data else EMPTY_SHA256
        _check(digest, proof.payload)
    return data, {}


class _Hashed(io.RawIOBase):
    """A body whose SHA-256 is compared with the declared one at its end."""

    def __init__(self, body: BinaryIO, length: int, expected: str) -> None:
        super().__init__()
        self._body = body
        self._remaining = length
        self._hash = hashlib.sha256()
        self._expected = expected
        if not length:
            _check(self._hash.hexdigest(), expected)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        data = self._body.read(min(len(buffer), self._remaining))
        self._hash.update(data)
        self._remaining -= len(data)
        if data and not self._remaining:
            _check(self._hash.hexdigest(), self._expected)
        buffer[: len(data)] = data
        return len(data)


class _Chunks(io.RawIOBase):
    """The payload inside aws-chunked framing, signatures and trailers checked."""

    def __init__(self, request: Request, proof: Verified) -> None:
        super().__init__()
        self._lines = io.BufferedReader(_Raw(request.body), 1 << 16)
        self._proof = proof
        self._signed = proof.payload in _SIGNED_CHUNKS
        self._previous = proof.signature
        self._remaining = 0
        self._chunk_hash = hashlib.sha256()
        self._chunk_signature = ""
        self._ended = False
        self.trailers: dict[str, str] = {}
        self.length = _decoded_length(request)
        self._missing = self.length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if self._ended:
            return 0
        if not self._remaining and not self._begin():
            return 0
        data = self._lines.read(min(len(buffer), self._remaining))
        if not data:
            raise _framing("it ends within a chunk")
        self._remaining -= len(data)
        self._missing -= len(data)
        if self._signed:
            self._chunk_hash.update(data)
        if not self._remaining:
            self._finish_chunk()
        buffer[: len(data)] = data
        return len(data)

    def _begin(self) -> bool:
        size, _, extension = self._line().partition(b";")
        try:
            self._remaining = int(size, 16)
        except ValueError:
            raise _framing("a chunk size is not hexadecimal") from None
        if self._remaining < 0 or self._remaining > self._missing:
            raise _framing("it is longer than x-amz-decoded-content-length")
        self._chunk_hash = hashlib.sha256()
        self._chunk_signature = extension.partition(b"=")[2].decode("latin-1")
        if self._remaining:
            return True
        if self._signed:
            self._check_signature()
        self._read_trailers()
        if self._missing:
            raise _framing(f"it ends {self._missing} bytes early")
        self._ended = True
        return False

    def _finish_chunk(self) -> None:
        if self._signed:
            self._check_signature()
        if self._lines.read(2) != b"\r\n":
            raise _framing("a chunk does not end in CRLF")

    def _check_signature(self) -> None:
        text = (
            f"AWS4-HMAC-SHA256-PAYLOAD\n{self._proof.stamp}\n{self._proof.scope}\n"
            f"{self._previous}\n{EMPTY_SHA256}\n{self._chunk_hash.hexdigest()}"
        )
        self._previous = self._expect(text, self._chunk_signature)

    def _expect(self, text: str, signature: str) -> str:
        expected = hmac.new(self._proof.key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
            raise ProtocolError(
                403, "SignatureDoesNotMatch", "The signature of a chunk does not match."
            )
        return expected

    def _read_trailers(self) -> None:
        signature = ""
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "x-amz-trailer-signature":
                signature = value.strip()
            else:
                self.trailers[name.lower()] = value.strip()
        if self._signed and self._proof.payload.endswith("TRAILER"):
            listed = "".join(f"{k}:{v}\n" for k, v in sorted(self.trailers.items()))
            text = "\n".join(
                (
                    "AWS4-HMAC-SHA256-TRAILER",
                    self._proof.stamp,
                    self._proof.scope,
                    self._previous,
                    hashlib.sha256(listed.encode()).hexdigest(),
                )
            )
            self._expect(text, signature)

    def _line(self) -> bytes:
        line = self._lines.readline(_LINE_LIMIT)
        if line and not line.endswith(b"\n"):
            raise _framing("a chunk line is too long or cut short")
        return line.rstrip(b"\r\n")


class _Raw(io.RawIOBase):
    """A body as a raw stream, for line reading."""

    def __init__(self, body: BinaryIO) -> None:
        super().__init__()
        self._read: Callable[[int], bytes] = body.read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _too_large(limit: int) -> ProtocolError:
    return ProtocolError(
        400, "EntityTooLarge", f"the body has more than {limit} bytes, the limit here"
    )


def _decoded_length(request: Request) -> int:
    length = whole(request.headers.get("x-amz-decoded-content-length", ""))
    if length is None:
        raise ProtocolError(
            400,
            "MissingContentLength",
            "aws-chunked bodies need x-amz-decoded-content-length",
        )
    return length


def _check(actual: str, expected: str) -> None:
    if not hmac.compare_digest(actual.encode(), expected.lower().encode("latin-1")):
        raise ProtocolError(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was "
            "computed.",
        )


def _framing(reason: str) -> ProtocolError:
    return ProtocolError(
        400, "IncompleteBody", f"the aws-chunked body is broken: {reason}"
    )
