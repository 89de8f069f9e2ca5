"""Chandra's observation log: HEASARC's chanmaster, tab-separated, one row an ObsID.

Source: heasarc.gsfc.nasa.gov/W3Browse/chandra/chanmaster.html.

Traps handled: dates are American (m/d/yyyy hh:mm:ss), and those with a day over 12
alone betray it; planned rows have no time or only a date (day of plan, not a start:
`time` stays null and the text goes to `extra`); ObsIDs are padded with blanks in one
version; exposure is in seconds (ChaSeR's is in ks) and 0 for some rows; a few rows
(the Moon) have no position; RA may miss its leading zero; column order differs.
"""

import re

import numpy as np
import pyarrow as pa

from orbital_kernel import times
from orbital_kernel.archives import text
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.archives.text import Record
from orbital_kernel.errors import ArchiveError
from orbital_kernel.schema import OBSERVATIONS
from orbital_kernel.sky import parse_dec, parse_ra

NEEDED = {"obsid", "ra", "dec", "time", "exposure", "status", "detector", "grating"}
TAKEN = NEEDED | {"satellite", "name", "pi", "category", "public_date"}
DELIMITERS = ("\t", "|", ",")

_AMERICAN = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?:\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
)


def recognises(source: Source) -> bool:
    """Tell by the column names of the first line."""
    return _delimiter(source) is not None


def read(source: Source, account: Account) -> Batches:
    """Yield `observations`, a row an ObsID."""
    account.observatory = "chandra"
    simulated = text.says_simulated(source)
    delimiter = _delimiter(source) or "\t"
    for batch in text.batches(text.records(source.path, delimiter)):
        account.understood.extend(_remarks(batch))
        yield _observations(batch, simulated=simulated)


def american_date(cell: str | None, *, line: int) -> tuple[np.datetime64, bool]:
    """Return the UTC of 'm/d/yyyy h:mm:ss' and whether it has a time of day."""
    if cell is None:
        return np.datetime64("NaT", "ns"), False
    match = _AMERICAN.fullmatch(cell)
    if match is None:
        raise ArchiveError(
            f"line {line}: {cell!r} is no date of the form m/d/yyyy h:m:s"
        )
    date = f"{match['year']}-{int(match['month']):02d}-{int(match['day']):02d}"
    clock = f"{match['hour'] or 0}:{match['minute'] or '00'}:{match['second'] or '00'}"
    try:
        return times.parse_utc(f"{date}T{clock}"), match["hour"] is not None
    except ValueError as error:
        raise ArchiveError(f"line {line}: {cell!r} is no date: {error}") from None


def _delimiter(source: Source) -> str | None:
    for delimiter in DELIMITERS:
        names = {cell.strip().lower() for cell in text.header_cells(source, delimiter)}
        if names >= NEEDED:
            return delimiter
    return None


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
    exposure = np.array([r.real("exposure") for r in batch])
    tt = times.tt_from_utc(utc)
    return rows(
        OBSERVATIONS,
        len(batch),
        obs_id=[r.text("obsid") for r in batch],
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
        log="chanmaster",
        extra=[
            _extra(record, timed=timed)
            for record, (_, timed) in zip(batch, started, strict=True)
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


def _extra(record: Record, *, timed: bool) -> str | None:
    rest = {name: record.text(name) for name in record.cells if name not in TAKEN}
    if not timed and record.text("time"):
        rest["planned"] = record.text("time")
    return extra(rest)


READER = Reader("chandra-observations", recognises, read, "chanmaster, tab-separated")
