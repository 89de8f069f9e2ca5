"""Checksums that clients send with a body and expect in the reply: MD5, CRCs and SHAs."""

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

from vast_standin.http import ProtocolError
from vast_standin.s3.crc import CRC32C, CRC64NVME, Crc

PREFIX = "x-amz-checksum-"


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
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


_ALGORITHMS: dict[str, Callable[[], Running]] = {
    "crc32": _Crc32,
    "crc32c": lambda: Crc(CRC32C),
    "crc64nvme": lambda: Crc(CRC64NVME),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


class Digests:
    """MD5 for the ETag and every further checksum one upload asks for."""

    def __init__(self, headers: Mapping[str, str]) -> None:
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
        names = {*self._expected, *announced, *([algorithm] if algorithm else [])}
        unknown = sorted(names - _ALGORITHMS.keys())
        if unknown:
            raise ProtocolError(
                501,
                "NotImplemented",
                f"checksum {', '.join(unknown)} is not implemented; "
                f"use one of {', '.join(_ALGORITHMS)}",
            )
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
