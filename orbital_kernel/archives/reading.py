"""What every reader is handed, what it gives back, and what it may raise."""

import csv
import gzip
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pyarrow as pa
from astropy.io.fits import VerifyError

from orbital_kernel.errors import ArchiveError, SchemaMismatch

HEAD_BYTES = 32_768
"""Enough for the header line of a catalogue of a thousand columns."""
DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    MemoryError,
    csv.Error,
    ParseError,
    VerifyError,
    SchemaMismatch,
    struct.error,
    pa.lib.ArrowException,
)
"""What parsers raise on damaged input: all of it means "this file cannot be read"."""


@dataclass(frozen=True)
class Source:
    """One file as offered: its path and its first bytes, gunzipped where gzipped."""

    path: Path
    head: bytes

    @property
    def stem(self) -> str:
        """The file name without its endings: 'sw00048712058brtms' of '….lc.gz'."""
        return self.path.name.split(".")[0]


@dataclass
class Account:
    """A reader's plain account: what it understood, and what it skipped and why."""

    observatory: str
    understood: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str, rows: int = 1) -> None:
        """Count rows left out, by reason."""
        self.skipped[reason] = self.skipped.get(reason, 0) + rows


Batches = Iterator[tuple[str, pa.Table]]
"""Pairs of table name ('rates') and rows; columns a subset of schema.py's."""


@dataclass(frozen=True)
class Reader:
    """One format: its name, how to recognise it, how to read it, its version.

    A `loose` reader knows its format by shape alone: it is asked after all others.
    """

    name: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source, Account], Batches]
    doc: str
    version: int = 1
    loose: bool = False


def guarded(reader: Reader) -> Reader:
    """Return the reader with every error of a damaged file told as ArchiveError.

    What cannot even be looked at is not recognised; `detect` then tells why.
    """

    def recognises(source: Source) -> bool:
        try:
            return reader.recognises(source)
        except (ArchiveError, *DAMAGE):
            return False

    def read(source: Source, account: Account) -> Batches:
        name = source.path.name
        try:
            yield from reader.read(source, account)
        except ArchiveError as error:
            raise type(error)(f"{name}: {error}", offset=error.offset) from error
        except DAMAGE as error:
            raise ArchiveError(
                f"{name}: damaged, or no {reader.name} after all: "
                f"{type(error).__name__}: {error}"
            ) from error

    return replace(reader, recognises=recognises, read=read)


def open_source(path: Path) -> Source:
    """Return the file as a Source; a broken gzip head is left as it is."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as file:
                head = file.read(HEAD_BYTES)
        except (OSError, EOFError, zlib.error):
            pass
    return Source(path, head)
