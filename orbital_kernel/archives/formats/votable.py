"""VOTables: what is in them, looked at before any library reads them; rows as text.

A VOTable may name another file or address for its data (STREAM href) and declare XML
entities. A file of strangers could so read files of this machine or make it send requests:
both are refused in a first pass, which also bounds depth, size and what the header claims.
astropy reads what passes. Source: ivoa.net/documents/VOTable; QUERY_STATUS: DALI 1.1.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
from astropy.io import votable as astropy_votable
from astropy.io.votable.tree import TableElement
from astropy.table import Table

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Source
from orbital_kernel.errors import ArchiveError

MOST_BYTES = 256 << 20
TABLE_BYTES = 2 << 30
ROW_BYTES = 1 << 20
DEPTH = 64
COLUMNS = 4096
INFO_CHARACTERS = 4000
CHUNK = 1 << 18
WIDTHS = {"double": 8, "long": 8, "floatComplex": 8, "doubleComplex": 16, "boolean": 1}
CUT = (
    "the service cut this table (QUERY_STATUS OVERFLOW): rows are missing; fetch it page "
    "by page (orbital fetch --page-by COLUMN)"
)


class BrokenXmlError(ArchiveError):
    """The XML ends early or is not well formed."""


@dataclass
class Structure:
    """What a VOTable says of itself: columns of its first table, status, notes.

    `rows` are those of TABLEDATA, or those that it claims; `notes` are the values of INFO
    and the names of tables, in lower case.
    """

    columns: list[str] = field(default_factory=list)
    tables: int = 0
    rows: int = 0
    overflow: bool = False
    error: str = ""
    notes: list[str] = field(default_factory=list)

    def mentions(self, name: str) -> bool:
        """Return whether an INFO or a table's name has this word."""
        return any(re.search(rf"\b{name}\b", note) for note in self.notes)


def is_votable(source: Source) -> bool:
    """Return whether the head shows a VOTable's root element, whatever its prefix."""
    head = source.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return head[:1] == b"<" and bool(re.search(rb"<(\w+:)?VOTABLE[\s>]", head[:8000]))


def structure(path: Path) -> Structure:
    """Return what a VOTable says of itself, without reading its cells.

    Raises ArchiveError if it names other files or entities, is not a VOTable or is larger
    than can be read; BrokenXmlError if it is cut.
    """
    status = path.stat()
    return _structure(path, status.st_size, status.st_mtime_ns)


def columns(source: Source) -> set[str]:
    """Return the columns of a VOTable's first table in lower case; empty for other files."""
    if not is_votable(source):
        return set()
    return {name.lower() for name in structure(source.path).columns}


def is_log(source: Source, log: str, of_log: set[str], of_any: set[str]) -> bool:
    """Return whether the table has all columns of a log, or few and says which log it is."""
    names = columns(source)
    return of_any <= names or (of_log <= names and structure(source.path).mentions(log))


def note(source: Source, account: Account) -> Structure:
    """Return the structure; an overflow and tables not read go into the account.

    Raises ArchiveError with the service's text for the answer to a query that failed.
    """
    found = structure(source.path)
    if found.error:
        raise ArchiveError(failed(found))
    if found.overflow:
        account.understood.append(CUT)
    if found.tables > 1:
        account.understood.append(f"{found.tables - 1} other tables are not read")
    return found


def failed(found: Structure) -> str:
    """Return the sentence about an answer that is an error."""
    return f"a service's error, not a table: {found.error!r}; correct the query"


def table(path: Path) -> Table:
    """Return the first table as astropy reads it, once the first pass allows it."""
    structure(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _element(path).to_table(use_names_over_ids=True)


def records(source: Source, account: Account) -> Iterator[Record]:
    """Yield the rows as text, as those of a delimited file; blank where null."""
    note(source, account)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        element = _element(source.path)
    _check_angles(element)
    names = text.unique(item.name or item.ID for item in element.fields)
    for first in range(0, len(element.array), text.BATCH_ROWS):
        part = element.array[first : first + text.BATCH_ROWS]
        cells = [_texts(part[item.ID]) for item in element.fields]
        for place, row in enumerate(zip(*cells, strict=True), start=first):
            yield Record(place, place + 1, dict(zip(names, row, strict=True)))


def _element(path: Path) -> TableElement:
    with open_bounded(path) as file:
        document = astropy_votable.parse(file, verify="ignore")
    return document.get_first_table()


def _check_angles(element: TableElement) -> None:
    """Raise ArchiveError for RA and dec as numbers in another unit than degrees."""
    for item in element.fields:
        unit = str(item.unit or "deg").lower()
        numeric = item.datatype in {"float", "double"}
        if (
            item.name.lower() in {"ra", "dec"}
            and numeric
            and not unit.startswith("deg")
        ):
            raise ArchiveError(
                f"column {item.name} is in {unit}, not in degrees: needs a mapping"
            )


def _texts(column: Any) -> list[str]:
    hidden = np.ma.getmaskarray(column)
    cells = np.ma.getdata(column)
    if cells.ndim > 1:
        return [_text(cell) for cell in cells]
    return ["" if _all(h) else _text(c) for c, h in zip(cells, hidden, strict=True)]


def _all(hidden: Any) -> bool:
    return bool(np.all(hidden))


def _text(cell: Any) -> str:
    if isinstance(cell, bytes):
        return text.decoded(cell).strip("\0 ")
    if isinstance(cell, np.ndarray | list | tuple | np.ma.MaskedArray):
        return " ".join(_text(part) for part in np.ma.getdata(cell))
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell)).upper()
    return str(cell).strip()


