"""The vendor's client with connections kept open and response headers read."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import requests
from vastdb import errors as vast_errors
from vastdb._internal import VastdbApi
from vastdb.config import BackoffConfig
from vastdb.table_metadata import TableMetadata
from vastdb.transaction import Transaction as VendorTransaction
from vastdb.transaction import TransactionNotActiveError

from orbital_kernel.database.cancel import CURRENT, Cancel
from orbital_kernel.database.pools import NotingAdapter
from orbital_kernel.errors import Cancelled, connection_reason

if TYPE_CHECKING:
    from concurrent.futures import Future

Result = TypeVar("Result")
ROWS_READ_HEADER = "x-orbital-rows-read"
GROUPS_READ_HEADER = "x-orbital-row-groups-read"
ROWS_STORED_HEADER = "x-orbital-rows-stored"
PROJECTION_HEADER = "x-orbital-projection"
CANCELLED = "the question was cancelled before it was answered"
NO_TRANSACTION = 0
READ_BYTES = 1 << 20
NO_COLUMN = "TabularMismatchColumnName"
OLDER = (
    "; a table of an earlier Orbital lacks columns: `orbital provision plan` lists "
    "them, `orbital provision apply` adds those of ops"
)


@dataclass(frozen=True)
class ReadCounts:
    """Counts the server reported for one select: rows and row groups opened, rows stored.

    None if the server does not report one. `projection` is the one read, "" the table.
    """

    rows_read: int | None = None
    groups_read: int | None = None
    requests: int = 0
    rows_stored: int | None = None
    projection: str | None = None


class Metadata(TableMetadata):  # type: ignore[misc]
    """Metadata that transactions share: the SDK copies it deeply for each of them."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Metadata":
        """Copy only the outside: statistics are replaced, never changed in place."""
        return copy.copy(self)


