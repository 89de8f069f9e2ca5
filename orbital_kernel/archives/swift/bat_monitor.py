"""Curves of the BAT Hard X-ray Transient Monitor, 15-50 keV, of days or of orbits.

'NAME.lc.fits' has a row per day (TIME = MJD of the day), 'NAME.orbit.lc.fits' a row per
pointing (TIME = MET in s, TIMEDEL in s, and MJD); '.lc.txt' has the same columns in the
same order under '#' lines. Source: swift.gsfc.nasa.gov/results/transients; Krimm et al.
2013, ApJS 209, 14.

Traps handled: rates are counts per cm2 of detector (TUNIT count/cm^2/s), not per
detector, which is 0.16 cm2; TIME of a day counts days and is no clock: YEAR and DAY,
which are UTC, confirm it, and the bin is that whole day whatever TIMEPIXR says; the raw
clock of an orbit needs UTCFINIT, else its time is that of MJDREF and up to 40 s off;
DATA_FLAG other than 0 marks a rate not to be used; ERROR 0 means no data; exposures are
TIMEDEL_EXPO of the day. The text names no object: it is the file's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.fits import (
    first_table,
    is_simulated,
    number,
    open_fits,
)
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.archives.swift import clock
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import RATES

if TYPE_CHECKING:
    from astropy.io import fits

UNIT = "count / (cm2 s)"
BAND_KEV = (15.0, 50.0)
DAYS = (
    *("TIME", "RATE", "ERROR", "YEAR", "DAY", "STAT_ERR", "SYS_ERR", "DATA_FLAG"),
    *("TIMEDEL_EXPO", "TIMEDEL_CODED", "TIMEDEL_DITHERED"),
)
ORBITS = (
    *("TIME", "RATE", "ERROR", "YEAR", "DAY", "MJD", "TIMEDEL", "STAT_ERR"),
    *("SYS_ERR", "PCODEFR", "DATA_FLAG", "DITHER_FLAG"),
)
NEEDED = {"TIME", "RATE", "ERROR", "YEAR", "DAY", "DATA_FLAG"}
ROWS = 1_000_000
RAW_CLOCK = clock.CORRECTED.format(scale="tt")
_NAME = re.compile(r"(.+?)(?:\.lc)?(?:\.fits|\.txt)?(?:\.gz)?", re.IGNORECASE)

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """The columns of one file, and what its header says of them all."""

    columns: Mapping[str, Reals]
    header: "fits.Header"
    object: str
    utcf_s: float | None
    simulated: bool


def recognises(source: Source) -> bool:
    """Recognise the file by columns that only the monitor's curves have."""
    table = first_table(source)
    if table is not None:
        return clock.is_swift(table.header, "BAT") and table.has(*NEEDED)
    return _names(text.head_lines(source, 10)) is not None


def read(source: Source, account: Account) -> Batches:
    """Yield `rates`, one row per day or pointing."""
    account.observatory = "swift"
    curve = (
        _of_text(source) if first_table(source) is None else _of_fits(source, account)
    )
    yield _rates(source, curve, account)


def _of_fits(source: Source, account: Account) -> Curve:
    file = open_fits(source, account)
    table = next(hdu for hdu in file.hdus if hdu.has(*NEEDED))
    unit = str(table.header.get(f"TUNIT{_place(table.fields, 'RATE')}", "")).strip()
    if unit and "cm" not in unit:
        raise ArchiveError(f"RATE is in {unit!r}, not in count/cm^2/s")
    names = [f.name.upper() for f in table.fields if f.code in "EDIJK"]
    blocks = [[block.reals(name) for name in names] for block in file.blocks(table)]
    utcf = clock.utcf(file, table, needed=False)
    return Curve(
        dict(zip(names, map(np.concatenate, zip(*blocks, strict=True)), strict=True)),
        table.header,
        clock.target(file, table) or _stem(source).removesuffix(".orbit"),
        None if np.isnan(utcf) else utcf,
        is_simulated(file),
    )


def _place(fields: tuple[Any, ...], name: str) -> int:
    return next(n for n, f in enumerate(fields, start=1) if f.name.upper() == name)


def _of_text(source: Source) -> Curve:
    from astropy.io import fits  # noqa: PLC0415 - a tenth of a second

    names = _names(text.head_lines(source, 10)) or DAYS
    records: list[list[float]] = []
    for line_number, line in enumerate(text.lines(source.path), start=1):
        cells = line.split()
        if not cells or line.startswith("#") or (not records and not _is_row(cells)):
            continue
        if not _is_row(cells) or len(cells) != len(names):
            raise ArchiveError(
                f"line {line_number} has not the {len(names)} numbers of a monitor's row"
            )
        records.append([float(cell) for cell in cells])
        if len(records) > ROWS:
            raise ArchiveError(f"more than {ROWS:,} rows: no curve of one source")
    if not records:
        raise ArchiveError("no row under the monitor's column names")
    return Curve(
        dict(zip(names, np.array(records).T, strict=True)),
        fits.Header(),
        _stem(source).removesuffix(".orbit"),
        None,
        text.says_simulated(source),
    )


