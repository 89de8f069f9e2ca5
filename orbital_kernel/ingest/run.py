"""Files into the store: idempotent by content, resumable and verified.

Other processes read the files and this one writes them, in order of name, with one
ledger row per content. What was written before a kill remains; running the same command
again continues with the other files.
"""

import time as clock
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from orbital_kernel.ingest.bulk import Bulk
from orbital_kernel.ingest.content import mapping_hash
from orbital_kernel.ingest.current import Current
from orbital_kernel.ingest.files import files_of, in_order
from orbital_kernel.ingest.identity import identify, own_hash
from orbital_kernel.ingest.items import End, Item, Refusal, Rows, Task
from orbital_kernel.ingest.ledger import Ledger, entries
from orbital_kernel.ingest.lock import only_one
from orbital_kernel.ingest.offered import Meter, Offered, hashed
from orbital_kernel.ingest.parsing import reader_by
from orbital_kernel.ingest.pool import read
from orbital_kernel.ingest.reader_process import started_early
from orbital_kernel.ingest.report import FileReport, IngestReport, Progress
from orbital_kernel.ingest.tally import Parsed, Tally, report_of
from orbital_kernel.ingest.writing import Writer

if TYPE_CHECKING:
    from orbital_kernel.database import Store

TOGETHER_BYTES = 16 << 20
TOGETHER_FILES = 256
TOGETHER_SECONDS = 2.0
Seen = Callable[[str, pa.Table, str], None]
"""Called with a table's full name and rows that are written to it."""


def ingest(
    paths: Iterable[str | Path],
    store: "Store",
    *,
    observatory: str | None = None,
    replace: bool = False,
    mapping: str | Path | None = None,
    bulk_above: int | None = None,
    workers: int | None = None,
    accept_checksums: bool = False,
    compare: bool = False,
    progress: Progress = lambda _path, _bytes: None,
    seen: Seen = lambda _table, _rows, _file: None,
) -> IngestReport:
    """Ingest files and folders; report those that are refused and ingest the others.

    Parameters
    ----------
    paths
        Files and folders; folders are walked.
    store
        The database to write to.
    observatory
        Whose data the files must be; files of others are refused.
    replace
        Whether to ingest content again that the ledger has. Its old rows are deleted in
        the same transaction.
    mapping
        A TOML file that declares the columns of a table of unknown format.
    bulk_above
        Import files of more than this many bytes as Parquet objects; never by default.
    workers
        Processes that read; by default as many as there are cores.
    accept_checksums
        Whether to take FITS files whose DATASUM does not fit their data.
    compare
        Whether to note the files whose rows are to be compared with earlier ones.
    progress
        Called with a path and the number of bytes it has advanced.
    seen
        Called with the table, the rows and the file as they are written.

    Returns
    -------
    IngestReport
        One report per file. What was reported to `progress` in full is stored, whatever
        happens later.

    Raises
    ------
    ArchiveError
        If a path does not exist.
    StoreError
        If the database refuses.
    """
    files = in_order(files_of(paths))
    task = Task(
        observatory, str(mapping) if mapping else None, accept_checksums, runs=True
    )
    declared = reader_by(task)  # a wrong mapping is refused before any work
    current = Current.by(declared, mapping_hash(task.mapping))
    with started_early(files), only_one(store) as begun:
        single = len(files) == 1 and not replace
        prepared = {path: hashed(path) for path in files if single or replace}
        contents = sorted(
            {h for o in prepared.values() for h in (o.sha256, o.packed) if h}
        )
        contents += [
            own_hash(h, current.declared) for h in contents if current.declared
        ]
        stored = entries(store, contents if single and contents else None)
        if single and contents and not any(map(current, stored.values())):
            stored = entries(store)  # what is new may concern files of any name

        begun_with = Ledger(stored)

        def selects(offered: Offered) -> bool:
            identify(begun_with, offered, current.declared)
            entry = begun_with.find(*offered.hashes)
            return replace or entry is None or not current(entry)

        ledger = Ledger(stored, rewritten=contents if replace else (), compare=compare)
        writer = Writer(store, ledger, begun, current.mapping)
        run = _Run(writer, store, progress, bulk_above, seen)
        with read(
            files, task, selects=selects, workers=workers, prepared=prepared
        ) as offers:
            for offered in offers:
                run.take(offered)
            run.flush()
    return IngestReport(tuple(run.reports[path] for path in files))


