"""What storage needs of the management system and of the database.

`storage.vms.Vms` and `database.Store` satisfy these types; so do the fakes of the tests.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause
from orbital_kernel.storage.listing import Row
from orbital_kernel.storage.patience import Patience


class Vms(Protocol):
    """The management client: lists, creates, sets and deletes resources of a VMS."""

    address: str
    patience: Patience

    def listing(
        self, resource: str, /, *, paged: bool = False, **filters: Any
    ) -> list[Row]:
        """Return all rows of a resource; NotOffered if this VMS does not have it."""

    def get(self, resource: str, /, **params: Any) -> Any:
        """Return the answer to a GET."""

    def create(
        self, resource: str, fields: Mapping[str, Any], find: Callable[[], Row | None]
    ) -> Row:
        """Create one resource, once, and return its row; `find` looks it up."""

    def patch(self, resource: str, item: int, fields: Mapping[str, Any]) -> None:
        """Set fields of one resource."""

    def delete(self, resource: str, item: int) -> None:
        """Delete one resource."""

    def empty(self, path: str, tenant_id: int | None) -> None:
        """Delete everything in a folder."""


class Tables(Protocol):
    """The database: its tables and the rows in them."""

    def actual(self) -> Mapping[str, schema.Table]:
        """Return the tables that exist, by full name."""

    def create(self, full_name: str) -> None:
        """Create one table of schema.py."""

    def drop(self, full_name: str) -> None:
        """Drop one table with all its rows."""

    def arrange(self, full_name: str) -> None:
        """Add the projections of schema.py that a table lacks."""

    def widen(self, full_name: str) -> None:
        """Add the columns of schema.py that a table lacks."""

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Insert rows in one transaction and return how many."""

    def read(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Return the rows that satisfy the clauses."""

    def rows(self, full_name: str) -> int:
        """Return how many rows a table holds."""
