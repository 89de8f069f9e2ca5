"""How a file lays its table out, read off the file: format, separator, header, rows.

A layout is what a person sees first: which sign separates the cells, whether the first
line names the columns, what stands above the table. It holds the first rows as text.
"""

import csv
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from astropy.io.fits import Header, getheader
from astropy.table import Table

from orbital_kernel.archives.formats import fits, text
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.reading import open_source
from orbital_kernel.errors import MappingError
from orbital_kernel.model import scales

FIRST_ROWS = 500
SEPARATORS = {"\t": "tab", ",": "csv", ";": "csv", "|": "csv", "&": "latex"}
DEFAULTS = {"tab": "\t", "csv": ",", "latex": "&"}
WORDS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", "&": "'&'"}
OWN_FORMATS = {"latex", "pasted"}
"""Formats whose lines `notation` cuts into cells."""
CLOCK = frozenset(
    [
        *("TELESCOP", "MISSION", "TIMESYS", "MJDREF", "MJDREFI", "MJDREFF", "CLOCKAPP"),
        *("UTCF", "UTCFINIT", "P1UTCC", "PCUTCC", "UTCCTIME"),
    ]
)
_SAID = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(CLOCK, key=len, reverse=True))})\s*[=:]\s*('[^']*'|[^\s,;/]+)",
    re.IGNORECASE,
)
_GAP = re.compile(r"\S\s{2,}\S")
Split = Callable[[str], list[str]]


@dataclass(frozen=True)
class Layout:
    """A table's format, as the mapping language names it, and its first rows.

    Attributes
    ----------
    format, delimiter, comment, skip_lines, names
        As in a mapping; None, 0 or empty where the format needs none.
    header : tuple of str
        Names of the columns: of the header line, or col1, col2, … without one.
    rows : list of list of str
        The first rows as text.
    units : dict of str to str
        Units that the file itself gives its columns (FITS, VOTable, ECSV).
    words : dict of str to str
        What headers or comments say of telescope and clock (TELESCOP, MJDREF, UTCF, …).
    reason : str
        What was seen, in words.
    """

    format: str
    header: tuple[str, ...]
    rows: list[list[str]]
    reason: str
    delimiter: str | None = None
    comment: str | None = None
    skip_lines: int = 0
    names: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def cells(self, column: str) -> list[str]:
        """Return a column's cells that hold a value."""
        index = self.header.index(column)
        cells = [row[index].strip() for row in self.rows]
        return [cell for cell in cells if not notation.is_missing(cell)]


def layout(path: Path) -> Layout:
    """Return the layout of a file; MappingError if it does not hold a table."""
    source = open_source(path)
    if fits.is_fits(source):
        return _binary(path, "fits")
    head = source.head.lstrip()[:2000]
    if head.startswith(b"<"):
        return _binary(path, "votable")
    if head.startswith(b"# %ECSV"):
        return _binary(path, "ecsv")
    if head.startswith((b"{", b"[")):
        raise MappingError(f"{path.name} holds JSON: a mapping reads tables")
    lines = list(islice(text.lines(path), FIRST_ROWS))
    if not any(line.strip() for line in lines):
        raise MappingError(f"{path.name} is empty")
    return replace(_text(path, lines), words=_words(lines))


def _words(lines: list[str]) -> dict[str, str]:
    """Return what the first lines say of the clock: `MJDREF = 51910`, `UTCFINIT: -16.5`."""
    named = (m for line in lines[:50] for m in _SAID.finditer(line))
    return {m[1].upper(): m[2].strip("'\"") for m in named}


def _binary(path: Path, form: str) -> Layout:
    with scales.offline(), warnings.catch_warnings(), open_bounded(path) as file:
        warnings.simplefilter("ignore")
        try:
            table = Table.read(
                file if form != "ecsv" else str(path),
                format="ascii.ecsv" if form == "ecsv" else form,
            )
            headers = [*(_primary(path) if form == "fits" else ()), table.meta]
        except (ValueError, OSError, IndexError) as error:
            raise MappingError(f"{path.name} holds no table: {error}") from error
    flat = [n for n in table.colnames if len(table[n].shape) == 1]
    rows = [
        ["" if v is None else str(v) for v in row] for row in table[flat][:FIRST_ROWS]
    ]
    units = {n: str(table[n].unit) for n in flat if table[n].unit is not None}
    reason = f"a {form} table of {len(table)} rows"
    said = [(n.upper(), v) for header in headers for n, v in header.items()]
    words = {n: str(v) for n, v in said if n in CLOCK}
    return Layout(form, tuple(flat), rows, reason, units=units, words=words)


