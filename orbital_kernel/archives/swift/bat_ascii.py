"""BAT light curves as text: time, then rate and error of each channel.

Eleven columns (four channels and their sum, '…_lc_ascii.dat' of the BAT catalogue), the
same as CSV with names ('flux_15_25 [counts/s/det]'), or three columns (one channel).
Source: swift.gsfc.nasa.gov/results/batgrbcat, light curves.

Traps handled: times are relative to a trigger the file does not name, so points go to
`photometry` with `since_t0_s` (TIME is the bin's start, moved to its middle) and `time`
null; only the file's name gives the burst; rates are per illuminated detector; error
0 with rate 0 means no data; eleven columns are taken for BAT only where the last rate is
the sum of the four, three only where the name says so.
"""

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.naming import object_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.archives.swift.bat_lightcurve import UNIT
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import PHOTOMETRY

TOTAL = (15.0, 350.0)
CHANNELS = ((15.0, 25.0), (25.0, 50.0), (50.0, 100.0), (100.0, 350.0), TOTAL)
BANDS = {3: (TOTAL,), 11: CHANNELS}
ROWS = 1_000_000
_NAMED = re.compile(r"flux_(\d+)_(\d+) \[counts/s/det\]")
_ONE_CHANNEL = re.compile(r"grb_?\d{6}[a-z]?_1chan_\d+m?s$", re.IGNORECASE)


def recognises(source: Source) -> bool:
    """Recognise the file by named columns, by the sum of four channels, or by a one-channel name."""
    if _NAMED.search(",".join(text.header_cells(source, ","))):
        return True
    head = text.head_lines(source, 40)
    first = next((line for line in head if line.strip() and line[0] not in "#!"), "")
    values = _numbers(first.split())
    if values is None:
        return False
    if len(values) == 11:
        return abs(sum(values[1:9:2]) - values[9]) < 1e-4 * (1 + abs(values[9]))
    return len(values) == 3 and _ONE_CHANNEL.search(source.stem) is not None


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per bin and channel."""
    account.observatory = "swift"
    account.understood.append("no T0 in the file: times are relative only")
    table, bands = _table(source)
    name = object_of(source, account)
    width = float(np.median(np.diff(table[:, 0])))
    if not width > 0:
        raise ArchiveError("the times do not grow: no light curve")
    for channel, (low, high) in enumerate(bands):
        if empty := int((~(table[:, 2 + 2 * channel] > 0)).sum()):
            account.note("bins without a positive error, which is no data", empty)
        yield _photometry(
            source, table, channel, width=width, band=(low, high), name=name
        )


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def _table(
    source: Source,
) -> tuple[NDArray[np.float64], tuple[tuple[float, float], ...]]:
    lines = text.lines(source.path)
    named = _NAMED.findall(",".join(text.header_cells(source, ",")))
    if named:
        next(lines)
    delimiter = "," if named else None
    records: list[list[float]] = []
    for number, line in enumerate(lines, start=1 + bool(named)):
        if not line.strip() or line.startswith(("#", "!")):
            continue
        values = _numbers(line.split(delimiter))
        if values is None or (records and len(values) != len(records[0])):
            raise ArchiveError(f"line {number} is not a row of this light curve")
        records.append(values)
        if len(records) > ROWS:
            raise ArchiveError(f"more than {ROWS:,} rows: no light curve of one burst")
    if len(records) < 2:
        raise ArchiveError("fewer than two bins")
    bands = tuple((float(a), float(b)) for a, b in named) or BANDS[len(records[0])]
    if len(records[0]) != 1 + 2 * len(bands):
        raise ArchiveError(f"{len(records[0])} columns for {len(bands)} channels")
    return np.array(records), bands


def _photometry(
    source: Source,
    table: NDArray[np.float64],
    channel: int,
    *,
    width: float,
    band: tuple[float, float],
    name: str | None,
) -> tuple[str, pa.Table]:
    rate, error = table[:, 1 + 2 * channel], table[:, 2 + 2 * channel]
    empty = ~(error > 0)
    return rows(
        PHOTOMETRY,
        len(table),
        object=name,
        since_t0_s=table[:, 0] + width / 2,
        time_err_plus_s=width / 2,
        time_err_minus_s=width / 2,
        value=np.where(empty, np.nan, rate),
        value_err_plus=np.where(empty, np.nan, error),
        value_err_minus=np.where(empty, np.nan, error),
        is_limit=False,
        unit=UNIT,
        band=f"{band[0]:g}-{band[1]:g} keV",
        band_low_kev=band[0],
        band_high_kev=band[1],
        instrument="BAT",
        simulated=text.says_simulated(source),
        file_row=range(len(table)),
    )


READER = Reader(
    "swift-bat-ascii",
    recognises,
    read,
    "BAT light curve, text or CSV",
    version=2,
    loose=True,
)
