"""One public call: tables without rows are not asked, and no query is asked twice."""

import threading
from typing import TYPE_CHECKING

from orbital_kernel.database import Store
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Query, empty_answer
from orbital_kernel.questions.asking import Session

if TYPE_CHECKING:
    from concurrent.futures import Future

ALWAYS = frozenset({"cross.names"})
"""Tables that are asked without counting: the first query of most calls is of them."""


class OneCall:
    """A session during one call.

    How many rows each table holds is asked once, when one of them is first needed: in
    one request per observatory, side by side. A query of a table without
    rows is answered here; rows that are committed later during the call are not seen.

    Parameters
    ----------
    orbital : Session
        Answers the queries, and has the database.
    """

    def __init__(self, orbital: Session) -> None:
        self._orbital = orbital
        self._lock = threading.Lock()
        self._counts: dict[str, Future[dict[str, int]]] = {}
        self._answers: dict[str, Answer] = {}

    @property
    def store(self) -> Store:
        """The database."""
        return self._orbital.store

    def query(
        self, query: Query, *, kind: str = "query", estimate: bool = False
    ) -> Answer:
        """Answer one query; `kind` labels it in the ledger."""
        answer = self.at_once(query)
        if answer is None or estimate:
            answer = self._orbital.query(query, kind=kind, estimate=estimate)
            if query.where is None:
                self._answers[repr(query)] = answer
        return answer

    def at_once(self, query: Query) -> Answer | None:
        """Return the answer if the database need not be asked."""
        if self._is_empty(query.table):
            return empty_answer(query, self.store)
        return None if query.where is not None else self._answers.get(repr(query))

    def _is_empty(self, table: str) -> bool:
        """Whether the database has the table, without rows."""
        if table in ALWAYS:
            return False
        namespace, _, name = table.partition(".")
        with self._lock:
            if namespace not in self._counts:
                every = tuple(observatories())
                for each in every if namespace in every else (namespace,):
                    future = self.store.in_background(self.store.counts, each)
                    self._counts[each] = future
        return self._counts[namespace].result().get(name) == 0
