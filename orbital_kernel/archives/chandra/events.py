"""Chandra event lists (FITS, level 1 and 2, ACIS or HRC, cut-outs too).

HDU EVENTS to `events`, every GTI extension to `intervals`.
Source: cxc.harvard.edu/contrib/arots/fits, ASC FITS designers' guide.

Traps handled: one GTI extension per chip, all called GTI (or GTI3), distinguished by CCD_ID; `status`
is a bit column (32X); nulls are numbers (99, 9999, 0 as TNULL says); columns may be
missing in cut-outs (no status, no chips) and are null then; names are lower case; TT or
TDB; each event's RA and dec follow from its sky pixel by the WCS of columns x and y;
DATASUM may be blank; energies may be in keV; a header without the projection has
RA_NOM, DEC_NOM and the detector's pixels. Lists of any size are read in pieces.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.chandra import clock as chandra_clock
from orbital_kernel.archives.chandra import exposure, sky_plane
from orbital_kernel.archives.chandra.lightcurve import gti_instrument
from orbital_kernel.archives.formats import fits_energy, fits_time
from orbital_kernel.archives.formats.fits import (
    Block,
    FitsFile,
    Hdu,
    Reals,
    first_table,
    is_events,
    is_simulated,
    open_fits,
    text,
)
from orbital_kernel.archives.formats.tangent import (
    UNGIVEN,
    tangent_positions,
    unplaced,
)
from orbital_kernel.archives.intervals import gti_rows
from orbital_kernel.archives.naming import named_in
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.model import times
from orbital_kernel.model.schema import EVENTS

INTEGERS = {"ccd_id": ("ccd_id", "chip_id"), "pi": ("pi",), "grade": ("grade",)}


def recognises(source: Source) -> bool:
    """Recognise the file by the mission and an EVENTS table with a time column."""
    table = first_table(source)
    return (
        table is not None
        and chandra_clock.is_chandra(table.header)
        and is_events(table)
        and table.has("TIME")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `events`, one row per photon, and `intervals`."""
    file = open_fits(source, account)
    account.observatory = "chandra"
    table = next(filter(is_events, file.hdus))
    rule = chandra_clock.rule(table)
    account.understood.append(f"{table.rows} events, {rule}")
    account.understood.append(exposure.live_remark(table.header))
    account.understood += _remarks(table)
    if remark := fits_time.remark(rule, table):
        account.understood.append(remark)
    for block in file.blocks(table):
        yield _events(file, block, rule)
    for gti in file.good_times():
        yield from gti_rows(
            file,
            gti,
            rule=rule,
            zero_s=chandra_clock.zero_s(table),
            live_fraction=exposure.live_fraction(table.header, gti.header),
            obs_id=chandra_clock.obs_id(file, table),
            object=text(table.header, "OBJECT") or named_in(file.path),
            instrument=gti_instrument(gti, table),
            simulated=is_simulated(file),
            extra=extra({"tstart_s": fits_time.keyword_s(table.header, "TSTART")}),
        )


def _events(file: FitsFile, block: Block, rule: str) -> tuple[str, pa.Table]:
    table = block.hdu
    met = fits_time.seconds(block, "time") + chandra_clock.zero_s(table)
    columns: dict[str, Any] = {}
    for name, alternatives in INTEGERS.items():
        present = [a for a in alternatives if table.has(a)]
        if present:
            columns[name] = block.integers(present[0])
    if table.has("status") and table.field("status").code == "X":
        columns["status"] = block.bits("status")
    if table.has("energy"):
        columns["energy_ev"] = fits_energy.kev(block, "energy", without="eV") * 1000
    if table.has("x", "y"):
        x, y = block.reals("x"), block.reals("y")
        columns |= {"x_pix": x, "y_pix": y} | _positions(table, x, y)
    return rows(
        EVENTS,
        len(block),
        obs_id=chandra_clock.obs_id(file, table),
        object=text(table.header, "OBJECT") or named_in(file.path),
        time=times.to_tt(rule, met),
        met_s=met,
        time_rule=rule,
        instrument=chandra_clock.instrument(table),
        simulated=is_simulated(file),
        file_row=range(block.first, block.first + len(block)),
        **columns,
    )


def _positions(table: Hdu, x: Reals, y: Reals) -> dict[str, Any]:
    """Return positions by the header's projection, else by the detector's sky plane."""
    if unplaced(table) == UNGIVEN:
        return position(*sky_plane.of_detector(table.header, x, y))
    return tangent_positions(table, x, y)


def _remarks(table: Hdu) -> list[str]:
    """Return for the account what positions and energies rest on, if not on the file."""
    remarks = []
    why = unplaced(table) if table.has("x", "y") else "no columns x and y"
    if why == UNGIVEN and not np.isnan(sky_plane.of_detector(table.header, 0, 0)).any():
        remarks.append(f"{why}: positions by RA_NOM, DEC_NOM and the detector's pixels")
    elif why:
        remarks.append(f"{why}: no positions")
    if text(table.header, "READMODE").upper() == "CONTINUOUS":
        remarks.append("continuous clocking: positions are known along one axis only")
    if table.has("energy") and not table.field("energy").unit:
        remarks.append("energy without a unit: taken as eV")
    return remarks


READER = Reader("chandra-events", recognises, read, "Chandra event list", version=5)
