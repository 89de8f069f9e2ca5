"""S3 calls on single objects: get, head, put, copy and delete."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, cast
from urllib.parse import unquote

from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import Call, no_version, split_path
from vast_standin.s3.checksums import (
    COMPOSITE,
    FULL_OBJECT,
    PREFIX,
    Digests,
    element,
)
from vast_standin.s3.conditions import (
    check_read,
    check_write,
    failed,
    parse_range,
    wants_range,
)
from vast_standin.s3.documents import (
    Node,
    http_time,
    iso_time,
    xml_response,
)
from vast_standin.s3.index import Properties, Stored, now
from vast_standin.s3.objects import BLOCK, ObjectStore, check_key
from vast_standin.s3.parameters import METADATA
from vast_standin.s3.parts import part_headers, part_span
from vast_standin.s3.tags import tags_of_header

KEPT_HEADERS = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
)
COPY_SOURCE = "x-amz-copy-source-"
METADATA_LIMIT = 2048
_OVERRIDES = {f"response-{name}": name for name in KEPT_HEADERS}


def get_object(call: Call) -> Response:
    """GetObject: whole or one range, conditions, response header overrides."""
    call.need_bucket()
    call.check_version()
    thing = call.objects.find(call.bucket, call.key)
    if not check_read(call.headers, thing):
        return Response(status=304, headers=_unmodified_headers(thing))
    try:
        text = call.headers.get("range") if wants_range(call.headers, thing) else None
        part = part_span(thing, call)
        span = part or parse_range(text, thing.size)
    except ProtocolError as error:
        error.message += f" {call.key}"
        raise
    headers = _object_headers(call, thing, complete=span is None)
    first, length = span or (0, thing.size)
    headers["Content-Length"] = str(length)
    if part:
        headers |= part_headers(thing, call)
    if span:
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{thing.size}"
    status = 206 if span else 200
    if call.request.method == "HEAD" or not length:
        return Response(status, headers)
    return Response(status, headers, verified_span(call.objects, thing, first, length))


def put_object(call: Call) -> Response:
    """PutObject: streamed to disk, published when its payload is proven."""
    call.need_bucket()
    check_key(call.key)
    check_write(call.headers, call.objects.index.get(call.bucket, call.key))
    call.objects.check_writable(call.bucket, call.length, call.user)
    properties = properties_of(call)
    with call.objects.incoming(call.payload, Digests(call.headers)) as written:
        file, size, digests = written
        check_length(call, size)
        checksums = digests.confirm(call.trailers)
        properties = replace(properties, checksums=checksums)
        thing = Stored(
            call.bucket, call.key, file, size, digests.etag, now(), properties
        )
        call.objects.publish(thing, call.headers)
    return Response(headers={"ETag": f'"{thing.etag}"', **checksum_headers(thing)})


def copy_object(call: Call) -> Response:
    """CopyObject: a hard link, under conditions; metadata copied or replaced as the directive says."""
    call.need_bucket()
    check_write(call.headers, call.objects.index.get(call.bucket, call.key))
    source = copy_source(call)
    directive = call.headers.get("x-amz-metadata-directive", "COPY").upper()
    same = (source.bucket, source.key) == (call.bucket, call.key)
    if same and directive != "REPLACE":
        raise ProtocolError(
            400, "InvalidRequest", "An object copied onto itself must change metadata."
        )
    call.objects.check_writable(call.bucket, source.size, call.user)
    properties = replace(source.properties, owner=call.user)
    given = properties_of(call)
    if directive == "REPLACE":
        properties = replace(properties, headers=given.headers, metadata=given.metadata)
    if call.headers.get("x-amz-tagging-directive", "COPY").upper() == "REPLACE":
        properties = replace(properties, tags=given.tags)
    elif given.tags:
        raise ProtocolError(
            400,
            "InvalidRequest",
            "x-amz-tagging needs x-amz-tagging-directive: REPLACE",
        )
    algorithm = call.headers.get("x-amz-checksum-algorithm", "").lower()
    if algorithm and (
        algorithm not in properties.checksums or properties.checksum_type == COMPOSITE
    ):
        sums = _checksums(call, source, algorithm)
        properties = replace(properties, checksums=sums, checksum_type=FULL_OBJECT)
    file = call.objects.link(source)
    try:
        copy = Stored(
            call.bucket, call.key, file, source.size, source.etag, now(), properties
        )
        call.objects.publish(copy, call.headers)
    except BaseException:
        call.objects.discard(file)
        raise
    nodes: list[Node] = [
        ("LastModified", iso_time(copy.modified)),
        ("ETag", f'"{copy.etag}"'),
        *checksum_nodes(properties.checksums, properties.checksum_type or FULL_OBJECT),
    ]
    return xml_response("CopyObjectResult", nodes)


def _checksums(call: Call, source: Stored, algorithm: str) -> dict[str, str]:
    """Return the checksum of an object's bytes, read for this."""
    digests = Digests({}, [algorithm])
    with call.objects.open_file(source) as file:
        while block := file.read(BLOCK):
            digests.update(block)
    return digests.confirm({})


def checksum_nodes(checksums: Mapping[str, str], kind: str = "") -> list[Node]:
    """Return checksums as elements, with their type if one is given."""
    nodes: list[Node] = [(element(name), value) for name, value in checksums.items()]
    return [*nodes, ("ChecksumType", kind)] if kind and checksums else nodes


