"""What a reader is: its input, its output and its account."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from orbital_kernel.archives.formats.bounded import GZIP, open_bounded, open_regular
from orbital_kernel.errors import ArchiveError

HEAD_BYTES = 32_768
"""Enough for the header line of a catalogue of a thousand columns."""


@dataclass(frozen=True)
class Source:
    """One file as offered to a reader.

    Attributes
    ----------
    path : pathlib.Path
        The file. A reader opens it itself and reads it in pieces.
    head : bytes
        Its first 32,768 bytes, decompressed if the file is gzipped: enough to recognise
        a format without opening the file.
    """

    path: Path
    head: bytes

    @property
    def stem(self) -> str:
        """The file name without its extensions.

        Examples
        --------
        >>> from pathlib import Path
        >>> from orbital_kernel.archives.reading import Source
        >>> Source(Path("sw00048712058brtms.lc.gz"), b"").stem
        'sw00048712058brtms'
        """
        return self.path.name.split(".")[0]


@dataclass
class Account:
    """What a reader reports about one file besides its rows.

    Attributes
    ----------
    observatory : str
        Whose data the file holds ('swift'); a reader must set it before its first batch.
        It is given if the user named the observatory.
    understood : list of str
        What the reader found in the file, in words ("2 channels, 15-350 keV").
    skipped : dict of str to int
        Rows that are not stored, counted by reason.
    noted : dict of str to int
        Rows that `note` counted, by what was done to them.
    accept_checksums : bool
        Whether the user takes FITS data whose DATASUM does not fit.
    """

    observatory: str
    understood: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    accept_checksums: bool = False

    def note(self, words: str, rows: int = 1) -> None:
        """Count rows that are stored by a rule worth knowing, in `understood`.

        Parameters
        ----------
        words : str
            What the rule did to the rows; equal words add up.
        rows : int, default 1
            How many.

        Examples
        --------
        >>> from orbital_kernel.archives.reading import Account
        >>> account = Account("swift")
        >>> account.note("values kept without errors", 3)
        >>> account.note("values kept without errors", 2)
        >>> account.understood
        ['5 values kept without errors']
        """
        before = self.noted.get(words, 0)
        if before:
            self.understood.remove(f"{before} {words}")
        self.noted[words] = before + rows
        self.understood.append(f"{before + rows} {words}")

    def skip(self, reason: str, rows: int = 1) -> None:
        """Count rows that are not stored.

        Parameters
        ----------
        reason : str
            Why, in words; equal reasons add up.
        rows : int, default 1
            How many.

        Examples
        --------
        >>> from orbital_kernel.archives.reading import Account
        >>> account = Account("swift")
        >>> account.skip("no time", 3)
        >>> account.skipped
        {'no time': 3}
        """
        self.skipped[reason] = self.skipped.get(reason, 0) + rows


Batches = Iterator[tuple[str, pa.Table]]
"""Pairs of table name ('rates') and rows; columns are a subset of the table's.

A name with a point ('swift.photometry') is that of another observatory's table.
"""


@dataclass(frozen=True)
class Reader:
    """One file format: how to recognise it and how to read it.

    A reader file is a module that defines ``READER = Reader(...)``. It is found in any
    folder of observatory files that the user or an installed package adds.

    Attributes
    ----------
    name : str
        Name of the format, in lower case with hyphens. Ingested files keep it.
    recognises : callable
        ``recognises(source) -> bool``: whether the file is of this format, by
        `Source.head` if possible. At most one reader may recognise a file.
    read : callable
        ``read(source, account) -> Batches``: a generator of pairs of table name and
        `pyarrow.Table`, in batches that fit in memory; `rows` builds them. It sets
        `Account.observatory` first and raises `ArchiveError` for content that it cannot
        read. Any other error is judged by the rule of `faults.py`: an error that parsers
        raise for broken input refuses the file as damaged; an error in the reader's own
        code refuses it as a fault of the reader, with a traceback in the log.
    doc : str
        The format in a few words, for lists and messages.
    version : int, default 1
        Raise it if the same file gives other rows: files that an older version read are
        then read again.
    loose : bool, default False
        Whether the format is known by shape alone (columns of numbers); such a reader is
        tried after all others.

    Examples
    --------
    >>> from orbital_kernel.archives import readers
    >>> {"swift-bat-lightcurve", "chandra-events"} <= {r.name for r in readers()}
    True
    >>> readers()[-1].loose
    True
    """

    name: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source, Account], Batches]
    doc: str
    version: int = 1
    loose: bool = False


def open_source(path: Path) -> Source:
    """Return the file as a Source, for a reader.

    Parameters
    ----------
    path : pathlib.Path
        The file, gzipped or not.

    Returns
    -------
    Source
        The path with the first bytes. If the gzip data is broken, they are the bytes as
        stored, so that `detect` can say what is wrong with the file.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ArchiveError
        If it is not a regular file.
    """
    with open_regular(path) as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(GZIP):
        with suppress(ArchiveError), open_bounded(path) as unpacked:
            head = unpacked.read(HEAD_BYTES)
    return Source(path, head)
