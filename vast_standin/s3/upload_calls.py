"""S3 calls of multipart uploads."""

from contextlib import closing
from dataclasses import replace

from vast_standin.digits import whole
from vast_standin.http import ProtocolError, Response
from vast_standin.s3 import completions, uploads
from vast_standin.s3.bucket_calls import owner_nodes, upload_checksum_nodes
from vast_standin.s3.call import Call
from vast_standin.s3.checksums import ELEMENTS, PREFIX, Digests, upload_checksum
from vast_standin.s3.completions import Listed
from vast_standin.s3.conditions import check_write, parse_source_range
from vast_standin.s3.documents import Node, iso_time, parse_document, xml_response
from vast_standin.s3.index import now
from vast_standin.s3.object_calls import (
    FileSpan,
    check_length,
    checksum_nodes,
    copy_source,
    properties_of,
    verified_span,
)


def create_upload(call: Call) -> Response:
    """CreateMultipartUpload: takes headers and metadata of the future object."""
    call.need_bucket()
    algorithm, kind = upload_checksum(call.headers)
    properties = replace(properties_of(call), algorithm=algorithm, checksum_type=kind)
    upload = uploads.begin(call.objects, call.bucket, call.key, properties)
    nodes: list[Node] = [
        ("Bucket", call.bucket),
        ("Key", call.key),
        ("UploadId", upload),
    ]
    response = xml_response("InitiateMultipartUploadResult", nodes)
    if algorithm:
        response.headers["x-amz-checksum-algorithm"] = algorithm.upper()
        response.headers["x-amz-checksum-type"] = kind
    return response


def upload_part(call: Call) -> Response:
    """UploadPart: streamed to disk like an object."""
    upload, number = _upload(call), _number(call)
    call.objects.check_writable(call.bucket, call.length, call.user)
    with call.objects.incoming(
        call.payload, Digests(call.headers, _sums(upload))
    ) as written:
        file, size, digests = written
        check_length(call, size)
        checksums = digests.confirm(call.trailers)
        part = uploads.Part(number, file, size, digests.etag, now(), checksums)
        uploads.add_part(call.objects, upload, part)
    named = {PREFIX + name: value for name, value in checksums.items()}
    return Response(headers={"ETag": f'"{part.etag}"', **named})


def copy_part(call: Call) -> Response:
    """UploadPartCopy: a range of another object, or all of it, as a part."""
    upload, number = _upload(call), _number(call)
    source = copy_source(call)
    text = call.headers.get("x-amz-copy-source-range")
    first, length = parse_source_range(text, source.size)
    call.objects.check_writable(call.bucket, length, call.user)
    span_of_source = verified_span(call.objects, source, first, length)
    with closing(span_of_source):
        reader = _Limited(span_of_source)
        with call.objects.incoming(reader, Digests({}, _sums(upload))) as written:  # type: ignore[arg-type]
            name, size, digests = written
            sums = digests.confirm({})
            part = uploads.Part(number, name, size, digests.etag, now(), sums)
            uploads.add_part(call.objects, upload, part)
    nodes: list[Node] = [
        ("LastModified", iso_time(part.modified)),
        ("ETag", f'"{part.etag}"'),
        *checksum_nodes(part.checksums),
    ]
    return xml_response("CopyPartResult", nodes)


def complete_upload(call: Call) -> Response:
    """CompleteMultipartUpload: one transaction makes the parts the object.

    Repeated after a lost reply, it is answered as the first time.
    """
    call.need_bucket()
    listed = _listed(call)
    try:
        upload = _upload(call)
        check_write(call.headers, call.objects.index.get(call.bucket, call.key))
        thing = completions.complete(call.objects, upload, listed, call.headers)
    except ProtocolError:
        target = (call.bucket, call.key)
        earlier = completions.completed(
            call.objects, target, call.query["uploadId"], listed
        )
        if earlier is None:
            raise
        thing = earlier
    nodes: list[Node] = [
        ("Location", f"/{call.bucket}/{call.key}"),
        ("Bucket", call.bucket),
        ("Key", call.key),
        ("ETag", f'"{thing.etag}"'),
        *checksum_nodes(thing.properties.checksums, thing.properties.checksum_type),
    ]
    return xml_response("CompleteMultipartUploadResult", nodes)


def _listed(call: Call) -> list[Listed]:
    """Return the parts that a completion lists."""
    # Checksums in the headers are of the object, not of this document.
    of_body = ("content-md5", "x-amz-trailer")
    sums = {k: v for k, v in call.headers.items() if k in of_body}
    root = parse_document(call.body(Digests(sums)), "CompleteMultipartUpload")
    listed = []
    for node in root.findall("Part"):
        number = whole(node.findtext("PartNumber") or "")
        if number is None:
            raise ProtocolError(400, "MalformedXML", "PartNumber is not a number")
        sums = {ELEMENTS[n.tag]: n.text or "" for n in node if n.tag in ELEMENTS}
        tag = (node.findtext("ETag") or "").strip('"')
        listed.append(Listed(number, tag, sums))
    return listed


def abort_upload(call: Call) -> Response:
    """AbortMultipartUpload: removes the parts."""
    uploads.abort(call.objects, _upload(call))
    return Response(status=204)


def list_parts(call: Call) -> Response:
    """ListParts: pages by part-number-marker."""
    upload = _upload(call)
    after = call.number("part-number-marker", 0)
    limit = min(call.number("max-parts", 1000), 1000)
    following = [p for p in uploads.parts(call.objects, upload) if p.number > after]
    page = following[:limit]
    nodes: list[Node] = [
        ("Bucket", call.bucket),
        ("Key", call.key),
        ("UploadId", upload.id),
        ("MaxParts", limit),
        ("IsTruncated", len(following) > limit),
        ("PartNumberMarker", after),
        ("NextPartNumberMarker", page[-1].number if page else 0),
        ("StorageClass", "STANDARD"),
        *owner_nodes(call, upload.properties.owner),
        *owner_nodes(call, upload.properties.owner, "Initiator"),
        *upload_checksum_nodes(upload.properties),
        *(("Part", _part_nodes(part)) for part in page),
    ]
    return xml_response("ListPartsResult", nodes)


class _Limited:
    """The blocks of a span as something to read from."""

    def __init__(self, span: FileSpan) -> None:
        self._blocks = iter(span)

    def read(self, _size: int = -1, /) -> bytes:
        """Return the next block, b"" at the end."""
        blocks = next(self._blocks, None)
        return bytes(blocks[0]) if blocks else b""


def _part_nodes(part: uploads.Part) -> list[Node]:
    return [
        ("PartNumber", part.number),
        ("LastModified", iso_time(part.modified)),
        ("ETag", f'"{part.etag}"'),
        ("Size", part.size),
        *checksum_nodes(part.checksums),
    ]


def _sums(upload: uploads.Upload) -> list[str]:
    """Return the checksum that an upload needs of each part."""
    return [upload.properties.algorithm] if upload.properties.algorithm else []


def _upload(call: Call) -> uploads.Upload:
    call.need_bucket()
    return uploads.find(call.objects, call.bucket, call.key, call.query["uploadId"])


def _number(call: Call) -> int:
    number = whole(call.query.get("partNumber", ""))
    if number is None or not 1 <= number <= uploads.PARTS_LIMIT:
        raise ProtocolError(
            400, "InvalidArgument", f"part numbers are 1 to {uploads.PARTS_LIMIT}"
        )
    return number
