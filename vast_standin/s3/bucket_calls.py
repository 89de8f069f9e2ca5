"""S3 calls on the service and on buckets, as boto3 and Arrow's S3FileSystem send them."""

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from vast_standin.digits import whole
from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import Call, no_version
from vast_standin.s3.creation import REGION
from vast_standin.s3.documents import (
    Node,
    iso_time,
    malformed,
    parse_document,
    xml_response,
)
from vast_standin.s3.index import Properties, Stored
from vast_standin.s3.listing import Page
from vast_standin.s3.uploads import list_uploads, page_of_uploads

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_KEYS = 1000
SNAPSHOTS = ".snapshot/"


def list_buckets(call: Call) -> Response:
    """ListBuckets: every bucket with its creation time; prefix, pages, region."""
    limit = call.number("max-buckets", 10_000)
    if not 1 <= limit <= 10_000:
        raise ProtocolError(400, "InvalidArgument", "max-buckets is 1 to 10000")
    prefix = call.query.get("prefix", "")
    token = call.query.get("continuation-token")
    after = _read_token(token) if token else ""
    elsewhere = call.query.get("bucket-region", REGION) != REGION
    following = [
        (name, created)
        for name, created in call.buckets.all()
        if name.startswith(prefix) and name > after and not elsewhere
    ]
    page = following[:limit]
    entries: list[Node] = [
        ("Bucket", [("Name", name), ("CreationDate", iso_time(created))])
        for name, created in page
    ]
    owner: list[Node] = [("ID", call.user), ("DisplayName", call.user)]
    nodes: list[Node] = [("Owner", owner), ("Buckets", entries)]
    if prefix:
        nodes.append(("Prefix", prefix))
    if len(following) > limit:
        nodes.append(("ContinuationToken", _make_token(page[-1][0])))
    return xml_response("ListAllMyBucketsResult", nodes)


def head_bucket(call: Call) -> Response:
    """HeadBucket: 200 or 404 without a body."""
    call.need_bucket()
    return Response(headers={"x-amz-bucket-region": REGION})


def delete_bucket(call: Call) -> Response:
    """DeleteBucket: 204, or 409 BucketNotEmpty."""
    call.need_bucket()
    call.buckets.drop(call.bucket)
    return Response(status=204)


def get_location(call: Call) -> Response:
    """GetBucketLocation: the empty constraint, as in the first region."""
    call.need_bucket()
    return xml_response("LocationConstraint", [])


def get_versioning(call: Call) -> Response:
    """GetBucketVersioning: never enabled."""
    call.need_bucket()
    return xml_response("VersioningConfiguration", [])


def list_objects(call: Call) -> Response:
    """ListObjects: prefix, delimiter, pages, url encoding."""
    call.need_bucket()
    page = _page(call, call.query.get("marker", ""))
    more: list[Node] = [("Marker", _text(call, call.query.get("marker", "")))]
    if page.truncated:
        more.append(("NextMarker", _text(call, page.last)))
    return xml_response(
        "ListBucketResult",
        [*_common(call, page), *more, *_entries(call, page, owner=True)],
    )


def list_objects_v2(call: Call) -> Response:
    """ListObjectsV2: prefix, delimiter, pages by token, url encoding."""
    call.need_bucket()
    if call.query["list-type"] != "2":
        raise ProtocolError(400, "InvalidArgument", "list-type is 2 or absent")
    token = call.query.get("continuation-token")
    start = call.query.get("start-after", "")
    page = _page(call, _read_token(token) if token else start)
    more: list[Node] = [("KeyCount", len(page))]
    owner = call.query.get("fetch-owner", "").lower() == "true"
    if token:
        more.append(("ContinuationToken", token))
    if start:
        more.append(("StartAfter", _text(call, start)))
    if page.truncated:
        more.append(("NextContinuationToken", _make_token(page.last)))
    return xml_response(
        "ListBucketResult",
        [*_common(call, page), *more, *_entries(call, page, owner=owner)],
    )


