"""Swift BAT raw rate files (FITS, bat2fits): counts of the whole array a bin.

HDU RATE (TIME, COUNTS), COUNTS one int32 at 1 s ('brt1s') or four int16 at 64 ms
('brtms'). There is no EBOUNDS: one channel is 15-350 keV, four are 15-25, 25-50,
50-100 and 100-350 keV. Source: BAT Software Guide 6.3, appendix A.5.3 (64 ms) and A.5.2 (the four bands).

Traps handled: the counts are not background-subtracted, which the unit ('count / s'
of the array, kind 'raw') keeps apart from mask-weighted rates; bins filled with zeros
in every channel are missing data (the array never counts nothing), null in `rate`;
TZERO shifts the int16; gaps between bins are left as gaps; TIME is the uncorrected
clock. Errors are Poisson, sqrt(counts) / bin.
"""

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats.fits import (
    BATCH_ROWS,
    Block,
    FitsFile,
    Hdu,
    first_table,
    open_fits,
)
from orbital_kernel.archives.intervals import header_span
from orbital_kernel.archives.limits import note_empty, poisson_error
from orbital_kernel.archives.naming import series_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.archives.swift import clock as swift_clock
from orbital_kernel.archives.swift.bat_lightcurve import (
    Band,
    band_columns,
    bin_start,
    bin_width,
    clock_columns,
    good_times,
)
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import RATES

BANDS = {
    1: ((15.0, 350.0),),
    4: ((15.0, 25.0), (25.0, 50.0), (50.0, 100.0), (100.0, 350.0)),
}


def recognises(source: Source) -> bool:
    """Recognise the file by TELESCOP, INSTRUME and columns TIME and COUNTS without RATE."""
    table = first_table(source)
    return (
        table is not None
        and swift_clock.is_swift(table.header, "BAT")
        and table.has("TIME", "COUNTS")
        and not table.has("RATE")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `rates`, one row per bin and channel, and `intervals` if there are any."""
    file = open_fits(source, account)
    table = next(h for h in file.hdus if h.has("TIME", "COUNTS"))
    channels = table.field("COUNTS").repeat
    if channels not in BANDS:
        raise ArchiveError(f"COUNTS has {channels} channels; rate files have 1 or 4")
    account.observatory = "swift"
    account.understood.append(f"{table.rows} bins of {channels} channel(s), raw counts")
    account.understood += _span(file, table)
    for block in file.blocks(table, rows=BATCH_ROWS // channels):
        note_empty(account, block.reals("COUNTS"))
        yield _rates(source, file, block, channels)
    yield from good_times(file, table, "BAT")


def _span(file: FitsFile, table: Hdu) -> list[str]:
    """Return first start and last stop of the header, in words; rate files have no GTI."""
    rule, utcf = swift_clock.clock(file, table, needed=False)
    at = swift_clock.start_s(file, table)
    words = header_span(table.header, rule=rule, utcf_s=utcf, at_met_s=at)
    return [words] if words else []


def _rates(
    source: Source, file: FitsFile, block: Block, channels: int
) -> tuple[str, pa.Table]:
    width = bin_width(block)
    table = block.reals("COUNTS").reshape(len(block), channels)
    empty = np.repeat(~(table.sum(axis=1) > 0), channels)
    counts = np.where(empty, np.nan, table.ravel())
    widths = np.repeat(np.broadcast_to(width, len(block)), channels)
    bands: list[Band] = [(f"{a:g}-{b:g} keV", a, b) for a, b in BANDS[channels]]
    return rows(
        RATES,
        len(counts),
        series=series_of(source),
        bin_s=widths,
        rate=counts / widths,
        rate_err=poisson_error(counts, widths),
        counts=counts,
        unit="count / s",
        kind="raw",
        **clock_columns(file, block, bin_start(block, width), channels),
        **band_columns(bands, len(block)),
    )


READER = Reader(
    "swift-bat-rates", recognises, read, "BAT raw array rates, FITS", version=3
)
