"""Simulated and real rows never share a database: it holds the kind that came first.

A file's kind is that of its rows, as its reader sets `simulated`. A database's kind is
noted in the ledger with every file; if no file states it (an older store, or rows that
came from no file), its tables are queried for one row of either kind.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.ingest.items import Kinds
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal

if TYPE_CHECKING:
    from orbital_kernel.database import Store, Transaction

FLAG = "simulated"
LEDGER = "ops.files"
WORDS = {True: "simulated", False: "real"}


def kinds_of(tables: Iterable[pa.Table]) -> Kinds:
    """Return the kinds of the rows in these tables."""
    flags = (rows[FLAG] for rows in tables if FLAG in rows.column_names)
    return frozenset(kind for column in flags for kind in _values(column))


class Purity:
    """The kinds of rows in a database, read once, and those added since."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._held: Kinds | None = None

    def refuses(self, kinds: Kinds, name: str) -> str | None:
        """Return why rows of these kinds are refused; None if they are accepted."""
        if self._held is None:
            self._held = held(self._store)
        why = refusal(name, kinds, self._store.database, self._held)
        if why is None:
            self._held |= kinds
        return why

    def reset(self) -> None:
        """Forget the kinds added: their rows were rolled back."""
        self._held = None


def held(store: "Store") -> Kinds:
    """Return the kinds of rows in a database: one, none, or both in an older store."""
    files = store.counts("ops").get("files")
    with store.transaction() as tx:
        noted = _noted(tx) if files else frozenset()
        return noted or frozenset(
            kind
            for namespace in (*observatories(), "cross")
            for name, rows in store.counts(namespace).items()
            if rows and _is_flagged(f"{namespace}.{name}")
            for kind in WORDS
            if _contains(tx, f"{namespace}.{name}", kind=kind)
        )


def refusal(name: str, kinds: Kinds, database: str, stored: Kinds) -> str | None:
    """Return why a database that holds kinds `stored` refuses rows; None if it does not."""
    if not kinds or (len(kinds) == 1 and stored <= kinds):
        return None
    if len(kinds) > 1:
        return (
            f"{name} holds simulated and real rows, which never share a database: "
            "split it into a file of each kind"
        )
    (kind,) = kinds
    holds = WORDS[not kind] if len(stored) == 1 else "simulated and real"
    return (
        f"{name} holds {WORDS[kind]} rows and database {database!r} holds {holds} ones, "
        "which never mix: take another database (orbital --database NAME, or "
        "connect(database=NAME)) or another ORBITAL_HOME"
    )


def _noted(tx: "Transaction") -> Kinds:
    """Return the kind noted in the ledger; every file that states one states the same."""
    done = [Clause("state", (Equal("ingested"),))]
    rows = tx.select(LEDGER, done, columns=["account"], limit=1)
    accounts = (json.loads(text or "{}") for text in rows["account"].to_pylist())
    return frozenset(
        account[FLAG] for account in accounts if account.get(FLAG) is not None
    )


def _is_flagged(full_name: str) -> bool:
    tables = schema.tables(tuple(observatories()))
    return full_name in tables and FLAG in tables[full_name].arrow.names


def _contains(tx: "Transaction", full_name: str, *, kind: bool) -> bool:
    of_kind = [Clause(FLAG, (Equal(kind),))]
    return len(tx.select(full_name, of_kind, columns=[FLAG], limit=1)) > 0


def _values(flags: pa.ChunkedArray) -> list[bool]:
    values: list[bool] = pc.unique(flags).drop_null().to_pylist()
    return values