def delete_object(call: Call) -> Response:
    """DeleteObject: 204 whether or not it existed, as in S3, unless If-Match is given."""
    call.need_bucket()
    headers = {"x-amz-version-id": "null"} if call.check_version() else {}
    call.objects.delete(call.bucket, call.key, call.headers)
    return Response(status=204, headers=headers)


def properties_of(call: Call) -> Properties:
    """Return headers, metadata and tags a write carries."""
    headers = {
        name: call.headers[name] for name in KEPT_HEADERS if name in call.headers
    }
    encodings = [
        part.strip()
        for part in headers.pop("content-encoding", "").split(",")
        if part.strip() not in ("", "aws-chunked")
    ]
    if encodings:
        headers["content-encoding"] = ",".join(encodings)
    metadata = {
        name.removeprefix(METADATA): value
        for name, value in call.headers.items()
        if name.startswith(METADATA)
    }
    if sum(len(name) + len(value) for name, value in metadata.items()) > METADATA_LIMIT:
        raise ProtocolError(
            400, "MetadataTooLarge", f"metadata is limited to {METADATA_LIMIT} bytes"
        )
    tags = tags_of_header(call.headers.get("x-amz-tagging", ""))
    return Properties(headers, metadata, {}, tags, call.user)


def copy_source(call: Call) -> Stored:
    """Return the object a copy reads from, its conditions checked."""
    text = call.headers["x-amz-copy-source"]
    path, _, version = text.partition("?versionId=")
    if version and version != "null":
        raise no_version(version)
    bucket, key = split_path(path if "/" in path.lstrip("/") else unquote(path))
    if not bucket or not key:
        raise ProtocolError(
            400,
            "InvalidArgument",
            "Invalid copy source object key: it is /BUCKET/KEY, encoded",
            {"ArgumentName": "x-amz-copy-source", "ArgumentValue": text[:200]},
        )
    if not call.buckets.exists(bucket):
        raise ProtocolError(
            404, "NoSuchBucket", f"The bucket {bucket!r} does not exist."
        )
    call.check("s3:GetObject", bucket, key)
    call.check_owner(bucket, "x-amz-source-expected-bucket-owner")
    source = call.objects.find(bucket, key)
    if not check_read(call.headers, source, prefix=COPY_SOURCE):
        names = ("If-None-Match", "If-Modified-Since")
        given = [n for n in names if f"{COPY_SOURCE}{n.lower()}" in call.headers]
        raise failed(f"{COPY_SOURCE}{given[0]}")
    return source


def check_length(call: Call, size: int) -> None:
    """Raise 400 if a body turned out shorter than declared."""
    if size != call.length:
        raise ProtocolError(
            400, "IncompleteBody", f"{call.length} bytes were declared, {size} arrived"
        )


def verified_span(
    objects: ObjectStore, thing: Stored, first: int, length: int
) -> "FileSpan":
    """Return a span of an object whose bytes were all verified: an answer begins whole."""
    file = objects.open_file(thing)
    try:
        file.verify(first, first + length)
    except BaseException:
        file.close()
        raise
    return FileSpan(cast("BinaryIO", file), first, length)


class FileSpan:
    """A span of a file in blocks: an iterable of buffers that closes the file."""

    def __init__(self, file: BinaryIO, first: int, length: int) -> None:
        self._file = file
        self._first = first
        self._length = length

    def __iter__(self) -> Iterator[list[memoryview]]:
        """Yield lists of one block."""
        self._file.seek(self._first)
        remaining = self._length
        while remaining:
            block = self._file.read(min(remaining, BLOCK))
            if not block:
                raise OSError("an object's file is shorter than its record")
            remaining -= len(block)
            yield [memoryview(block)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _object_headers(call: Call, thing: Stored, *, complete: bool) -> dict[str, str]:
    headers = {
        "ETag": f'"{thing.etag}"',
        "Last-Modified": http_time(thing.modified),
        "Accept-Ranges": "bytes",
        "content-type": "binary/octet-stream",
        **thing.properties.headers,
    }
    headers |= {
        METADATA + name: value for name, value in thing.properties.metadata.items()
    }
    headers |= {
        header: call.query[name]
        for name, header in _OVERRIDES.items()
        if name in call.query
    }
    if thing.properties.tags:
        headers["x-amz-tagging-count"] = str(len(thing.properties.tags))
    if complete and call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        headers |= checksum_headers(thing)
    return headers


def _unmodified_headers(thing: Stored) -> dict[str, str]:
    """Return what a cache needs of an object that it holds (RFC 9110, section 15.4.5)."""
    kept = thing.properties.headers
    return {
        "ETag": f'"{thing.etag}"',
        "Last-Modified": http_time(thing.modified),
        **{name: kept[name] for name in ("cache-control", "expires") if name in kept},
    }


def checksum_headers(thing: Stored) -> dict[str, str]:
    """Return an object's checksums as headers, with their type."""
    checksums = thing.properties.checksums
    headers = {PREFIX + name: value for name, value in checksums.items()}
    if checksums:
        headers[f"{PREFIX}type"] = thing.properties.checksum_type or FULL_OBJECT
    return headers
