"""Delimited text as columns: blocks of lines that Arrow splits and Polars reads.

The rules are those of text.py, a thousand cells at a time: comments and blank lines are
passed over, cells are text until a reader says what they are, and a row of another number
of cells refuses the file by its line.
"""

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.frames import frame_of

Reals = NDArray[np.float64]

BLOCK_BYTES = 4 << 20
SHORT = range(1 + max(map(len, text.BLANK)))
ESCAPED = r'["\\\x00-\x1f]'
"""Characters that JSON text must not contain as they are."""
_OTHER_START = re.compile(rb'[^!"$-~]')
_OTHER_LINE = re.compile(rb'\n[^!"$-~]')
"""A block without these has only rows: each line begins with a plain character, not #."""


@dataclass(frozen=True)
class TextColumns:
    """Some rows of a table as columns of text, from row `first` on, with their lines."""

    frame: pl.DataFrame
    first: int
    lines: Sequence[int]
    is_plain: bool = False
    """No cell has a character that JSON escapes; False if that was not looked at."""

    @classmethod
    def of(cls, records: Sequence[Record]) -> "TextColumns":
        """Return records, all of one table, as columns."""
        names = list(records[0].cells)
        columns = {name: [r.cells.get(name) for r in records] for name in names}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
        return cls(frame, records[0].row, [record.line for record in records])

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as written."""
        return tuple(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The number of each row in the file."""
        return np.arange(self.first, self.first + len(self), dtype=np.int64)

    def renamed(self, names: Sequence[str]) -> "TextColumns":
        """Return the columns under other names; the last of equal ones is kept."""
        last = dict(zip(names, self.frame.columns, strict=True))
        frame = self.frame.select(pl.col(old).alias(new) for new, old in last.items())
        return TextColumns(frame, self.first, self.lines)

    def lower(self) -> "TextColumns":
        """Return the columns with their names in lower case."""
        return self.renamed([name.lower() for name in self.frame.columns])

    @cached_property
    def cells(self) -> pl.DataFrame:
        """The cells stripped; null where blank or 'n/a'."""
        cells = self.frame.select(pl.all().str.strip_chars())
        shortest = cells.select(pl.all().str.len_bytes().min()).row(0)
        short = [
            n for n, size in zip(self.names, shortest, strict=True) if size in SHORT
        ]
        blank = pl.col(short).str.to_lowercase().is_in(list(text.BLANK))
        return cells.with_columns(pl.when(~blank).then(pl.col(short)))

    def texts(self, name: str) -> pl.Series:
        """Return a column as stripped text, null where blank, 'n/a' or absent."""
        if name not in self.cells.columns:
            return pl.repeat(None, len(self), dtype=pl.String, eager=True)
        return self.cells[name]

    def reals(self, name: str) -> Reals:
        """Return a column as numbers, NaN where blank; ArchiveError names the line."""
        cells = self.texts(name)
        numbers = cells.cast(pl.Float64, strict=False)
        others = (numbers.is_null() & cells.is_not_null()).arg_true()
        values: Reals = numbers.fill_null(np.nan).to_numpy(writable=True)
        for place in others:
            record = Record(self.first + place, self.lines[place], {name: cells[place]})
            values[place] = record.real(name)
        return values


def columns(
    path: Path, delimiter: str, *, quoted: bool = True, ragged: bool = False
) -> Iterator[TextColumns]:
    """Yield the rows under the header line, in blocks; refusals as of text.records."""
    names: list[str] = []
    row = 0
    for lines in _lines(path):
        rows = lines
        if not names:
            names = text.unique(text.split(lines.first, delimiter, quoted=quoted))
            if len(names) > text.COLUMNS:
                raise ArchiveError(f"more than {text.COLUMNS:,} columns in one table")
            rows = lines.after_first
        if rows.numbers:
            frame = _split(rows, names, delimiter, quoted=quoted, ragged=ragged)
            yield TextColumns(frame, row, rows.numbers, _is_plain(rows.joined))
            row += len(rows.numbers)


def extras(cells: pl.DataFrame, *, is_plain: bool = False) -> pl.Series:
    """Return the cells of each row that are not null as JSON; null if all are.

    Plain cells, without a character that JSON escapes, are taken as they are.
    """
    if not cells.width:
        return pl.repeat(None, len(cells), dtype=pl.String, eager=True)
    if not is_plain:
        cells = _escaped_cells(cells)
    pieces: list[pl.Expr | str] = []
    for cell in cells:
        key = pl.lit(", " + json.dumps(cell.name, ensure_ascii=False) + ': "')
        pair = (key, pl.col(cell.name), pl.lit('"'))
        pieces += [pl.concat_str(pair).fill_null("")] if cell.null_count() else pair
    first = cells.to_series()
    if not first.null_count():  # no row is empty: one copy of the text is enough
        key = pl.lit("{" + json.dumps(first.name, ensure_ascii=False) + ': "')
        document = pl.concat_str(key, *pieces[1:], pl.lit("}"))
        return cells.select(document.alias("extra")).to_series()
    joined = pl.concat_str(pieces).str.slice(2)
    document = pl.concat_str(pl.lit("{"), joined, pl.lit("}"))
    return cells.select(pl.when(joined != "").then(document).alias("extra")).to_series()


