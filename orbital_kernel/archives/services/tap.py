"""TAP services of the archives, queried with retries and a cache: the only importer of pyvo.

Each reply is streamed to a file within limits, looked at before it is read (formats.votable)
and cached as received, by its query: the same query again needs no network.
A service that is busy, or breaks off, is queried again after a pause; one that
answers with an error of the query is not. Source: ivoa.net/documents/TAP.
"""

import hashlib
import io
import json
import os
import time as clock
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import urllib3
from astropy.io.votable.exceptions import VOTableSpecError
from astropy.table import Table

from orbital_kernel.archives.faults import data_errors
from orbital_kernel.archives.formats import votable
from orbital_kernel.archives.services.streams import (
    Download,
    Limits,
    Session,
    download,
    plain,
)
from orbital_kernel.errors import ArchiveError, ConfigError

SERVICES = {
    "heasarc": "https://heasarc.gsfc.nasa.gov/xamin/vo/tap",
    "csc2": "http://cda.cfa.harvard.edu/csc2tap",
    "csc21": "http://cda.cfa.harvard.edu/csc21tap",
    "csc21-snapshot": "http://cda.cfa.harvard.edu/csc21_snapshot_tap",
}
"""Known services by short name; any other is given by its URL.

HEASARC's is the one NASA's NAVO workshops ask (github.com/NASA-NAVO/aas_workshop_2018).
"""

