"""TAP services of the archives, queried with retries and a cache: the only importer of pyvo.

Each reply is cached as received, by its query: the same query again needs no network.
A service that is busy, or breaks off, is queried again after a pause; one that
answers with an error of the query is not. Source: ivoa.net/documents/TAP.
"""

import hashlib
import io
import json
import os
import time as clock
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import requests
import urllib3
from astropy.io.votable.exceptions import VOTableSpecError
from astropy.table import Table
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

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
TIMEOUT_S = 300.0
BUSY = {429, 500, 502, 503, 504}
HEAD = 120


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
    ) -> None:
        self.url = url_of(service)
        self.request_count = 0
        self._cache = cache
        self._offline = offline
        self._refresh = refresh
        self._tries = tries
        self._pause = pause

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
        raw = self._patiently(adql, sent, maxrec)
        reply = _parsed(raw, self.url, cached=False, asked_at=_now())
        note = {
            "service": self.url,
            "query": adql,
            "asked": reply.asked_at,
            "uploads": sorted(sent),
        }
        _write(cached, raw)
        _write(cached.with_suffix(".json"), json.dumps(note, indent=1).encode())
        return reply

    def _cached(self, path: Path) -> Reply:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return _parsed(path.read_bytes(), self.url, cached=True, asked_at=note["asked"])

    def _patiently(
        self, adql: str, uploads: Mapping[str, bytes], maxrec: int | None
    ) -> bytes:
        """Repeat until the answer is complete; pauses double, or are as long as requested."""
        why = ""
        for number in range(self._tries):
            try:
                return self._once(adql, uploads, maxrec)
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
        self, adql: str, uploads: Mapping[str, bytes], maxrec: int | None
    ) -> bytes:
        self.request_count += 1
        query = _query(self.url, adql, uploads, maxrec)
        try:
            response = query.submit(post=True)
            raw: bytes = response.content
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Again(f"the connection broke: {error}") from error
        if response.status_code in BUSY and b"VOTABLE" not in raw[:2000].upper():
            status = f"{response.status_code} {response.reason}"
            raise _Again(status, after_s=_after(response.headers.get("Retry-After")))
        if response.status_code in (401, 403, 404):
            raise ArchiveError(
                f"{self.url} answered {response.status_code} {response.reason}: is it "
                f"the address of a TAP service? known are {', '.join(SERVICES)}"
            )
        _check_whole(raw, response.headers.get("Content-Type", "no type"), self.url)
        return raw


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
    session = requests.Session()
    session.request = _timed(session.request)  # type: ignore[method-assign]
    files = {name: io.BytesIO(content) for name, content in uploads.items()}
    return pyvo.dal.TAPQuery(url, adql, maxrec=maxrec, uploads=files, session=session)


def _timed(request: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        return request(*arguments, **{"timeout": TIMEOUT_S, **options})

    return timed


def _pyvo() -> Any:
    try:
        import pyvo  # noqa: PLC0415 an optional extra, slow to import
    except ImportError as error:
        raise ConfigError(
            "archives over the network need pyvo: pip install 'orbital[archives]'"
        ) from error
    return pyvo


def _check_whole(raw: bytes, kind: str, url: str) -> None:
    """Distinguish a cut answer, which is requested again, from one that is not a VOTable."""
    if b"<VOTABLE" not in raw[:4000].upper():
        shown = raw[:HEAD].decode("utf-8", "replace")
        raise ArchiveError(
            f"{url} answered with {kind}, not with a VOTable: {shown!r}; it may be under "
            "maintenance, or not a TAP service"
        )
    try:
        ElementTree.fromstring(raw)
    except ParseError as error:
        raise _Again(f"the answer is cut or broken: {error}") from error
    except DefusedXmlException as error:
        raise ArchiveError(f"{url} answered with hostile XML: {error!r}") from error


def _parsed(raw: bytes, url: str, *, cached: bool, asked_at: str) -> Reply:
    pyvo = _pyvo()
    from astropy.io import votable  # noqa: PLC0415 with pyvo

    try:
        document = votable.parse(io.BytesIO(raw), verify="ignore")
        results = pyvo.dal.TAPResults(document, url=url)
        table = results.to_table()
    except pyvo.dal.DALQueryError as error:
        raise ArchiveError(f"{url} refuses the query: {error}") from error
    except (pyvo.dal.DALFormatError, VOTableSpecError, ValueError) as error:
        raise ArchiveError(f"{url} answered with a broken VOTable: {error}") from error
    overflow = any(
        info.name == "QUERY_STATUS" and info.value.upper() == "OVERFLOW"
        for resource in document.resources
        for info in (*resource.infos, *(i for t in resource.tables for i in t.infos))
    )
    return Reply(table, overflow, cached, asked_at, hashlib.sha256(raw).hexdigest())


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
