"""Work that overlaps: rows inserted while others are read, or fetched while others are summed.

Both wait for the database most of the time. Inserts of a transaction keep their order:
one thread sends them, and whoever reads is at most `AHEAD` batches before it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import pyarrow as pa

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

T = TypeVar("T")
AHEAD = 2


class Inserts:
    """Inserts of one transaction, sent in order by a thread; a context manager."""

    def __init__(self, tx: "Transaction") -> None:
        self._tx = tx
        self._sender = ThreadPoolExecutor(1, "ingest-insert")
        self._pending: deque[Future[int]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the thread, so that nothing is sent into a transaction that ends."""
        self._sender.shutdown(wait=True, cancel_futures=True)

    def add(self, table: str, rows: pa.Table) -> None:
        """Send rows once those before are sent; raises what an earlier insert raised."""
        while len(self._pending) >= AHEAD:
            self._pending.popleft().result()
        self._pending.append(self._sender.submit(self._tx.insert, table, rows))

    def finish(self) -> None:
        """Wait until all rows are sent."""
        while self._pending:
            self._pending.popleft().result()


def fetched_ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order; a thread fetches the next while the caller uses one."""
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1, "ingest-fetch") as fetcher:
        upcoming = fetcher.submit(next, iterator, end)
        while (item := upcoming.result()) is not end:
            upcoming = fetcher.submit(next, iterator, end)
            yield item  # type: ignore[misc]
