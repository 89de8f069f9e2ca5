"""Tables as HEASARC's W3Browse prints them: '|' on both sides of each row, under titles.

Source: heasarc.gsfc.nasa.gov/W3Browse, text output. Lines without a '|' are titles above
the header and counts under the rows. Names come in either case and are given in lower.
"""

from collections.abc import Iterator

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

TITLES = 12


def header(source: Source, needed: set[str]) -> list[str]:
    """Return the names of the columns if these are among them, else []."""
    for line in text.head_lines(source, TITLES):
        names = [cell.lower() for cell in _cells(line)]
        if needed <= set(names):
            return names
    return []


def records(source: Source, needed: set[str]) -> Iterator[Record]:
    """Yield the rows under the header; ArchiveError names a row that is cut."""
    columns, row, under = header(source, needed), 0, False
    for number, line in enumerate(text.lines(source.path), start=1):
        if "|" not in line:
            continue
        cells = _cells(line)
        if not under:
            under = [cell.lower() for cell in cells] == columns
            continue
        if len(cells) != len(columns):
            raise ArchiveError(
                f"line {number} has {len(cells)} cells, the header {len(columns)}"
            )
        yield Record(row, number, dict(zip(columns, cells, strict=True)))
        row += 1


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in line.strip().removeprefix("|").split("|")]
    if cells[-1] == "":
        cells.pop()
    return cells
