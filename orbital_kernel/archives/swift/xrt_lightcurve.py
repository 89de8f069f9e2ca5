"""Swift-XRT light curves of XSELECT, and those that xrtlccorr has corrected (FITS).

HDU RATE (TIME, RATE, ERROR, FRACEXP and perhaps TIMEDEL, BACKV) to `photometry`, STDGTI to
`intervals`. Sources: OGIP/93-003, timing files; swift.gsfc.nasa.gov/analysis, XRT guide
(energies: PI channels of 10 eV).

Traps handled: TIME counts from TIMEZERO (or TIMEZERI + TIMEZERF), on the uncorrected clock
(swift_clock); TIMEPIXR 0.5, the default, puts TIME in the middle of the bin; RATE has been
divided by FRACEXP already, so FRACEXP is exposure, not a factor; FRACEXP 0 means no data;
an ERROR of 0 beside no counts is not an error.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import (
    Block,
    FitsFile,
    first_table,
    is_simulated,
    number,
    open_fits,
    text,
)
from orbital_kernel.archives.formats.keywords import is_true
from orbital_kernel.archives.naming import object_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.archives.swift import clock as swift_clock
from orbital_kernel.archives.swift.bat_lightcurve import bin_width, good_times
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import PHOTOMETRY

if TYPE_CHECKING:
    from astropy.io import fits

PI_KEV = 0.01
MODES = {"PHOTON": "PC", "WINDOWED": "WT", "TIMING": "WT"}
ALONGSIDE = ("FRACEXP", "BACKV", "BACKE", "CORRFACT", "PSFCORR", "VIGNCORR")


def recognises(source: Source) -> bool:
    """Recognise the file by TELESCOP, INSTRUME and the columns of the first table."""
    table = first_table(source)
    return (
        table is not None
        and swift_clock.is_swift(table.header, "XRT")
        and table.has("TIME", "RATE", "ERROR")
        and table.field("RATE").repeat == 1
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per bin, and `intervals`."""
    file = open_fits(source, account)
    table = next(h for h in file.hdus if h.has("TIME", "RATE", "ERROR"))
    account.observatory = "swift"
    unit = text(table.header, "TIMEUNIT").lower() or "s"
    if unit not in {"s", "sec", "seconds"}:
        raise ArchiveError(f"TIMEUNIT is {unit!r}: XRT's light curves count seconds")
    kind = "net" if _is_net(table.header) else "background included"
    rule, utcf = swift_clock.clock(file, table)
    clock = rule if utcf is None else f"UTCF {utcf} s"
    account.understood.append(f"{table.rows} bins, {kind}, {clock}")
    target = swift_clock.target(file, table) or object_of(source, account)
    for block in file.blocks(table):
        yield _photometry(target, file, block)
    yield from good_times(file, table, "XRT")


def energy_band(header: "fits.Header") -> tuple[float | None, float | None]:
    """Return the edges (keV) by E_MIN and E_MAX, or by the PI channels of the filter."""
    for names, scale in ((("E_MIN", "E_MAX"), 1.0), (("PHALCUT", "PHAHCUT"), PI_KEV)):
        low, high = (number(header, name) for name in names)
        if low is not None and high is not None and 0 <= low < high:
            return low * scale, high * scale
    return None, None


def _is_net(header: "fits.Header") -> bool:
    return text(header, "HDUCLAS2").upper() == "NET" or is_true(header.get("BACKAPP"))


def _photometry(
    target: str | None, file: FitsFile, block: Block
) -> tuple[str, pa.Table]:
    table, count = block.hdu, len(block)
    header = table.header
    width = np.broadcast_to(bin_width(block), count)
    pixel = number(header, "TIMEPIXR")
    place = 0.5 if pixel is None else pixel
    met = (
        fits_time.seconds(block, "TIME")
        + fits_time.zero_s(table)
        + (0.5 - place) * width
    )
    fraction = block.reals("FRACEXP") if table.has("FRACEXP") else np.ones(count)
    value, error = block.reals("RATE"), np.abs(block.reals("ERROR"))
    gap = ~(fraction > 0) | ~np.isfinite(value)
    error = np.where(gap | ~(error > 0), np.nan, error)
    low, high = energy_band(header)
    ra, dec = (number(header, name) for name in ("RA_OBJ", "DEC_OBJ"))
    return rows(
        PHOTOMETRY,
        count,
        object=target,
        obs_id=swift_clock.obs_id(file, table),
        **swift_clock.instants(file, table, met),
        time_err_plus_s=width / 2,
        time_err_minus_s=width / 2,
        met_s=met,
        **position(
            np.full(count, np.nan if ra is None else ra),
            np.full(count, np.nan if dec is None else dec),
        ),
        value=np.where(gap, np.nan, value),
        value_err_plus=error,
        value_err_minus=error,
        is_limit=False,
        unit="count / s",
        band=None if low is None else f"{low:g}-{high:g} keV",
        band_low_kev=low,
        band_high_kev=high,
        instrument="XRT",
        mode=MODES.get(text(header, "DATAMODE").upper()),
        exposure_s=fraction * width,
        extra=_extras(block, net=_is_net(header)),
        simulated=is_simulated(file),
        file_row=range(block.first, block.first + count),
    )


def _extras(block: Block, *, net: bool) -> list[str | None]:
    names = [
        n for n in ALONGSIDE if block.hdu.has(n) and block.hdu.field(n).repeat == 1
    ]
    columns = [block.reals(name).tolist() for name in names]
    kind = "net" if net else "total"
    if not names:
        return [extra({"rate": kind})] * len(block)
    return [
        extra({"rate": kind, **dict(zip(names, row, strict=True))})
        for row in zip(*columns, strict=True)
    ]


READER = Reader(
    "swift-xrt-lightcurve", recognises, read, "Swift-XRT light curve of XSELECT, FITS"
)
