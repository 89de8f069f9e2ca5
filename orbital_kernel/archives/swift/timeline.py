"""Swift timelines: pre-planned, as-flown, and the logs of XRT, UVOT and BAT.

Plan and as-flown are CSV as the TOO API's queries print them, in front of the rows
perhaps a column that counts them; the instrument logs are W3Browse text, delimited, or VOTables of a service.
All give `intervals`: 'planned' ones, or 'snapshot' for what was exposed.
Source: www.swift.psu.edu/too_api; heasarc.gsfc.nasa.gov/W3Browse/swift/swiftxrlog.html.

Traps handled: observation numbers have lost their leading zeros (11 digits); the
column of slew seconds, sometimes without a name, the last one, is all that distinguishes flown from
planned; what was flown begins with the slew, and a stretch longer than its exposure
holds it somewhere ('span'); instrument logs list slews, settling and bias frames beside
exposures, and each keeps its kind (pointing.py); the XRT log has no stop, it is
start + exposure; times are UTC, or MJD.
"""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import text, votable, w3browse
from orbital_kernel.archives.formats.log_dates import from_mjd
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.archives.swift import pointing
from orbital_kernel.archives.swift.logs import DELIMITERS, full_obs_id
from orbital_kernel.model import times
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.schema import INTERVALS

TIMELINE = (
    "Begin Time",
    "End Time",
    "Target Name",
    "Observation Number",
    "Exposure (s)",
)
INSTRUMENT_LOG = {
    "obsid",
    "ra",
    "dec",
    "start_time",
    "exposure",
    "operation_mode",
}
NAMED = {"swiftuvlog": "UVOT", "swiftbalog": "BAT", "swiftxrlog": "XRT"}
PLACED = {"obsid", "name", "ra", "dec"}


def recognises(source: Source) -> bool:
    """Recognise the file by the column names."""
    return _is_timeline(source) or bool(_log_names(source))


def read(source: Source, account: Account) -> Batches:
    """Yield `intervals`, one row per entry."""
    account.observatory = "swift"
    simulated = text.says_simulated(source)
    if not _is_timeline(source):
        yield from _instrument_log(source, account, simulated=simulated)
        return
    flown = _names(source)[-1] != TIMELINE[-1]
    account.understood.append("as flown" if flown else "as planned, not as flown")
    kinds: list[str] = []
    for batch in text.batches(text.records(source.path, ",")):
        table, of_batch = _timeline(batch, flown=flown, simulated=simulated)
        kinds += of_batch
        yield table
    pointing.count(account, kinds)


def _instrument_log(source: Source, account: Account, *, simulated: bool) -> Batches:
    names = _log_names(source)
    batches = text.batches(_log_records(source, account))
    first = next(batches, [])
    instrument = _instrument(source, names, first)
    account.understood.append(f"log of {instrument}")
    if "pointing_mode" not in names:
        account.understood.append("no pointing_mode: every row is taken as pointing")
    kinds: list[str] = []
    for batch in filter(None, chain([first], batches)):
        table, of_batch = _snapshots(batch, instrument, simulated=simulated)
        kinds += of_batch
        yield table
    pointing.count(account, kinds)


def _log_names(source: Source) -> list[str]:
    """Return the columns of an instrument log, in lower case; [] if it is none."""
    if votable.is_votable(source):
        columns = votable.columns(source)
        return sorted(columns) if columns >= INSTRUMENT_LOG else []
    if names := w3browse.header(source, INSTRUMENT_LOG):
        return names
    delimiter = _delimiter(source)
    if delimiter is None:
        return []
    return [c.strip().lower() for c in text.header_cells(source, delimiter)]


def _delimiter(source: Source) -> str | None:
    for delimiter in DELIMITERS:
        cells = text.header_cells(source, delimiter)
        if {cell.strip().lower() for cell in cells} >= INSTRUMENT_LOG:
            return delimiter
    return None


def _log_records(source: Source, account: Account) -> Iterator[Record]:
    if votable.is_votable(source):
        return map(text.lower, votable.records(source, account))
    if w3browse.header(source, INSTRUMENT_LOG):
        return w3browse.records(source, INSTRUMENT_LOG)
    return map(text.lower, text.records(source.path, _delimiter(source) or ","))


