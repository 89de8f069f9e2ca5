"""Injected faults, for tests only.

A fault names what happens (``slow``, ``slowdown``, ``unavailable``, ``conflict``,
``full``, ``cut``), to which requests, and how many times.  Without ``--faults`` none
can be added.
"""

import itertools
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

from vast_standin.http import ProtocolError, Request, Response
from vast_standin.listener import CutStream

_ERRORS = {
    "slowdown": (503, "SlowDown", "Please reduce your request rate."),
    "unavailable": (503, "ServiceUnavailable", "Please try again later."),
    "conflict": (409, "Conflict", "A conflicting operation is in progress."),
    "full": (507, "InsufficientCapacity", "No space is left on the device."),
    "throttle": (429, "TooManyRequests", "Request was throttled."),
}
KINDS = (*_ERRORS, "slow", "cut")


@dataclass(frozen=True)
class Fault:
    """One fault: on requests whose method and target contain the given texts."""

    kind: str
    port: str = "data"
    method: str = ""
    target: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 0.1
    after_bytes: int = 0
    id: int = 0

    def meets(self, request: Request) -> bool:
        """Return whether the fault applies to a request."""
        target = f"{request.path}?{request.raw_query}"
        return self.method in ("", request.method) and self.target in target


@dataclass
class Faults:
    """The pending faults; thread-safe."""

    enabled: bool = False
    port: str = "data"
    _waiting: dict[int, Fault] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Add a fault and return it; raise ProtocolError if it is not valid."""
        if not self.enabled:
            raise ProtocolError(404, "NotFound", "faults are off: start with --faults")
        unknown = set(fields) - (set(Fault.__annotations__) - {"id"})
        if unknown or fields.get("kind") not in KINDS:
            raise ProtocolError(
                400,
                "BadRequest",
                f"give kind ({', '.join(KINDS)}), not {sorted(unknown)}",
            )
        fault = Fault(**fields)  # type: ignore[arg-type]
        with self._lock:
            fault = replace(fault, id=next(self._numbers))
            self._waiting[fault.id] = fault
        return asdict(fault)

    def all(self) -> list[dict[str, object]]:
        """Return the pending faults."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting.values()]

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def before(self, request: Request, port: str = "data") -> None:
        """Apply the faults that precede an answer."""
        if not self._waiting:
            return
        for fault in self._take(request, port, exclude="cut"):
            if fault.kind == "slow":
                time.sleep(fault.seconds)
            else:
                raise ProtocolError(*_ERRORS[fault.kind])

    def after(
        self, request: Request, response: Response, port: str = "data"
    ) -> Response:
        """Cut a stream if a fault requires it."""
        if not self._waiting:
            return response
        for fault in self._take(request, port, only="cut"):
            response.body = _Cut(response.body, fault.after_bytes)
        return response

    def _take(
        self, request: Request, port: str, *, only: str = "", exclude: str = ""
    ) -> list[Fault]:
        applied = []
        with self._lock:
            for fault in list(self._waiting.values()):
                fits = fault.port == port and (not only or fault.kind == only)
                if not fits or fault.kind == exclude or not fault.meets(request):
                    continue
                if fault.skip:
                    self._waiting[fault.id] = replace(fault, skip=fault.skip - 1)
                    continue
                applied.append(fault)
                if fault.times == 1:
                    del self._waiting[fault.id]
                else:
                    self._waiting[fault.id] = replace(fault, times=fault.times - 1)
        return applied


class _Cut:
    """A body that ends in a closed connection after some bytes."""

    def __init__(self, body: bytes | Iterable[list[memoryview]], after: int) -> None:
        self._body = body
        self._remaining = after

    def __iter__(self) -> Iterator[list[memoryview]]:
        lists = (
            [[memoryview(self._body)]] if isinstance(self._body, bytes) else self._body
        )
        for views in lists:
            size = sum(view.nbytes for view in views)
            if size > self._remaining:
                joined = b"".join(views)
                yield [memoryview(joined)[: max(1, self._remaining)]]
                raise CutStream
            self._remaining -= size
            yield views
        raise CutStream

    def close(self) -> None:
        """Close the wrapped body."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