def list_snapshots(call: Call) -> Response:
    """List snapshots as the database SDK asks for them: ``list_type``, ``.snapshot/``.

    The SDK (`list_snapshots`) reads IsTruncated, Marker and CommonPrefixes, and sends
    the marker back as continuation token.
    """
    call.need_bucket()
    prefix = call.query.get("prefix", "")
    if not prefix.startswith(SNAPSHOTS) or call.query.get("delimiter") != "/":
        raise ProtocolError(
            400, "InvalidArgument", f"list_type lists {SNAPSHOTS} with delimiter / only"
        )
    limit = whole(call.query.get("max_keys", MAX_KEYS))
    if not limit:
        raise ProtocolError(400, "InvalidArgument", "max_keys is not a number from 1")
    after = call.query.get("continuation-token", "")
    names = [f"{SNAPSHOTS}{name}/" for name in call.buckets.snapshots(call.bucket)]
    following = [name for name in names if name.startswith(prefix) and name > after]
    page = following[:limit]
    return xml_response(
        "ListBucketResult",
        [
            ("Name", call.bucket),
            ("Prefix", prefix),
            ("Marker", page[-1] if page else ""),
            ("IsTruncated", len(following) > len(page)),
            *(("CommonPrefixes", [("Prefix", name)]) for name in page),
        ],
    )


def delete_objects(call: Call) -> Response:
    """DeleteObjects: up to 1000 keys; absent ones count as deleted, as in S3."""
    call.need_bucket()
    root = parse_document(call.document(), "Delete")
    nodes = root.findall("Object")
    if not nodes or len(nodes) > MAX_KEYS:
        raise ProtocolError(400, "MalformedXML", f"give 1 to {MAX_KEYS} objects")
    done: list[Node] = []
    refused: list[Node] = []
    if not all(node.findtext("Key") for node in nodes):
        raise malformed("Delete")
    for node in nodes:
        key = str(node.findtext("Key"))
        try:
            _delete_listed(call, key, node)
        except ProtocolError as error:
            parts = [("Key", key), ("Code", error.code), ("Message", error.message)]
            refused.append(("Error", parts))
        else:
            version = node.findtext("VersionId")
            named: list[Node] = [("VersionId", version)] if version else []
            done.append(("Deleted", [("Key", key), *named]))
    if (root.findtext("Quiet") or "").lower() == "true":
        done = []
    return xml_response("DeleteResult", [*done, *refused])


def _delete_listed(call: Call, key: str, node: "Element") -> None:
    """Delete one object of a list; raise what refuses it."""
    call.check("s3:DeleteObject", call.bucket, key)
    unserved = sorted({child.tag for child in node} - {"Key", "ETag", "VersionId"})
    if unserved:
        raise ProtocolError(
            501, "NotImplemented", f"{', '.join(unserved)} is not implemented"
        )
    version = node.findtext("VersionId")
    if version not in (None, "", "null"):
        raise no_version(str(version))
    tag = node.findtext("ETag")
    headers = {} if tag is None else {"if-match": tag}
    call.objects.delete(call.bucket, key, headers)


def uploads_of_bucket(call: Call) -> Response:
    """ListMultipartUploads: by key and id; prefix, delimiter, pages, url encoding."""
    call.need_bucket()
    _check_encoding(call)
    limit = min(call.number("max-uploads", MAX_KEYS), MAX_KEYS)
    page = page_of_uploads(
        list_uploads(call.objects, call.bucket),
        prefix=call.query.get("prefix", ""),
        delimiter=call.query.get("delimiter", ""),
        after=(
            call.query.get("key-marker", ""),
            call.query.get("upload-id-marker", ""),
        ),
        limit=limit,
    )
    nodes: list[Node] = [
        ("Bucket", call.bucket),
        ("KeyMarker", _text(call, call.query.get("key-marker", ""))),
        ("UploadIdMarker", call.query.get("upload-id-marker", "")),
        ("Prefix", _text(call, call.query.get("prefix", ""))),
        ("MaxUploads", limit),
        ("IsTruncated", page.truncated),
        *_folding(call),
    ]
    if page.truncated:
        nodes.append(("NextKeyMarker", _text(call, page.last[0])))
        nodes.append(("NextUploadIdMarker", page.last[1]))
    nodes += [
        (
            "Upload",
            [
                ("Key", _text(call, upload.key)),
                ("UploadId", upload.id),
                ("Initiated", iso_time(upload.started)),
                ("StorageClass", "STANDARD"),
                *owner_nodes(call, upload.properties.owner),
                *owner_nodes(call, upload.properties.owner, "Initiator"),
                *upload_checksum_nodes(upload.properties),
            ],
        )
        for upload in page.uploads
    ]
    nodes += [
        ("CommonPrefixes", [("Prefix", _text(call, prefix))])
        for prefix in page.prefixes
    ]
    return xml_response("ListMultipartUploadsResult", nodes)


