"""Objects and bytes of each bucket, by owner; kept in memory."""

import threading

from vast_standin.s3.index import Index, Stored


class Usage:
    """Counted from the index at the start, then booked with every change."""

    def __init__(self, index: Index) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, tuple[int, int]]] = {}
        for bucket, owner, count, size in index.rows(
            "SELECT bucket, coalesce(json_extract(said, '$[4]'), ''), count(*), "
            "sum(size) FROM objects GROUP BY 1, 2"
        ):
            held = self._held.setdefault(str(bucket), {})
            held[str(owner)] = (int(str(count)), int(str(size)))

    def by_owner(self, bucket: str) -> dict[str, tuple[int, int]]:
        """Return count and bytes of a bucket's objects by owner."""
        with self._lock:
            return dict(self._held.get(bucket, {}))

    def book(self, thing: Stored, sign: int) -> None:
        """Add an object (sign 1) or subtract it (sign -1)."""
        with self._lock:
            held = self._held.setdefault(thing.bucket, {})
            count, size = held.pop(thing.properties.owner, (0, 0))
            if count + sign:
                held[thing.properties.owner] = (count + sign, size + sign * thing.size)
