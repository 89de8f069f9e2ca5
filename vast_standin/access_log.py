"""The access log: one JSON object per line, rotated, without bodies, keys or signatures."""

import json
import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

from vast_standin.head import Head
from vast_standin.trace import Trace

LOG = logging.getLogger("vast_standin")
SIZE_LIMIT = 32 * 1024 * 1024
GENERATIONS = 3
_SECRET_NAMES = frozenset(
    {"x-amz-signature", "x-amz-credential", "x-amz-security-token", "signature"}
)


class AccessLog:
    """An append-only file of requests; thread-safe."""

    def __init__(self, path: Path, *, size_limit: int = SIZE_LIMIT) -> None:
        self._path = path
        self._limit = size_limit
        self._lock = threading.Lock()
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size
        self._lost = 0

    def write(
        self,
        port: str,
        head: Head | None,
        trace: Trace,
        status: int,
        sizes: tuple[int, int],
    ) -> None:
        """Add one request: port name, head, trace, status, bytes in and out."""
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "port": port,
            "id": trace.id,
            "method": head.method if head else "-",
            "path": head.path if head else "-",
            "query": _public(head) if head else {},
            "agent": head.headers.get("user-agent", "")[:120] if head else "",
            "user": trace.user,
            "action": trace.action,
            "status": status,
            "bytes_in": sizes[0],
            "bytes_out": sizes[1],
            "ms": trace.milliseconds,
            "stages_ms": trace.stages,
        }
        if trace.error:
            entry["error"] = trace.error
        self._append(json.dumps(entry, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Flush and close the file."""
        with self._lock:
            self._file.close()

    def _append(self, line: str) -> None:
        with self._lock:
            if self._file.closed:
                return
            try:
                if self._size > self._limit:
                    self._rotate()
                self._size += self._file.write(line.encode())
            except OSError as error:
                self._lose(error)
            else:
                self._lost = 0

    def _lose(self, error: OSError) -> None:
        """Go on without a line: requests are answered though none can be logged."""
        if not self._lost:
            LOG.warning("requests are not logged at present: %s", error)
        self._lost += 1

    def _rotate(self) -> None:
        self._file.close()
        for number in range(GENERATIONS - 1, 0, -1):
            older = self._path.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(self._path.with_suffix(f".log.{number + 1}"))
        self._path.replace(self._path.with_suffix(".log.1"))
        self._file = self._path.open("ab", buffering=0)
        self._size = 0


def _public(head: Head) -> dict[str, str]:
    return {
        name: value[:200]
        for name, value in head.query
        if name.lower() not in _SECRET_NAMES
    }
