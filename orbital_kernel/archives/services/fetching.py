"""Whole tables out of TAP services that cap their answers: pages, batches, one file.

What comes is written as one VOTable with its provenance inside (INFO) and beside it
(JSON), to be ingested with a mapping like any published table.
"""

import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import votable
from astropy.table import Table, vstack

from orbital_kernel.archives.faults import data_errors
from orbital_kernel.archives.formats.fits import is_fits
from orbital_kernel.archives.formats.votable import is_votable
from orbital_kernel.archives.formats.votable import table as read_votable
from orbital_kernel.archives.reading import open_source
from orbital_kernel.archives.services.tap import Reply, Tap
from orbital_kernel.errors import ArchiveError

ROWS_A_PAGE = 10_000
ROWS_A_BATCH = 1_000
MOST_ANSWERS = 20_000
MOST_ROWS = 50_000_000
"""A service whose pages never end is stopped at either."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Fetched:
    """A file fetched: where it is, of what, how many rows in how many answers."""

    path: str
    service: str
    query: str
    rows: int
    answers: int
    cached: int
    asked_first: str
    asked_last: str
    replies_sha256: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return asdict(self)


def fetch(
    tap: Tap,
    adql: str,
    out: Path,
    *,
    page_by: str | None = None,
    page_rows: int = ROWS_A_PAGE,
    upload: Table | None = None,
    upload_name: str = "mine",
    batch_rows: int = ROWS_A_BATCH,
    maxrec: int | None = None,
    progress: Progress = lambda _text: None,
) -> Fetched:
    """Ask one query of a service and write all its rows to `out`, a VOTable.

    With `page_by`, a column of the answer with a different value in each row, the query
    is asked page by page (SELECT TOP page_rows … ORDER BY it). With `upload` it is asked
    for `batch_rows` of that table at a time, as TAP_UPLOAD.<upload_name>; a batch whose
    answer is cut is halved. Raises ArchiveError where the service cuts an answer and
    neither is given.
    """
    if page_by and upload is not None:
        raise ArchiveError("give pages or batches of uploads, not both")
    if page_by:
        replies = _pages(tap, adql, page_by, page_rows, progress)
    elif upload is not None:
        replies = _batches(tap, adql, upload_name, upload, batch_rows, maxrec, progress)
    else:
        replies = [_unpaged(tap, adql, maxrec)]
    table = _joined([reply.table for reply in replies])
    fetched = Fetched(
        str(out),
        tap.url,
        adql,
        len(table),
        len(replies),
        sum(reply.cached for reply in replies),
        min(reply.asked_at for reply in replies),
        max(reply.asked_at for reply in replies),
        tuple(reply.sha256 for reply in replies),
    )
    _save(table, fetched, out)
    return fetched


def upload_of(path: Path) -> Table:
    """Return the table of a file to send: VOTable, FITS, CSV, ECSV.

    Raises ArchiveError for a VOTable that names other files, and for any other format.
    """
    source = open_source(path)
    if is_votable(source):
        return read_votable(path)
    try:
        if path.suffix.lower() in {".csv", ".ecsv"} and b"%ECSV" not in source.head:
            return Table.read(path, format="ascii.csv")
        return Table.read(path, format="fits" if is_fits(source) else "ascii")
    except data_errors() as error:
        raise ArchiveError(
            f"{path.name} is not a table of VOTable, FITS, CSV or ECSV: {error}"
        ) from error


def _unpaged(tap: Tap, adql: str, maxrec: int | None) -> Reply:
    reply = tap.ask(adql, maxrec=maxrec)
    if reply.overflow:
        raise ArchiveError(
            f"{tap.url} cut its answer after {len(reply.table):,} rows: ask page by page "
            "(--page-by COLUMN with a different value in each row), raise --maxrec, or "
            "ask less (SELECT TOP, WHERE)"
        )
    return reply


def _pages(tap: Tap, adql: str, key: str, rows: int, progress: Progress) -> list[Reply]:
    inner = adql.strip().rstrip(";")
    replies: list[Reply] = []
    last: object = None
    while True:
        after = "" if last is None else f" WHERE page.{key} > {_literal(last)}"
        query = f"SELECT TOP {rows} * FROM ({inner}) AS page{after} ORDER BY page.{key}"  # noqa: S608 ADQL of the user's own
        reply = tap.ask(query, maxrec=rows)
        replies.append(reply)
        progress(f"{sum(len(r.table) for r in replies):,} rows")
        if not len(reply.table) or (len(reply.table) < rows and not reply.overflow):
            return replies
        if (
            len(replies) >= MOST_ANSWERS
            or sum(len(r.table) for r in replies) > MOST_ROWS
        ):
            raise ArchiveError(
                f"{tap.url} goes on after {len(replies):,} pages: stopped; ask for less"
            )
        last = _last(reply.table, key, last)


def _last(table: Table, key: str, before: object) -> object:
    """Return the last key of a page; ArchiveError if it cannot be paged by."""
    named = {name.lower(): name for name in table.colnames}
    if key.lower() not in named:
        raise ArchiveError(
            f"the answer has no column {key!r} to page by; it has {', '.join(table.colnames)}"
        )
    values = table[named[key.lower()]]
    if np.ma.is_masked(values) or len(np.unique(np.asarray(values))) < len(values):
        raise ArchiveError(
            f"{key!r} is empty or the same in several rows, so pages by it would lose "
            "rows: page by a column with a different value in each row"
        )
    last: object = values[-1]
    if last == before:
        raise ArchiveError(f"the service does not go on after {key} = {last!r}")
    return last


def _literal(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value.item()) if isinstance(value, np.generic) else repr(value)


def _batches(
    tap: Tap,
    adql: str,
    name: str,
    upload: Table,
    rows: int,
    maxrec: int | None,
    progress: Progress,
) -> list[Reply]:
    waiting = [upload[at : at + rows] for at in range(0, len(upload), rows)]
    replies: list[Reply] = []
    while waiting:
        part = waiting.pop(0)
        reply = tap.ask(adql, uploads={name: part}, maxrec=maxrec)
        if not reply.overflow:
            replies.append(reply)
            progress(f"{sum(len(r.table) for r in replies):,} rows")
            continue
        if len(part) == 1:
            raise ArchiveError(
                f"{tap.url} cuts the answer for a single row of the table sent after "
                f"{len(reply.table):,} rows: ask for less, or raise --maxrec"
            )
        middle = len(part) // 2
        waiting[:0] = [part[:middle], part[middle:]]
    if not replies:
        raise ArchiveError("the table to send has no rows")
    return replies


def _joined(tables: list[Table]) -> Table:
    """Return one table; columns of answers without rows count only if all are empty."""
    filled = [table for table in tables if len(table)] or tables[:1]
    return vstack(filled, metadata_conflicts="silent", join_type="exact")


def _with_standard_units(table: Table) -> None:
    """Write units as VOTable does where a service does otherwise: erg/cm**2/s."""
    for column in table.itercols():
        if isinstance(column.unit, u.UnrecognizedUnit):
            column.unit = _unit(str(column.unit))


def _unit(text: str) -> u.UnitBase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        for form in ("ogip", "cds", "generic"):
            try:
                return u.Unit(text, format=form, parse_strict="raise")
            except ValueError:
                continue
    return u.UnrecognizedUnit(text)


def _save(table: Table, fetched: Fetched, out: Path) -> None:
    _with_standard_units(table)
    notes = {
        "service": fetched.service,
        "query": fetched.query,
        "asked": fetched.asked_last,
        "replies": " ".join(fetched.replies_sha256),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    with warnings.catch_warnings():
        for kind in (u.UnitsWarning, votable.exceptions.W50):
            warnings.simplefilter("ignore", kind)  # erg, and units of their own
        document = votable.from_table(table)
        document.resources[0].infos.extend(
            votable.tree.Info(name=f"provenance_{key}", value=value)
            for key, value in notes.items()
        )
        document.to_xml(str(part))
    part.replace(out)
    path = out.with_name(out.name + ".provenance.json")
    path.write_text(json.dumps(fetched.to_json(), indent=1) + "\n", encoding="utf-8")
