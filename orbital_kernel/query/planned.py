"""Queries of a database without a session: planned, not recorded in the ledger."""

from orbital_kernel.database import Store
from orbital_kernel.query.answer import Answer
from orbital_kernel.query.question import Query
from orbital_kernel.query.running import run


class Planned:
    """Answers queries of a database, for callers that have no session."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def query(
        self,
        query: Query,
        *,
        kind: str = "query",  # noqa: ARG002 - as of Asks
        estimate: bool = False,
    ) -> Answer:
        """Answer one query; `kind` would label it in the ledger."""
        return run(query, self.store, estimate=estimate)
