"""Chandra's observation log, one row an ObsID: HEASARC's chanmaster, or ChaSeR's list.

chanmaster comes separated by tab, '|' or comma, or as W3Browse text; names in either case; or as a VOTable of HEASARC's TAP.
Sources: heasarc.gsfc.nasa.gov/W3Browse/chandra/chanmaster.html; cda.harvard.edu/chaser.

Traps handled: dates are American (m/d/yyyy hh:mm:ss, in ChaSeR's without seconds), and
those with a day over 12 alone betray it, or ISO, or MJD with 0 for not yet; planned rows have no time or only a date (day of plan, not a start:
`time` stays null and the text goes to `extra`); ObsIDs are padded with blanks in one
version; exposure is in seconds, in ChaSeR's list in ks, and 0 for some rows; a few rows
(the Moon) have no position; RA may miss its leading zero; column order differs.
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.chandra.clock import bare_obs_id
from orbital_kernel.archives.formats import text, votable, w3browse
from orbital_kernel.archives.formats.log_dates import from_mjd
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.schema import OBSERVATIONS

NEEDED = {"obsid", "ra", "dec", "time", "exposure", "status", "detector", "grating"}
USED = NEEDED | {"satellite", "name", "pi", "category", "public_date"}
VOTABLE_NEEDS = {"obsid", "ra", "dec", "time"}
"""Of an answer whose query, or table, names chanmaster."""
DELIMITERS = ("\t", "|", ",", ";")
CHASER = {
    "obs id": "obsid",
    "target": "name",
    "target name": "name",
    "pi name": "pi",
    "instrument": "detector",
    "start date": "time",
    "public release date": "public_date",
    "science category": "category",
}
"""ChaSeR's names of the same columns."""
CHASER_NEEDS = {"obs id", "start date", "exposure", "appr exp"}
KS = 1000.0

_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_AMERICAN = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?:\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
)


def recognises(source: Source) -> bool:
    """Recognise the file by the column names of the first line."""
    if votable.is_votable(source):
        return votable.is_log(source, "chanmaster", VOTABLE_NEEDS, NEEDED)
    return _delimiter(source) is not None or bool(w3browse.header(source, NEEDED))


def read(source: Source, account: Account) -> Batches:
    """Yield `observations`, one row per ObsID."""
    account.observatory = "chandra"
    simulated = text.says_simulated(source)
    for batch in text.batches(_records(source, account)):
        account.understood.extend(_remarks(batch))
        yield _observations(batch, simulated=simulated)


def american_date(cell: str | None, *, line: int) -> tuple[np.datetime64, bool]:
    """Return the UTC of 'm/d/yyyy h:mm:ss', ISO or MJD; and if it has a time of day."""
    if cell is None:
        return np.datetime64("NaT", "ns"), False
    if (utc := from_mjd(cell)) is not None:
        return utc, not np.isnat(utc)
    if _ISO.match(cell):
        return times.parse_utc(cell), ":" in cell
    match = _AMERICAN.fullmatch(cell)
    if match is None:
        raise ArchiveError(
            f"line {line}: {cell!r} is not a date of the form m/d/yyyy h:m:s"
        )
    date = f"{match['year']}-{int(match['month']):02d}-{int(match['day']):02d}"
    clock = f"{match['hour'] or 0}:{match['minute'] or '00'}:{match['second'] or '00'}"
    try:
        return times.parse_utc(f"{date}T{clock}"), match["hour"] is not None
    except ValueError as error:
        raise ArchiveError(f"line {line}: {cell!r} is not a date: {error}") from None


def _delimiter(source: Source) -> str | None:
    for delimiter in DELIMITERS:
        names = {cell.strip().lower() for cell in text.header_cells(source, delimiter)}
        if names >= NEEDED or names >= CHASER_NEEDS:
            return delimiter
    return None


def _records(source: Source, account: Account) -> Iterator[Record]:
    if votable.is_votable(source):
        return map(text.lower, votable.records(source, account))
    delimiter = _delimiter(source)
    if delimiter is None:
        return w3browse.records(source, NEEDED)
    return map(_named, map(text.lower, text.records(source.path, delimiter)))


def _named(record: Record) -> Record:
    """Return ChaSeR's record under chanmaster's names, any other as it is."""
    if not record.cells.keys() >= CHASER_NEEDS:
        return record
    cells = {CHASER.get(name, name): cell for name, cell in record.cells.items()}
    return Record(record.row, record.line, cells)


def _remarks(batch: list[Record]) -> list[str]:
    placeless = sum(record.text("ra") is None for record in batch)
    timeless = sum(record.text("time") is None for record in batch)
    remarks = {f"{placeless} rows without a position": placeless}
    remarks[f"{timeless} rows not yet observed, without a time"] = timeless
    return [words for words, count in remarks.items() if count]


def _observations(batch: list[Record], *, simulated: bool) -> tuple[str, pa.Table]:
    started = [american_date(r.text("time"), line=r.line) for r in batch]
    public = [american_date(r.text("public_date"), line=r.line)[0] for r in batch]
    utc = np.array([u if timed else np.datetime64("NaT", "ns") for u, timed in started])
    chaser = "appr exp" in batch[0].cells
    exposure = np.array([r.real("exposure") for r in batch]) * (KS if chaser else 1.0)
    tt = times.tt_from_utc(utc)
    return rows(
        OBSERVATIONS,
        len(batch),
        obs_id=[bare_obs_id(r.text("obsid")) for r in batch],
        object=[r.text("name") for r in batch],
        **position(
            [parse_ra(r.cells["ra"]) for r in batch],
            [parse_dec(r.cells["dec"]) for r in batch],
        ),
        time=tt,
        exposure_s=exposure,
        instrument=[r.text("detector") for r in batch],
        mode=[r.text("grating") for r in batch],
        status=[r.text("status") for r in batch],
        category=[r.text("category") for r in batch],
        pi=[r.text("pi") for r in batch],
        time_public=times.tt_from_utc(np.array(public)),
        log="chaser" if chaser else "chanmaster",
        extra=[
            _extra(record, timed=timed)
            for record, (_, timed) in zip(batch, started, strict=True)
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


def _extra(record: Record, *, timed: bool) -> str | None:
    others = {name: record.text(name) for name in record.cells if name not in USED}
    if not timed and record.text("time"):
        others["planned"] = record.text("time")
    return extra(others)


READER = Reader("chandra-observations", recognises, read, "chanmaster, ChaSeR's list")
