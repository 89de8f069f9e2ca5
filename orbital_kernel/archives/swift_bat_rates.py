"""Swift BAT raw rate files (FITS, bat2fits): counts of the whole array a bin.

HDU RATE (TIME, COUNTS), COUNTS one int32 at 1 s ('brt1s') or four int16 at 64 ms
('brtms'). There is no EBOUNDS: one channel is 15-350 keV, four are 15-25, 25-50,
50-100 and 100-350 keV. Source: heasarc.gsfc.nasa.gov/docs/swift, BAT rate products.

Traps handled: the counts are not background-subtracted, which the unit ('count / s'
of the array, kind 'raw') keeps apart from mask-weighted rates; bins filled with zeros
in every channel are missing data (the array never counts nothing), null in `rate`;
TZERO shifts the int16; gaps between bins are left as gaps; TIME is the uncorrected
clock. Errors are Poisson, sqrt(counts) / bin.
"""

import numpy as np
import pyarrow as pa

from orbital_kernel import times
from orbital_kernel.archives import swift_clock
from orbital_kernel.archives.fits import (
    BATCH_ROWS,
    Block,
    FitsFile,
    first_table,
    is_simulated,
    number,
    open_fits,
)
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.archives.swift_bat_lightcurve import (
    bin_start,
    good_times,
    per_channel,
)
from orbital_kernel.errors import ArchiveError
from orbital_kernel.schema import RATES

BANDS = {
    1: ((15.0, 350.0),),
    4: ((15.0, 25.0), (25.0, 50.0), (50.0, 100.0), (100.0, 350.0)),
}


def recognises(source: Source) -> bool:
    """Tell by TELESCOP, INSTRUME and columns TIME and COUNTS without RATE."""
    table = first_table(source)
    return (
        table is not None
        and swift_clock.is_swift(table.header, "BAT")
        and table.has("TIME", "COUNTS")
        and not table.has("RATE")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `rates`, a row a bin and channel, and `intervals` where there are any."""
    file = open_fits(source, account)
    table = next(h for h in file.hdus if h.has("TIME", "COUNTS"))
    channels = table.field("COUNTS").repeat
    if channels not in BANDS:
        raise ArchiveError(f"COUNTS has {channels} channels; rate files have 1 or 4")
    account.observatory = "swift"
    account.understood.append(f"{table.rows} bins of {channels} channel(s), raw counts")
    for block in file.blocks(table, rows=BATCH_ROWS // channels):
        yield _rates(source, file, block, channels)
    yield from good_times(file, table, "BAT")


def _rates(
    source: Source, file: FitsFile, block: Block, channels: int
) -> tuple[str, pa.Table]:
    table = block.hdu
    width = number(table.header, "TIMEDEL")
    if width is None or width <= 0:
        raise ArchiveError(f"TIMEDEL = {table.header.get('TIMEDEL')!r} is no bin width")
    utcf = swift_clock.utcf(file, table)
    met = block.reals("TIME") + (number(table.header, "TIMEZERO") or 0.0)
    start = bin_start(met, width, table)
    counts = block.reals("COUNTS").reshape(len(block), channels)
    empty = np.repeat(~(counts.sum(axis=1) > 0), channels)
    counts = counts.ravel()
    low, high = zip(*BANDS[channels], strict=True)
    return rows(
        RATES,
        len(counts),
        series=source.stem,
        obs_id=swift_clock.obs_id(file, table),
        object=swift_clock.target(file, table),
        time=per_channel(times.to_tt(swift_clock.RULE, start, utcf_s=utcf), channels),
        met_s=per_channel(start, channels),
        utcf_s=utcf,
        time_rule=swift_clock.RULE,
        bin_s=width,
        channel=np.tile(np.arange(channels, dtype=np.int16), len(block)),
        band=[f"{a:g}-{b:g} keV" for a, b in BANDS[channels]] * len(block),
        band_low_kev=np.tile(low, len(block)),
        band_high_kev=np.tile(high, len(block)),
        rate=np.where(empty, np.nan, counts / width),
        rate_err=np.where(empty, np.nan, np.sqrt(np.clip(counts, 0, None)) / width),
        counts=counts,
        unit="count / s",
        kind="raw",
        instrument="BAT",
        simulated=is_simulated(file),
        file_row=np.repeat(np.arange(block.first, block.first + len(block)), channels),
    )


READER = Reader("swift-bat-rates", recognises, read, "BAT raw array rates, FITS")
