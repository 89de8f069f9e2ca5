"""Presigned URLs of signature version 2, as boto3 makes them by default.

Only such URLs are read: a secret proves method, path, end of validity and the headers
that go with them (HMAC-SHA1). Requests signed in their headers are version 4.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

from vast_standin.http import ProtocolError, Request
from vast_standin.sigv4 import LONGEST_PRESIGNED, UNSIGNED, Verified

_SIGNING = frozenset({"AWSAccessKeyId", "Signature", "Expires"})
_HEADERS = ("content-md5", "content-type")
_SUBRESOURCES = frozenset(
    {
        *("acl", "cors", "delete", "lifecycle", "location", "logging", "notification"),
        *("partNumber", "policy", "requestPayment", "restore", "tagging", "torrent"),
        *("uploadId", "uploads", "versionId", "versioning", "versions", "website"),
        *("response-cache-control", "response-content-disposition"),
        *("response-content-encoding", "response-content-language"),
        *("response-content-type", "response-expires"),
    }
)


def signs(request: Request) -> bool:
    """Return whether a request is a presigned URL of version 2."""
    return (
        "authorization" not in request.headers
        and dict(request.query).keys() >= _SIGNING
    )


def verify(
    request: Request, secret_of: Callable[[str], str | None], *, now: datetime
) -> Verified:
    """Return the proven signature; raise 403 for one that is wrong or has ended."""
    query = dict(request.query)
    end, at = query["Expires"], now.timestamp()
    if not (end.isascii() and end.isdigit() and len(end) < 16):
        raise ProtocolError(403, "AccessDenied", f"Expires is {end[:40]!r}, not a time")
    if not at < int(end) <= at + LONGEST_PRESIGNED:
        raise ProtocolError(403, "AccessDenied", "Request has expired")
    secret = secret_of(query["AWSAccessKeyId"])
    if secret is None:
        raise ProtocolError(
            403, "InvalidAccessKeyId", "The access key does not exist in our records."
        )
    text = _signed_text(request, query).encode()
    expected = base64.b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()
    if not hmac.compare_digest(expected.encode(), query["Signature"].encode()):
        raise ProtocolError(
            403, "SignatureDoesNotMatch", "The signature of this URL does not fit it."
        )
    return Verified(query["AWSAccessKeyId"], UNSIGNED, expected, end, "", b"")


def without_signature(request: Request) -> Request:
    """Return a request less what its signature added; headers signed along are set."""
    added = {
        name: value
        for name, value in request.query
        if name in _HEADERS or name.startswith("x-amz-")
    }
    query = [pair for pair in request.query if pair[0] not in _SIGNING | added.keys()]
    return replace(request, query=tuple(query), headers={**request.headers, **added})


def _signed_text(request: Request, query: Mapping[str, str]) -> str:
    headers = {**request.headers, **{k: v for k, v in query.items() if k in _HEADERS}}
    amazon = {
        name.lower(): value.strip()
        for name, value in {**query, **request.headers}.items()
        if name.lower().startswith("x-amz-")
    }
    return "\n".join(
        [
            request.method,
            *(headers.get(name, "") for name in _HEADERS),
            query["Expires"],
            *(f"{name}:{amazon[name]}" for name in sorted(amazon)),
            request.path + _subresources(request.raw_query),
        ]
    )


def _subresources(raw_query: str) -> str:
    pairs = [item.partition("=") for item in raw_query.split("&")]
    chosen = sorted(pair for pair in pairs if pair[0] in _SUBRESOURCES)
    texts = [name + equals + unquote(value) for name, equals, value in chosen]
    return "?" + "&".join(texts) if texts else ""
