"""What a report was made of: its record beside the page, and whether it still holds.

A page holds if parameters, code and data are those of its record. Code is the notebook and
Orbital's own files; data are the rows of every database that the notebook used, and the
names, sizes and times of the files in folders that a parameter names.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orbital_kernel.errors import OrbitalError
from orbital_kernel.reports.report import Report

ENDING = ".run.json"
DONE, FAILED = "done", "failed"
SECOND = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Record:
    """One run of a report, stored as OUT/STEM.run.json.

    Parameters
    ----------
    report, title, stem : str
        Name and title of the report; name of its files without ending.
    parameters : dict
        All values, defaults too.
    state : {'done', 'failed'}
        How it ended; with `error`, which names the cell, if it failed.
    date_utc : str
        When it ended.
    code : str
        SHA-256 of the code.
    files : str
        SHA-256 of names, sizes and times of the files that parameters name.
    data : list of dict
        The databases: engine, endpoint, database, tables, content_sha256.
    error : str
        What failed; empty if nothing did.
    """

    report: str
    title: str
    stem: str
    parameters: dict[str, Any]
    state: str
    date_utc: str
    code: str
    files: str
    data: list[dict[str, Any]]
    error: str = ""

    def write(self, out: Path) -> None:
        """Write the record into the folder of the page."""
        path = out / f"{self.stem}{ENDING}"
        path.write_text(json.dumps(asdict(self), indent=1, default=str) + "\n")


def new(
    report: Report,
    stem: str,
    values: Mapping[str, Any],
    *,
    data: list[dict[str, Any]],
    error: str = "",
) -> Record:
    """Return the record of a run that ends now."""
    parameters = complete(report, values)
    return Record(
        *(report.name, report.title, stem, parameters),
        state=FAILED if error else DONE,
        date_utc=f"{datetime.now(UTC):{SECOND}}",
        code=code_of(report),
        files=files_of(parameters),
        data=[_identity(snapshot) for snapshot in data],
        error=error,
    )


def records(out: Path) -> list[Record]:
    """Return the records in a folder by stem; a file that is not one is skipped."""
    readable = []
    for path in sorted(out.glob(f"*{ENDING}")):
        try:
            readable.append(Record(**json.loads(path.read_text())))
        except (TypeError, ValueError):
            continue
    return readable


def unchanged_since(
    report: Report, stem: str, out: Path, values: Mapping[str, Any]
) -> str | None:
    """Return when the page in OUT was made, if it still holds; None to run the report."""
    found = [record for record in records(out) if record.stem == stem]
    if not found or not (out / f"{stem}.html").is_file():
        return None
    record, parameters = found[0], complete(report, values)
    is_same = (
        record.state == DONE
        and record.report == report.name
        and record.parameters == json.loads(json.dumps(parameters, default=str))
        and record.code == code_of(report)
        and record.files == files_of(parameters)
        and _is_valid(report, record)
        and all(_holds(snapshot) for snapshot in record.data)
    )
    return record.date_utc if is_same else None


def complete(report: Report, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all parameters: those given, else the defaults."""
    return {p.name: values.get(p.name, p.default) for p in report.parameters}


def code_of(report: Report) -> str:
    """Return the SHA-256 of the notebook and of Orbital's files."""
    digest = hashlib.sha256(report.notebook.read_bytes())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*")):
        if path.suffix in {".py", ".toml", ".j2", ".css", ".js", ".csv"}:
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def files_of(parameters: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the files that parameters name: name, size, time."""
    digest = hashlib.sha256()
    texts = [v for v in parameters.values() if isinstance(v, str) and "/" in v]
    for root in sorted(Path(text).expanduser() for text in texts):
        for path in sorted((root, *root.rglob("*")) if root.exists() else ()):
            facts = path.stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _is_valid(report: Report, record: Record) -> bool:
    """Return whether a record is young enough for a report that reads the clock."""
    if report.valid_hours is None:
        return True
    made = datetime.strptime(record.date_utc, SECOND).replace(tzinfo=UTC)
    return datetime.now(UTC) - made < timedelta(hours=report.valid_hours)


def _identity(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    names = ("engine", "endpoint", "database", "tables", "content_sha256", "error")
    return {name: snapshot[name] for name in names if name in snapshot}


def _holds(recorded: Mapping[str, Any]) -> bool:
    """Return whether a database has the rows and files of a snapshot."""
    from orbital_kernel.reports import provenance
    from orbital_kernel.session import connect

    try:
        session = connect(database=recorded["database"])
    except OrbitalError:
        return False
    now = _identity(provenance.snapshot(session))
    places = {"endpoint"} if recorded["engine"] == "embedded" else set()
    return "error" not in now and all(
        now.get(name) == value for name, value in recorded.items() if name not in places
    )
