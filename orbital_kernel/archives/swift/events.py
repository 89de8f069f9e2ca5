"""Swift-XRT event lists: cleaned ones, and the single-pixel reports of TDRSS.

HDU EVENTS (TIME, X, Y, and where cleaned PI, GRADE) to `events`, GTI to `intervals`.
Source: swift.gsfc.nasa.gov/analysis, XRT data formats.

Traps handled: X = Y = 0 means no sky position; TIME is the uncorrected clock; the
report gives no UTCFINIT, so its `time` is null and `met_s` kept; other columns
may be absent; FRAME and ATTITUDE tables of
the report are skipped and counted.
"""

import math
from typing import Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import (
    Block,
    FitsFile,
    first_table,
    is_events,
    is_simulated,
    open_fits,
    text,
)
from orbital_kernel.archives.formats.tangent import tangent_positions, unplaced
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.archives.swift import clock as swift_clock
from orbital_kernel.archives.swift.bat_lightcurve import good_times
from orbital_kernel.model.schema import EVENTS


def recognises(source: Source) -> bool:
    """Recognise the file by TELESCOP, INSTRUME and an EVENTS table."""
    table = first_table(source)
    return (
        table is not None
        and swift_clock.is_swift(table.header, "XRT")
        and is_events(table)
        and table.has("TIME", "X", "Y")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `events`, one row per photon, and `intervals`."""
    file = open_fits(source, account)
    account.observatory = "swift"
    table = next(filter(is_events, file.hdus))
    rule, utcf = swift_clock.clock(file, table, needed=False)
    if remark := fits_time.remark(rule, table):
        account.understood.append(remark)
    if utcf is not None and math.isnan(utcf):
        account.understood.append("no header gives UTCFINIT: time null, MET kept")
    if why := unplaced(table):
        account.understood.append(f"{why}: no positions")
    if text(table.header, "DATAMODE").upper().startswith("WINDOWED"):
        account.understood.append(
            "windowed timing: positions are known along one axis only"
        )
    for block in file.blocks(table):
        yield _events(file, block)
    yield from good_times(file, table, "XRT")
    read_already = {table.start, *(gti.start for gti in file.good_times())}
    for other in file.hdus:
        if other.rows and other.start not in read_already:
            account.skip(f"rows of {other.name}", other.rows)


def _events(file: FitsFile, block: Block) -> tuple[str, pa.Table]:
    table = block.hdu
    met = fits_time.seconds(block, "TIME") + fits_time.zero_s(table)
    when = swift_clock.instants(file, table, met, needed=False)
    x, y = block.reals("X"), block.reals("Y")
    nowhere = (x == 0) & (y == 0)
    x, y = np.where(nowhere, np.nan, x), np.where(nowhere, np.nan, y)
    columns: dict[str, Any] = tangent_positions(table, x, y)
    for name in ("PI", "GRADE"):
        if table.has(name):
            columns[name.lower()] = block.integers(name)
    if table.has("STATUS") and table.field("STATUS").code == "X":
        columns["status"] = block.bits("STATUS")
    return rows(
        EVENTS,
        len(block),
        obs_id=swift_clock.obs_id(file, table),
        object=swift_clock.target(file, table),
        time=when["time"],
        met_s=met,
        time_rule=when["time_rule"],
        x_pix=x,
        y_pix=y,
        instrument="XRT",
        simulated=is_simulated(file),
        file_row=range(block.first, block.first + len(block)),
        **columns,
    )


READER = Reader("swift-events", recognises, read, "Swift-XRT event list", version=4)
