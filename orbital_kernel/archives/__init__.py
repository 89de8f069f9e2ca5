"""Outside formats → Arrow tables of schema.py; one format a file.

A reader knows one format, not one file: `recognises` looks at content, `read` yields
batches of rows for the tables it fills and notes what it left out and why. Readers
touch no store, no network and no clock. Batches are lazy, so a file of any size needs
the memory of one batch; an ArchiveError midway means nothing is kept. `file_sha256` is
for the one who stores the rows to fill in; `file_row` is the row in the file.
"""

from pathlib import Path

from orbital_kernel.archives import (
    chandra_events,
    chandra_lightcurve,
    chandra_oif,
    chanmaster,
    csc,
    gcn_json,
    otter,
    swift_bat_ascii,
    swift_bat_catalog,
    swift_bat_lightcurve,
    swift_bat_rates,
    swift_events,
    swift_grb_table,
    swift_logs,
    swift_sources,
    swift_tdrss,
    swift_timeline,
    voevent,
    xrt_grb_list,
    xrt_json,
    xrt_qdp,
)
from orbital_kernel.archives.reading import (
    DAMAGE,
    Account,
    Batches,
    Reader,
    Source,
    guarded,
    open_source,
)
from orbital_kernel.archives.refusals import refusal
from orbital_kernel.errors import ArchiveError

__all__ = [
    "READERS",
    "Account",
    "Batches",
    "Reader",
    "Source",
    "detect",
    "open_source",
]

READERS: tuple[Reader, ...] = tuple(
    guarded(module.READER)
    for module in (
        swift_bat_lightcurve,
        swift_bat_rates,
        swift_tdrss,
        swift_events,
        chandra_events,
        chandra_lightcurve,
        chandra_oif,
        csc,
        swift_sources,
        swift_grb_table,
        swift_bat_catalog,
        xrt_grb_list,
        chanmaster,
        swift_logs,
        swift_timeline,
        xrt_qdp,
        xrt_json,
        gcn_json,
        otter,
        voevent,
        swift_bat_ascii,
    )
)
"""Every format, in the order they are tried."""


def detect(path: Path) -> Reader:
    """Return the reader of a file, by its content.

    Raises ArchiveError that names the file and says what it is instead, or what was
    looked for.
    """
    try:
        source = open_source(path)
    except OSError as error:
        raise ArchiveError(f"{path.name}: cannot be opened: {error}") from error
    for reader in READERS:
        if reader.recognises(source):
            return reader
    try:
        reason = refusal(source, tuple(reader.name for reader in READERS))
    except (ArchiveError, *DAMAGE) as error:
        reason = f"damaged: {error}"
    raise ArchiveError(f"{path.name}: {reason}")
