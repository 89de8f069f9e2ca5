"""Swift BAT mask-weighted light curves (FITS, batbinevt; 1 or several channels).

HDU RATE (TIME, RATE, ERROR, TOTCOUNTS, FRACEXP) with HDUCLAS2 = 'NET'; EBOUNDS gives
the band of each channel; STDGTI the good time.
Source: heasarc.gsfc.nasa.gov/docs/swift, BAT light curve products.

Traps handled: TIME is the uncorrected clock (swift_clock); ERROR = 0 with RATE = 0
means no data, not no flux, though FRACEXP stays 1 there, and FRACEXP = 0 no exposure,
whatever ERROR is; negative rates are normal; rates are per illuminated detector, so the
unit is 'count / (s det)' though TUNIT says 'count/s', unless it says per cm2; times and
widths may be in days (TUNIT, TIMEUNIT); MJDREFI is a float in RATE and absent in STDGTI;
TIMEPIXR 0 puts TIME at the
start of the bin, 0.5 in its middle; bins of equal signal or Bayesian blocks have their
widths in a column TIMEDEL.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.formats import fits_energy, fits_time
from orbital_kernel.archives.formats.fits import (
    BATCH_ROWS,
    Block,
    FitsFile,
    Hdu,
    first_table,
    is_simulated,
    number,
    open_fits,
    text,
)
from orbital_kernel.archives.intervals import gti_rows
from orbital_kernel.archives.naming import series_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.archives.swift import clock as swift_clock
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import RATES

UNIT = "count / (s det)"
UNIT_PER_CM2 = "count / (cm2 s)"

Reals = NDArray[np.float64]
Band = tuple[str, float | None, float | None]


def recognises(source: Source) -> bool:
    """Recognise the file by TELESCOP, INSTRUME and the columns of the first table."""
    table = first_table(source)
    return (
        table is not None
        and swift_clock.is_swift(table.header, "BAT")
        and table.has("TIME", "RATE", "ERROR")
        and not table.has("RAW_COUNTS")
        and not table.has("YEAR", "DAY", "DATA_FLAG")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `rates`, one row per bin and channel, and `intervals`."""
    file = open_fits(source, account)
    table = next(h for h in file.hdus if h.has("TIME", "RATE", "ERROR"))
    bands = channel_bands(file, table)
    account.observatory = "swift"
    rule, utcf = swift_clock.clock(file, table)
    clock = rule if utcf is None else f"UTCF {utcf} s"
    account.understood.append(f"{table.rows} bins of {len(bands)} channel(s), {clock}")
    if remark := fits_time.remark(rule, table):
        account.understood.append(remark)
    for block in file.blocks(table, rows=max(1, BATCH_ROWS // len(bands))):
        if empty := int((~(block.reals("ERROR") > 0)).sum()):
            account.note("bins without a positive error, which is no data", empty)
        yield _rates(source, file, block, bands)
    yield from good_times(file, table, "BAT")


def channel_bands(file: FitsFile, table: Hdu) -> list[Band]:
    """Return name and edges (keV) of each channel of RATE, from EBOUNDS or keywords."""
    count = table.field("RATE").repeat
    bounds = file.find("EBOUNDS")
    if bounds:
        edges = [
            pair
            for block in file.blocks(bounds[0])
            for pair in zip(*_bounds(block), strict=True)
        ]
        if len(edges) != count:
            raise ArchiveError(
                f"EBOUNDS has {len(edges)} channels, RATE has {count} a row"
            )
        return [
            (f"{low:g}-{high:g} keV", float(low), float(high)) for low, high in edges
        ]
    low, high = number(table.header, "E_MIN"), number(table.header, "E_MAX")
    if count == 1 and low is not None and high is not None:
        return [(f"{low:g}-{high:g} keV", low, high)]
    return [(f"channel {n}", None, None) for n in range(count)]


def _bounds(block: Block) -> tuple[Reals, Reals]:
    low, high = (fits_energy.kev(block, n, without="keV") for n in ("E_MIN", "E_MAX"))
    return low, high


def good_times(
    file: FitsFile, table: Hdu, instrument: str
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of every GTI table, on the clock of `table`."""
    rule, utcf = swift_clock.clock(file, table, needed=False)
    for gti in file.good_times():
        yield from gti_rows(
            file,
            gti,
            rule=rule,
            utcf_s=utcf,
            zero_s=fits_time.zero_s(table),
            at_met_s=swift_clock.start_s(file, table),
            obs_id=swift_clock.obs_id(file, table),
            object=swift_clock.target(file, table),
            instrument=instrument,
            simulated=is_simulated(file),
        )


def bin_width(block: Block) -> Reals | float:
    """Return TIMEDEL (s), a column or a keyword; ArchiveError if it is not a width."""
    table = block.hdu
    if table.has("TIMEDEL"):
        widths = fits_time.seconds(block, "TIMEDEL")
        if not (widths > 0).all():
            raise ArchiveError("a bin of TIMEDEL has no width")
        return widths
    width = fits_time.keyword_s(table.header, "TIMEDEL")
    if width is None or not 0 < width < 1e6:
        raise ArchiveError(
            f"TIMEDEL = {table.header.get('TIMEDEL')!r} is not a bin width"
        )
    return width


def bin_start(block: Block, width: Reals | float) -> Reals:
    """Return the start of bins (MET) whose TIME lies TIMEPIXR of the way into them."""
    header = block.hdu.header
    met = fits_time.seconds(block, "TIME") + fits_time.zero_s(block.hdu)
    return met - (number(header, "TIMEPIXR") or 0.0) * width


def rate_unit(table: Hdu) -> str:
    """Return the unit of RATE, which is per detector unless it says per cm2."""
    written = table.field("RATE").unit or ""
    if written and not written.lower().startswith(("count", "ct")):
        raise ArchiveError(f"RATE is in {written!r}, which is not a count rate")
    if "cm" in written:
        return UNIT_PER_CM2
    return "count / s" if text(table.header, "HDUCLAS2") == "TOTAL" else UNIT


def clock_columns(
    file: FitsFile, block: Block, start: Reals, channels: int
) -> dict[str, Any]:
    """Return the time columns and identity all BAT rates share, a value a channel."""
    when = swift_clock.instants(file, block.hdu, start)
    row = np.arange(block.first, block.first + len(block))
    return {
        "obs_id": swift_clock.obs_id(file, block.hdu),
        "object": swift_clock.target(file, block.hdu),
        "time": np.repeat(when["time"], channels),
        "met_s": np.repeat(start, channels),
        "utcf_s": None
        if when["utcf_s"] is None
        else np.repeat(when["utcf_s"], channels),
        "time_rule": when["time_rule"],
        "channel": np.tile(np.arange(channels, dtype=np.int16), len(block)),
        "instrument": "BAT",
        "simulated": is_simulated(file),
        "file_row": np.repeat(row, channels),
    }


def band_columns(bands: list[Band], bins: int) -> dict[str, Any]:
    """Return the band columns of `bins` bins, channel after channel."""
    names, lows, highs = zip(*bands, strict=True)
    return {
        "band": list(names) * bins,
        "band_low_kev": list(lows) * bins,
        "band_high_kev": list(highs) * bins,
    }


def _rates(
    source: Source, file: FitsFile, block: Block, bands: list[Band]
) -> tuple[str, pa.Table]:
    table, channels = block.hdu, len(bands)
    width = bin_width(block)
    rate, error = block.reals("RATE").ravel(), block.reals("ERROR").ravel()
    empty = ~(error > 0)
    if table.has("FRACEXP"):
        exposed = block.reals("FRACEXP")
        empty |= np.repeat(exposed <= 0, channels)
    net = text(table.header, "HDUCLAS2") != "TOTAL"
    optional = {}
    if channels == 1 and table.has("TOTCOUNTS"):
        counts = block.reals("TOTCOUNTS").ravel()
        optional["counts"] = np.where(empty, np.nan, counts)
    if table.has("FRACEXP"):
        optional["exposure_fraction"] = np.repeat(exposed, channels)
    return rows(
        RATES,
        len(rate),
        series=series_of(source),
        bin_s=np.repeat(np.broadcast_to(width, len(block)), channels),
        rate=np.where(empty, np.nan, rate),
        rate_err=np.where(empty, np.nan, error),
        unit=rate_unit(table),
        kind="net" if net else "raw",
        **clock_columns(file, block, bin_start(block, width), channels),
        **band_columns(bands, len(block)),
        **optional,
    )


READER = Reader(
    "swift-bat-lightcurve",
    recognises,
    read,
    "BAT mask-weighted light curve, FITS",
    version=2,
)