class WatchedApi(VastdbApi):  # type: ignore[misc]
    """The vendor's API with connections kept between selects and headers read.

    The SDK takes one API object per select and worker; a response finds its query by
    `asking` of the thread, or by the name the SDK gives its workers after
    `QueryConfig.query_id`.
    """

    counts: dict[str, ReadCounts]
    counts_lock: threading.Lock
    asking: threading.local
    twins: dict[tuple[str, ...], "WatchedApi"]
    answers_alone: threading.Event
    cancels: dict[str, Cancel | None]

    def with_endpoints(
        self, endpoints: list[str], *, backoff_config: BackoffConfig | None = None
    ) -> "WatchedApi":
        """Return an API for these endpoints that shares this one's connections."""
        key = tuple(endpoints)
        if backoff_config is None and key in self.twins:
            return self.twins[key]
        twin = WatchedApi(
            access_key=self.access_key,
            secret_key=self.secret_key,
            endpoints=endpoints,
            max_entities_per_page=self._max_entities_per_page,
            ssl_verify=self._ssl_verify,
            timeout=self.timeout,
            backoff_config=backoff_config or self.backoff_config,
            version_check=False,
        )
        twin._sessions = self._sessions
        twin.counts, twin.counts_lock = self.counts, self.counts_lock
        twin.asking, twin.twins = self.asking, self.twins
        twin.answers_alone, twin.cancels = self.answers_alone, self.cancels
        if backoff_config is None:
            self.twins[key] = twin
        return twin

    def __exit__(self, *args: object) -> None:
        """Keep the connections: they belong to the session, not to one select."""

    @contextmanager
    def asked_as(self, query_id: str) -> Iterator[None]:
        """Count what this thread reads under the id of a query."""
        self.asking.query_id, self.asking.pages = query_id, 0
        try:
            yield
        finally:
            self.asking.query_id = ""

    def query_data(self, *arguments: Any, **options: Any) -> requests.Response:
        """Request data; without a transaction only the first page."""
        if options.get("txid") == NO_TRANSACTION:
            if self.asking.pages:
                raise MoreToCome
            self.asking.pages = 1
        response: requests.Response = super().query_data(*arguments, **options)
        return response

    def retried(self, call: Callable[[], Result]) -> Result:
        """Make a read-only call, repeated as the vendor's client would."""
        again: Callable[[], Result] = self._backoff_decorator(self._until_set(call))
        return again()

    def cancel(self) -> Cancel | None:
        """Return what cancels the query that this thread reads for."""
        return CURRENT.get() or self.cancels.get(self._query_id())

    def _single_request(self, **options: Any) -> requests.Response:
        send = super()._single_request
        response: requests.Response = self._until_set(lambda: send(**options))()
        return response

    def _until_set(self, call: Callable[[], Result]) -> Callable[[], Result]:
        """Return a call whose failure is Cancelled, and final, once it is cancelled."""

        def run() -> Result:
            cancel = self.cancel()
            if cancel is None:
                return call()
            if cancel.is_set:
                raise Cancelled(CANCELLED)
            try:
                return call()
            except Exception as error:
                if cancel.is_set:
                    raise Cancelled(CANCELLED) from error
                raise

        return run

    def _session_create(self, url: Any) -> requests.Session:
        session: requests.Session = super()._session_create(url)
        # Proxies and authorities of the environment, looked up once: `requests` would
        # do it at each call, which is a third of the time a small one takes.
        merged = session.merge_environment_settings(str(url), {}, None, None, None)
        session.proxies, session.verify = merged["proxies"], merged["verify"]
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, NotingAdapter(self.cancel))
        session.hooks["response"].append(self._note)
        return session

    def _query_id(self) -> str:
        """Return the id of the query that this thread reads for, '' of none."""
        query_id: str = getattr(self.asking, "query_id", "")
        name = threading.current_thread().name
        if not query_id and name.startswith("query-data-"):
            query_id = name.removeprefix("query-data-").rpartition("_")[0]
        return query_id

    def _note(
        self, response: requests.Response, *, stream: bool = False, **_: object
    ) -> None:
        if not stream:
            _read_at_once(response)
        query_id = self._query_id()
        if not query_id:
            return
        headers = response.headers
        stored = headers.get(ROWS_STORED_HEADER)
        projection = headers.get(PROJECTION_HEADER)
        if stored is not None:
            # Only the embedded platform reports how many rows are stored. It also
            # answers requests of transaction 0 from one state; clusters may not.
            self.answers_alone.set()
        with self.counts_lock:
            before = self.counts.get(query_id)
            if before is not None:
                self.counts[query_id] = ReadCounts(
                    _sum(before.rows_read, headers.get(ROWS_READ_HEADER)),
                    _sum(before.groups_read, headers.get(GROUPS_READ_HEADER)),
                    before.requests + 1,
                    None if stored is None else int(stored),
                    None if projection is None else unquote(projection),
                )


def _read_at_once(response: requests.Response) -> None:
    """Read a body in large parts: `requests` takes 10 kB at a time, a row id has 16 bytes."""
    parts = response.iter_content(READ_BYTES)
    response._content = b"".join(parts)  # noqa: SLF001 what `content` returns


class Reading(VendorTransaction):  # type: ignore[misc]
    """A transaction begun in the background, or when it is first needed."""

    begin: Callable[[], "Future[int]"]
    begun: "Future[int] | None" = None
    closed = False

    @property
    def is_active(self) -> bool:
        """Whether it is still open."""
        return not self.closed

    @property
    def active_txid(self) -> int:
        """The transaction's number; raises the error with which beginning it failed."""
        if self.closed:
            raise TransactionNotActiveError
        if self.begun is None:
            self.begun = self.begin()
        return self.begun.result()


class MoreToCome(Exception):
    """An answer without a transaction is not complete."""


def say(error: Exception) -> str:
    """Return the vendor's error in one sentence."""
    if isinstance(error, vast_errors.HttpError):
        reason = f"the database answered {error.code or error.status}: {error.message or 'no reason'}"
        return reason + (OLDER if error.code == NO_COLUMN else "")
    cause = getattr(error, "cause", error)
    if isinstance(cause, requests.exceptions.RequestException):
        request = cause.request
        place = f" at {urlsplit(str(request.url)).netloc}" if request else ""
        return (
            f"the database{place} does not answer ({connection_reason(cause)}): it was "
            "stopped, or the network is interrupted; see `orbital status`, then run it "
            "again"
        )
    return str(cause)


def _sum(before: int | None, header: str | None) -> int | None:
    return None if before is None or header is None else before + int(header)
