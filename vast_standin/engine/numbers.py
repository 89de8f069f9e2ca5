"""Ids of objects, rows and files; a folder never gives one out twice."""

import itertools
import threading

from vast_standin.custody import Ledger


class Numbers:
    """The numbers of one folder; several threads may draw at once."""

    def __init__(
        self, highest: int, next_row_ids: dict[int, int], ledger: Ledger
    ) -> None:
        self._ids = itertools.count(highest + 1)
        self._next_row_ids = next_row_ids
        self._ledger = ledger
        self._allocation = threading.Lock()

    def new_id(self) -> int:
        """Return a number that nothing else in this folder has or had."""
        return next(self._ids)

    def new_file(self, kind: str) -> str:
        """Name a data file; the ledger lists it as unfinished until a commit names it."""
        return self._ledger.new_file(f"{kind}{{0}}.arrows")

    def new_row_ids(self, table_id: int, count: int) -> int:
        """Reserve row ids of a table and return the first."""
        with self._allocation:
            first = self._next_row_ids.get(table_id, 0)
            self._next_row_ids[table_id] = first + count
        return first

    def next_row_id(self, table_id: int) -> int:
        """Return the row id that the next new row of a table will get."""
        return self._next_row_ids.get(table_id, 0)
