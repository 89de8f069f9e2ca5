"""Chandra light curves: dmextract (CIAO) and the source catalogue's level 3 ('lc3').

HDU LIGHTCURVE. dmextract has TIME_MIN, TIME, TIME_MAX, COUNTS, EXPOSURE, COUNT_RATE and,
with a background region, NET_RATE and ERR_RATE; lc3 has Time, COUNT_RATE and its error,
and BKGLIGHTCURVE beside it. Points go to `photometry`, GTIs to `intervals`.
Source: cxc.harvard.edu/ciao, dmextract; cxc.cfa.harvard.edu/csc2, light curve product.

Traps handled: TIME is the middle of the bin (TIMEPIXR 0.5), and met_s keeps it where it
contradicts TIME_MIN and TIME_MAX, so that quality checks find it; bins with EXPOSURE 0 and
rate 0 are gaps, null here, though COUNT_RATE says 0 and the net columns 0 or NaN; net
rates may be negative; TT or TDB; the band is in the data-subspace keywords (DSTYP
'energy') or in BAND, the place of the source in the region there, while RA_TARG is only
where the telescope was pointed; lc3 names its source by stack and region only (obi and
region, in `extra`, are those of the catalogue's table per observation), OBJECT is the field; background bins are skipped and counted.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.chandra import clock as chandra_clock
from orbital_kernel.archives.chandra import exposure, sky_plane
from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import (
    Block,
    FitsFile,
    Hdu,
    Reals,
    first_table,
    is_simulated,
    number,
    open_fits,
    text,
)
from orbital_kernel.archives.intervals import gti_rows
from orbital_kernel.archives.limits import note_empty
from orbital_kernel.archives.naming import named_in
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import PHOTOMETRY
from orbital_kernel.model.spans import on_time_words

if TYPE_CHECKING:
    from astropy.io import fits

CSC_BANDS = {
    "broad": ("CSC b", 0.5, 7.0),
    "hard": ("CSC h", 2.0, 7.0),
    "medium": ("CSC m", 1.2, 2.0),
    "soft": ("CSC s", 0.5, 1.2),
    "ultrasoft": ("CSC u", 0.2, 0.5),
    "wide": ("CSC w", 0.1, 10.0),
}
ALONGSIDE = (
    *("COUNTS", "STAT_ERR", "COUNT_RATE", "COUNT_RATE_ERR", "BG_RATE"),
    *("AREA", "BG_COUNTS", "BG_AREA", "BG_EXPOSURE"),
)
AGREE_S = 1e-3
"""TIME of real files is in the middle of TIME_MIN and TIME_MAX to 0.1 ms."""
_REGION = re.compile(
    r"\s*\+?(?:circle|ellipse|annulus|elliptannulus|rotbox|box|pie)"
    r"\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,[^\"')]*\)",
    re.IGNORECASE,
)
"""A shape by its centre in sky pixels, the first of several; angles are not pixels."""
_LEVEL3 = re.compile(r"f\d{5}_(?P<obi>\d{3})N\d+_r(?P<region>\d{4})")
_ENERGY = re.compile(r"([\d.]+):([\d.]+)")


def recognises(source: Source) -> bool:
    """Recognise the file by the mission and the columns of the first table."""
    table = first_table(source)
    return (
        table is not None
        and chandra_clock.is_chandra(table.header)
        and table.has("TIME", "COUNT_RATE", "COUNT_RATE_ERR")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per bin, and `intervals`."""
    file = open_fits(source, account)
    account.observatory = "chandra"
    table = next(h for h in file.hdus if h.has("TIME", "COUNT_RATE", "COUNT_RATE_ERR"))
    account.understood.append(
        f"{table.rows} bins, {'net' if table.has('NET_RATE') else 'total'} rate, "
        f"{chandra_clock.rule(table)}"
    )
    account.understood.append(exposure.live_remark(table.header))
    account.understood += _time_remarks(table)
    empty = 0
    if remark := fits_time.remark(chandra_clock.rule(table), table):
        account.understood.append(remark)
    for block in file.blocks(table):
        name, points = _photometry(file, block, account)
        empty += points["value"].null_count
        yield name, points
    if empty:
        account.understood.append(f"{empty} bins without exposure or rate: value null")
    for background in file.find("BKGLIGHTCURVE"):
        account.skip("bins of the background's own light curve", background.rows)
    for gti in file.good_times():
        yield from gti_rows(
            file,
            gti,
            rule=chandra_clock.rule(table),
            zero_s=chandra_clock.zero_s(table),
            live_fraction=exposure.live_fraction(table.header, gti.header),
            obs_id=chandra_clock.obs_id(file, table),
            object=text(table.header, "OBJECT") or named_in(file.path),
            instrument=gti_instrument(gti, table),
            simulated=is_simulated(file),
        )
    column = "ERR_RATE" if table.has("NET_RATE", "ERR_RATE") else "COUNT_RATE_ERR"
    for block in file.blocks(table):
        error = block.reals(column)
        if block.hdu.has("EXPOSURE"):
            error = error[block.reals("EXPOSURE") > 0]
        note_empty(account, error)


