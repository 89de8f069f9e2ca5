"""Swift observation logs: the master log (swiftmastr) of any export.

Comma-, tab-, ';'- or '|'-separated with a header line, or W3Browse text; names in either
case, the target number perhaps only within the ObsID.
Source: heasarc.gsfc.nasa.gov/W3Browse/swift/swiftmastr.html.

Traps handled: dates are ISO, MJD, or in one export dd/mm/yyyy without time (a date that cannot
be so, month over 12, is refused rather than guessed); then `time` is the start of the
first day and `time_stop` the end of the last. ObsIDs have lost their leading zeros and
get them back (11 digits). Exposure 0 is kept as 0. RA is 0-360 across the seam.
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import text, votable, w3browse
from orbital_kernel.archives.formats.log_dates import from_mjd
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.schema import OBSERVATIONS

NEEDED = {"name", "obsid", "ra", "dec", "start_time", "xrt_exposure"}
USED = NEEDED | {"target_id", "stop_time"}
VOTABLE_NEEDS = {"obsid", "ra", "dec", "start_time"}
"""Of an answer whose query, or table, names swiftmastr."""
DELIMITERS = (",", "\t", "|", ";")
ONE_DAY = np.timedelta64(1, "D")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+([\d:.]+))?")


def recognises(source: Source) -> bool:
    """Recognise the file by the column names."""
    if votable.is_votable(source):
        return votable.is_log(source, "swiftmastr", VOTABLE_NEEDS, NEEDED)
    return _delimiter(source) is not None or bool(w3browse.header(source, NEEDED))


def read(source: Source, account: Account) -> Batches:
    """Yield `observations`, one row per ObsID."""
    account.observatory = "swift"
    account.understood.append("exposure is XRT's; an ObsID is a bag of snapshots")
    simulated = text.says_simulated(source)
    for batch in text.batches(_records(source, account)):
        yield _observations(batch, simulated=simulated)


def european_date(cell: str | None, *, line: int) -> tuple[np.datetime64, bool]:
    """Return the UTC of 'dd/mm/yyyy [hh:mm:ss]', ISO or MJD; and if it is a bare day."""
    if cell is None:
        return np.datetime64("NaT", "ns"), False
    if (utc := from_mjd(cell)) is not None:
        return utc, False
    match = _DAY.fullmatch(cell)
    try:
        if match:
            day, month, year, clock = match.groups()
            date = f"{year}-{int(month):02d}-{int(day):02d}"
            return times.parse_utc(f"{date}T{clock}" if clock else date), clock is None
        return times.parse_utc(cell), len(cell) <= 10
    except ValueError as error:
        raise ArchiveError(
            f"line {line}: {cell!r} is not a date of the form dd/mm/yyyy ({error})"
        ) from None


def full_obs_id(cell: str | None) -> str | None:
    """Return an ObsID with its 11 digits."""
    return cell.zfill(11) if cell and cell.isdigit() else cell


def _delimiter(source: Source) -> str | None:
    for delimiter in DELIMITERS:
        names = {cell.strip().lower() for cell in text.header_cells(source, delimiter)}
        if names >= NEEDED:
            return delimiter
    return None


def _records(source: Source, account: Account) -> Iterator[Record]:
    if votable.is_votable(source):
        return map(text.lower, votable.records(source, account))
    delimiter = _delimiter(source)
    if delimiter is None:
        return w3browse.records(source, NEEDED)
    return map(text.lower, text.records(source.path, delimiter))


def _target(record: Record) -> str | None:
    """Return the target's number: of its column, else the first 8 digits of the ObsID."""
    obs_id = full_obs_id(record.text("obsid"))
    return record.text("target_id") or (obs_id and obs_id[:-3].lstrip("0")) or None


def _observations(batch: list[Record], *, simulated: bool) -> tuple[str, pa.Table]:
    start = [european_date(r.text("start_time"), line=r.line) for r in batch]
    stop = [european_date(r.text("stop_time"), line=r.line) for r in batch]
    end = np.array([utc + ONE_DAY if bare else utc for utc, bare in stop])
    return rows(
        OBSERVATIONS,
        len(batch),
        obs_id=[full_obs_id(r.text("obsid")) for r in batch],
        target_id=[_target(r) for r in batch],
        object=[r.text("name") for r in batch],
        **position(
            [parse_ra(r.cells["ra"]) for r in batch],
            [parse_dec(r.cells["dec"]) for r in batch],
        ),
        time=times.tt_from_utc(np.array([utc for utc, _ in start])),
        time_stop=times.tt_from_utc(end),
        exposure_s=[r.real("xrt_exposure") for r in batch],
        roll_deg=[r.real("roll_angle") for r in batch],
        instrument="XRT",
        log="swiftmastr",
        extra=[
            extra({k: r.text(k) for k in r.cells if k not in USED} | {"times": "days"})
            if bare
            else extra({k: r.text(k) for k in r.cells if k not in USED})
            for r, (_, bare) in zip(batch, start, strict=True)
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


READER = Reader("swift-observations", recognises, read, "Swift master log")
