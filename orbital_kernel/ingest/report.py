"""The outcome of an ingest, file by file: what `orbital.ingest` returns."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

STATES = ("ingested", "unchanged", "refused")
QUARANTINE_FIELDS = ("path", "sha256", "size_bytes", "format", "reason", "offset")

Progress = Callable[[Path, int], None]
"""Called with a path and the bytes it has advanced; they add up to its size."""


@dataclass(frozen=True)
class FileReport:
    """The outcome for one file.

    Parameters
    ----------
    path, format, observatory
        The file, the format it was read as, and whose data it is; None if unknown.
    state
        'ingested', 'unchanged' or 'refused'.
    rows
        Rows written by this run; of an unchanged file, those written before.
    reason
        Why the file was refused; else None.
    tables
        Rows by table: inserted, updated and unchanged.
    skipped
        Rows excluded, by reason.
    understood
        What the reader found, assumed or converted, in words.
    sha256, size_bytes
        SHA-256 of the unpacked content, and size (bytes) of the file.
    seconds
        Time it took to read, s.
    offset
        The byte at which a refused file is damaged, if known.
    replaced
        Stored rows that rows of this file replaced, by reason.
    places
        Points of light curves by the source of their position: file, observation,
        catalogue, target (an observation of that name), or none.

    Examples
    --------
    >>> from orbital_kernel.ingest import FileReport
    >>> FileReport("a.txt", None, None, "refused", 0, "unknown format").reason
    'unknown format'
    """

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
    offset: int | None = None
    size_bytes: int = 0
    understood: tuple[str, ...] = ()
    replaced: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """The rows of an ingest beside what was known at their places.

    Parameters
    ----------
    new
        New sources and points with a position and a flux in the common band.
    compared
        Those of them with earlier rows at their place, kept in cross.findings.
    alerts
        Identities of the findings that are alerts: beyond the limits, and news.
    waiting
        Files that remain to be compared, by the next ingest.
    excluded
        Rows that were not compared, by reason.
    rows_read
        Rows of groups that the server opened for it; None if not reported.
    queries
        Selects it took.
    seconds
        Time it took, s.
    not_alerted
        Findings beyond the limits of alerts that are kept but no news, by reason.
    failed
        Why the comparison ended early; the next ingest continues it.

    Examples
    --------
    >>> from orbital_kernel.ingest import Compared
    >>> Compared(failed="the database does not answer").compared
    0
    """

    new: int = 0
    compared: int = 0
    alerts: tuple[str, ...] = ()
    waiting: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    rows_read: int | None = None
    queries: int = 0
    seconds: float = 0.0
    not_alerted: dict[str, int] = field(default_factory=dict)
    failed: str | None = None

    def __str__(self) -> str:
        """Return the numbers in a line."""
        if self.failed:
            return f"not compared with earlier rows, left to the next ingest: {self.failed}"
        line = (
            f"{self.compared:,} of {self.new:,} new sources and points have earlier ones "
            f"at their place; {len(self.alerts)} alerts; "
            f"{self.seconds:.2f} s, {self.queries} selects"
        )
        for why, number in self.not_alerted.items():
            line += f"; {number:,} no alert: {why}"
        excluded = sum(self.excluded.values())
        line += f"; {excluded:,} rows not comparable" if excluded else ""
        waits = f"; {self.waiting:,} files wait for the next ingest"
        return line + (waits if self.waiting else "")


@dataclass(frozen=True)
class IngestReport:
    """The outcome for every file offered, in order of name.

    Parameters
    ----------
    files
        One FileReport per file.
    faults
        What the quality checks found bad in the rows, in words.
    compared
        What comparing the rows with earlier ones at their place found; None if it was
        switched off or nothing was to be compared.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.ingest(mkdtemp())
    IngestReport(no files; 0 rows written)
    """

    files: tuple[FileReport, ...]
    faults: tuple[str, ...] = ()
    compared: Compared | None = None

    def in_state(self, state: str) -> tuple[FileReport, ...]:
        """Return the files in one state.

        Parameters
        ----------
        state
            'ingested', 'unchanged' or 'refused'.

        Returns
        -------
        tuple of FileReport
            The reports on these files.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.ingest(mkdtemp()).in_state("refused")
        ()
        """
        return tuple(report for report in self.files if report.state == state)

    @property
    def rows(self) -> int:
        """The number of rows written by this run."""
        return sum(report.rows for report in self.in_state("ingested"))

    @property
    def frame(self) -> pl.DataFrame:
        """One row per file: path, format, observatory, state, rows and reason."""
        names = ("path", "format", "observatory", "state", "rows", "reason")
        kinds = {n: pl.Int64 if n == "rows" else pl.String for n in names}
        return pl.DataFrame(
            [{n: getattr(r, n) for n in names} for r in self.files], schema=kinds
        )

    def to_json(self) -> dict[str, object]:
        """Return the report as `orbital ingest --json` prints it.

        Returns
        -------
        dict
            `files`: the fields of each FileReport; `faults`, if the quality checks found
            any; `compared`: the fields of Compared, if rows were.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.ingest(mkdtemp()).to_json()
        {'files': []}
        """
        faults = {"faults": list(self.faults)} if self.faults else {}
        compared = {"compared": asdict(self.compared)} if self.compared else {}
        files = [asdict(report) for report in self.files]
        return {"files": files, **faults, **compared}

    def quarantine(self) -> dict[str, object]:
        """Return the refused files with reason and offset, as `--quarantine` writes them.

        Returns
        -------
        dict
            `made` (UTC), `offered` (number of files) and `refused`.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.ingest(mkdtemp()).quarantine()["refused"]
        []
        """
        refused = [
            {name: getattr(report, name) for name in QUARANTINE_FIELDS}
            for report in self.in_state("refused")
        ]
        return {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "offered": len(self.files),
            "refused": refused,
        }

    def write_quarantine(self, path: Path) -> None:
        """Write the report on refused files as JSON.

        Parameters
        ----------
        path
            The file to write.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> from pathlib import Path
        >>> page = Path(mkdtemp(), "refused.json")
        >>> orbital.ingest(mkdtemp()).write_quarantine(page)
        >>> page.exists()
        True
        """
        path.write_text(json.dumps(self.quarantine(), indent=2) + "\n")

    def __repr__(self) -> str:
        """Return the counts of files by state, and of rows by what became of them."""
        counts = {state: len(self.in_state(state)) for state in STATES}
        summary = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
        states = [s for f in self.files for c in f.tables.values() for s in c.items()]
        totals = {
            "updated": sum(rows for state, rows in states if state == "updated"),
            "already there": sum(
                rows for state, rows in states if state == "unchanged"
            ),
            "skipped": sum(rows for f in self.files for rows in f.skipped.values()),
            "replaced": sum(rows for f in self.files for rows in f.replaced.values()),
        }
        rows = [f"{self.rows:,} rows written"]
        rows += [f"{count:,} {state}" for state, count in totals.items() if count]
        return f"IngestReport({summary or 'no files'}; {', '.join(rows)})"
