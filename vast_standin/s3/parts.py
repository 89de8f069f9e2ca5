"""The parts that an object was uploaded in: read one by one, listed as attributes."""

from vast_standin.digits import whole
from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import LARGEST, Call
from vast_standin.s3.checksums import FULL_OBJECT, PREFIX, element
from vast_standin.s3.documents import Node, http_time, xml_response
from vast_standin.s3.index import Stored

PARTS_PAGE = 1000
_ATTRIBUTES = frozenset(
    {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
)


def part_span(thing: Stored, call: Call) -> tuple[int, int] | None:
    """Return first byte and length of the part a call names, None if it names none."""
    if "partNumber" not in call.query:
        return None
    number = call.number("partNumber", 1)
    if "range" in call.headers:
        raise ProtocolError(
            400, "InvalidRequest", "Cannot specify both Range header and partNumber"
        )
    parts = thing.properties.parts
    if not parts and "-" in thing.etag:
        raise ProtocolError(
            501, "NotImplemented", f"the parts of {thing.key!r} were not noted"
        )
    first = 0
    for part, size, _ in parts or [(1, thing.size, {})]:
        if part == number:
            return (first, size) if size else None
        first += size
    raise ProtocolError(416, "InvalidPartNumber", f"{thing.key!r} has no part {number}")


def part_headers(thing: Stored, call: Call) -> dict[str, str]:
    """Return the headers of a reply that is one part."""
    number = call.number("partNumber", 1)
    headers: dict[str, str] = {}
    if thing.properties.parts:
        headers["x-amz-mp-parts-count"] = str(len(thing.properties.parts))
    if call.headers.get("x-amz-checksum-mode"):
        for part, _, checksums in thing.properties.parts:
            if part == number:
                headers |= {PREFIX + k: value for k, value in checksums.items()}
    return headers


def get_attributes(call: Call) -> Response:
    """GetObjectAttributes: ETag, checksum, size, and the parts in pages."""
    call.need_bucket()
    call.check_version()
    thing = call.objects.find(call.bucket, call.key)
    text = call.headers.get("x-amz-object-attributes", "")
    names = {name.strip() for name in text.split(",") if name.strip()}
    if not names or names - _ATTRIBUTES:
        raise ProtocolError(
            400,
            "InvalidArgument",
            f"x-amz-object-attributes names some of {', '.join(sorted(_ATTRIBUTES))}",
        )
    properties = thing.properties
    sums: list[Node] = [(element(k), v) for k, v in properties.checksums.items()]
    nodes: list[Node] = []
    if "ETag" in names:
        nodes.append(("ETag", thing.etag))
    if "Checksum" in names and sums:
        kind = properties.checksum_type or FULL_OBJECT
        nodes.append(("Checksum", [*sums, ("ChecksumType", kind)]))
    if "ObjectParts" in names and properties.parts:
        nodes.append(("ObjectParts", _parts(call, thing)))
    if "StorageClass" in names:
        nodes.append(("StorageClass", "STANDARD"))
    if "ObjectSize" in names:
        nodes.append(("ObjectSize", thing.size))
    response = xml_response("GetObjectAttributesResponse", nodes)
    response.headers["Last-Modified"] = http_time(thing.modified)
    return response


def _parts(call: Call, thing: Stored) -> list[Node]:
    after = _number(call, "x-amz-part-number-marker", 0)
    limit = min(_number(call, "x-amz-max-parts", PARTS_PAGE), PARTS_PAGE)
    parts = thing.properties.parts
    following = [part for part in parts if part[0] > after]
    page = following[:limit]
    nodes: list[Node] = [
        ("PartsCount", len(parts)),
        ("PartNumberMarker", after),
        ("NextPartNumberMarker", page[-1][0] if page else 0),
        ("MaxParts", limit),
        ("IsTruncated", len(following) > len(page)),
    ]
    for number, size, checksums in page:
        part: list[Node] = [("PartNumber", number), ("Size", size)]
        part += [(element(name), value) for name, value in checksums.items()]
        nodes.append(("Part", part))
    return nodes


def _number(call: Call, header: str, default: int) -> int:
    number = whole(call.headers.get(header, default))
    if number is None or number > LARGEST:
        raise ProtocolError(400, "InvalidArgument", f"{header} is not a number")
    return number
