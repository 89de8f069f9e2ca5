"""The first pass through a VOTable: what it says of itself, and what is refused unread.

expat fetches nothing by itself. Other files (STREAM href), document types and entities,
deep nesting and claims of more rows than memory can hold are refused here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.errors import ArchiveError

MOST_BYTES = 256 << 20
TABLE_BYTES = 2 << 30
ROW_BYTES = 1 << 20
DEPTH = 64
COLUMNS = 4096
INFO_CHARACTERS = 4000
CHUNK = 1 << 18
WIDTHS = {"double": 8, "long": 8, "floatComplex": 8, "doubleComplex": 16, "boolean": 1}


class BrokenXmlError(ArchiveError):
    """The XML ends early or is not well formed."""


@dataclass
class Structure:
    """What a VOTable says of itself: columns of its first table, status, notes.

    `rows` are those of TABLEDATA, or those that it claims; `notes` are the values of INFO
    and the names of tables, in lower case; `clocks` are the time systems (TIMESYS) that
    it declares, each a scale and a reference position.
    """

    columns: list[str] = field(default_factory=list)
    tables: int = 0
    rows: int = 0
    overflow: bool = False
    error: str = ""
    notes: list[str] = field(default_factory=list)
    clocks: list[tuple[str, str]] = field(default_factory=list)

    def mentions(self, name: str) -> bool:
        """Return whether an INFO or a table's name has this word."""
        return any(re.search(rf"\b{name}\b", note) for note in self.notes)


def structure(path: Path) -> Structure:
    """Return what a VOTable says of itself, without reading its cells.

    Raises ArchiveError if it names other files or entities, is not a VOTable or is larger
    than can be read; BrokenXmlError if it is cut.
    """
    status = path.stat()
    return _structure(path, status.st_size, status.st_mtime_ns)


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

    def on_timesys(self, given: dict[str, str]) -> None:
        if len(self.found.clocks) < COLUMNS:
            scale, place = given.get("timescale", ""), given.get("refposition", "")
            self.found.clocks.append((scale.upper(), place.upper()))

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
    "TIMESYS": _Look.on_timesys,
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