def _instrument(source: Source, names: list[str], batch: list[Record]) -> str:
    """Return whose log it is, by its title or file name, else by columns and modes."""
    if votable.is_votable(source):
        titles = votable.structure(source.path).notes
    else:
        titles = text.head_lines(source, w3browse.TITLES)
    title = "\n".join([*titles, source.path.name]).lower()
    for table, instrument in NAMED.items():
        if table in title:
            return instrument
    if "filter" in names:
        return "UVOT"
    modes = {(record.text("operation_mode") or "").upper() for record in batch}
    return "BAT" if modes & pointing.BAT_MODES else "XRT"


def _is_timeline(source: Source) -> bool:
    return set(TIMELINE) <= set(_names(source))


def _names(source: Source) -> list[str]:
    return [cell.strip() for cell in text.header_cells(source, ",")]


def _tt(batch: list[Record], column: str) -> times.Instants:
    """Return a column's times: dates of any form, or Modified Julian Dates."""
    return times.tt_from_utc([_date(record.text(column) or "") for record in batch])


def _date(cell: str) -> str:
    mjd = from_mjd(cell)
    if mjd is None:
        return cell
    return "" if np.isnat(mjd) else str(mjd)


def _timeline(
    batch: list[Record], *, flown: bool, simulated: bool
) -> tuple[tuple[str, pa.Table], list[str]]:
    """Return the rows of a plan or of what was flown, and the kind of each."""
    start, stop = _tt(batch, "Begin Time"), _tt(batch, "End Time")
    kinds = ["planned"] * len(batch)
    live = np.full(len(batch), np.nan)
    if flown:
        slew = np.nan_to_num([r.real([*r.cells][-1]) for r in batch])
        exposure = np.nan_to_num([r.real(TIMELINE[-1]) for r in batch])
        length = (stop - start) / np.timedelta64(1, "s")
        kinds = [
            pointing.flown_kind(r.text("Target Name"), seconds, busy)
            for r, seconds, busy in zip(batch, length, slew + exposure, strict=True)
        ]
        exposed = np.array([kind == pointing.SNAPSHOT for kind in kinds])
        before = np.where(exposed, np.clip(length - exposure, 0, None), 0)
        start = start + _nanoseconds(before)
        live = np.where(exposed, np.minimum(exposure, length), np.nan)
    table = rows(
        INTERVALS,
        len(batch),
        obs_id=[full_obs_id(r.text("Observation Number")) for r in batch],
        object=[r.text("Target Name") for r in batch],
        time=start,
        time_stop=stop,
        time_rule="utc",
        kind=kinds,
        live_s=live,
        extra=[
            extra({k: r.text(k) for k in r.cells if k not in TIMELINE[2:4]})
            for r in batch
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )
    return table, kinds


def _snapshots(
    batch: list[Record], instrument: str, *, simulated: bool
) -> tuple[tuple[str, pa.Table], list[str]]:
    """Return the rows of an instrument log, and the kind of each."""
    kinds = [
        pointing.kind_of(
            pointing.Entry(
                *(
                    r.text(name) if name in r.cells else None
                    for name in ("pointing_mode", "operation_mode", "name", "filter")
                )
            ),
            instrument,
        )
        for r in batch
    ]
    start = _tt(batch, "start_time")
    exposure = np.array([r.real("exposure") for r in batch])
    exposed = np.array([kind == pointing.SNAPSHOT for kind in kinds])
    table = rows(
        INTERVALS,
        len(batch),
        obs_id=[full_obs_id(r.text("obsid")) for r in batch],
        object=[r.text("name") if "name" in r.cells else None for r in batch],
        time=start,
        time_stop=start + _nanoseconds(np.nan_to_num(exposure)),
        time_rule="utc",
        kind=kinds,
        instrument=instrument,
        live_s=np.where(exposed, exposure, np.nan),
        **position(
            [parse_ra(r.cells["ra"]) for r in batch],
            [parse_dec(r.cells["dec"]) for r in batch],
        ),
        extra=[
            extra({k: r.text(k) for k in r.cells if k not in PLACED}) for r in batch
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )
    return table, kinds


def _nanoseconds(seconds: np.ndarray) -> np.ndarray:
    return np.round(seconds * times.NS).astype("timedelta64[ns]")


READER = Reader(
    "swift-timeline",
    recognises,
    read,
    "Swift plan, as-flown, logs of XRT, UVOT and BAT",
    version=2,
)
