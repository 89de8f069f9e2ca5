"""AWS Signature Version 4, verified for every signer that reaches the data port.

Known signers: the vendor's database SDK (empty region, path quoted once more, query
sorted as sent), boto3 and Arrow's S3 file system (plain S3 rules), the vendor's ADBC
driver (region ``vast``, Host without port), and presigned URLs.  A signature is
accepted if it fits one of the canonical forms these signers make of the same
request; the Host header is always taken as received.
"""

import functools
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote, unquote_plus

from vast_standin.digits import whole
from vast_standin.http import ProtocolError, Request

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
LONGEST_PRESIGNED = 7 * 24 * 3600
_SIGNING = frozenset(
    {
        *("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"),
        *("x-amz-signedheaders", "x-amz-signature", "x-amz-security-token"),
        "x-amz-content-sha256",
    }
)
_HEX64 = re.compile(r"[0-9a-f]{64}\Z")
_STAMP = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z\Z")


@dataclass(frozen=True)
class Claim:
    """What a request says about its own signature."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: str
    payload: str
    presigned: bool = False

    @property
    def scope(self) -> str:
        """Return the credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True)
class Verified:
    """A verified signature: signer, expected payload and chunk seed."""

    access_key: str
    payload: str
    signature: str
    stamp: str
    scope: str
    key: bytes


def verify(
    request: Request,
    secret_of: Callable[[str], str | None],
    *,
    now: datetime,
    skew: timedelta = timedelta(minutes=15),
) -> Verified:
    """Return the proven signature of a request; the payload itself is not read here.

    Raises ProtocolError(403) for a missing, unknown, stale or wrong signature and
    ProtocolError(400) for a malformed one.
    """
    claim = parse_claim(request)
    _check_all_signed(request, claim)
    _check_time(request, claim, now, skew)
    secret = secret_of(claim.access_key)
    if secret is None:
        raise ProtocolError(
            403, "InvalidAccessKeyId", "The access key does not exist in our records."
        )
    key = signing_key(secret, claim.date, claim.region, claim.service)
    fits = False
    for canonical in _canonical_requests(request, claim):
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{claim.stamp}\n{claim.scope}\n{digest}"
        expected = hmac.digest(key, text.encode(), "sha256").hex()
        if hmac.compare_digest(expected, claim.signature):
            fits = True
            break
    if not fits:
        raise ProtocolError(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you "
            "provided. Check your key and signing method.",
        )
    return Verified(
        claim.access_key, claim.payload, claim.signature, claim.stamp, claim.scope, key
    )


def parse_claim(request: Request) -> Claim:
    """Return what the Authorization header or the presigned query claims."""
    header = request.headers.get("authorization")
    if header is not None:
        return _header_claim(request, header)
    query = dict(request.query)
    if "X-Amz-Signature" in query:
        return _query_claim(query)
    raise ProtocolError(403, "AccessDenied", "Requests must be signed (SigV4).")


def without_signature(request: Request) -> Request:
    """Return a presigned request less its signature; headers in its query are set."""
    if "authorization" in request.headers:
        return request
    added = {
        name.lower(): value
        for name, value in request.query
        if name.lower().startswith("x-amz-") and name.lower() not in _SIGNING
    }
    query = [pair for pair in request.query if not pair[0].lower().startswith("x-amz-")]
    return replace(request, query=tuple(query), headers={**request.headers, **added})