class _Run:
    """One run: gathers small files into transactions, streams large ones."""

    def __init__(
        self,
        writer: Writer,
        store: "Store",
        progress: Progress,
        bulk_above: int | None,
        seen: Seen,
    ) -> None:
        self._seen_by = seen
        self.reports: dict[Path, FileReport] = {}
        self._writer = writer
        self._store = store
        self._progress = progress
        self._bulk_above = bulk_above
        self._waiting: list[Parsed] = []
        self._waiting_bytes = 0
        self._since = clock.monotonic()
        self._seen: dict[str, Path] = {}
        self._twins: list[Offered] = []
        self._unread: list[Offered] = []

    def take(self, offered: Offered) -> None:
        """Process one file: report it as unchanged, hold it, or write it as it is read."""
        if offered.sha256 in self._seen:
            for _ in offered.items():
                """The same content appeared before in this run."""
            self._twins.append(offered)
            return
        if offered.sha256:
            self._seen[offered.sha256] = offered.path
            self._writer.ledger.find(*offered.hashes)
        if offered.unread:
            self._unread.append(offered)
            self._report_stored(offered)
            return
        meter = Meter(offered, self._progress)
        items = offered.items(meter.tick)
        rows: list[Rows] = []
        size = 0
        for item in items:
            if not isinstance(item, Rows):
                for _ in self._watched(rows if isinstance(item, End) else (), offered):
                    """These rows are written with the next flush."""
                self._hold(Parsed(offered, item, rows), size)
                return
            rows.append(item)
            size += item.data.nbytes
            meter.rows_seen = True
            if size > TOGETHER_BYTES:
                break
        self.flush()
        bulk = self._bulk(offered)
        watched = self._watched(chain(rows, items), offered)
        report = self._writer.write_large(offered, watched, bulk)
        self._done(report, offered)

    def flush(self) -> None:
        """Write the files that are held."""
        files, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if files:
            for file, report in zip(files, self._writer.write(files), strict=True):
                self._done(report, file.offered)
        unread, self._unread = self._unread, []
        self._writer.adopt(unread)
        twins, self._twins = self._twins, []
        for twin in twins:
            self._report_stored(twin)
        self._since = clock.monotonic()

    def _watched(self, items: Iterable[Item], offered: Offered) -> Iterator[Item]:
        """Yield the items; show their rows to whoever watches the ingest."""
        for item in items:
            if isinstance(item, Rows):
                self._seen_by(item.table, item.data, str(offered.path))
            yield item

    def _hold(self, parsed: Parsed, size: int) -> None:
        self._waiting.append(parsed)
        self._waiting_bytes += size
        if (
            self._waiting_bytes >= TOGETHER_BYTES
            or len(self._waiting) >= TOGETHER_FILES
            or clock.monotonic() - self._since >= TOGETHER_SECONDS
        ):
            self.flush()

    def _report_stored(self, offered: Offered) -> None:
        """Report a file whose content is in the ledger."""
        entry = self._writer.ledger.entry(offered.sha256)
        if entry is None:
            first = self._seen[offered.sha256]
            why = f"its content is that of {first}, which changed: offer it again"
            self._done(report_of(Parsed(offered, Refusal(why)), Tally()), offered)
            return
        state = "unchanged" if entry.state == "ingested" else "refused"
        self._done(entry.report(offered.path, state), offered)

    def _done(self, report: FileReport, offered: Offered) -> None:
        self.reports[offered.path] = report
        self._progress(offered.path, offered.size - offered.reported)

    def _bulk(self, offered: Offered) -> Bulk | None:
        if self._bulk_above is None or offered.size < self._bulk_above:
            return None
        return Bulk(self._store.settings, self._store.database)