def _primary(path: Path) -> list[Header]:
    """Return the first header of a FITS file, where some missions name the telescope."""
    with open_bounded(path) as file:
        return [getheader(file, 0)]


def _text(path: Path, lines: list[str]) -> Layout:
    numbered = [(n, line) for n, line in enumerate(lines) if line.strip()]
    remarks = {line.lstrip()[0] for _, line in numbered if _SAID.search(line)}
    others = (sign for sign in (None, "#", "%", "!") if sign not in remarks)
    signs = [*(sign for sign in ("#", "%", "!") if sign in remarks), *others]
    for start in range(min(len(numbered), 12)):
        for sign in signs:
            body = _without_comments(numbered[start:], sign)
            best = _best_split([line for _, line in body])
            if best is not None and (len(body) > 1 or not start):
                return _described(body, sign, best)
    raise MappingError(
        f"{path.name} is not a table: its lines have no separator that gives each the "
        "same number of cells"
    )


def _without_comments(
    numbered: list[tuple[int, str]], sign: str | None
) -> list[tuple[int, str]]:
    """Return the lines cut at the sign of comments, without those that are blank then."""
    if sign is None:
        return numbered
    cut = [(n, line.split(sign)[0]) for n, line in numbered]
    return [(n, line) for n, line in cut if line.strip()]


def _best_split(lines: list[str]) -> tuple[str, str | None, Split] | None:
    """Return format, delimiter and split that give most lines one number of cells."""
    for sign, form in SEPARATORS.items():
        split = _splitter(sign)
        if _regular(lines, split) and not any(
            _GAP.search(cell) for line in lines[:20] for cell in split(line)
        ):
            return form, None if sign == DEFAULTS[form] else sign, split
    if _regular(lines, str.split):
        return "basic", None, str.split
    if _regular(lines, notation.cells):
        return "pasted", None, notation.cells
    return None


def _splitter(sign: str) -> Split:
    if sign == "&":
        return notation.latex_cells
    return lambda line: text.split(line, sign)


def _regular(lines: list[str], split: Split) -> bool:
    try:
        counts = Counter(len(split(line)) for line in lines)
    except (ValueError, csv.Error):
        return False
    return len(counts) == 1 and counts.most_common()[0][0] > 1


def _described(
    body: list[tuple[int, str]],
    comment: str | None,
    best: tuple[str, str | None, Split],
) -> Layout:
    form, delimiter, split = best
    table = [[cell.strip() for cell in split(line)] for _, line in body]
    headed = _is_header(table)
    above = body[0][0]
    rows = table[1:] if headed else table
    sign = delimiter or DEFAULTS.get(form, " ")
    reason = (
        f"{len(table[0])} cells a line, separated by {WORDS.get(sign, 'blanks')}; "
        f"{'the first line names them' if headed else 'no line names them'}"
    )
    if form == "basic" and not headed:
        form = "no_header"
    if form == "pasted":
        reason = f"{len(table[0])} cells a line, with blanks within cells"
    header = tuple(text.unique(table[0])) if headed else _numbered(len(table[0]))
    renamed = not headed or list(header) != table[0]
    return Layout(
        form if headed or form in OWN_FORMATS else "no_header",
        header,
        rows,
        reason,
        delimiter=sign
        if not headed and form not in OWN_FORMATS and sign != " "
        else delimiter,
        comment=comment,
        skip_lines=above,
        names=header if renamed else (),
    )


def _is_header(table: list[list[str]]) -> bool:
    """Return whether the first line has words where the lines below have values."""
    return not any(map(notation.is_value, table[0])) and any(
        notation.is_value(cell) for row in table[1:6] for cell in row
    )


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"col{n}" for n in range(1, count + 1))


def first(values: Iterable[str], count: int = 3) -> str:
    """Return the first few of some cells, for a comment."""
    return ", ".join(islice(dict.fromkeys(values), count))
