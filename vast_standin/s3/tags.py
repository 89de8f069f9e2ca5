"""Tags of objects: read from a header or a document, checked, kept with the object."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from vast_standin.http import ProtocolError, Response
from vast_standin.s3.call import Call
from vast_standin.s3.documents import (
    Node,
    malformed,
    only_children,
    parse_document,
    xml_response,
)
from vast_standin.s3.index import Stored
from vast_standin.s3.objects import check_key

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 10, 128, 256


def get_tagging(call: Call) -> Response:
    """GetObjectTagging: the tags last put."""
    call.need_bucket()
    call.check_version()
    thing = call.objects.find(call.bucket, call.key)
    tags: list[Node] = [
        ("Tag", [("Key", name), ("Value", value)])
        for name, value in thing.properties.tags.items()
    ]
    return xml_response("Tagging", [("TagSet", tags)])


def put_tagging(call: Call) -> Response:
    """PutObjectTagging: replaces all tags; at most ten."""
    call.need_bucket()
    call.check_version()
    thing = call.objects.find(call.bucket, call.key)
    _retag(call, thing, tags_of_document(parse_document(call.document(), "Tagging")))
    return Response()


def delete_tagging(call: Call) -> Response:
    """DeleteObjectTagging."""
    call.need_bucket()
    call.check_version()
    _retag(call, call.objects.find(call.bucket, call.key), {})
    return Response(status=204)


def tags_of_header(text: str) -> dict[str, str]:
    """Return the tags of `x-amz-tagging`; raise 400 for what S3 refuses there."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise _not_a_query() from None
    if len(dict(pairs)) < len(pairs):
        raise _not_a_query()
    return _checked(pairs)


def tags_of_document(root: "Element") -> dict[str, str]:
    """Return the tags of a Tagging document; raise 400 for what S3 refuses there."""
    only_children(root, "TagSet", required=True)
    pairs = []
    for tag in root.findall("TagSet/*"):
        key, value = tag.find("Key"), tag.find("Value")
        if tag.tag != "Tag" or key is None or value is None:
            raise malformed("Tagging")
        pairs.append((key.text or "", value.text or ""))
    if len(dict(pairs)) < len(pairs):
        raise _invalid("Cannot provide multiple Tags with the same key")
    return _checked(pairs)


def _checked(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    tags = dict(pairs)
    if len(tags) > MOST_TAGS:
        raise _invalid(f"an object has at most {MOST_TAGS} tags")
    for key, value in tags.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            raise _invalid(f"The TagKey has 1 to {LONGEST_KEY} characters")
        if len(value) > LONGEST_VALUE:
            raise _invalid(f"The TagValue has at most {LONGEST_VALUE} characters")
    return tags


def _retag(call: Call, thing: Stored, tags: dict[str, str]) -> None:
    check_key(thing.key)
    call.objects.amend(thing, replace(thing.properties, tags=tags))


def _invalid(message: str) -> ProtocolError:
    return ProtocolError(400, "InvalidTag", message)


def _not_a_query() -> ProtocolError:
    return ProtocolError(
        400,
        "InvalidArgument",
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
        "parameters without tag name duplicates.",
    )