@lru_cache(maxsize=8)
def _structure(path: Path, _size: int, _changed: int) -> Structure:
    look = _Look()
    done = 0
    with open_bounded(path) as file:
        while chunk := file.read(CHUNK):
            done += len(chunk)
            if done > MOST_BYTES:
                raise ArchiveError(
                    f"a VOTable of more than {MOST_BYTES:,} bytes: fetch it in parts, or as "
                    "FITS or CSV"
                )
            look.feed(chunk)
        look.feed(b"", last=True)
    look.check_claims()
    return look.found


class _Look:
    """The first pass: handlers of expat, which fetches nothing by itself."""

    def __init__(self) -> None:
        self.found = Structure()
        self.depth = 0
        self.width = 0
        self.claimed = 0
        self.status_text: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype
        self.parser.CharacterDataHandler = self.characters

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse some bytes; BrokenXmlError where they are not well formed."""
        try:
            self.parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise BrokenXmlError(f"the XML is cut or damaged: {error}") from error

    def doctype(self, *_declared: object) -> None:
        """Refuse document types and entities."""
        raise ArchiveError(
            "XML that declares a document type or entities, which may name other files: "
            "refused unread; remove the DOCTYPE if you trust it"
        )

    def start(self, tag: str, given: dict[str, str]) -> None:
        """Note an element."""
        name = tag.rpartition(":")[2]
        self.depth += 1
        if self.depth == 1 and name != "VOTABLE":
            raise ArchiveError(f"the root element is {tag}, not VOTABLE")
        if self.depth > DEPTH:
            raise ArchiveError(f"XML nested deeper than {DEPTH} elements: refused")
        if name in HANDLED:
            HANDLED[name](self, given)

    def end(self, _tag: str) -> None:
        """Leave an element."""
        self.depth -= 1
        if self.status_text is not None:
            self.found.error = "".join(self.status_text).strip() or "without a reason"
            self.status_text = None

    def characters(self, data: str) -> None:
        """Note the text of an error."""
        if self.status_text is not None:
            self.status_text.append(data[:INFO_CHARACTERS])
            del self.status_text[8:]

    def check_claims(self) -> None:
        """Raise ArchiveError if the table would need more memory than is sensible."""
        needed = max(self.claimed, self.found.rows) * max(self.width, 1)
        if self.width > ROW_BYTES or needed > TABLE_BYTES:
            raise ArchiveError(
                f"a VOTable that claims {self.claimed:,} rows of {self.width:,} bytes: "
                "refused; save it as FITS or CSV if it is so large"
            )

    def on_stream(self, given: dict[str, str]) -> None:
        for name, value in given.items():
            if name.rpartition(":")[2].lower() == "href":
                raise ArchiveError(
                    f"a VOTable whose data are elsewhere ({value[:80]!r}): refused unread; "
                    "save the table with its data inside"
                )

    def on_fits(self, _given: dict[str, str]) -> None:
        raise ArchiveError("a VOTable around a FITS file: save the FITS file itself")

    def on_info(self, given: dict[str, str]) -> None:
        value = given.get("value", "")[:INFO_CHARACTERS]
        if given.get("name", "").upper() == "QUERY_STATUS":
            self.found.overflow |= value.upper() == "OVERFLOW"
            if value.upper() == "ERROR":
                self.status_text = []
        elif len(self.found.notes) < COLUMNS:
            self.found.notes.append(value.lower())

    def on_table(self, given: dict[str, str]) -> None:
        self.found.tables += 1
        self.claimed = max(self.claimed, _count(given.get("nrows", "0")))
        if len(self.found.notes) < COLUMNS:
            self.found.notes += [given.get(key, "").lower() for key in ("name", "ID")]

    def on_field(self, given: dict[str, str]) -> None:
        if self.found.tables == 1:
            self.found.columns.append(given.get("name") or given.get("ID", ""))
        self.width += _width(given)
        if len(self.found.columns) > COLUMNS:
            raise ArchiveError(f"a VOTable of more than {COLUMNS:,} columns: refused")

    def on_tr(self, _given: dict[str, str]) -> None:
        self.found.rows += 1


HANDLED: dict[str, Callable[[_Look, dict[str, str]], None]] = {
    "STREAM": _Look.on_stream,
    "FITS": _Look.on_fits,
    "INFO": _Look.on_info,
    "TABLE": _Look.on_table,
    "FIELD": _Look.on_field,
    "TR": _Look.on_tr,
}


def _width(given: dict[str, str]) -> int:
    """Return the bytes a cell takes in memory at least."""
    cells = WIDTHS.get(given.get("datatype", ""), 4)
    for part in given.get("arraysize", "1").split("x"):
        cells *= max(1, _count(part.rstrip("*") or "1"))
    return cells


def _count(digits: str) -> int:
    return (
        int(digits)
        if digits.strip().isdecimal() and len(digits) < 16
        else _huge(digits)
    )


def _huge(digits: str) -> int:
    """Return a number no table can have for digits without end, else 0."""
    return 1 << 60 if digits.strip().isdecimal() else 0