def gti_instrument(gti: Hdu, table: Hdu) -> str | None:
    """Return 'ACIS ccd 3' where the GTI is one chip's, else the detector."""
    chip = number(gti.header, "CCD_ID")
    name = text(table.header, "INSTRUME") or "ACIS"
    return chandra_clock.instrument(table) if chip is None else f"{name} ccd {chip:.0f}"


def energy_band(header: "fits.Header") -> tuple[str | None, float | None, float | None]:
    """Return name and edges (keV) from BAND or the 'energy' data subspace (eV)."""
    if named := CSC_BANDS.get(text(header, "BAND").lower()):
        return named
    if match := _ENERGY.fullmatch(_subspace(header, "energy")):
        low, high = float(match[1]) / 1000, float(match[2]) / 1000
        return f"{low:g}-{high:g} keV", low, high
    return None, None, None


def region_centre(file: FitsFile, header: "fits.Header") -> tuple[float, float]:
    """Return RA, dec of the middle of the extraction region; NaN if not given."""
    match = _REGION.match(_subspace(header, "sky(x,y)"))
    if match is None:
        return float("nan"), float("nan")
    return sky_plane.place(file, header, float(match[1]), float(match[2]))


def _subspace(header: "fits.Header", axis: str) -> str:
    for n in range(1, 100):
        kind = text(header, f"DSTYP{n}")
        if not kind:
            break
        if kind.lower() == axis:
            return text(header, f"DSVAL{n}")
    return ""


def _object(header: "fits.Header", path: Path) -> str | None:
    stack, region = text(header, "STACK_ID"), text(header, "REGIONID")
    if stack and region:
        return f"{stack} region {region}"
    return text(header, "OBJECT") or named_in(path)


def _edges(block: Block) -> tuple[np.ndarray, np.ndarray]:
    zero = chandra_clock.zero_s(block.hdu)
    if block.hdu.has("TIME_MIN", "TIME_MAX"):
        low, high = (fits_time.seconds(block, n) for n in ("TIME_MIN", "TIME_MAX"))
        return low + zero, high + zero
    width = fits_time.keyword_s(block.hdu.header, "TIMEDEL")
    if width is None or width <= 0:
        raise ArchiveError("neither TIME_MIN and TIME_MAX nor TIMEDEL give bin widths")
    place = number(block.hdu.header, "TIMEPIXR")
    time = fits_time.seconds(block, "TIME")
    start = time + zero - (0.5 if place is None else place) * width
    return start, start + width


def _time_remarks(table: Hdu) -> list[str]:
    """Return what the header says of its bins: the time they cover, and a useless TIMEDEL."""
    on_s = fits_time.keyword_s(table.header, "ONTIME")
    remarks = [on_time_words(on_s)] if on_s and on_s > 0 else []
    if table.has("TIME_MIN", "TIME_MAX") and "TIMEDEL" in table.header:
        remarks.append("bins are from TIME_MIN to TIME_MAX; TIMEDEL is not used")
    return remarks