def _page(call: Call, after: str) -> Page:
    _check_encoding(call)
    return call.objects.list(
        call.bucket,
        call.query.get("prefix", ""),
        call.query.get("delimiter", ""),
        after,
        min(call.number("max-keys", MAX_KEYS), MAX_KEYS),
    )


def _common(call: Call, page: Page) -> list[Node]:
    nodes: list[Node] = [
        ("Name", call.bucket),
        ("Prefix", _text(call, call.query.get("prefix", ""))),
        ("MaxKeys", min(call.number("max-keys", MAX_KEYS), MAX_KEYS)),
        ("IsTruncated", page.truncated),
    ]
    return nodes + _folding(call)


def _check_encoding(call: Call) -> None:
    if call.query.get("encoding-type", "url") != "url":
        raise ProtocolError(400, "InvalidArgument", "encoding-type must be url")


def _folding(call: Call) -> list[Node]:
    nodes: list[Node] = []
    if delimiter := call.query.get("delimiter"):
        nodes.append(("Delimiter", _text(call, delimiter)))
    if encoding := call.query.get("encoding-type"):
        nodes.append(("EncodingType", encoding))
    return nodes


def list_versions(call: Call) -> Response:
    """ListObjectVersions: each object is the version null, as where none was kept."""
    call.need_bucket()
    after, version = (
        call.query.get("key-marker", ""),
        call.query.get("version-id-marker"),
    )
    if version and (not after or version != "null"):
        raise ProtocolError(
            400, "InvalidArgument", "version-id-marker is null and needs a key-marker"
        )
    page = _page(call, after)
    more: list[Node] = [
        ("KeyMarker", _text(call, after)),
        ("VersionIdMarker", version or ""),
    ]
    if page.truncated:
        more.append(("NextKeyMarker", _text(call, page.last)))
        if page.objects and page.last == page.objects[-1].key:
            more.append(("NextVersionIdMarker", "null"))
    versions: list[Node] = [
        (
            "Version",
            [
                *_contents(call, thing, owner=True),
                ("VersionId", "null"),
                ("IsLatest", True),
            ],
        )
        for thing in page.objects
    ]
    return xml_response(
        "ListVersionsResult",
        [*_common(call, page), *more, *versions, *_prefixes(call, page)],
    )


def _entries(call: Call, page: Page, *, owner: bool) -> list[Node]:
    contents: list[Node] = [
        ("Contents", _contents(call, thing, owner=owner)) for thing in page.objects
    ]
    return contents + _prefixes(call, page)


def _contents(call: Call, thing: Stored, *, owner: bool) -> list[Node]:
    return [
        ("Key", _text(call, thing.key)),
        ("LastModified", iso_time(thing.modified)),
        ("ETag", f'"{thing.etag}"'),
        ("Size", thing.size),
        ("StorageClass", "STANDARD"),
        *(owner_nodes(call, thing.properties.owner) if owner else ()),
    ]


def _prefixes(call: Call, page: Page) -> list[Node]:
    return [
        ("CommonPrefixes", [("Prefix", _text(call, prefix))])
        for prefix in page.prefixes
    ]


def upload_checksum_nodes(properties: Properties) -> list[Node]:
    """Return the checksum that an open upload declared, if it did."""
    if not properties.algorithm:
        return []
    return [
        ("ChecksumAlgorithm", properties.algorithm.upper()),
        ("ChecksumType", properties.checksum_type),
    ]


def owner_nodes(call: Call, owner: str, element: str = "Owner") -> list[Node]:
    """Return who owns an object: its writer, else its bucket's owner."""
    name = owner or call.buckets.owner(call.bucket)
    return [(element, [("ID", name), ("DisplayName", name)])]


def _text(call: Call, text: str) -> str:
    if call.query.get("encoding-type") == "url":
        return quote(text, safe="/-_.~*")
    return text


def _make_token(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise ProtocolError(
            400, "InvalidArgument", "The continuation token provided is incorrect."
        ) from None
