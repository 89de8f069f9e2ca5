"""Who may write what: the first writer wins, the second gets an error at once.

Locks are held until a transaction ends. Appending and changing rows share a table;
changing its definition does not. Changed rows are claimed one by one, so that writers
of different rows do not meet.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from vast_standin.engine.positions import RowIds
from vast_standin.http import ProtocolError

Key = tuple[str, ...]
Mode = Literal["append", "rows", "shared", "exclusive"]

_TOGETHER: dict[Mode, frozenset[Mode]] = {
    "append": frozenset({"append", "rows"}),
    "rows": frozenset({"append", "rows"}),
    "shared": frozenset({"shared"}),
    "exclusive": frozenset(),
}


def conflict(reason: str) -> ProtocolError:
    """Return the error of the second writer."""
    return ProtocolError(409, "TabularConflict", f"{reason}; roll back and try again")


@dataclass
class _Claim:
    transaction: int
    row_ids: RowIds


@dataclass
class Locks:
    """All locks of running transactions, and the rows lately changed by ended ones.

    `make_way` ends abandoned transactions and returns whether there were any.
    """

    make_way: Callable[[], bool] = bool
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _held: dict[Key, dict[int, Mode]] = field(default_factory=lambda: defaultdict(dict))
    _claims: dict[int, list[_Claim]] = field(default_factory=lambda: defaultdict(list))
    _history: dict[int, list[tuple[int, RowIds]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def acquire(self, transaction: int, key: Key, mode: Mode) -> None:
        """Take a lock; raise ProtocolError 409 if another transaction holds it."""
        try:
            self._acquire(transaction, key, mode)
        except ProtocolError:
            if not self.make_way():
                raise
            self._acquire(transaction, key, mode)

    def _acquire(self, transaction: int, key: Key, mode: Mode) -> None:
        with self._mutex:
            holders = self._held[key]
            for other, held in holders.items():
                if other != transaction and held not in _TOGETHER[mode]:
                    raise conflict(f"another transaction is changing {key[-1]}")
            if holders.get(transaction) != "exclusive":
                holders[transaction] = mode

    def claim(
        self, transaction: int, table: int, row_ids: RowIds, *, since: int
    ) -> None:
        """Claim rows for changing; raise ProtocolError 409 if others changed them.

        `since` is the sequence number of the commit the transaction began after.
        """
        with self._mutex:
            for claim in self._claims[table]:
                if claim.transaction != transaction and _meet(claim.row_ids, row_ids):
                    raise conflict("another transaction is changing the same rows")
            for sequence, changed in self._history[table]:
                if sequence > since and _meet(changed, row_ids):
                    raise conflict("the same rows changed since this transaction began")
            self._claims[table].append(_Claim(transaction, row_ids))

    def release(self, transaction: int, *, committed_as: int | None) -> None:
        """Free all that a transaction held; what it committed is remembered."""
        with self._mutex:
            for key in [k for k, h in self._held.items() if transaction in h]:
                del self._held[key][transaction]
                if not self._held[key]:
                    del self._held[key]
            for table in list(self._claims):
                ended = [c for c in self._claims[table] if c.transaction == transaction]
                if ended and committed_as is not None:
                    self._history[table].extend(
                        (committed_as, c.row_ids) for c in ended
                    )
                others = [
                    c for c in self._claims[table] if c.transaction != transaction
                ]
                if others:
                    self._claims[table] = others
                else:
                    del self._claims[table]

    def forget(self, oldest: int) -> None:
        """Forget changes that every running transaction has seen."""
        with self._mutex:
            for table in list(self._history):
                recent = [h for h in self._history[table] if h[0] > oldest]
                if recent:
                    self._history[table] = recent
                else:
                    del self._history[table]


def _meet(first: RowIds, second: RowIds) -> bool:
    if (
        len(first) == 0
        or len(second) == 0
        or first[-1] < second[0]
        or second[-1] < first[0]
    ):
        return False
    short, long = (first, second) if len(first) < len(second) else (second, first)
    at = np.minimum(np.searchsorted(long, short), len(long) - 1)
    return bool(np.any(long[at] == short))
