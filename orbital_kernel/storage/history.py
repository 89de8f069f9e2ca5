"""What the ledgers tell of the past: queries asked, files taken in, rows by table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import pyarrow as pa

from orbital_kernel.model.predicate import Clause, Range
from orbital_kernel.storage.cost.scale import Measured

QUERIES = "ops.queries"
FILES = "ops.files"


class Reads(Protocol):
    """What is needed of the store."""

    def read(
        self,
        full_name: str,
        clauses: Sequence[Clause] = (),
        *,
        columns: Sequence[str] | None = ...,
    ) -> pa.Table:
        """Select rows."""


@dataclass(frozen=True)
class Asked:
    """One query of the ledger: its kind, the table asked, how long it took."""

    kind: str
    table: str
    milliseconds: float


@dataclass(frozen=True)
class TakenIn:
    """What the ledger has of one observatory's files."""

    files: int
    newest_s: float
    rows: dict[str, int]


class History:
    """The ledgers of one database; times are seconds since 1970, UTC."""

    def __init__(self, store: Reads) -> None:
        self._store = store

    def queries(self, *, since_s: float) -> list[Asked]:
        """Return the queries asked since then."""
        since = datetime.fromtimestamp(since_s, UTC).replace(tzinfo=None)
        rows = self._store.read(
            QUERIES,
            [Clause("asked", (Range(low=since),))],
            columns=("kind", "table", "milliseconds"),
        )
        return [
            Asked(row["kind"], row["table"] or "", row["milliseconds"])
            for row in rows.to_pylist()
            if row["kind"] is not None and row["milliseconds"] is not None
        ]

    def measured(self, *, since_s: float = 0.0) -> dict[str, list[Measured]]:
        """Return by kind what queries since then read, warm ones that were told it."""
        since = datetime.fromtimestamp(since_s, UTC).replace(tzinfo=None)
        columns = ("kind", "rows_stored", "rows_read", "bytes", "milliseconds", "cold")
        rows = self._store.read(
            QUERIES, [Clause("asked", (Range(low=since),))], columns=columns
        )
        told: dict[str, list[Measured]] = {}
        for row in rows.to_pylist():
            numbers = [row[name] for name in columns[1:5]]
            if (
                not row["cold"]
                and row["kind"]
                and None not in numbers
                and row[columns[1]]
            ):
                told.setdefault(row["kind"], []).append(Measured(*numbers))
        return told

    def taken_in(self) -> dict[str, TakenIn]:
        """Return by observatory what was ingested: files, the newest, rows by table."""
        columns = ("observatory", "state", "ingested", "tables")
        rows = self._store.read(FILES, columns=columns).to_pylist()
        told: dict[str, TakenIn] = {}
        for row in rows:
            if row["state"] != "ingested" or row["observatory"] is None:
                continue
            at = row["ingested"].replace(tzinfo=UTC).timestamp()
            before = told.get(row["observatory"], TakenIn(0, at, {}))
            for table, counts in json.loads(row["tables"] or "{}").items():
                before.rows[table] = before.rows.get(table, 0) + counts["inserted"]
            told[row["observatory"]] = TakenIn(
                before.files + 1, max(before.newest_s, at), before.rows
            )
        return told
