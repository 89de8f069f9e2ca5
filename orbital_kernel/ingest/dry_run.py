"""What an ingest would do: every file is read, nothing is written.

Rows and bytes are counted, not estimated: each file goes through its reader. `bytes` is
the size of a table's filled columns in Arrow, before the platform compresses them.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbital_kernel.errors import OrbitalError
from orbital_kernel.ingest.content import mapping_hash
from orbital_kernel.ingest.current import Current
from orbital_kernel.ingest.files import files_of, in_order, shown
from orbital_kernel.ingest.identity import identify
from orbital_kernel.ingest.items import End, Kinds, Refusal, Rows, Task
from orbital_kernel.ingest.ledger import LEDGER, Ledger, entries
from orbital_kernel.ingest.offered import Offered
from orbital_kernel.ingest.parsing import parse, reader_by
from orbital_kernel.ingest.pool import read
from orbital_kernel.ingest.purity import Purity, kinds_of
from orbital_kernel.ingest.report import Progress
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.model.storage_spec import named_as
from orbital_kernel.storage.vms import Vms

if TYPE_CHECKING:
    from orbital_kernel.database import Store

LOG = logging.getLogger(__name__)
PROVENANCE_BYTES = 68
"""Of a row's file_sha256: 64 characters and an offset."""


@dataclass
class Volume:
    """How many files, rows and bytes go into a table."""

    files: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Planned:
    """The outcome that one file would have: ingest, unchanged or refused."""

    path: str
    state: str
    format: str | None = None
    observatory: str | None = None
    size_bytes: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    offset: int | None = None


@dataclass(frozen=True)
class QuotaNeed:
    """A quota: the bytes an ingest needs, and those free up to its limit."""

    quota: str
    holds: str
    needs_bytes: int
    free_bytes: int | None
    enough: bool | None


@dataclass(frozen=True)
class Survey:
    """What an ingest would do, without doing it.

    Parameters
    ----------
    files
        One Planned per file: state 'ingest', 'unchanged' or 'refused', rows by table,
        rows skipped and the reason of a refusal.
    tables
        Files, rows and bytes (Arrow, before compression) by table.
    quotas
        Bytes needed and free per quota; free is None without a VMS.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.survey(mkdtemp()).files
    ()
    """

    files: tuple[Planned, ...]
    tables: dict[str, Volume]
    quotas: tuple[QuotaNeed, ...]

    def in_state(self, state: str) -> tuple[Planned, ...]:
        """Return the files in one state.

        Parameters
        ----------
        state
            'ingest', 'unchanged' or 'refused'.

        Returns
        -------
        tuple of Planned
            The plans of these files.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.survey(mkdtemp()).in_state("refused")
        ()
        """
        return tuple(planned for planned in self.files if planned.state == state)

    def to_json(self) -> dict[str, Any]:
        """Return the survey as `orbital ingest --dry-run --json` prints it.

        Returns
        -------
        dict
            `dry_run`, `files`, `tables` and `quotas`.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.survey(mkdtemp()).to_json()["files"]
        ()
        """
        return {"dry_run": True, **asdict(self)}


def survey(
    paths: Iterable[str | Path],
    store: "Store",
    *,
    observatory: str | None = None,
    mapping: str | Path | None = None,
    workers: int | None = None,
    accept_checksums: bool = False,
    progress: Progress = lambda _path, _bytes: None,
) -> Survey:
    """Read files and folders and return what ingesting them would do.

    Parameters
    ----------
    paths
        Files and folders; folders are walked.
    store
        The database that would be written to; it need not be provisioned.
    observatory
        Whose data the files must be; files of others are refused.
    mapping
        A TOML file that declares the columns of a table of unknown format.
    workers
        Processes that read; by default as many as there are cores.
    accept_checksums
        Whether to take FITS files whose DATASUM does not fit their data.
    progress
        Called with a path and its size in bytes once it is read.

    Returns
    -------
    Survey
        The plan of each file, volumes by table, and the bytes needed per quota.

    Raises
    ------
    ArchiveError
        If a path does not exist.
    """
    files = in_order(files_of(paths))
    tables: dict[str, Volume] = {}
    planned, purity = [], Purity(store)
    task = Task(observatory, str(mapping) if mapping else None, accept_checksums)
    current = Current.by(reader_by(task), mapping_hash(task.mapping))
    provisioned = LEDGER in store.row_counts()  # a new store can be surveyed too
    ledger = Ledger(entries(store) if provisioned else {})
    stored: set[str] = set()

    def selects(offered: Offered) -> bool:
        identify(ledger, offered, current.declared)
        entry = ledger.find(*offered.hashes)
        return offered.sha256 not in stored and (entry is None or not current(entry))

    with read(files, task, selects=selects, workers=workers) as offers:
        for offered in offers:
            planned.append(_planned(offered, tables, purity))
            progress(offered.path, offered.size)
            if planned[-1].state == "ingest":
                stored.add(offered.sha256)
    return Survey(tuple(planned), tables, quota_needs(store, planned, tables))