def _escaped_cells(cells: pl.DataFrame) -> pl.DataFrame:
    unsafe = cells.select(pl.all().str.contains(ESCAPED).any()).row(0)
    return cells.with_columns(
        pl.Series(cell.name, [_escaped(value) for value in cell], pl.String)
        for cell, escape in zip(cells, unsafe, strict=True)
        if escape
    )


def _escaped(value: str | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)[1:-1]


@dataclass(frozen=True)
class _Lines:
    """Lines that are neither blank nor comments, joined, and their numbers in the file."""

    numbers: Sequence[int]
    joined: bytes

    @property
    def first(self) -> str:
        return self.joined.partition(b"\n")[0].decode()

    @property
    def after_first(self) -> "_Lines":
        return _Lines(self.numbers[1:], self.joined.partition(b"\n")[2])

    @property
    def rows(self) -> list[str]:
        return self.joined.decode().split("\n")


def _lines(path: Path) -> Iterator[_Lines]:
    """Yield the lines that are neither blank nor comments, in blocks."""
    number = 1
    for block in _blocks(path):
        if b"\0" in block:
            raise ArchiveError("zero bytes in what should be text")
        if _longest(block) >= text.LINE_BYTES:
            raise ArchiveError(f"a line longer than {text.LINE_BYTES:,} bytes")
        plain = block if block.isascii() else text.decoded(block).encode()
        plain = plain.removesuffix(b"\n")
        count = 1 + plain.count(b"\n")
        if not _has_other_lines(block):
            yield _Lines(range(number, number + count), plain)
        elif rows := _rows(plain, number):
            yield _Lines([n for n, _ in rows], "\n".join(r for _, r in rows).encode())
        number += count


def _rows(block: bytes, number: int) -> list[tuple[int, str]]:
    """Return the lines of a block that are rows, each with its number."""
    return [
        (place, line.rstrip("\r"))
        for place, line in enumerate(block.decode().split("\n"), number)
        if not line.startswith("#") and line.strip()
    ]


def _longest(block: bytes) -> int:
    """Return the length of the longest line."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    return int(np.diff(ends, prepend=-1, append=len(block)).max()) - 1


def _is_plain(block: bytes) -> bool:
    """Return whether no character but the ends of lines is one that JSON escapes."""
    if b'"' in block or b"\\" in block:
        return False
    low = np.count_nonzero(np.frombuffer(block, np.uint8) < ord(" "))
    return int(low) == block.count(b"\n")


def _has_other_lines(block: bytes) -> bool:
    """Return whether some lines may be no rows; three searches are faster than one."""
    if b"\r" in block or _OTHER_START.match(block):
        return True
    return _OTHER_LINE.search(block) is not None


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the file in blocks that end with a line."""
    with open_bounded(path) as file:
        remainder = file.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while data := file.read(BLOCK_BYTES):
            end = data.rfind(b"\n") + 1
            if not end and len(remainder) + len(data) >= text.LINE_BYTES:
                raise ArchiveError(f"a line longer than {text.LINE_BYTES:,} bytes")
            if end:
                yield remainder + data[:end]
            remainder = data[end:] if end else remainder + data
        if remainder:
            yield remainder


def _split(
    lines: _Lines,
    names: list[str],
    delimiter: str,
    *,
    quoted: bool,
    ragged: bool,
) -> pl.DataFrame:
    """Return the cells of rows by column; ArchiveError names a line that is cut."""
    joined = lines.joined
    if not ragged and b"\r" not in joined:
        for row in lines.rows if quoted and b'"' in joined else ():
            if '"' in row:
                text.split(row, delimiter)  # Arrow would take a broken quote
        try:
            return _split_at_once(joined, names, delimiter, quoted=quoted)
        except pa.ArrowInvalid:  # a row is cut: the slow way names it
            pass
    cells = [text.split(row, delimiter, quoted=quoted) for row in lines.rows]
    for number, of_row in zip(lines.numbers, cells, strict=True):
        if len(of_row) > len(names) or (len(of_row) < len(names) and not ragged):
            raise ArchiveError(
                f"line {number} has {len(of_row)} cells, the header {len(names)}: "
                "cut short, or not this table"
            )
    padded = [(*of_row, *(None,) * (len(names) - len(of_row))) for of_row in cells]
    data = dict(zip(names, zip(*padded, strict=True), strict=True))
    return pl.DataFrame(data, schema=dict.fromkeys(names, pl.String))


def _split_at_once(
    data: bytes, names: list[str], delimiter: str, *, quoted: bool
) -> pl.DataFrame:
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(column_names=names, block_size=len(data) + 1),
        arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if quoted else False,
            ignore_empty_lines=False,
        ),
        arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    )
    return frame_of(table)
