"""Calls: what the session's methods rest on; the files `*_calls` are those methods."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

from orbital_kernel.database import Store
from orbital_kernel.query import Answer, Query


class Places(Protocol):
    """Who knows the positions of objects."""

    def position(self, name: str) -> tuple[float, float] | None:
        """Return RA and Dec of a name, ICRS deg; None if no table has it."""

    def place(self, name: str) -> dict[str, Any] | None:
        """Return the position of a name and its source."""


class Calls(ABC):
    """A session that answers queries, knows objects and has a database."""

    @abstractmethod
    def query(
        self, query: Query, *, kind: str = "query", estimate: bool = False
    ) -> Answer:
        """Answer one query.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> len(connect().query(Query("chandra.events", limit=2)).frame)
        2
        """

    @property
    @abstractmethod
    def objects(self) -> Places:
        """Objects in the data of all observatories."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """The database."""
