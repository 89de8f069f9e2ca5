"""Swift BAT mask-weighted light curves (FITS, batbinevt; 1 or several channels).

HDU RATE (TIME, RATE, ERROR, TOTCOUNTS, FRACEXP) with HDUCLAS2 = 'NET'; EBOUNDS gives
the band of each channel; STDGTI the good time.
Source: heasarc.gsfc.nasa.gov/docs/swift, BAT light curve products.

Traps handled: TIME is the uncorrected clock (swift_clock); ERROR = 0 with RATE = 0
means no data, not no flux, though FRACEXP stays 1 there; negative rates are normal;
rates are per illuminated detector, so the unit is 'count / (s det)' whatever TUNIT
says; MJDREFI is a float in RATE and absent in STDGTI; TIMEPIXR 0 puts TIME at the
start of the bin, 0.5 in its middle.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel import times
from orbital_kernel.archives import swift_clock
from orbital_kernel.archives.fits import (
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
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.schema import RATES

UNIT = "count / (s det)"

Band = tuple[str, float | None, float | None]


def recognises(source: Source) -> bool:
    """Tell by TELESCOP, INSTRUME and the columns of the first table."""
    table = first_table(source)
    return (
        table is not None
        and swift_clock.is_swift(table.header, "BAT")
        and table.has("TIME", "RATE", "ERROR")
        and not table.has("TIMEDEL")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `rates`, a row a bin and channel, and `intervals`."""
    file = open_fits(source, account)
    table = next(h for h in file.hdus if h.has("TIME", "RATE", "ERROR"))
    bands = channel_bands(file, table)
    account.observatory = "swift"
    account.understood.append(
        f"{table.rows} bins of {len(bands)} channel(s), "
        f"UTCF {swift_clock.utcf(file, table)} s"
    )
    for block in file.blocks(table, rows=max(1, BATCH_ROWS // len(bands))):
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
            for pair in zip(block.reals("E_MIN"), block.reals("E_MAX"), strict=True)
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


def good_times(
    file: FitsFile, table: Hdu, instrument: str
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of every GTI table, on the clock of `table`."""
    for gti in file.find("STDGTI", "GTI"):
        yield from gti_rows(
            file,
            gti,
            rule=swift_clock.RULE,
            utcf_s=swift_clock.utcf(file, table),
            obs_id=swift_clock.obs_id(file, table),
            object=swift_clock.target(file, table),
            instrument=instrument,
            simulated=is_simulated(file),
        )


def bin_start(met: NDArray[np.float64], width: NDArray[np.float64] | float, table: Hdu):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return the start of bins whose TIME lies TIMEPIXR of the way into them."""
    return met - (number(table.header, "TIMEPIXR") or 0.0) * width


def per_channel(values: NDArray[np.float64], channels: int) -> NDArray[np.float64]:
    """Return a column of one value a bin, repeated for each channel."""
    return np.repeat(values, channels)


def _rates(
    source: Source, file: FitsFile, block: Block, bands: list[Band]
) -> tuple[str, pa.Table]:
    table, channels = block.hdu, len(bands)
    width = number(table.header, "TIMEDEL")
    if width is None or width <= 0:
        raise ArchiveError(f"TIMEDEL = {table.header.get('TIMEDEL')!r} is no bin width")
    utcf = swift_clock.utcf(file, table)
    met = block.reals("TIME") + (number(table.header, "TIMEZERO") or 0.0)
    rate = block.reals("RATE").reshape(len(block), channels).ravel()
    error = block.reals("ERROR").reshape(len(block), channels).ravel()
    empty = ~(error > 0)
    start = bin_start(met, width, table)
    count = len(block) * channels
    optional = {}
    if table.has("TOTCOUNTS") and table.field("TOTCOUNTS").repeat == 1 == channels:
        optional["counts"] = block.reals("TOTCOUNTS")
    if table.has("FRACEXP"):
        optional["exposure_fraction"] = per_channel(block.reals("FRACEXP"), channels)
    names, lows, highs = zip(*bands, strict=True)
    return rows(
        RATES,
        count,
        series=source.stem,
        obs_id=swift_clock.obs_id(file, table),
        object=swift_clock.target(file, table),
        time=per_channel(times.to_tt(swift_clock.RULE, start, utcf_s=utcf), channels),
        met_s=per_channel(start, channels),
        utcf_s=utcf,
        time_rule=swift_clock.RULE,
        bin_s=width,
        channel=np.tile(np.arange(channels, dtype=np.int16), len(block)),
        band=list(names) * len(block),
        band_low_kev=list(lows) * len(block),
        band_high_kev=list(highs) * len(block),
        rate=np.where(empty, np.nan, rate),
        rate_err=np.where(empty, np.nan, error),
        unit=UNIT if text(table.header, "HDUCLAS2") != "TOTAL" else "count / s",
        kind="net" if text(table.header, "HDUCLAS2") != "TOTAL" else "raw",
        instrument="BAT",
        simulated=is_simulated(file),
        file_row=np.repeat(np.arange(block.first, block.first + len(block)), channels),
        **optional,
    )


READER = Reader(
    "swift-bat-lightcurve", recognises, read, "BAT mask-weighted light curve, FITS"
)
