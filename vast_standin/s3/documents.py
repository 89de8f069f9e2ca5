"""S3's XML documents: made from nested pairs, read without trusting the sender."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from vast_standin.http import ProtocolError, Response

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
HOST_ID = "vast-standin"
"""What names the machine in a reply, beside the number of the request."""
Node = tuple[str, "str | int | bool | Sequence[Node]"]
"""Name and content of an element; attributes may follow the name, after a blank."""


def make_document(root: str, children: Iterable[Node]) -> bytes:
    """Return an XML document of the S3 namespace."""
    inner = "".join(_element(child) for child in children)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{inner}</{root}>'
    return text.encode()


def xml_response(root: str, children: Iterable[Node]) -> Response:
    """Return a 200 with an XML document."""
    return Response(
        headers={"Content-Type": "application/xml"}, body=make_document(root, children)
    )


def make_error(error: ProtocolError, resource: str, request_id: str) -> bytes:
    """Return the error document every client of the data port reads (no namespace)."""
    children: list[Node] = [
        ("Code", error.code),
        ("Message", error.message),
        *error.details.items(),
        ("Resource", resource),
        ("RequestId", request_id),
        ("HostId", HOST_ID),
    ]
    inner = "".join(_element(child) for child in children)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


def parse_document(body: bytes, root: str) -> Element:
    """Return the root element with namespaces removed; raise 400 MalformedXML."""
    # Imported here: expat costs 10 ms at start and few clients send documents.
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        element: Element = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError):
        raise malformed(root) from None
    for node in element.iter():
        node.tag = node.tag.rpartition("}")[2]
    if element.tag != root:
        raise malformed(root)
    return element


def only_children(root: Element, name: str, *, required: bool = False) -> None:
    """Raise 400 MalformedXML if an element holds others than these."""
    if any(node.tag != name for node in root) or (required and not len(root)):
        raise malformed(root.tag)


def iso_time(seconds: float) -> str:
    """Return Unix time as S3 documents write it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_time(seconds: float) -> str:
    """Return Unix time as HTTP headers write it."""
    return formatdate(int(seconds), usegmt=True)


def _element(node: Node) -> str:
    name, value = node
    end = name.partition(" ")[0]
    if isinstance(value, bool):
        return f"<{name}>{str(value).lower()}</{end}>"
    if isinstance(value, (str, int)):
        return f"<{name}>{_escape(str(value))}</{end}>"
    return f"<{name}>{''.join(_element(child) for child in value)}</{end}>"


def _escape(text: str) -> str:
    return escape(
        "".join(c if c >= " " or c in "\t\n" else "�" for c in text), {"\r": "&#13;"}
    )


def malformed(root: str) -> ProtocolError:
    """Return the error 400 of a body that is not the document of a call."""
    return ProtocolError(400, "MalformedXML", f"The body is not a {root} document.")
