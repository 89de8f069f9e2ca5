"""PostObject: a file that a browser uploads by a form with a signed policy."""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, urlencode, urlsplit

from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import Call
from vast_standin.s3.checksums import Digests
from vast_standin.s3.documents import Node, make_document, parse_document
from vast_standin.s3.index import Stored, now
from vast_standin.s3.object_calls import (
    KEPT_HEADERS,
    checksum_headers,
    properties_of,
)
from vast_standin.s3.objects import check_key
from vast_standin.s3.tags import tags_of_document

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SIGNING = ("x-amz-algorithm", "x-amz-credential", "x-amz-signature")


def headers_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a form that are an object's headers, as headers come."""
    headers = {
        name: value
        for name, value in fields.items()
        if name not in _SIGNING
        and (name in (*KEPT_HEADERS, "content-md5") or name.startswith("x-amz-"))
    }
    if "acl" in fields:
        headers["x-amz-acl"] = fields["acl"]
    for name, value in headers.items():
        if _CONTROL.search(value):
            raise ProtocolError(
                400, "InvalidArgument", f"field {name} has control characters"
            )
    return {k: value.encode().decode("latin-1") for k, value in headers.items()}


def post_object(call: Call) -> Response:
    """PostObject: a form with a signed policy; its file is streamed to disk."""
    if call.form is None:
        raise ProtocolError(501, "NotImplemented", "POST on a bucket is a form's only")
    call.need_bucket()
    fields, key = call.form.fields, call.form.fields["key"]
    check_key(key)
    properties = properties_of(call)
    if "tagging" in fields:
        tags = tags_of_document(parse_document(fields["tagging"].encode(), "Tagging"))
        properties = replace(properties, tags=tags)
    digests = Digests(call.headers)
    with call.objects.incoming(call.payload, digests) as (file, size, _):
        call.check_size(size)
        call.objects.check_writable(call.bucket, size, call.user)
        properties = replace(properties, checksums=digests.confirm({}))
        thing = Stored(call.bucket, key, file, size, digests.etag, now(), properties)
        call.objects.publish(thing)
    return _reply(thing, fields)


def _reply(thing: Stored, fields: Mapping[str, str]) -> Response:
    path = f"/{thing.bucket}/{quote(thing.key)}"
    headers = {
        "ETag": f'"{thing.etag}"',
        "Location": path,
        **checksum_headers(thing),
    }
    target = fields.get("success_action_redirect") or fields.get("redirect") or ""
    if urlsplit(target).scheme in ("http", "https"):
        result = {"bucket": thing.bucket, "key": thing.key, "etag": f'"{thing.etag}"'}
        joint = "&" if urlsplit(target).query else "?"
        target = quote(target, safe=":/?#[]@!$&'()*+,;=%-._~")
        headers["Location"] = f"{target}{joint}{urlencode(result)}"
        return Response(303, headers)
    status = fields.get("success_action_status")
    if status == "201":
        nodes: list[Node] = [
            ("Location", path),
            ("Bucket", thing.bucket),
            ("Key", thing.key),
            ("ETag", f'"{thing.etag}"'),
        ]
        headers["Content-Type"] = "application/xml"
        return Response(201, headers, make_document("PostResponse", nodes))
    return Response(200 if status == "200" else 204, headers)