def _names(head: list[str]) -> tuple[str, ...] | None:
    """Return the columns of a text curve, of which some line of the head has the names."""
    for line in head:
        words = set(re.findall(r"[A-Z_]+", line))
        if words >= NEEDED:
            return ORBITS if "MJD" in words else DAYS
    return None


def _is_row(cells: list[str]) -> bool:
    try:
        return bool([float(cell) for cell in cells])
    except ValueError:
        return False


def _stem(source: Source) -> str:
    """Return the file's name without '.lc.fits', with '.orbit' and points of a name."""
    match = _NAME.fullmatch(source.path.name)
    return match[1] if match else source.stem


def _rates(source: Source, curve: Curve, account: Account) -> tuple[str, pa.Table]:
    columns = curve.columns
    when = _orbits(curve, account) if "TIMEDEL" in columns else _days(curve, account)
    flagged = columns["DATA_FLAG"] != 0
    empty = flagged | ~(columns["ERROR"] > 0)
    for mask, words in (
        (flagged, "rates with DATA_FLAG set: rate null"),
        (empty & ~flagged, "rates without an error, which is no data: rate null"),
    ):
        if mask.any():
            account.note(words, int(mask.sum()))
    edges = number(curve.header, "E_MIN"), number(curve.header, "E_MAX")
    low, high = (e or b for e, b in zip(edges, BAND_KEV, strict=True))
    return rows(
        RATES,
        len(empty),
        series=_stem(source),
        object=curve.object,
        channel=0,
        band=f"{low:g}-{high:g} keV",
        band_low_kev=low,
        band_high_kev=high,
        rate=np.where(empty, np.nan, columns["RATE"]),
        rate_err=np.where(empty, np.nan, columns["ERROR"]),
        unit=UNIT,
        kind="net",
        instrument="BAT",
        simulated=curve.simulated,
        file_row=range(len(empty)),
        **when,
    )


def _days(curve: Curve, account: Account) -> dict[str, Any]:
    """Return the time columns of whole days, UTC."""
    columns, day = curve.columns, np.floor(curve.columns["TIME"])
    starts = [f"{int(year):04d}-01-01" for year in columns["YEAR"]]
    new_year = (np.array(starts, "datetime64[D]") - np.datetime64("1858-11-17")).astype(
        float
    )
    if not (day == new_year + columns["DAY"] - 1).all():
        raise ArchiveError("TIME is not the MJD of YEAR and DAY: no curve of days")
    account.understood.append(f"{len(day)} days (UTC), {UNIT}")
    return {
        "time": times.to_tt("mjd-utc", day),
        "time_rule": "mjd-utc",
        "bin_s": times.DAY_S,
        "exposure_fraction": columns["TIMEDEL_EXPO"] / times.DAY_S
        if "TIMEDEL_EXPO" in columns
        else None,
    }


def _orbits(curve: Curve, account: Account) -> dict[str, Any]:
    """Return the time columns of pointings, by the corrected clock if it can be."""
    columns = curve.columns
    if not (columns["TIMEDEL"] > 0).all():
        raise ArchiveError("a bin of TIMEDEL has no width")
    days = clock.MJDREF + columns["TIME"] / times.DAY_S
    if "MJD" in columns and not (np.abs(days - columns["MJD"]) < 1).all():
        raise ArchiveError("TIME and MJD of a row are more than a day apart")
    into = number(curve.header, "TIMEPIXR")
    start = columns["TIME"] - (0.5 if into is None else into) * columns["TIMEDEL"]
    rule = RAW_CLOCK if curve.utcf_s is None else clock.RULE
    account.understood.append(f"{len(start)} pointings, {UNIT}")
    if into is None:
        account.note(
            "times taken for the middle of their bins (no TIMEPIXR)", len(start)
        )
    if curve.utcf_s is None:
        account.note("times by the raw clock, up to 40 s off (no UTCFINIT)", len(start))
    return {
        "time": times.to_tt(rule, start, utcf_s=curve.utcf_s or 0.0),
        "time_rule": rule,
        "met_s": start,
        "utcf_s": curve.utcf_s,
        "bin_s": columns["TIMEDEL"],
    }


READER = Reader(
    "swift-bat-monitor", recognises, read, "BAT transient monitor curve, FITS or text"
)
