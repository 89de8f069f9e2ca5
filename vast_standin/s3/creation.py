"""CreateBucket: the name checked, and every element of its document served or refused."""

import re

from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import Call
from vast_standin.s3.documents import malformed, parse_document

REGION = "us-east-1"
_DOCUMENT = "CreateBucketConfiguration"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\Z")


def create_bucket(call: Call) -> Response:
    """CreateBucket: a view of the management side, owned by the caller."""
    if not _NAME.match(call.bucket) or ".." in call.bucket:
        raise ProtocolError(
            400, "InvalidBucketName", f"{call.bucket!r} is not a valid bucket name."
        )
    _check_document(call.document())
    call.buckets.create(call.bucket, call.user)
    return Response(headers={"Location": f"/{call.bucket}"})


def _check_document(body: bytes) -> None:
    """Raise 400 for a region that is not here, 501 for what is not kept of a bucket."""
    if not body.strip():
        return
    root = parse_document(body, _DOCUMENT)
    for node in root:
        if node.tag != "LocationConstraint":
            raise ProtocolError(
                501,
                "NotImplemented",
                f"{node.tag[:40]} of {_DOCUMENT} is not implemented",
            )
    places = [(node.text or "").strip() for node in root]
    if len(places) > 1:
        raise malformed(_DOCUMENT)
    if places and places[0] not in ("", REGION):
        raise ProtocolError(
            400,
            "InvalidLocationConstraint",
            f"The specified location-constraint is not valid: the region is {REGION}",
            {"LocationConstraint": places[0][:80]},
        )
