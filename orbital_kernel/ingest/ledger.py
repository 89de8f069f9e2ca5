"""The ingest ledger: one row per content, with what was done and its result."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orbital_kernel.ingest.checksum import Sum
from orbital_kernel.ingest.due import Cells, note_due
from orbital_kernel.ingest.report import FileReport
from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause, Equal

if TYPE_CHECKING:
    from orbital_kernel.database import Store, Transaction

LEDGER = "ops.files"
COLUMNS = (
    *("sha256", "name", "size_bytes", "state", "format", "observatory", "rows"),
    *("tables", "account", "reason", "checksum", "ingested", "reader_version"),
)
SAME = (
    *("sha256", "size_bytes", "format", "observatory", "state", "rows", "reason"),
    "seconds",
)
"""Columns that are fields of the report on a file."""
FEW_CONTENTS = 100
"""The entries of so few contents are selected by name, else all are read."""


@dataclass(frozen=True)
class Entry:
    """The ledger's entry of one content; `sums` are checksums by table.

    `mapping` is the hash of the mapping it was read by. `unpacked` is that of the unpacked
    bytes, if an earlier Orbital hashed packed ones. `curves` are the identities of its
    curves (versions.py), if noted; `superseded` its replaced points by table.
    """

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
    version: int = 0
    mapping: str | None = None
    unpacked: str | None = None
    curves: tuple[str, ...] | None = None
    superseded: Mapping[str, int] = field(default_factory=dict)

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

    `since` is when it was first ingested, if it is read again: files update each other in
    the order they arrived. `simulated` is the rows' kind, `cells` their range, if stated.
    """

    version: int = 0
    understood: tuple[str, ...] = ()
    sums: Mapping[str, Sum] | None = None
    since: datetime | None = None
    simulated: bool | None = None
    mapping: str | None = None
    curves: tuple[str, ...] = ()
    superseded: Mapping[str, int] = field(default_factory=dict)
    cells: Cells = None


def entries(store: "Store", contents: Sequence[str] | None = None) -> dict[str, Entry]:
    """Return the entries by content; only of `contents` if few are given."""
    few = contents is not None and len(contents) <= FEW_CONTENTS
    clauses = [Clause("sha256", tuple(map(Equal, contents or ())))] if few else []
    rows = store.read(LEDGER, clauses, columns=COLUMNS).to_pylist()
    return {row["sha256"]: _entry(row) for row in rows}


