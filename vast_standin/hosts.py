"""Buckets named in the Host header, as S3 clients address them by default."""

import ipaddress
import socket
from dataclasses import replace

from vast_standin.http import Request

_NAMES = ("localhost", "localhost.localdomain", socket.gethostname().lower())


def path_style(request: Request) -> Request:
    """Return a request with its bucket in the path, wherever it was named."""
    bucket = _bucket(_host(request))
    if not bucket:
        return request
    return replace(request, path=f"/{bucket}{request.path}")


def hint(request: Request) -> str:
    """Return what to do where a Host might name a bucket of an unknown domain."""
    host = _host(request)
    if _bucket(host) or host in _NAMES or "." not in host or _is_address(host):
        return ""
    return (
        f" The Host {host} names no bucket here: put the bucket into the path (path "
        f"style), or use BUCKET.{_NAMES[0]}."
    )


def _bucket(host: str) -> str:
    for name in _NAMES:
        if host.endswith(f".{name}") and host not in _NAMES:
            return host.removesuffix(f".{name}")
    return ""


def _host(request: Request) -> str:
    host = request.headers.get("host", "").lower()
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
