"""One S3 call, parsed: bucket, key, sub-resource, payload and user."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol
from urllib.parse import unquote

from vast_standin.digits import whole
from vast_standin.form import Form
from vast_standin.http import ProtocolError, Request
from vast_standin.s3.checksums import Digests
from vast_standin.s3.objects import ObjectStore


class Buckets(Protocol):
    """Creates, lists and drops buckets, which are views of the management side."""

    def exists(self, name: str) -> bool:
        """Return whether a bucket exists."""

    def all(self) -> list[tuple[str, float]]:
        """Return name and creation time of every bucket, by name."""

    def owner(self, name: str) -> str:
        """Return the name of the user a bucket belongs to, "" if it has none."""

    def snapshots(self, name: str) -> list[str]:
        """Return the names of a bucket's snapshots, in order."""

    def create(self, name: str, owner: str) -> None:
        """Create a bucket; raise 409 if the name is taken."""

    def drop(self, name: str) -> None:
        """Drop an empty bucket; raise 409 if it holds something."""


LARGEST = 999_999_999
"""The largest number in a header or a parameter."""


def _any_size(size: int) -> None:
    """Allow every size: no policy limits it."""


@dataclass(frozen=True)
class Call:
    """A verified request, its payload decoded but not yet read.

    What the path names is authorised; `check` (action, bucket, key) is for what the
    body or other headers name besides, and raises 403.
    """

    request: Request
    user: str
    payload: BinaryIO
    length: int
    trailers: Mapping[str, str]
    objects: ObjectStore
    buckets: Buckets
    check: Callable[[str, str, str], None]
    bucket: str = ""
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form | None = None
    check_size: Callable[[int], None] = _any_size

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the request's headers."""
        return self.request.headers

    def document(self, limit: int = 2 << 20) -> bytes:
        """Return a small body as a whole, its declared checksums verified."""
        return self.body(Digests(self.headers), limit)

    def body(self, digests: Digests, limit: int = 2 << 20) -> bytes:
        """Return a small body as a whole, verified by the given checksums."""
        if self.length > limit:
            raise ProtocolError(400, "EntityTooLarge", f"the limit is {limit} bytes")
        data = self.payload.read(self.length)
        digests.update(data)
        digests.confirm(self.trailers)
        return data

    def number(self, name: str, default: int) -> int:
        """Return a query parameter as a whole number; raise 400 for other text."""
        number = whole(self.query.get(name) or default)
        if number is None or number > LARGEST:
            raise ProtocolError(400, "InvalidArgument", f"{name} is not a number")
        return number

    def check_version(self) -> bool:
        """Return whether the version "null" is named; raise 404 for any other."""
        version = self.query.get("versionId")
        if version not in (None, "null"):
            raise no_version(version)
        return version is not None

    def check_owner(self, bucket: str, header: str) -> None:
        """Raise 403 if a header expects another owner of a bucket."""
        expected = self.headers.get(header)
        if expected is not None and expected != self.buckets.owner(bucket):
            raise ProtocolError(
                403,
                "AccessDenied",
                f"{header} is {expected!r}, but {bucket} belongs to "
                f"{self.buckets.owner(bucket)!r}",
            )

    def need_bucket(self) -> None:
        """Raise 404 NoSuchBucket if the bucket does not exist."""
        if not self.buckets.exists(self.bucket):
            raise ProtocolError(
                404, "NoSuchBucket", f"The bucket {self.bucket!r} does not exist."
            )


def no_version(version: str) -> ProtocolError:
    """Return the error 404 of a version that no bucket holds."""
    return ProtocolError(
        404,
        "NoSuchVersion",
        f"There is no version {version[:80]!r}: buckets are not versioned, the version "
        "of each object is null.",
    )


def split_path(path: str) -> tuple[str, str]:
    """Return bucket and key of an encoded path; both may be empty.

    Raises ProtocolError(400) if the path is not UTF-8.
    """
    bucket, _, key = path.lstrip("/").partition("/")
    try:
        return unquote(bucket, errors="strict"), unquote(key, errors="strict")
    except UnicodeDecodeError:
        raise ProtocolError(400, "InvalidURI", "the path is not UTF-8") from None