class Ledger:
    """The entries that a run began with, kept current while it writes."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        *,
        rewritten: Collection[str] = (),
        compare: bool = False,
    ) -> None:
        """Begin with these entries by content.

        `rewritten` are read again: none counts as newer than another. `compare` notes
        what is to be compared with earlier rows.
        """
        self._compare = compare
        self._entries = dict(entries)
        self._rewritten = frozenset(rewritten)
        self._names = {e.unpacked: s for s, e in entries.items() if e.unpacked}
        self._curves: dict[str, tuple[str, ...]] = {}

    def entry(self, sha256: str) -> Entry | None:
        """Return the entry of a content by now."""
        return self._entries.get(self._names.get(sha256, sha256))

    def find(self, sha256: str, packed: str) -> Entry | None:
        """Return the entry of a file, also if its packed bytes are in the ledger only."""
        entry = self.entry(sha256)
        if entry is None and packed in self._entries:
            self._names[sha256] = packed
            entry = self._entries[packed]
        return entry

    def newer_than(self, sha256: str) -> frozenset[str]:
        """Return the contents first ingested after one that is read again."""
        since = self.ingested(sha256)
        if since is None:
            return frozenset()
        return frozenset(
            content
            for content, entry in self._entries.items()
            if content not in self._rewritten
            and entry.unpacked not in self._rewritten
            and entry.state == "ingested"
            and entry.ingested is not None
            and entry.ingested > since
        )

    def ingested(self, sha256: str) -> datetime | None:
        """Return when a content was first ingested; None if it never was."""
        entry = self.entry(sha256)
        return entry.ingested if entry and entry.state == "ingested" else None

    def lacks(self, report: FileReport) -> bool:
        """Whether a refusal is not in the ledger yet, or for another reason."""
        entry = self.entry(report.sha256 or "")
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
        before = [self.entry(str(row["sha256"])) for row in rows]
        old = [entry.sha256 for entry in before if entry]
        self._curves = {str(r.sha256): noted.curves for r, noted in files}
        if old:
            tx.delete(LEDGER, [Clause("sha256", tuple(map(Equal, old)))])
        if rows:
            columns = schema.table(LEDGER).arrow
            tx.insert(LEDGER, pa.Table.from_pylist(rows, schema=columns))
        if self._compare:
            note_due(tx, files, now)

    def note_unpacked(self, tx: "Transaction", unpacked: Mapping[str, str]) -> None:
        """Add to entries of packed bytes the hash of the unpacked bytes."""

        def amend(row: dict[str, Any], account: dict[str, Any]) -> None:
            account["unpacked"] = unpacked[row["sha256"]]

        _amend(tx, tuple(unpacked), amend)

    def supersede(
        self,
        tx: "Transaction",
        sha256: str,
        rows: Mapping[str, int],
        sums: Mapping[str, Sum],
    ) -> None:
        """Note how many rows of a content were replaced, and what remains, by table."""

        def amend(row: dict[str, Any], account: dict[str, Any]) -> None:
            before = account.get("superseded", {})
            account["superseded"] = before | {
                table: count + before.get(table, 0) for table, count in rows.items()
            }
            remains = {table: str(total) for table, total in sums.items()}
            row["checksum"] = json.dumps(json.loads(row["checksum"] or "{}") | remains)

        _amend(tx, (sha256,), amend)

    def ingested_entries(self) -> dict[str, Entry]:
        """Return the entries of ingested contents, the oldest first."""
        done = [e for e in self._entries.values() if e.state == "ingested"]
        done.sort(key=lambda entry: (entry.ingested is None, str(entry.ingested)))
        return {entry.sha256: entry for entry in done}

    def learn(self, reports: Iterable[FileReport]) -> None:
        """Take up the reports of a transaction that was committed."""
        for report in reports:
            sha256 = report.sha256 or ""
            before = self.entry(sha256)
            renewed = (
                before is None
                or before.state == "refused"
                or report.state == "ingested"
            )
            if sha256 and renewed:
                entry = _learned(
                    report, self.ingested(sha256), self._curves.get(sha256, ())
                )
                self._entries.pop(self._names.pop(sha256, sha256), None)
                self._entries[sha256] = entry


def _learned(
    report: FileReport, since: datetime | None, curves: tuple[str, ...]
) -> Entry:
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
        curves=curves,
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
        version=row["reader_version"] or 0,
        mapping=account.get("mapping"),
        unpacked=account.get("unpacked"),
        curves=tuple(account["curves"]) if "curves" in account else None,
        superseded=account.get("superseded", {}),
    )


def _amend(
    tx: "Transaction",
    contents: Sequence[str],
    amend: Callable[[dict[str, Any], dict[str, Any]], None],
) -> None:
    """Change ledger rows and their accounts in place."""
    clauses = [Clause("sha256", tuple(map(Equal, contents)))]
    rows = tx.select(LEDGER, clauses).to_pylist()
    for row in rows:
        account = json.loads(row["account"] or "{}")
        amend(row, account)
        row["account"] = json.dumps(account)
    tx.delete(LEDGER, clauses)
    tx.insert(LEDGER, pa.Table.from_pylist(rows, schema=schema.table(LEDGER).arrow))


def _row(report: FileReport, noted: Noted, now: datetime) -> dict[str, object]:
    account: dict[str, object] = {
        "understood": list(noted.understood),
        "skipped": report.skipped,
    }
    if report.offset is not None:
        account["offset"] = report.offset
    if noted.simulated is not None:
        account["simulated"] = noted.simulated
    if noted.mapping is not None:
        account["mapping"] = noted.mapping
    if report.replaced:
        account["replaced"] = report.replaced
    if noted.superseded:
        account["superseded"] = dict(noted.superseded)
    account["curves"] = list(noted.curves)
    sums = {table: str(total) for table, total in sorted((noted.sums or {}).items())}
    return {
        **{name: getattr(report, name) for name in SAME},
        "name": Path(report.path).name,
        "tables": json.dumps(report.tables),
        "account": json.dumps(account),
        "reader_version": noted.version,
        "checksum": json.dumps(sums),
        "ingested": noted.since or now,
    }
