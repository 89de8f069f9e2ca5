"""Shared by the transactions of one session: the API, table metadata, read counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_kernel.database.cancel import CURRENT
from orbital_kernel.database.client import MoreToCome, ReadCounts, WatchedApi
from orbital_kernel.model.columns import Projection

if TYPE_CHECKING:
    from vastdb.table_metadata import TableMetadata


@dataclass
class Shared:
    """One database as seen by all transactions of one session."""

    database: str
    api: WatchedApi
    metadata: dict[str, "TableMetadata"] = field(default_factory=dict)
    projections: dict[str, tuple[float, dict[str, Projection]]] = field(
        default_factory=dict
    )

    @property
    def answers_alone(self) -> bool:
        """Whether the server answers single requests from one state, untransacted."""
        return self.api.answers_alone.is_set()

    def forget(self, full_name: str) -> None:
        """Drop the cached metadata of a table whose definition changed."""
        self.metadata.pop(full_name, None)
        self.projections.pop(full_name, None)

    def read_counts(self, query_id: str) -> ReadCounts:
        """Return the counts the server has reported so far for selects with that id."""
        with self.api.counts_lock:
            counts = self.api.counts.get(query_id, ReadCounts())
        return counts if counts.requests else ReadCounts()

    @contextmanager
    def first_page(self, query_id: str) -> Iterator[None]:
        """Leave the block if more pages follow, and restore the counts."""
        with self.api.counts_lock:
            before = self.api.counts.get(query_id)
        try:
            yield
        except MoreToCome:
            if before is not None:
                with self.api.counts_lock:
                    self.api.counts[query_id] = before

    @contextmanager
    def watched(self, query_id: str) -> Iterator[None]:
        """Count the rows read for selects with that id, inside the block."""
        with self.api.counts_lock:
            self.api.counts[query_id] = ReadCounts(0, 0)
            self.api.cancels[query_id] = CURRENT.get()
        try:
            yield
        finally:
            with self.api.counts_lock:
                del self.api.counts[query_id], self.api.cancels[query_id]
