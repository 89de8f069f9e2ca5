"""Requests that a web page makes a browser send are refused, whatever they carry.

A page of a stranger can send requests to this port from the same machine: it names itself
in Origin; by a name that it points to this machine in Host; or, with a form that needs no
permission of the browser, in a content type that is not JSON.
"""

import ipaddress
from urllib.parse import urlsplit

from vast_standin.http import ProtocolError, Request

FORMS = frozenset({"text/plain", "application/x-www-form-urlencoded"})


def check_sender(request: Request) -> None:
    """Raise 403 for a foreign Origin or Host, 415 for a body as forms of pages send it."""
    host = request.headers.get("host", "")
    if not _is_address(host):
        raise ProtocolError(
            403,
            "Forbidden",
            f"Host {host!r} is not this machine: use its address or localhost",
        )
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise ProtocolError(
            403, "Forbidden", f"requests of web pages are refused (Origin {origin!r})"
        )
    kind = media_type(request)
    if kind in FORMS:
        raise ProtocolError(
            415, "UnsupportedMediaType", f"a body is application/json here, not {kind}"
        )


def media_type(request: Request) -> str:
    """Return the type of a request's body, without its parameters."""
    text = request.headers.get("content-type", "")
    return text.partition(";")[0].strip().lower()


def _is_address(host: str) -> bool:
    """Return whether a Host header is an address, or localhost, with or without a port."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
