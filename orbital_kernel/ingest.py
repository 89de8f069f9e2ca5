"""Files into the store: resumable, idempotent by content, verified; a ledger row a file.

A file is one transaction: all its rows and its ledger row, or nothing. What was written
before a kill stands; running the same command again goes on with the rest.
"""

import hashlib
import json
import os
import tempfile
import time as clock
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
from filelock import FileLock

from orbital_kernel import archives, schema
from orbital_kernel.archives.reading import Account, Reader, open_source
from orbital_kernel.errors import ArchiveError
from orbital_kernel.frames import frame_of
from orbital_kernel.predicate import Clause, Equal
from orbital_kernel.store import ROW_ID, Store, Transaction

LEDGER = "ops.files"
KEYS_A_REQUEST = 2_000
PROVENANCE = tuple(column.name for column in schema.PROVENANCE)


@dataclass(frozen=True)
class FileReport:
    """What became of one file."""

    path: str
    format: str | None
    observatory: str | None
    state: str
    rows: int
    reason: str | None = None
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    sha256: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class IngestReport:
    """What became of every file offered, in the order they were taken."""

    files: tuple[FileReport, ...]

    def in_state(self, state: str) -> tuple[FileReport, ...]:
        """Return the files in one state: ingested, unchanged or refused."""
        return tuple(report for report in self.files if report.state == state)

    @property
    def rows(self) -> int:
        """Rows written by this run."""
        return sum(report.rows for report in self.in_state("ingested"))

    @property
    def frame(self) -> pl.DataFrame:
        """A row a file."""
        names = ("path", "format", "observatory", "state", "rows", "reason")
        kinds = {n: pl.Int64 if n == "rows" else pl.String for n in names}
        return pl.DataFrame(
            [{n: getattr(r, n) for n in names} for r in self.files], schema=kinds
        )

    def to_json(self) -> dict[str, list[dict[str, object]]]:
        """Return the report as the command line prints it."""
        return {"files": [asdict(report) for report in self.files]}

    def __repr__(self) -> str:
        """Return the counts by state."""
        counts = {
            s: len(self.in_state(s)) for s in ("ingested", "unchanged", "refused")
        }
        told = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
        return f"IngestReport({told or 'no files'}; {self.rows:,} rows written)"


Progress = Callable[[Path, int], None]
"""Called after each file with its path and size in bytes."""


def files_of(paths: Iterable[str | Path]) -> list[Path]:
    """Return every file of these files and folders, folders walked in order of name.

    Raises ArchiveError for a path that does not exist.
    """
    found: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            found += sorted(
                Path(root) / name
                for root, _, names in os.walk(given)
                for name in names
                if not name.startswith(".")
            )
        elif given.exists():
            found.append(given)
        else:
            raise ArchiveError(f"there is no file or folder {given}")
    return found


def ingest(
    paths: Iterable[str | Path],
    store: Store,
    *,
    observatory: str | None = None,
    replace: bool = False,
    progress: Progress = lambda _path, _size: None,
) -> IngestReport:
    """Ingest files and folders; refused ones are reported and the rest goes on.

    `replace` ingests known content again: its old rows go in the same transaction.
    Raises ArchiveError only for paths that do not exist.
    """
    files = files_of(paths)
    with _only_one(store):
        ledger = _ledger(store)
        reports = []
        for path in files:
            report = _ingest_file(path, store, ledger, observatory, replace=replace)
            reports.append(report)
            progress(path, path.stat().st_size)
    return IngestReport(tuple(reports))


@dataclass(frozen=True)
class _Entry:
    """What the ledger knows of one content."""

    state: str
    format: str | None
    observatory: str | None
    rows: int
    version: int
    tables: tuple[str, ...]
    reason: str | None


def _only_one(store: Store) -> FileLock:
    """Keep two ingests of this user from taking the same file into one database."""
    where = hashlib.sha256(
        f"{store.settings.endpoint} {store.database}".encode()
    ).hexdigest()
    return FileLock(
        Path(tempfile.gettempdir()) / f"orbital-ingest-{os.getuid()}-{where[:16]}.lock"
    )


def _ledger(store: Store) -> dict[str, _Entry]:
    return {
        row["sha256"]: _Entry(
            row["state"],
            row["format"],
            row["observatory"],
            row["rows"],
            row["reader_version"] or 0,
            tuple(json.loads(row["tables"] or "{}")),
            row["reason"],
        )
        for row in store.read(LEDGER).to_pylist()
    }


def _ingest_file(
    path: Path,
    store: Store,
    ledger: dict[str, _Entry],
    observatory: str | None,
    *,
    replace: bool,
) -> FileReport:
    start = clock.perf_counter()
    sha256 = _sha256(path)
    known = ledger.get(sha256)
    try:
        reader = archives.detect(path)
        if known and known.state == "ingested" and not replace:
            return FileReport(
                str(path),
                known.format,
                known.observatory,
                "unchanged",
                known.rows,
                sha256=sha256,
            )
        report = _write(path, sha256, reader, store, known, observatory)
    except ArchiveError as error:
        report = FileReport(
            str(path),
            None,
            observatory,
            "refused",
            0,
            reason=_reason(error),
            sha256=sha256,
        )
        if known is None or (
            known.state == "refused" and known.reason != report.reason
        ):
            with store.transaction() as tx:
                _note(tx, report, path, 0, clock.perf_counter() - start)
    ledger[sha256] = _Entry(
        report.state,
        report.format,
        report.observatory,
        report.rows,
        0,
        tuple(report.tables),
        report.reason,
    )
    return report


