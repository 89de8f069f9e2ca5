"""The ingest ledger: one row per content, with what was done and its result."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orbital_kernel.ingest.checksum import Sum
from orbital_kernel.ingest.report import FileReport
from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause, Equal

if TYPE_CHECKING:
    from orbital_kernel.database import Store, Transaction

LEDGER = "ops.files"
COLUMNS = (
    *("sha256", "name", "size_bytes", "state", "format", "observatory", "rows"),
    *("tables", "account", "reason", "checksum", "ingested"),
)
FEW_CONTENTS = 100
"""The entries of so few contents are selected by name, else all are read."""


@dataclass(frozen=True)
class Entry:
    """The ledger's entry of one content; `sums` are checksums by table."""

    sha256: str
    name: str
    size_bytes: int
    state: str
    format: str | None
    observatory: str | None
    rows: int
    tables: Mapping[str, Mapping[str, int]]
    reason: str | None
    sums: Mapping[str, str]
    offset: int | None
    ingested: datetime | None = None

    def report(self, path: Path, state: str) -> FileReport:
        """Return the entry as a report on a file of that content."""
        return FileReport(
            str(path),
            self.format,
            self.observatory,
            state,
            self.rows,
            reason=self.reason,
            sha256=self.sha256,
            offset=self.offset,
            size_bytes=self.size_bytes,
        )


@dataclass(frozen=True)
class Noted:
    """What the ledger stores of a file besides its report.

    `since` is when it was first ingested, for a file that is read again: files update
    each other in the order they arrived. `simulated` is the kind of its rows, if stated.
    """

    version: int = 0
    understood: tuple[str, ...] = ()
    sums: Mapping[str, Sum] | None = None
    since: datetime | None = None
    simulated: bool | None = None


def entries(store: "Store", contents: Sequence[str] | None = None) -> dict[str, Entry]:
    """Return the entries by content; only of `contents` if few are given."""
    few = contents is not None and len(contents) <= FEW_CONTENTS
    clauses = [Clause("sha256", tuple(map(Equal, contents or ())))] if few else []
    rows = store.read(LEDGER, clauses, columns=COLUMNS).to_pylist()
    return {row["sha256"]: _entry(row) for row in rows}


class Ledger:
    """The entries that a run began with, kept current while it writes."""

    def __init__(
        self, entries: Mapping[str, Entry], *, rewritten: Collection[str] = ()
    ) -> None:
        """Begin with these entries by content.

        `rewritten` are the contents that this run reads again: none of them counts as
        newer than another.
        """
        self._entries = dict(entries)
        self._rewritten = frozenset(rewritten)

    def entry(self, sha256: str) -> Entry | None:
        """Return the entry of a content by now."""
        return self._entries.get(sha256)

    def newer_than(self, sha256: str) -> frozenset[str]:
        """Return the contents first ingested after one that is read again."""
        since = self.ingested(sha256)
        if since is None:
            return frozenset()
        return frozenset(
            content
            for content, entry in self._entries.items()
            if content not in self._rewritten
            and entry.state == "ingested"
            and entry.ingested is not None
            and entry.ingested > since
        )

    def ingested(self, sha256: str) -> datetime | None:
        """Return when a content was first ingested; None if it never was."""
        entry = self._entries.get(sha256)
        return entry.ingested if entry and entry.state == "ingested" else None

    def lacks(self, report: FileReport) -> bool:
        """Whether a refusal is not in the ledger yet, or for another reason."""
        entry = self._entries.get(report.sha256 or "")
        return bool(report.sha256) and (
            entry is None
            or (entry.state == "refused" and entry.reason != report.reason)
        )

    def note(
        self, tx: "Transaction", files: Sequence[tuple[FileReport, Noted]]
    ) -> None:
        """Write the files' ledger rows, in place of older ones of the same content."""
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = [
            _row(report, noted, now + timedelta(microseconds=place))
            for place, (report, noted) in enumerate(files)
        ]
        old = [row["sha256"] for row in rows if row["sha256"] in self._entries]
        if old:
            tx.delete(LEDGER, [Clause("sha256", tuple(map(Equal, old)))])
        if rows:
            columns = schema.table(LEDGER).arrow
            tx.insert(LEDGER, pa.Table.from_pylist(rows, schema=columns))

    def learn(self, reports: Iterable[FileReport]) -> None:
        """Take up the reports of a transaction that was committed."""
        for report in reports:
            sha256 = report.sha256 or ""
            before = self._entries.get(sha256)
            renewed = (
                before is None
                or before.state == "refused"
                or report.state == "ingested"
            )
            if sha256 and renewed:
                self._entries[sha256] = _learned(report, self.ingested(sha256))


def _learned(report: FileReport, since: datetime | None) -> Entry:
    return Entry(
        sha256=report.sha256 or "",
        name=report.path,
        size_bytes=report.size_bytes,
        state=report.state,
        format=report.format,
        observatory=report.observatory,
        rows=report.rows,
        tables=report.tables,
        reason=report.reason,
        sums={},
        offset=report.offset,
        ingested=since,
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    account = json.loads(row["account"] or "{}")
    return Entry(
        sha256=row["sha256"],
        name=row["name"],
        size_bytes=row["size_bytes"] or 0,
        state=row["state"],
        format=row["format"],
        observatory=row["observatory"],
        rows=row["rows"] or 0,
        tables=json.loads(row["tables"] or "{}"),
        reason=row["reason"],
        sums=json.loads(row["checksum"] or "{}"),
        offset=account.get("offset"),
        ingested=row["ingested"],
    )


def _row(report: FileReport, noted: Noted, now: datetime) -> dict[str, object]:
    account: dict[str, object] = {
        "understood": list(noted.understood),
        "skipped": report.skipped,
    }
    if report.offset is not None:
        account["offset"] = report.offset
    if noted.simulated is not None:
        account["simulated"] = noted.simulated
    sums = {table: str(total) for table, total in sorted((noted.sums or {}).items())}
    return {
        "sha256": report.sha256,
        "name": Path(report.path).name,
        "size_bytes": report.size_bytes,
        "format": report.format,
        "observatory": report.observatory,
        "state": report.state,
        "rows": report.rows,
        "tables": json.dumps(report.tables),
        "account": json.dumps(account),
        "reason": report.reason,
        "reader_version": noted.version,
        "checksum": json.dumps(sums),
        "ingested": noted.since or now,
        "seconds": report.seconds,
    }