TRIES = 5
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
BUSY = {429, 500, 502, 503, 504}
HEAD = 120
REFUSED = (
    requests.TooManyRedirects,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
"""Errors that come again however often one asks."""


@dataclass(frozen=True)
class Reply:
    """One answer: its rows, whether the service cut it, and where it came from."""

    table: Table
    overflow: bool
    cached: bool
    asked_at: str
    sha256: str


class Tap:
    """One service, with the folder its replies are kept in."""

    def __init__(
        self,
        service: str,
        cache: Path,
        *,
        offline: bool = False,
        refresh: bool = False,
        tries: int = TRIES,
        pause: Callable[[float], None] = clock.sleep,
        limits: Limits | None = None,
    ) -> None:
        self.url = url_of(service)
        self.request_count = 0
        self._cache = cache
        self._offline = offline
        self._refresh = refresh
        self._tries = tries
        self._pause = pause
        self._limits = limits or Limits()

    def ask(
        self,
        adql: str,
        *,
        uploads: Mapping[str, Table] | None = None,
        maxrec: int | None = None,
    ) -> Reply:
        """Return the service's answer to a query, from the cache if it is there.

        Uploaded tables are named TAP_UPLOAD.<name> in the query. Raises ArchiveError
        for a query the service refuses, for an answer that is not a VOTable, for a service that
        does not answer after several tries, and offline for queries that are not in the cache.
        """
        sent = {name: _votable(table) for name, table in (uploads or {}).items()}
        cached = self._cache / f"{_key(self.url, adql, sent, maxrec)}.vot"
        if cached.is_file() and not self._refresh:
            return self._cached(cached)
        if self._offline:
            raise ArchiveError(
                f"no answer of {self.url} is in the cache, and --offline forbids "
                f"requests: {adql!r}; run it once without --offline"
            )
        part = cached.with_name(f"{cached.name}.{os.getpid()}.part")
        try:
            self._patiently(adql, sent, maxrec, part)
            reply = _parsed(part, self.url, cached=False, asked_at=_now())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        note = {
            "service": self.url,
            "query": adql,
            "asked": reply.asked_at,
            "uploads": sorted(sent),
        }
        _write(cached.with_suffix(".json"), json.dumps(note, indent=1).encode())
        part.replace(cached)
        return reply

    def _cached(self, path: Path) -> Reply:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return _parsed(path, self.url, cached=True, asked_at=note["asked"])

    def _patiently(
        self,
        adql: str,
        uploads: Mapping[str, bytes],
        maxrec: int | None,
        part: Path,
    ) -> None:
        """Repeat until the answer is complete; pauses double, or are as long as requested."""
        why = ""
        for number in range(self._tries):
            try:
                return self._once(adql, uploads, maxrec, part)
            except _Again as error:
                why = str(error)
                if number + 1 < self._tries:
                    longer = min(FIRST_PAUSE_S * 2**number, LONGEST_PAUSE_S)
                    self._pause(error.after_s or longer)
        raise ArchiveError(
            f"{self.url} did not answer in {self._tries} tries: {why}; ask again later, "
            "answers that came are kept"
        )

    def _once(
        self,
        adql: str,
        uploads: Mapping[str, bytes],
        maxrec: int | None,
        part: Path,
    ) -> None:
        self.request_count += 1
        query = _query(self.url, adql, uploads, maxrec)
        try:
            answer = download(lambda: query.submit(post=True), part, self._limits)
        except ArchiveError as error:
            raise ArchiveError(f"{self.url}: {error}") from error
        except REFUSED as error:
            raise ArchiveError(f"{self.url} cannot be asked: {plain(error)}") from error
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            raise _Again(f"the connection broke: {plain(error)}") from error
        with part.open("rb") as file:
            head = file.read(4000)
        if answer.status in BUSY and b"VOTABLE" not in head.upper():
            status = f"{answer.status} {answer.reason}"
            raise _Again(status, after_s=_after(answer.headers.get("retry-after")))
        if answer.status in (401, 403, 404):
            raise ArchiveError(
                f"{self.url} answered {answer.status} {answer.reason}: is it "
                f"the address of a TAP service? known are {', '.join(SERVICES)}"
            )
        _check_whole(answer, head, self.url)


class _Again(Exception):
    """Something that may pass: ask again, after so many seconds if given."""

    def __init__(self, why: str, *, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


def url_of(service: str) -> str:
    """Return a service's address by its short name, or the address itself."""
    if service in SERVICES:
        return SERVICES[service]
    if service.startswith(("http://", "https://")):
        return service.rstrip("/")
    raise ConfigError(
        f"there is no TAP service {service!r}: give one of {', '.join(SERVICES)} or a URL"
    )


def _query(
    url: str, adql: str, uploads: Mapping[str, bytes], maxrec: int | None
) -> Any:
    pyvo = _pyvo()
    files = {name: io.BytesIO(content) for name, content in uploads.items()}
    return pyvo.dal.TAPQuery(url, adql, maxrec=maxrec, uploads=files, session=Session())


def _pyvo() -> Any:
    try:
        import pyvo  # noqa: PLC0415 an optional extra, slow to import
    except ImportError as error:
        raise ConfigError(
            "archives over the network need pyvo: pip install 'orbital[archives]'"
        ) from error
    return pyvo


def _check_whole(answer: Download, head: bytes, url: str) -> None:
    """Distinguish a cut answer, which is requested again, from one that is not a VOTable."""
    if b"VOTABLE" not in head.upper():
        kind = plain(answer.headers.get("content-type", "no type"))
        shown = head[:HEAD].decode("utf-8", "replace")
        raise ArchiveError(
            f"{url} answered with {kind}, not with a VOTable: {shown!r}; it may be under "
            "maintenance, or not a TAP service"
        )
    try:
        votable.structure(answer.path)
    except votable.BrokenXmlError as error:
        raise _Again(f"the answer is cut or broken: {error}") from error
    except ArchiveError as error:
        raise ArchiveError(f"{url} answered with a hostile VOTable: {error}") from error


def _parsed(path: Path, url: str, *, cached: bool, asked_at: str) -> Reply:
    pyvo = _pyvo()
    from astropy.io.votable import parse  # noqa: PLC0415 with pyvo

    overflow = votable.structure(path).overflow
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # an overflow is reported by the one who asks
            results = pyvo.dal.TAPResults(parse(file, verify="ignore"), url=url)
            table = results.to_table()
    except pyvo.dal.DALQueryError as error:
        raise ArchiveError(f"{url} refuses the query: {plain(error)}") from error
    except data_errors(pyvo.dal.DALFormatError, VOTableSpecError) as error:
        raise ArchiveError(
            f"{url} answered with a broken VOTable: {plain(error)}"
        ) from error
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Reply(table, overflow, cached, asked_at, sha256)


def _votable(table: Table) -> bytes:
    sink = io.BytesIO()
    table.write(sink, format="votable")
    return sink.getvalue()


def _key(url: str, adql: str, uploads: Mapping[str, bytes], maxrec: int | None) -> str:
    sums = {n: hashlib.sha256(content).hexdigest() for n, content in uploads.items()}
    request = json.dumps([url, adql, sums, maxrec], sort_keys=True)
    return hashlib.sha256(request.encode()).hexdigest()


def _after(header: str | None) -> float | None:
    """Return the seconds of a Retry-After; None for a date."""
    return min(float(header), LONGEST_PAUSE_S) if header and header.isdigit() else None


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
