"""Answers of services on their way to a file: limits of bytes and of time, safe redirects.

A service may send without end, a byte a minute, or from somewhere else. The answer goes
to a file in pieces; whatever ends it early removes the file.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from orbital_kernel.errors import ArchiveError

CHUNK = 1 << 16
CONNECT_S = 30.0
SILENT_S = 300.0
REDIRECTS = 5


@dataclass(frozen=True)
class Limits:
    """The most that one answer may have: bytes unpacked, seconds from request to end."""

    size_bytes: int = 256 << 20
    seconds: float = 1800.0


@dataclass
class Download:
    """One answer in a file, or the error that ended it."""

    path: Path
    status: int = 0
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    response: requests.Response | None = None
    stopped: threading.Event = field(default_factory=threading.Event)


class Session(requests.Session):
    """A session that waits a limited time and follows redirects to web pages only."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = REDIRECTS

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request with limits on silence; the answer's body is not read yet."""
        limits = {"timeout": (CONNECT_S, SILENT_S), "stream": True}
        return super().request(*arguments, **{**options, **limits})

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a redirect leads; ArchiveError if not to a web page as safe."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        before, after = urlsplit(resp.url), urlsplit(urljoin(resp.url, target))
        if after.scheme not in {"https", before.scheme}:
            resp.close()
            raise ArchiveError(
                f"{plain(resp.url)} redirects to {plain(target)!r}, which is not a page of "
                f"{before.scheme} or https: refused"
            )
        _pass_body(resp)
        return target


def _pass_body(resp: requests.Response) -> None:
    """Read the short body of a redirect, which requests would read to any length."""
    body = resp.raw.read(CHUNK, decode_content=False)
    if len(body) == CHUNK:
        resp.close()
        raise ArchiveError(f"{plain(resp.url)} redirects with an endless page: refused")
    resp._content, resp._content_consumed = b"", True  # noqa: SLF001


def download(
    send: Callable[[], requests.Response], path: Path, limits: Limits
) -> Download:
    """Send a request and write its answer to `path`.

    Raises ArchiveError for an answer above the limits, and whatever the request raises; the
    file is removed then.
    """
    result = Download(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    worker = threading.Thread(
        target=_receive, args=(send, result, limits), name="download", daemon=True
    )
    worker.start()
    worker.join(limits.seconds)
    if worker.is_alive():
        result.stopped.set()
        if result.response is not None:
            result.response.close()
        path.unlink(missing_ok=True)
        raise ArchiveError(
            f"the answer was not complete after {limits.seconds:g} s: stopped; ask for less "
            "(SELECT TOP, WHERE), or page by page"
        )
    if result.error is not None:
        path.unlink(missing_ok=True)
        raise result.error
    return result


def _receive(
    send: Callable[[], requests.Response], result: Download, limits: Limits
) -> None:
    """Write the answer piece by piece; runs in a thread, which keeps its error."""
    try:
        response = result.response = send()
        result.status, result.reason = response.status_code, plain(response.reason)
        result.headers = dict(response.headers.lower_items())
        _save(response, result, limits.size_bytes)
    except (
        ArchiveError,
        OSError,
        ValueError,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
    ) as error:
        result.error = error
    finally:
        if result.response is not None:
            result.response.close()
        if result.stopped.is_set():
            result.path.unlink(missing_ok=True)


def _save(response: requests.Response, result: Download, most: int) -> None:
    size = 0
    with result.path.open("wb") as file:
        while data := response.raw.read1(CHUNK, decode_content=True):
            size += len(data)
            if size > most:
                raise ArchiveError(
                    f"the answer has more than {most:,} bytes: stopped; ask page by page"
                )
            if result.stopped.is_set():
                return
            file.write(data)


def plain(text: object) -> str:
    """Return text of a service for a message: short, on one line, without controls."""
    line = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(line.split())[:500]
