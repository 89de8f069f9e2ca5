"""Light curves Swift sends down at once: BAT in bins of varying width, XRT raw rates.

HDUs TDRSS_LC, TDRSS_LC2 (TIME, RELTIME, TIMEDEL, RAW_COUNTS[4], RATE[4], ERROR[4]) of
the whole BAT array, raw; and XRT's RATE (TIME, RATE, XRTMODE).
Source: gcn.gsfc.nasa.gov/swift.html, TDRSS messages.

Traps handled: TIMEDEL is a column (0.064 to 8 s within one file), its keyword absent;
UTCFINIT is 0.0 in the table and right in the primary header (swift_clock); counts of
-1 are null; the two tables overlap and are series of their own; XRT's uncalibrated
rates have no errors and no bin width, and XRTMODE says when they are meaningful.
Channels are 15-25, 25-50, 50-100 and 100-350 keV.
"""

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import (
    Block,
    FitsFile,
    Hdu,
    first_table,
    is_simulated,
    open_fits,
    text,
)
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
)
from orbital_kernel.archives.swift.bat_rates import BANDS
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import PHOTOMETRY, RATES
from orbital_kernel.model.spans import on_time_words

XRT_MODES = {
    1: "null",
    2: "SI",
    3: "LI",
    4: "PU",
    5: "LR",
    6: "WT",
    7: "PC",
    8: "RAW",
    9: "BIAS",
    10: "STOP",
}


def recognises(source: Source) -> bool:
    """Recognise the file by the columns of the first table and TELESCOP."""
    table = first_table(source)
    return table is not None and (_is_bat(table) or _is_xrt(table))


def read(source: Source, account: Account) -> Batches:
    """Yield `rates` (BAT, one row per bin and channel) or `photometry` (XRT)."""
    account.observatory = "swift"
    yield from light_curves(open_fits(source, account), series_of(source), account)


def light_curves(file: FitsFile, stem: str, account: Account) -> Batches:
    """Yield the rows of every light curve in a file of that stem."""
    tables = [h for h in file.hdus if _is_bat(h) or _is_xrt(h)]
    if len(tables) == 1 and _is_bat(tables[0]):
        on_s = fits_time.keyword_s(tables[0].header, "ONTIME")
        account.understood += [on_time_words(on_s)] if on_s and on_s > 0 else []
    for place, table in enumerate(tables):
        series = stem if place == 0 else f"{stem}:{table.name}"
        account.understood.append(f"{table.rows} bins in {table.name}")
        for block in file.blocks(table, rows=12_500):
            yield _bat(file, block, series) if _is_bat(table) else _xrt(file, block)


def _is_bat(table: Hdu) -> bool:
    return swift_clock.is_swift(table.header, "BAT") and table.has(
        "TIME", "TIMEDEL", "RAW_COUNTS", "RATE", "ERROR"
    )


def _is_xrt(table: Hdu) -> bool:
    return swift_clock.is_swift(table.header, "XRT") and table.has(
        "TIME", "RATE", "XRTMODE"
    )


def _bat(file: FitsFile, block: Block, series: str) -> tuple[str, pa.Table]:
    channels = block.hdu.field("RATE").repeat
    if channels not in BANDS:
        raise ArchiveError(f"RATE has {channels} channels; 1 or 4 are known")
    width = bin_width(block)
    bands: list[Band] = [(f"{a:g}-{b:g} keV", a, b) for a, b in BANDS[channels]]
    error = block.reals("ERROR").ravel()
    counts = block.reals("RAW_COUNTS").ravel()
    of_bin = counts.reshape(len(block), channels).sum(axis=1)
    empty = ~(error > 0) | np.isnan(counts) | np.repeat(of_bin == 0, channels)
    return rows(
        RATES,
        len(error),
        series=series,
        bin_s=np.repeat(width, channels),
        rate=np.where(empty, np.nan, block.reals("RATE").ravel()),
        rate_err=np.where(empty, np.nan, error),
        counts=counts,
        unit="count / s",
        kind="raw",
        **clock_columns(file, block, bin_start(block, width), channels),
        **band_columns(bands, len(block)),
    )


def _xrt(file: FitsFile, block: Block) -> tuple[str, pa.Table]:
    met = fits_time.seconds(block, "TIME") + fits_time.zero_s(block.hdu)
    modes = block.integers("XRTMODE")
    trigger = text(block.hdu.header, "TRIGGER")
    return rows(
        PHOTOMETRY,
        len(block),
        object=swift_clock.target(file, block.hdu) or f"Swift trigger {trigger}",
        obs_id=swift_clock.obs_id(file, block.hdu),
        **swift_clock.instants(file, block.hdu, met),
        met_s=met,
        value=np.where(np.isin(modes, (6, 7)), block.reals("RATE"), np.nan),
        is_limit=False,
        unit="count / s",
        instrument="XRT",
        mode=[XRT_MODES.get(int(m)) for m in modes.filled(1)],
        simulated=is_simulated(file),
        file_row=range(block.first, block.first + len(block)),
    )


def embedded(source: Source, series: str, account: Account) -> Batches:
    """Yield the light curves of a FITS file that came inside a notice."""
    if recognises(source):
        yield from light_curves(open_fits(source, account), series, account)


READER = Reader(
    "swift-tdrss-lightcurve", recognises, read, "Swift TDRSS light curve", version=3
)
