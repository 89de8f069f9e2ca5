"""Outside formats to Arrow tables of schema.py; one module per format.

A reader knows a format, not a file name: `recognises` decides by content, `read` yields
batches of rows for the tables it fills and counts the rows it skips, with the reason.
Readers use no database, no network and no clock. Batches are lazy, so a file of any
size needs the memory of one batch. If a read fails midway, none of the file's rows are
stored. The code that stores the rows fills in `file_sha256`; `file_row` is the row's
number in the file.
"""

from pathlib import Path

from orbital_kernel.archives.faults import data_errors
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
    r"""Return the reader of a file, by its content.

    Parameters
    ----------
    path : pathlib.Path
        The file, gzipped or not. Its name does not matter.

    Returns
    -------
    Reader
        The first reader that recognises the file. Readers that users add come first,
        `loose` readers last.

    Raises
    ------
    ArchiveError
        If no reader recognises the file; the message names the file and says what it is.
    ReaderFault
        If the code of a reader failed and no other reader recognises the file. A loose
        reader is not tried then.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from orbital_kernel.archives import detect
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "flux.qdp"
    ...     _ = path.write_text("READ TERR 1 2\n! Time T_+ve T_-ve Flux Fluxpos Fluxneg\n")
    ...     detect(path).name
    'swift-xrt-qdp'
    """
    try:
        source = open_source(path)
    except OSError as error:
        raise ArchiveError(f"{path.name}: cannot be opened: {error}") from error
    except ArchiveError as error:
        raise ArchiveError(f"{path.name}: {error}") from error
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
    except data_errors(ArchiveError) as error:
        reason = f"damaged: {error}"
    raise ArchiveError(f"{path.name}: {reason}")