def _clock_s(block: Block, start: Reals, stop: Reals, account: Account) -> Reals:
    """Return the middle of bins by TIME, which may contradict TIME_MIN and TIME_MAX."""
    place = number(block.hdu.header, "TIMEPIXR")
    inside = (0.5 if place is None else place) - 0.5
    time = fits_time.seconds(block, "TIME") + chandra_clock.zero_s(block.hdu)
    middle = time - inside * (stop - start)
    away = np.abs(middle - (start + stop) / 2) > AGREE_S
    if away.any():
        words = "bins whose TIME contradicts TIME_MIN and TIME_MAX, which are used"
        account.note(words, int(away.sum()))
    return np.where(np.isnan(middle), (start + stop) / 2, middle)


def _photometry(file: FitsFile, block: Block, account: Account) -> tuple[str, pa.Table]:
    header, count = block.hdu.header, len(block)
    net = block.hdu.has("NET_RATE", "ERR_RATE")
    value = block.reals("NET_RATE" if net else "COUNT_RATE")
    error = block.reals("ERR_RATE" if net else "COUNT_RATE_ERR")
    start, stop = _edges(block)
    live = block.reals("EXPOSURE") if block.hdu.has("EXPOSURE") else None
    gap = np.isnan(value)
    if live is not None:
        gap |= ~(live > 0)
    elif not net:
        gap |= (value == 0) & ~(error > 0)
    middle, half = (start + stop) / 2, (stop - start) / 2
    clock_s = _clock_s(block, start, stop, account)
    rule = chandra_clock.rule(block.hdu)
    band, low, high = energy_band(header)
    ra, dec = region_centre(file, header)
    return rows(
        PHOTOMETRY,
        count,
        object=_object(header, file.path),
        obs_id=chandra_clock.obs_id(file, block.hdu),
        time=times.to_tt(rule, middle),
        time_err_plus_s=half,
        time_err_minus_s=half,
        met_s=clock_s,
        time_rule=rule,
        **position(np.full(count, ra), np.full(count, dec)),
        value=np.where(gap, np.nan, value),
        value_err_plus=np.where(gap | ~(error > 0), np.nan, error),
        value_err_minus=np.where(gap | ~(error > 0), np.nan, error),
        is_limit=False,
        unit="count / s",
        band=band,
        band_low_kev=low,
        band_high_kev=high,
        instrument=chandra_clock.instrument(block.hdu),
        mode=text(header, "GRATING") or None,
        exposure_s=live,
        extra=_extras(block, region_key(file, header), net=net),
        simulated=is_simulated(file),
        file_row=range(block.first, block.first + count),
    )


def region_key(file: FitsFile, header: "fits.Header") -> dict[str, int]:
    """Return obi and region of a level-3 curve, by which the catalogue lists its source.

    The header gives them, or the file's name: acisf02841_001N021_r0009b_lc3.fits.
    """
    if not text(header, "STACK_ID"):
        return {}
    name = _LEVEL3.search(file.path.name)
    obi, region = number(header, "OBI_NUM"), number(header, "REGIONID")
    if name and obi is None:
        obi = float(name["obi"])
    if name and region is None:
        region = float(name["region"])
    numbers = {"obi": obi, "region_id": region}
    return {key: int(value) for key, value in numbers.items() if value is not None}


def _extras(block: Block, key: dict[str, int], *, net: bool) -> list[str | None]:
    names = [name for name in ALONGSIDE if block.hdu.has(name)]
    columns = [block.reals(name).tolist() for name in names]
    kind = "net" if net else "total"
    return [
        extra({"rate": kind, **key, **dict(zip(names, row, strict=True))})
        for row in zip(*columns, strict=True)
    ]


READER = Reader(
    "chandra-lightcurve",
    recognises,
    read,
    "Chandra dmextract and level-3 light curve",
    version=5,
)
