"""Outside formats → Arrow tables of schema.py; one format a file.

A reader knows one format, not one file: `recognises` looks at content, `read` yields
batches of rows for the tables it fills and notes what it left out and why. Readers
touch no store, no network and no clock. Batches are lazy, so a file of any size needs
the memory of one batch; an ArchiveError midway means nothing is kept. `file_sha256` is
for the one who stores the rows to fill in; `file_row` is the row in the file.
"""

from pathlib import Path

from orbital_kernel.archives.faults import DATA_ERRORS
from orbital_kernel.archives.reading import (
    Account,
    Batches,
    Reader,
    Source,
    open_source,
)
from orbital_kernel.archives.refusals import refusal
from orbital_kernel.archives.registry import readers
from orbital_kernel.errors import ArchiveError, ReaderFault

__all__ = [
    "Account",
    "Batches",
    "Reader",
    "Source",
    "detect",
    "open_source",
    "readers",
]


def detect(path: Path) -> Reader:
    """Return the reader of a file, by its content.

    Raises ArchiveError that names the file and says what it is instead, or what was
    looked for.
    """
    try:
        source = open_source(path)
    except OSError as error:
        raise ArchiveError(f"{path.name}: cannot be opened: {error}") from error
    candidates = readers()
    faults: list[ReaderFault] = []
    for reader in candidates:
        if reader.loose and faults:
            break
        try:
            if reader.recognises(source):
                return reader
        except ReaderFault as error:
            faults.append(error)
    if faults:
        raise faults[0]
    try:
        reason = refusal(source, tuple(reader.name for reader in candidates))
    except (ArchiveError, *DATA_ERRORS) as error:
        reason = f"damaged: {error}"
    raise ArchiveError(f"{path.name}: {reason}")
