"""VOTables: what is in them, looked at before any library reads them; rows as text.

A VOTable may name another file or address for its data (STREAM href) and declare XML
entities. A file of strangers could so read files of this machine or make it send requests:
both are refused in a first pass, which also bounds depth, size and what the header claims.
astropy reads what passes. Source: ivoa.net/documents/VOTable; QUERY_STATUS: DALI 1.1.
"""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.formats.header_time import PLACES
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.formats.votable_structure import (
    BrokenXmlError,
    Structure,
    structure,
)
from orbital_kernel.archives.reading import Account, Source
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import SPACECRAFT, place_of

if TYPE_CHECKING:
    from astropy.io.votable.tree import TableElement
    from astropy.table import Table

__all__ = [
    "CUT",
    "BrokenXmlError",
    "Structure",
    "columns",
    "failed",
    "is_log",
    "is_votable",
    "log_rule",
    "note",
    "records",
    "structure",
    "table",
]

CUT = (
    "the service cut this table (QUERY_STATUS OVERFLOW): rows are missing; fetch it page "
    "by page (orbital fetch --page-by COLUMN)"
)


def is_votable(source: Source) -> bool:
    """Return whether the head shows a VOTable's root element, whatever its prefix."""
    head = source.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return head[:1] == b"<" and bool(re.search(rb"<(\w+:)?VOTABLE[\s>]", head[:8000]))


def columns(source: Source) -> set[str]:
    """Return the columns of a VOTable's first table in lower case; empty for other files."""
    if not is_votable(source):
        return set()
    return {name.lower() for name in structure(source.path).columns}


def is_log(source: Source, log: str, of_log: set[str], of_any: set[str]) -> bool:
    """Return whether the table has all columns of a log, or few and says which log it is."""
    names = columns(source)
    return of_any <= names or (of_log <= names and structure(source.path).mentions(log))


def log_rule(source: Source, account: Account) -> str:
    """Return the time rule of a log's dates: UTC, at the place that its TIMESYS names.

    Raises ArchiveError if a VOTable's time system has another scale.
    """
    clocks = structure(source.path).clocks if is_votable(source) else []
    rules = {_rule_of(*clock) for clock in clocks} or {"utc"}
    if len(rules) > 1:
        raise ArchiveError(
            f"a log with {len(rules)} time systems (TIMESYS): needs a mapping, which "
            "states that of each time"
        )
    (rule,) = rules
    if rule != "utc":
        account.understood.append(f"times are of arrival at the {place_of(rule)}")
    return rule


def _rule_of(scale: str, position: str) -> str:
    if scale not in {"", "UTC", "UNKNOWN"}:
        raise ArchiveError(
            f"a log whose times are {scale} (TIMESYS), not UTC: needs a mapping with "
            f"time.scale = {scale.lower()!r}"
        )
    place = PLACES.get(position[:8], SPACECRAFT)
    return "utc" if place == SPACECRAFT else f"utc at {place}"


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


def table(path: Path) -> "Table":
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


def _element(path: Path) -> "TableElement":
    from astropy.io import votable  # noqa: PLC0415 - a tenth of a second

    with open_bounded(path) as file:
        document = votable.parse(file, verify="ignore")
    return document.get_first_table()


def _check_angles(element: "TableElement") -> None:
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
