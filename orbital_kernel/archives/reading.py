"""What a reader is: its input, its output and its account."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

HEAD_BYTES = 32_768
"""Enough for the header line of a catalogue of a thousand columns."""


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
