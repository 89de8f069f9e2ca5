"""One VMS request parsed: resource, id, action, query, JSON body, tenant, manager."""

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from vast_standin.digits import whole
from vast_standin.http import ProtocolError, Request
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.senders import media_type

BODY_LIMIT = 1 << 20
_VERSION = re.compile(r"(latest|v\d+(\.\d+)*)\Z")


@dataclass(frozen=True)
class VmsCall:
    """A request to the VMS REST interface."""

    method: str
    parts: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: Record
    request: Request
    manager: str
    tenant: Record | None = None

    @property
    def route(self) -> str:
        """Return the path with ids replaced by {id}."""
        return "/".join(
            "{id}" if i == 1 and _is_id(p) else p for i, p in enumerate(self.parts)
        )

    @property
    def id(self) -> int:
        """Return the id in the path; raise 404 if there is none."""
        if len(self.parts) > 1 and _is_id(self.parts[1]):
            return int(self.parts[1])
        raise ProtocolError(404, "NotFound", "Not found.")

    def parameter(self, name: str, default: str = "") -> str:
        """Return a query parameter, the last if it is repeated."""
        return dict(self.query).get(name, default)

    def link(self, **changes: int) -> str:
        """Return the address of this request with some parameters changed."""
        others = [pair for pair in self.query if pair[0] not in changes]
        query = urlencode([*changes.items(), *others])
        host = self.request.headers.get("host", "")
        return f"https://{host}/api/latest/{'/'.join(self.parts)}/?{query}"

    def many(self, name: str) -> list[str]:
        """Return all values of a repeated or comma-separated query parameter."""
        values = [value for key, value in self.query if key == name]
        return [part for value in values for part in value.split("|") if part]


def parse_parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path below /api/ without the version; raise 404 otherwise."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] != "api":
        raise ProtocolError(404, "NotFound", "the interface is below /api/")
    resource = parts[1:]
    if resource and _VERSION.match(resource[0]):
        resource = resource[1:]
    if not resource or not resource[0]:
        raise ProtocolError(404, "NotFound", "no resource is named")
    return tuple(resource)


def parse_body(request: Request) -> Record:
    """Return the JSON object of a body, empty if there is none; raise 400."""
    if not request.content_length:
        return {}
    text = request.body.read(BODY_LIMIT + 1)
    if len(text) > BODY_LIMIT:
        raise bad_request(f"bodies are limited to {BODY_LIMIT} bytes")
    if not text:
        return {}
    if (kind := media_type(request)) != "application/json":
        raise ProtocolError(
            415,
            "UnsupportedMediaType",
            f"a body is application/json here, not {kind or 'without a content type'}",
        )
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON") from None
    if not isinstance(body, dict):
        raise bad_request("the body is not a JSON object")
    return body


def _is_id(part: str) -> bool:
    return whole(part) is not None
