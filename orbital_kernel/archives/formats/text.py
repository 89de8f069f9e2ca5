"""Lines and delimited tables of text files, in bounded pieces.

Trap handled: one file may mix encodings (the Swift GRB table writes some letters in
UTF-8, others in latin-1): bytes that are not UTF-8 are read as latin-1, byte by byte.
Cells are text until a reader says what they are, so ids keep their zeros.
"""

import codecs
import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

LINE_BYTES = 1 << 20
WHOLE_BYTES = 32 << 20
BATCH_ROWS = 20_000
BATCH_CHARACTERS = 64 << 20
COLUMNS = 8192
BLANK = {"", "n/a", "nan", "na", "null", "--"}


def _latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("else-latin-1", _latin1)


@dataclass(frozen=True)
class Record:
    """One row: its number from 0, its line in the file, its cells by column."""

    row: int
    line: int
    cells: dict[str, str] = field(default_factory=dict)

    def text(self, column: str) -> str | None:
        """Return a cell stripped; None where blank, 'n/a' or absent."""
        value = (self.cells.get(column) or "").strip()
        return None if value.lower() in BLANK else value

    def real(self, column: str) -> float:
        """Return a cell as a number, NaN where blank; ArchiveError names the line."""
        value = self.text(column)
        if value is None:
            return math.nan
        try:
            return float(value)
        except ValueError:
            raise ArchiveError(
                f"line {self.line}: {column} is {value!r}, which is not a number"
            ) from None


def decoded(raw: bytes) -> str:
    """Return bytes as text: UTF-8, and latin-1 for what is not."""
    return raw.decode("utf-8", errors="else-latin-1")


def lines(path: Path) -> Iterator[str]:
    """Yield the file's lines without their ends; raises ArchiveError for binary."""
    with open_bounded(path) as file:
        first = True
        while raw := file.readline(LINE_BYTES):
            if len(raw) == LINE_BYTES and not raw.endswith(b"\n"):
                raise ArchiveError(f"a line longer than {LINE_BYTES:,} bytes")
            if b"\0" in raw:
                raise ArchiveError("zero bytes in what should be text")
            text = decoded(raw.removeprefix(codecs.BOM_UTF8) if first else raw)
            first = False
            yield text.rstrip("\r\n")


def content(path: Path, most: int = WHOLE_BYTES) -> bytes:
    """Return the whole file, unpacked; raises ArchiveError over `most` bytes."""
    with open_bounded(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ArchiveError(f"more than {most:,} bytes in one document")
    return data


def head_lines(source: Source, count: int = 40) -> list[str]:
    """Return the first lines within the head; [] for binary files."""
    return list(_head_lines(source.head)[:count])


def header_cells(source: Source, delimiter: str) -> list[str]:
    """Return the cells of the first line that is neither a comment nor blank."""
    return list(_header_cells(source.head, delimiter))


@lru_cache(maxsize=16)
def _head_lines(head: bytes) -> tuple[str, ...]:
    if b"\0" in head:
        return ()
    return tuple(decoded(head.removeprefix(codecs.BOM_UTF8)).splitlines())


@lru_cache(maxsize=128)
def _header_cells(head: bytes, delimiter: str) -> tuple[str, ...]:
    for line in _head_lines(head)[:40]:
        if line.strip() and not line.startswith("#"):
            try:
                return tuple(split(line, delimiter))
            except csv.Error:
                return ()
    return ()


def split(line: str, delimiter: str, *, quoted: bool = True) -> list[str]:
    """Return the cells of one line; quotes count by default."""
    if not quoted or '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, strict=True))


def unique(names: Iterable[str]) -> list[str]:
    """Return column names stripped, the second 'x' as 'x#2'."""
    seen: dict[str, int] = {}
    result = []
    for raw in names:
        name = raw.strip()
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return result


def records(
    path: Path, delimiter: str, *, quoted: bool = True, ragged: bool = False
) -> Iterator[Record]:
    """Yield the rows under the header line; lines that start with '#' are comments.

    Rows with too many cells, or without `ragged` too few, raise ArchiveError: the file
    is cut or not what it seems.
    """
    columns: list[str] = []
    row = 0
    for number, line in enumerate(lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = split(line, delimiter, quoted=quoted)
        if not columns:
            columns = unique(cells)
            if len(columns) > COLUMNS:
                raise ArchiveError(f"more than {COLUMNS:,} columns in one table")
            continue
        if len(cells) > len(columns) or (len(cells) < len(columns) and not ragged):
            raise ArchiveError(
                f"line {number} has {len(cells)} cells, the header {len(columns)}: "
                "cut short, or not this table"
            )
        yield Record(row, number, dict(zip(columns, cells, strict=False)))
        row += 1


def lower(record: Record) -> Record:
    """Return the record with the names of its columns in lower case."""
    cells = {name.lower(): cell for name, cell in record.cells.items()}
    return Record(record.row, record.line, cells)


def batches(items: Iterable[Record], size: int = BATCH_ROWS) -> Iterator[list[Record]]:
    """Yield the records in lists of at most `size`, and of a bounded number of letters."""
    batch: list[Record] = []
    letters = 0
    for record in items:
        batch.append(record)
        letters += sum(map(len, record.cells.values()))
        if len(batch) == size or letters > BATCH_CHARACTERS:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch


def says_simulated(source: Source) -> bool:
    """Return whether the first line, or the file's name, says the rows are simulated."""
    first = next(iter(head_lines(source, 1)), "")
    return (
        first[:1] in {"#", "!"} and "SIMULATED" in first
    ) or source.path.name.startswith("simulated_")
