"""Swift timelines: pre-planned, as-flown, and the XRT instrument log.

Plan and as-flown are CSV as the TOO API's queries print them, in front of the rows
perhaps a column that counts them; the instrument log is W3Browse text. All give
`intervals`: 'planned' ones, or 'snapshot' for what was flown.
Source: www.swift.psu.edu/too_api; heasarc.gsfc.nasa.gov/W3Browse/swift/swiftxrlog.html.

Traps handled: observation numbers have lost their leading zeros (11 digits); the
column of slew seconds, sometimes without a name, the last one, is all that distinguishes flown from
planned; an
instrument log row has no stop, it is start + exposure; times are UTC.
"""

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import text, w3browse
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.archives.swift.logs import full_obs_id
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
XRT_LOG = {
    "target_id",
    "obsid",
    "ra",
    "dec",
    "start_time",
    "exposure",
    "operation_mode",
}


def recognises(source: Source) -> bool:
    """Recognise the file by the column names."""
    return _is_timeline(source) or bool(w3browse.header(source, XRT_LOG))


def read(source: Source, account: Account) -> Batches:
    """Yield `intervals`, one row per entry."""
    account.observatory = "swift"
    simulated = text.says_simulated(source)
    if not _is_timeline(source):
        for batch in text.batches(w3browse.records(source, XRT_LOG)):
            yield _snapshots(batch, simulated=simulated)
        return
    flown = _names(source)[-1] != TIMELINE[-1]
    account.understood.append("as flown" if flown else "as planned, not as flown")
    for batch in text.batches(text.records(source.path, ",")):
        yield _timeline(
            batch, kind="snapshot" if flown else "planned", simulated=simulated
        )


def _is_timeline(source: Source) -> bool:
    return set(TIMELINE) <= set(_names(source))


def _names(source: Source) -> list[str]:
    return [cell.strip() for cell in text.header_cells(source, ",")]


def _tt(batch: list[Record], column: str) -> times.Instants:
    return times.tt_from_utc([record.text(column) or "" for record in batch])


def _timeline(
    batch: list[Record], *, kind: str, simulated: bool
) -> tuple[str, pa.Table]:
    return rows(
        INTERVALS,
        len(batch),
        obs_id=[full_obs_id(r.text("Observation Number")) for r in batch],
        object=[r.text("Target Name") for r in batch],
        time=_tt(batch, "Begin Time"),
        time_stop=_tt(batch, "End Time"),
        time_rule="utc",
        kind=kind,
        extra=[
            extra({k: r.text(k) for k in r.cells if k not in TIMELINE[:4]})
            for r in batch
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


def _snapshots(batch: list[Record], *, simulated: bool) -> tuple[str, pa.Table]:
    start = _tt(batch, "start_time")
    exposure = np.array([r.real("exposure") for r in batch])
    length = np.round(np.nan_to_num(exposure) * times.NS).astype("timedelta64[ns]")
    return rows(
        INTERVALS,
        len(batch),
        obs_id=[full_obs_id(r.text("obsid")) for r in batch],
        time=start,
        time_stop=start + length,
        time_rule="utc",
        kind="snapshot",
        instrument="XRT",
        **position(
            [parse_ra(r.cells["ra"]) for r in batch],
            [parse_dec(r.cells["dec"]) for r in batch],
        ),
        extra=[
            extra({k: r.text(k) for k in r.cells if k not in {"obsid", "ra", "dec"}})
            for r in batch
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


READER = Reader("swift-timeline", recognises, read, "Swift plan, as-flown, XRT log")
