"""The ingest ledger, a row a content: what was done with it, and with what result."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
KNOWN_BY = (
    *("sha256", "name", "size_bytes", "state", "format", "observatory", "rows"),
    *("tables", "account", "reason", "checksum", "ingested"),
)
ASK_FOR = 100


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of one content; `sums` are checksums by table."""

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


def entries(store: "Store", contents: Sequence[str] | None = None) -> dict[str, Entry]:
    """Return what is known by content; of some contents only, where few are given."""
    few = contents is not None and len(contents) <= ASK_FOR
    asked = [Clause("sha256", tuple(map(Equal, contents or ())))] if few else []
    rows = store.read(LEDGER, asked, columns=KNOWN_BY).to_pylist()
    return {row["sha256"]: _entry(row) for row in rows}


def note(
    tx: "Transaction", written: Iterable[tuple[FileReport, "Noted"]], known: set[str]
) -> None:
    """Write the files' ledger rows; those of `known` contents in place of older ones."""
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        _row(report, noted, now + timedelta(microseconds=place))
        for place, (report, noted) in enumerate(written)
    ]
    old = [row["sha256"] for row in rows if row["sha256"] in known]
    if old:
        tx.delete(LEDGER, [Clause("sha256", tuple(map(Equal, old)))])
    if rows:
        columns = schema.table(LEDGER).arrow
        tx.insert(LEDGER, pa.Table.from_pylist(rows, schema=columns))


@dataclass(frozen=True)
class Noted:
    """What the ledger keeps of a file beside its report.

    `since` is when it was first ingested, for one that is read anew: files update each
    other in the order they came. `simulated` is the kind of its rows, where they say.
    """

    version: int = 0
    understood: tuple[str, ...] = ()
    sums: Mapping[str, Sum] | None = None
    since: datetime | None = None
    simulated: bool | None = None


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