def _planned(offered: Offered, tables: dict[str, Volume], purity: Purity) -> Planned:
    path, size = shown(offered.path), offered.size
    if offered.unread:
        return Planned(path, "unchanged", size_bytes=size)
    volumes: dict[str, Volume] = {}
    kinds: Kinds = frozenset()
    for item in offered.items():
        if isinstance(item, Rows):
            kinds |= kinds_of([item.data])
            volume = volumes.setdefault(item.table, Volume(1))
            volume.rows += len(item.data)
            volume.bytes += item.data.nbytes + PROVENANCE_BYTES * len(item.data)
        elif isinstance(item, Refusal):
            return Planned(
                *(path, "refused", item.format, None, size),
                reason=item.reason,
                offset=item.offset,
            )
        else:
            end = item
    if why := purity.refuses(kinds, offered.path.name):
        return Planned(path, "refused", end.format, None, size, reason=why)
    return _counted(path, size, end, volumes, tables)


def _counted(
    path: str,
    size: int,
    end: End,
    volumes: Mapping[str, Volume],
    tables: dict[str, Volume],
) -> Planned:
    for table, volume in volumes.items():
        total = tables.setdefault(table, Volume())
        total.files += volume.files
        total.rows += volume.rows
        total.bytes += volume.bytes
    rows = {table: volume.rows for table, volume in volumes.items()}
    return Planned(
        *(path, "ingest", end.format, end.observatory, size), rows, end.skipped
    )


def quota_needs(
    store: "Store", planned: Sequence[Planned], tables: Mapping[str, Volume]
) -> tuple[QuotaNeed, ...]:
    """Return what the rows, and the files stored beside them, need of each quota."""
    quotas = _quotas(store)
    rows = sum(volume.bytes for volume in tables.values())
    database = named_as(site().database, store.database)
    result = [_need(database.quota.name, "rows in the database", rows, quotas)]
    for name, observatory in observatories().items():
        of_files = sum(
            p.size_bytes
            for p in planned
            if p.observatory == name and p.state == "ingest"
        )
        if of_files:
            quota = observatory.storage.quota.name
            result.append(_need(quota, "the files themselves", of_files, quotas))
    return tuple(result)


def _quotas(store: "Store") -> dict[str, dict[str, Any]]:
    """Return the quotas of the VMS by name; none if no VMS is configured."""
    try:
        rows = Vms.connect(store.settings.require_vms()).listing("quotas", paged=True)
    except OrbitalError:
        LOG.info("the quotas cannot be read", exc_info=True)
        return {}
    return {str(row.get("name")): row for row in rows}


def _need(
    quota: str, holds: str, needs: int, quotas: Mapping[str, Mapping[str, Any]]
) -> QuotaNeed:
    limit = quotas.get(quota, {}).get("hard_limit")
    if limit is None:
        return QuotaNeed(quota, holds, needs, None, None)
    free = int(limit) - int(quotas[quota].get("used_capacity") or 0)
    return QuotaNeed(quota, holds, needs, free, needs <= free)


def kind_of(paths: Iterable[str | Path]) -> bool | None:
    """Return the kind of the first file that states it; None if no file does."""
    for path in in_order(files_of(paths)):
        for item in parse(path, Task()):
            kinds = kinds_of([item.data]) if isinstance(item, Rows) else frozenset()
            if kinds:
                return True in kinds
    return None
