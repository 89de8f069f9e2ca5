"""Counters of each view's bucket, by read and write, sampled for time series."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

SAMPLE_SECONDS = 10.0
KEPT_SAMPLES = 8640
RECENT_S = 60.0


@dataclass
class Counts:
    """Running sums of one bucket; md counts metadata requests again."""

    read_ops: int = 0
    write_ops: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    read_ms: float = 0.0
    write_ms: float = 0.0
    read_md_ops: int = 0
    write_md_ops: int = 0
    read_md_ms: float = 0.0
    write_md_ms: float = 0.0

    def copy(self) -> "Counts":
        """Return a copy."""
        return Counts(**vars(self))

    def minus(self, other: "Counts") -> "Counts":
        """Return what was added since another state."""
        return Counts(**{n: v - getattr(other, n) for n, v in vars(self).items()})

    def plus(self, other: "Counts") -> "Counts":
        """Return the sum of two."""
        return Counts(**{n: v + getattr(other, n) for n, v in vars(self).items()})


@dataclass(frozen=True)
class Client:
    """Who did something, from where, to which bucket."""

    user: str
    address: str
    bucket: str


@dataclass(frozen=True)
class Sample:
    """The counters of all buckets and some gauges at one moment (Unix time)."""

    at: float
    counts: dict[str, Counts]
    gauges: dict[str, float]

    def total(self, buckets: Iterable[str] | None) -> Counts:
        """Return the sum over some buckets, over all buckets for None."""
        total = Counts()
        for bucket in self.counts if buckets is None else buckets:
            if bucket in self.counts:
                total = total.plus(self.counts[bucket])
        return total


@dataclass
class Meters:
    """Counters by bucket and their samples over a day; thread-safe."""

    _counts: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    _samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT_SAMPLES))
    _clients: dict[Client, Counts] = field(default_factory=lambda: defaultdict(Counts))
    _recent: deque[tuple[float, dict[Client, Counts]]] = field(default_factory=deque)
    _sampled: dict[Client, Counts] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(
        self,
        client: Client,
        *,
        writes: bool,
        metadata: bool,
        sizes: tuple[int, int],
        ms: float,
    ) -> None:
        """Add one request: bytes in and out, and its time in milliseconds."""
        with self._lock:
            for counts in (self._counts[client.bucket], self._clients[client]):
                if metadata and writes:
                    counts.write_md_ops += 1
                    counts.write_md_ms += ms
                elif metadata:
                    counts.read_md_ops += 1
                    counts.read_md_ms += ms
                if writes:
                    counts.write_ops += 1
                    counts.write_bytes += sizes[0]
                    counts.write_ms += ms
                else:
                    counts.read_ops += 1
                    counts.read_bytes += sizes[1]
                    counts.read_ms += ms

    def clients(self) -> dict[Client, Counts]:
        """Return the present counters by client."""
        with self._lock:
            return {client: counts.copy() for client, counts in self._clients.items()}

    def take_clients(self) -> dict[Client, Counts]:
        """Return what clients did since the last call, without idle ones."""
        now = self.clients()
        with self._lock:
            before, self._sampled = self._sampled, now
        done = {c: n.minus(before[c]) if c in before else n for c, n in now.items()}
        return {c: counts for c, counts in done.items() if counts != Counts()}

    def recent_clients(self) -> tuple[float, dict[Client, Counts]]:
        """Return what clients did in the last minute, and how many seconds that is."""
        now = self.clients()
        with self._lock:
            at, before = self._recent[0] if self._recent else (time.time(), {})
        done = {c: n.minus(before.get(c, Counts())) for c, n in now.items()}
        return max(time.time() - at, 1e-3), done

    def now(self) -> dict[str, Counts]:
        """Return the present counters by bucket."""
        with self._lock:
            return {bucket: counts.copy() for bucket, counts in self._counts.items()}

    def sample(self, gauges: dict[str, float]) -> None:
        """Keep the present counters as a point of the time series."""
        point, clients = Sample(time.time(), self.now(), gauges), self.clients()
        with self._lock:
            self._samples.append(point)
            self._recent.append((point.at, clients))
            while len(self._recent) > 1 and self._recent[1][0] < point.at - RECENT_S:
                self._recent.popleft()

    def sample_if_older(
        self, seconds: float, gauges: Callable[[], dict[str, float]]
    ) -> None:
        """Take a sample if the last one is older than some seconds."""
        with self._lock:
            last = self._samples[-1].at if self._samples else 0.0
        if time.time() - last > seconds:
            self.sample(gauges())

    def samples(self, since: float) -> list[Sample]:
        """Return the points at and after a time, and the one before it, oldest first."""
        with self._lock:
            points = list(self._samples)
        earlier = [point for point in points if point.at < since][-1:]
        return earlier + [point for point in points if point.at >= since]
