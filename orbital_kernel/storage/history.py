"""The ledgers of queries and files: times by kind, rows by table."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from orbital_kernel.model.predicate import Clause, Range
from orbital_kernel.storage.protocols import Tables

QUERIES = "ops.queries"
FILES = "ops.files"


@dataclass(frozen=True)
class LoggedQuery:
    """One query of the ledger: its kind, its table, and its time in milliseconds."""

    kind: str
    table: str
    milliseconds: float


@dataclass(frozen=True)
class Ingested:
    """Ingested files of one observatory: their number, the newest, rows by table."""

    files: int
    newest_s: float
    rows: dict[str, int]


def times_by_kind(queries: Iterable[LoggedQuery]) -> dict[str, list[float]]:
    """Return the times of queries in milliseconds, by kind."""
    times: dict[str, list[float]] = {}
    for query in queries:
        times.setdefault(query.kind, []).append(query.milliseconds)
    return times


def p99(milliseconds: Iterable[float]) -> float | None:
    """Return the 99th percentile by rank: of fewer than a hundred values the largest."""
    ranked = sorted(milliseconds)
    return ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))] if ranked else None


class History:
    """The ledgers of one database; times are seconds since 1970, UTC."""

    def __init__(self, store: Tables) -> None:
        self._store = store

    def queries(self, *, since_s: float) -> list[LoggedQuery]:
        """Return the queries since then."""
        since = datetime.fromtimestamp(since_s, UTC).replace(tzinfo=None)
        rows = self._store.read(
            QUERIES,
            [Clause("asked", (Range(low=since),))],
            columns=("kind", "table", "milliseconds"),
        )
        return [
            LoggedQuery(row["kind"], row["table"] or "", row["milliseconds"])
            for row in rows.to_pylist()
            if row["kind"] is not None and row["milliseconds"] is not None
        ]

    def ingested(self) -> dict[str, Ingested]:
        """Return what was ingested, by observatory.

        Files count for the observatory that they are of, rows for that of their table:
        a table of one mission's points may have points of another.
        """
        columns = ("observatory", "state", "ingested", "tables")
        rows = self._store.read(FILES, columns=columns).to_pylist()
        by_observatory: dict[str, Ingested] = {}
        written: dict[str, int] = {}
        for row in rows:
            if row["state"] != "ingested" or row["observatory"] is None:
                continue
            for table, counts in json.loads(row["tables"] or "{}").items():
                written[table] = written.get(table, 0) + counts["inserted"]
            ingested_s = row["ingested"].replace(tzinfo=UTC).timestamp()
            name = row["observatory"]
            earlier = by_observatory.get(name, Ingested(0, ingested_s, {}))
            newest_s = max(earlier.newest_s, ingested_s)
            by_observatory[name] = Ingested(earlier.files + 1, newest_s, earlier.rows)
        for table, number in written.items():
            name = table.partition(".")[0]
            if name in by_observatory:
                by_observatory[name].rows[table] = number
        return by_observatory
