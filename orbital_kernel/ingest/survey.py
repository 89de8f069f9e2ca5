"""What an ingest would do: everything is read, nothing is written.

Rows and bytes are counted, not guessed: each file goes through its reader. `bytes` is
the size of a table's filled columns in Arrow, before the platform compresses them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbital_kernel.errors import OrbitalError
from orbital_kernel.ingest.files import files_of, in_order
from orbital_kernel.ingest.ledger import LEDGER, entries
from orbital_kernel.ingest.parsing import End, Refusal, Rows, Task
from orbital_kernel.ingest.pool import Offered
from orbital_kernel.ingest.purity import Kinds, Purity, kinds_of
from orbital_kernel.ingest.reading import read
from orbital_kernel.ingest.report import Progress
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.model.storage_spec import named_as
from orbital_kernel.storage.vms import Vms

if TYPE_CHECKING:
    from orbital_kernel.database import Store

PROVENANCE_BYTES = 68
"""A row's file_sha256: 64 characters and an offset."""


@dataclass
class Volume:
    """How much of something there is."""

    files: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Planned:
    """What would become of one file: ingest, unchanged or refused."""

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
class Room:
    """A quota: the bytes an ingest needs of it, and those it has left to its limit."""

    quota: str
    holds: str
    needs_bytes: int
    free_bytes: int | None
    enough: bool | None


@dataclass(frozen=True)
class Survey:
    """What would go where, what it needs, and what cannot be read."""

    files: tuple[Planned, ...]
    tables: dict[str, Volume]
    quotas: tuple[Room, ...]

    def in_state(self, state: str) -> tuple[Planned, ...]:
        """Return the files in one state: ingest, unchanged or refused."""
        return tuple(planned for planned in self.files if planned.state == state)

    def to_json(self) -> dict[str, Any]:
        """Return the survey as the command line prints it."""
        return {"dry_run": True, **asdict(self)}


def survey(
    paths: Iterable[str | Path],
    store: "Store",
    *,
    observatory: str | None = None,
    mapping: str | Path | None = None,
    workers: int | None = None,
    progress: Progress = lambda _path, _bytes: None,
) -> Survey:
    """Read files and folders and tell what ingesting them would do.

    Options as in `ingest`. Raises ArchiveError for paths that do not exist.
    """
    files = in_order(files_of(paths))
    known = set()
    if LEDGER in store.actual():  # what is not provisioned yet can be surveyed too
        known = {s for s, e in entries(store).items() if e.state == "ingested"}
    tables: dict[str, Volume] = {}
    planned, purity = [], Purity(store)
    task = Task(observatory, str(mapping) if mapping else None)
    with read(files, task, wanted=lambda s: s not in known, workers=workers) as offers:
        for offered in offers:
            planned.append(_planned(offered, tables, purity))
            progress(offered.path, offered.size)
            if planned[-1].state == "ingest":
                known.add(offered.sha256)
    return Survey(tuple(planned), tables, rooms(store, planned, tables))


def _planned(offered: Offered, tables: dict[str, Volume], purity: Purity) -> Planned:
    path, size = str(offered.path), offered.size
    if offered.known:
        return Planned(path, "unchanged", size_bytes=size)
    found: dict[str, Volume] = {}
    kinds: Kinds = frozenset()
    for item in offered.items():
        if isinstance(item, Rows):
            kinds |= kinds_of([item.data])
            volume = found.setdefault(item.table, Volume(1))
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
    return _counted(path, size, end, found, tables)


def _counted(
    path: str,
    size: int,
    end: End,
    found: Mapping[str, Volume],
    tables: dict[str, Volume],
) -> Planned:
    for table, volume in found.items():
        total = tables.setdefault(table, Volume())
        total.files += volume.files
        total.rows += volume.rows
        total.bytes += volume.bytes
    rows = {table: volume.rows for table, volume in found.items()}
    return Planned(
        *(path, "ingest", end.format, end.observatory, size), rows, end.skipped
    )


def rooms(
    store: "Store", planned: Sequence[Planned], tables: Mapping[str, Volume]
) -> tuple[Room, ...]:
    """Return the quotas the rows, and the files beside them, would need."""
    told = _told(store)
    rows = sum(volume.bytes for volume in tables.values())
    database = named_as(site().database, store.database)
    result = [_room(database.quota.name, "rows in the database", rows, told)]
    for name, observatory in observatories().items():
        of_files = sum(
            p.size_bytes
            for p in planned
            if p.observatory == name and p.state == "ingest"
        )
        if of_files:
            quota = observatory.storage.quota.name
            result.append(_room(quota, "the files themselves", of_files, told))
    return tuple(result)


def _told(store: "Store") -> dict[str, dict[str, Any]]:
    """Return the quotas the VMS tells by name; none where no VMS is configured."""
    try:
        rows = Vms.connect(store.settings.require_vms()).listing("quotas", paged=True)
    except OrbitalError:
        return {}
    return {str(row.get("name")): row for row in rows}


def _room(
    quota: str, holds: str, needs: int, told: Mapping[str, Mapping[str, Any]]
) -> Room:
    limit = told.get(quota, {}).get("hard_limit")
    if limit is None:
        return Room(quota, holds, needs, None, None)
    free = int(limit) - int(told[quota].get("used_capacity") or 0)
    return Room(quota, holds, needs, free, needs <= free)