def _write(
    path: Path,
    sha256: str,
    reader: Reader,
    store: Store,
    known: _Entry | None,
    observatory: str | None,
) -> FileReport:
    start = clock.perf_counter()
    account = Account(observatory or "")
    tables: dict[str, dict[str, int]] = {}
    with store.transaction() as tx:
        for name in known.tables if known else ():
            tx.delete(name, [Clause("file_sha256", (Equal(sha256),))])
        for name, batch in reader.read(open_source(path), account):
            _check_observatory(path, account, observatory)
            full_name = name if "." in name else f"{account.observatory}.{name}"
            counts = tables.setdefault(
                full_name, {"inserted": 0, "updated": 0, "unchanged": 0}
            )
            rows = _with_provenance(batch, schema.table(full_name), sha256)
            for what, number in _put(tx, full_name, rows, account).items():
                counts[what] += number
        report = FileReport(
            str(path),
            reader.name,
            account.observatory,
            "ingested",
            sum(counts["inserted"] + counts["updated"] for counts in tables.values()),
            tables=tables,
            skipped=dict(account.skipped),
            sha256=sha256,
            seconds=round(clock.perf_counter() - start, 3),
        )
        _note(tx, report, path, reader.version, report.seconds, account.understood)
    return report


def _check_observatory(path: Path, account: Account, observatory: str | None) -> None:
    if not account.observatory:
        raise ArchiveError(
            f"{path} does not tell whose data it is: give --observatory NAME"
        )
    if observatory and account.observatory != observatory:
        raise ArchiveError(f"{path} is {account.observatory} data, not {observatory}")


def _with_provenance(batch: pa.Table, table: schema.Table, sha256: str) -> pa.Table:
    if len(batch) and "file_sha256" in {column.name for column in table.columns}:
        if "file_sha256" in batch.column_names:
            batch = batch.drop_columns(["file_sha256"])
        batch = batch.append_column("file_sha256", pa.repeat(sha256, len(batch)))
    return schema.conform(batch, table)


def _put(
    tx: Transaction, full_name: str, rows: pa.Table, account: Account
) -> dict[str, int]:
    """Write rows; where the table has a key, only what is new or different."""
    table = schema.table(full_name)
    if not table.key or not len(rows):
        return {"inserted": tx.insert(full_name, rows)}
    fresh = (
        frame_of(rows)
        .with_row_index("_row")
        .unique(table.key, keep="last", maintain_order=True)
    )
    if len(fresh) < len(rows):
        account.skip(
            f"repeated with the same {', '.join(table.key)}", len(rows) - len(fresh)
        )
    stored = _stored(tx, full_name, table, fresh)
    both = fresh.join(
        stored, on=table.key, how="left", suffix="_stored", nulls_equal=True
    )
    content = [
        c.name for c in table.columns if c.name not in (*PROVENANCE, *table.key)
    ]
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in content
    )
    known = both.filter(pl.col(ROW_ID).is_not_null())
    changed = known.filter(differs)
    tx.delete_rows(full_name, changed.select(ROW_ID).to_arrow())
    wanted = pl.concat([both.filter(pl.col(ROW_ID).is_null()), changed])["_row"].sort()
    tx.insert(full_name, rows.take(wanted.to_arrow()))
    return {
        "inserted": len(both) - len(known),
        "updated": len(changed),
        "unchanged": len(known) - len(changed),
    }


def _stored(
    tx: Transaction, full_name: str, table: schema.Table, fresh: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows already stored under these keys, with their row ids."""
    if not tx.rows(full_name):
        return fresh.clear().with_columns(pl.lit(0, pl.Decimal(38, 0)).alias(ROW_ID))
    *scope, leading = table.key[:2]
    parts = []
    for chunk in _chunks(
        fresh[leading].drop_nulls().unique(maintain_order=True).to_list()
    ):
        clauses = [Clause(leading, tuple(map(Equal, chunk)))]
        clauses += [
            Clause(n, tuple(map(Equal, fresh[n].unique().to_list()))) for n in scope
        ]
        parts.append(frame_of(tx.select(full_name, clauses, row_ids=True)))
    return (
        pl.concat(parts)
        if parts
        else frame_of(tx.select(full_name, row_ids=True, limit=0))
    )


def _chunks(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), KEYS_A_REQUEST):
        yield values[start : start + KEYS_A_REQUEST]


def _note(
    tx: Transaction,
    report: FileReport,
    path: Path,
    version: int,
    seconds: float,
    understood: Iterable[str] = (),
) -> None:
    """Write the file's ledger row, in place of an older one."""
    tx.delete(LEDGER, [Clause("sha256", (Equal(report.sha256 or ""),))])
    row = {
        "sha256": report.sha256,
        "name": path.name,
        "size_bytes": path.stat().st_size,
        "format": report.format,
        "observatory": report.observatory,
        "state": report.state,
        "rows": report.rows,
        "tables": json.dumps(report.tables),
        "account": json.dumps(
            {"understood": list(understood), "skipped": report.skipped}
        ),
        "reason": report.reason,
        "reader_version": version,
        "ingested": datetime.now(UTC).replace(tzinfo=None),
        "seconds": seconds,
    }
    tx.insert(LEDGER, pa.Table.from_pylist([row], schema=schema.table(LEDGER).arrow))


def _reason(error: ArchiveError) -> str:
    where = "" if error.offset is None else f" (at byte {error.offset})"
    return f"{error}{where}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
