"""Checksums that clients send with a body and expect in the reply: MD5, CRCs and SHAs."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from isal.isal_zlib import crc32

from vast_standin.http import ProtocolError
from vast_standin.s3.crc import CRC32, CRC32C, CRC64NVME, Crc, combine

PREFIX = "x-amz-checksum-"
MD5_BYTES = 16


class Running(Protocol):
    """A running checksum."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def digest(self) -> bytes:
        """Return the checksum."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


_ALGORITHMS: dict[str, Callable[[], Running]] = {
    "crc32": _Crc32,
    "crc32c": lambda: Crc(CRC32C),
    "crc64nvme": lambda: Crc(CRC64NVME),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


_JOINED = {"crc32": CRC32, "crc32c": CRC32C, "crc64nvme": CRC64NVME}
COMPOSITE, FULL_OBJECT = "COMPOSITE", "FULL_OBJECT"


class Digests:
    """MD5 for the ETag and every further checksum one upload asks for."""

    def __init__(self, headers: Mapping[str, str], also: Iterable[str] = ()) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._content_md5 = headers.get("content-md5")
        self._expected = {
            name.removeprefix(PREFIX): value
            for name, value in headers.items()
            if name.startswith(PREFIX)
            and name.removeprefix(PREFIX) not in ("algorithm", "type", "mode")
        }
        announced = [
            name.strip().lower().removeprefix(PREFIX)
            for name in headers.get("x-amz-trailer", "").split(",")
            if name.strip()
        ]
        algorithm = headers.get("x-amz-sdk-checksum-algorithm", "").lower()
        names = {*self._expected, *announced, *also}
        if algorithm:
            names.add(algorithm)
        unknown = sorted(names - _ALGORITHMS.keys())
        if unknown:
            raise ProtocolError(
                501,
                "NotImplemented",
                f"checksum {', '.join(unknown)} is not implemented; "
                f"use one of {', '.join(_ALGORITHMS)}",
            )
        for name, value in self._expected.items():
            _check_length(name, value)
        if self._content_md5 is not None and _size(self._content_md5) != MD5_BYTES:
            raise ProtocolError(
                400, "InvalidDigest", "The Content-MD5 you specified was invalid."
            )
        self._announced = frozenset(announced)
        self._running = {name: _ALGORITHMS[name]() for name in names}

    def update(self, data: bytes) -> None:
        """Add bytes."""
        self._md5.update(data)
        for running in self._running.values():
            running.update(data)

    @property
    def etag(self) -> str:
        """Return the MD5 in hexadecimal."""
        return self._md5.hexdigest()

    def confirm(self, trailers: Mapping[str, str]) -> dict[str, str]:
        """Return the checksums by name; raise 400 if one differs from the declared one."""
        sent = {name.removeprefix(PREFIX): value for name, value in trailers.items()}
        if sent.keys() != self._announced:
            raise ProtocolError(
                400,
                "MalformedTrailerError",
                "The trailers of the body are not those that x-amz-trailer announced: "
                f"{', '.join(sorted(sent.keys() ^ self._announced))[:200]}",
            )
        for name, value in sent.items():
            _check_length(name, value)
        expected = {**self._expected, **sent}
        actual = {
            name: base64.b64encode(running.digest()).decode()
            for name, running in self._running.items()
        }
        md5 = base64.b64encode(self._md5.digest()).decode()
        if self._content_md5 is not None and self._content_md5 != md5:
            raise ProtocolError(
                400, "BadDigest", "The Content-MD5 you specified did not match."
            )
        for name, value in expected.items():
            if name in actual and actual[name] != value:
                raise ProtocolError(
                    400, "BadDigest", f"The {name.upper()} you specified did not match."
                )
        return actual


def multipart_etag(etags: list[str]) -> str:
    """Return the ETag of an object assembled from parts, as S3 makes it."""
    joined = b"".join(bytes.fromhex(etag) for etag in etags)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(etags)}"


def upload_checksum(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return algorithm and type that a multipart upload declares, "" if none.

    Raises ProtocolError(400) for a pair that S3 does not have: of the CRCs, CRC64NVME is
    of the whole object only; SHAs are of the parts' checksums only.
    """
    algorithm = headers.get("x-amz-checksum-algorithm", "").lower()
    kind = headers.get("x-amz-checksum-type", "").upper()
    if not algorithm:
        if kind:
            raise _invalid("x-amz-checksum-type needs x-amz-checksum-algorithm")
        return "", ""
    if algorithm not in _ALGORITHMS:
        raise ProtocolError(
            501, "NotImplemented", f"x-amz-checksum-algorithm: {algorithm[:40]}"
        )
    kind = kind or (FULL_OBJECT if algorithm == "crc64nvme" else COMPOSITE)
    fits = {
        COMPOSITE: algorithm != "crc64nvme",
        FULL_OBJECT: algorithm in _JOINED,
    }
    if not fits.get(kind, False):
        raise _invalid(
            f"checksum type {kind[:40]} does not go with {algorithm.upper()}"
        )
    return algorithm, kind


def checksum_of_parts(
    algorithm: str, kind: str, parts: Sequence[tuple[int, str]]
) -> str:
    """Return the checksum of an object from size and checksum of each part."""
    sums = [base64.b64decode(value) for _, value in parts]
    if kind == COMPOSITE:
        running = _ALGORITHMS[algorithm]()
        running.update(b"".join(sums))
        return f"{base64.b64encode(running.digest()).decode()}-{len(parts)}"
    whole = sums[0]
    for (size, _), part in zip(parts[1:], sums[1:], strict=True):
        whole = combine(_JOINED[algorithm], whole, part, size)
    return base64.b64encode(whole).decode()


def declared(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums of an object that headers name, by algorithm."""
    return {
        name: headers[PREFIX + name] for name in _ALGORITHMS if PREFIX + name in headers
    }


def element(name: str) -> str:
    """Return the name of a checksum's element in a document."""
    return f"Checksum{name.upper()}"


ELEMENTS = {element(name): name for name in _ALGORITHMS}


def _check_length(name: str, value: str) -> None:
    """Raise 400 for a text that no checksum of an algorithm is, whatever the body."""
    running = _ALGORITHMS.get(name)
    if running is not None and _size(value) != len(running().digest()):
        raise _invalid(f"Value for {PREFIX}{name} header is invalid.")


def _size(text: str) -> int:
    """Return how many bytes a base64 text holds, -1 if it is none."""
    try:
        return len(base64.b64decode(text, validate=True))
    except ValueError:
        return -1


def _invalid(message: str) -> ProtocolError:
    return ProtocolError(400, "InvalidRequest", message)