@functools.lru_cache(maxsize=256)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key derived for a day, region and service."""
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _header_claim(request: Request, header: str) -> Claim:
    algorithm, _, text = header.partition(" ")
    if algorithm != ALGORITHM:
        raise ProtocolError(
            400, "InvalidArgument", f"Authorization must use {ALGORITHM}."
        )
    fields = dict(
        part.strip().partition("=")[::2] for part in text.split(",") if "=" in part
    )
    missing = {"Credential", "SignedHeaders", "Signature"} - fields.keys()
    if missing:
        raise _malformed(f"it lacks {', '.join(sorted(missing))}")
    stamp = request.headers.get("x-amz-date")
    if stamp is None:
        raise ProtocolError(403, "AccessDenied", "A signed request needs x-amz-date.")
    payload = request.headers.get("x-amz-content-sha256", "")
    if not payload and not request.content_length:
        payload = EMPTY_SHA256
    return _claim(
        fields["Credential"],
        fields["SignedHeaders"],
        fields["Signature"],
        stamp,
        payload,
    )


def _query_claim(query: dict[str, str]) -> Claim:
    names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date")
    missing = [name for name in (*names, "X-Amz-Expires") if name not in query]
    if missing or query["X-Amz-Algorithm"] != ALGORITHM:
        raise _malformed(f"the query lacks {', '.join(missing) or ALGORITHM}")
    return _claim(
        query["X-Amz-Credential"],
        query["X-Amz-SignedHeaders"],
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        query.get("X-Amz-Content-Sha256", UNSIGNED),
        presigned=True,
    )


def _claim(
    credential: str,
    signed_headers: str,
    signature: str,
    stamp: str,
    payload: str,
    *,
    presigned: bool = False,
) -> Claim:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or parts[3] != "s3":
        raise _malformed("Credential is not KEY/DATE/REGION/s3/aws4_request")
    if not _HEX64.match(signature):
        raise _malformed("Signature is not 64 hexadecimal digits")
    names = tuple(signed_headers.lower().split(";"))
    if "host" not in names or (not presigned and "x-amz-date" not in names):
        raise _malformed("host and x-amz-date must be signed")
    return Claim(
        parts[0],
        parts[1],
        parts[2],
        parts[3],
        names,
        signature,
        stamp,
        payload,
        presigned,
    )


def _check_time(request: Request, claim: Claim, now: datetime, skew: timedelta) -> None:
    signed_at = _moment(claim.stamp)
    if claim.stamp[:8] != claim.date:
        raise _malformed("the credential's date is not the request's")
    if not claim.presigned:
        if abs(now - signed_at) > skew:
            raise ProtocolError(
                403,
                "RequestTimeTooSkewed",
                f"The request was signed at {claim.stamp}, too far from our clock.",
            )
        return
    expires = whole(dict(request.query)["X-Amz-Expires"])
    if expires is None or not 0 < expires <= LONGEST_PRESIGNED:
        raise _malformed("X-Amz-Expires is not between 1 and 604800 seconds")
    if now > signed_at + timedelta(seconds=expires) or signed_at - now > skew:
        raise ProtocolError(403, "AccessDenied", "Request has expired.")


def _check_all_signed(request: Request, claim: Claim) -> None:
    """Refuse `x-amz-` headers that anybody between could have added or changed.

    The payload's hash is part of what is signed, whether its header is named or not.
    """
    unsigned = sorted(
        name
        for name in request.headers
        if name.startswith("x-amz-")
        and name not in (*claim.signed_headers, "x-amz-content-sha256")
    )
    if unsigned:
        raise ProtocolError(
            403,
            "AccessDenied",
            f"There were headers present in the request which were not signed: "
            f"{', '.join(unsigned)}",
        )


def _moment(stamp: str) -> datetime:
    match = _STAMP.match(stamp)
    if not match:
        raise _malformed("the date is not YYYYMMDDTHHMMSSZ")
    try:
        return datetime(*(int(part) for part in match.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        raise _malformed("the date is not valid") from None


def _canonical_requests(request: Request, claim: Claim) -> Iterator[str]:
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
        for name in claim.signed_headers
    )
    names = ";".join(claim.signed_headers)
    payload = claim.payload
    tried = set()
    for path in _path_forms(request.path, claim):
        for query in _query_forms(request.raw_query, claim):
            if (path, query) not in tried:
                tried.add((path, query))
                yield f"{request.method}\n{path}\n{query}\n{headers}\n{names}\n{payload}"


def _path_forms(path: str, claim: Claim) -> Iterator[str]:
    """Yield the path's forms, the most likely one of this signer first."""
    if not claim.region:
        yield quote(path, safe="/-_.~")
    yield path
    yield quote(path, safe="/-_.~")
    yield quote(unquote(path), safe="/-_.~")


def _query_forms(raw: str, claim: Claim) -> Iterator[str]:
    """Yield the query's forms: as text sorted, as pairs sorted, coded again."""
    if not raw:
        yield ""
        return
    if not claim.presigned:
        yield "&".join(
            part if "=" in part else f"{part}=" for part in sorted(raw.split("&"))
        )
    pairs = [
        (name, value)
        for name, _, value in (part.partition("=") for part in raw.split("&") if part)
        if not (claim.presigned and name == "X-Amz-Signature")
    ]
    yield "&".join(f"{name}={value}" for name, value in sorted(pairs))
    yield _normalised(pairs, unquote)
    yield _normalised(pairs, unquote_plus)


def _normalised(pairs: list[tuple[str, str]], decode: Callable[[str], str]) -> str:
    coded = sorted(
        (quote(decode(name), safe="-_.~"), quote(decode(value), safe="-_.~"))
        for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in coded)


def _malformed(reason: str) -> ProtocolError:
    return ProtocolError(
        400,
        "AuthorizationHeaderMalformed",
        f"The authorization is malformed: {reason}.",
    )
