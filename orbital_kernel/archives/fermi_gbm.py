"""Fermi GBM spectra in time (CSPEC, CTIME) and time-tagged events (TTE), FITS.

HDU SPECTRUM (COUNTS of every channel, EXPOSURE, QUALITY, TIME, ENDTIME) to `rates`, HDU
EVENTS (TIME, PHA) to `events`, GTI to `intervals`; EBOUNDS gives each channel's edges.
Sources: Meegan et al. 2009, ApJ 702, 791; fermi.gsfc.nasa.gov, GBM data products.

Traps handled: the clock counts SI seconds from 2001-01-01 UTC, so that UTC is MET less
the leap seconds since then, which DATE-OBS of the same header leaves out; times are
stored as offsets from TRIGTIME (TZERO), counts as int16 shifted to unsigned; bins differ
in width and have gaps; a bin with QUALITY set or without positive EXPOSURE has no rate;
the first and last channel hold what lies beyond; PHA is not PI. ERR_RAD is the first
location's radius, which does not make the pointing of a detector a position: rows have
none.
"""

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import (
    BATCH_ROWS,
    Block,
    FitsFile,
    Hdu,
    is_simulated,
    number,
    open_fits,
    peek,
    text,
)
from orbital_kernel.archives.formats.fits_energy import kev
from orbital_kernel.archives.intervals import gti_rows
from orbital_kernel.archives.limits import note_empty, poisson_error
from orbital_kernel.archives.naming import named_in, series_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import EVENTS, RATES

RULE = "since 2001-01-01T00:00:00 utc"
MJDREF = 51910 + 64.184 / 86_400
"""2001-01-01T00:00:00 UTC, in TT."""

Reals = NDArray[np.float64]
_BURST = re.compile(r"bn\d{9}")


def recognises(source: Source) -> bool:
    """Recognise the file by TELESCOP, INSTRUME and FILETYPE of the primary header."""
    hdus = peek(source)
    if not hdus or text(hdus[0].header, "TELESCOP").upper() not in {"GLAST", "FERMI"}:
        return False
    kind = text(hdus[0].header, "FILETYPE").upper()
    return text(hdus[0].header, "INSTRUME").upper() == "GBM" and kind in {
        "PHAII",
        "GBM PHOTON LIST",
    }


def read(source: Source, account: Account) -> Batches:
    """Yield `rates`, one row per bin and channel, or `events`, one row per photon; `intervals`."""
    file = open_fits(source, account)
    account.observatory = "fermi"
    tables = file.find("SPECTRUM", "EVENTS")
    if not tables:
        raise ArchiveError("neither SPECTRUM nor EVENTS is in this GBM file")
    table = tables[0]
    _check_clock(table)
    low, high = _edges(file)
    account.understood.append(
        f"{text(table.header, 'DETNAM')}: {table.rows} "
        f"{'events' if table.name == 'EVENTS' else f'bins of {len(low)} channels'}"
    )
    if table.name == "EVENTS":
        for block in file.blocks(table):
            yield _events(file, block, low, high)
    else:
        bad = 0
        for block in file.blocks(table, rows=max(1, BATCH_ROWS // len(low))):
            unusable = _unusable(block)
            bad += int(unusable.sum())
            note_empty(account, block.reals("COUNTS"))
            yield _rates(source, file, block, (low, high), unusable)
        if bad:
            account.understood.append(f"{bad} bins flagged or unexposed: rate null")
    for gti in file.good_times():
        yield from gti_rows(file, gti, rule=RULE, **_observation(file, table))


def _check_clock(table: Hdu) -> None:
    system = text(table.header, "TIMESYS")
    day = number(table.header, "MJDREFI")
    part = number(table.header, "MJDREFF")
    if day is None or part is None or system != "TT":
        raise ArchiveError(
            f"TIMESYS {system or 'absent'} with MJDREFI {day}, MJDREFF {part}: GBM "
            "files use TT from MJD 51910.00074287; barycentred ones are not read"
        )
    if abs(day + part - MJDREF) > 1e-9:
        raise ArchiveError(f"MJDREF is {day + part!r}, not {MJDREF!r} as GBM's")


def _edges(file: FitsFile) -> tuple[Reals, Reals]:
    bounds = file.find("EBOUNDS")
    if not bounds:
        raise ArchiveError("no EBOUNDS: the channels' energies are unknown")
    blocks = list(file.blocks(bounds[0]))
    low, high = (
        np.concatenate([kev(block, name, without="keV") for block in blocks])
        for name in ("E_MIN", "E_MAX")
    )
    if not (low < high).all():
        raise ArchiveError("EBOUNDS has channels whose edges do not rise")
    return low, high


def _observation(file: FitsFile, table: Hdu) -> dict[str, Any]:
    """Return what every row of the file says of itself."""
    burst = _BURST.search(text(file.primary, "FILENAME"))
    return {
        "obs_id": burst[0] if burst else None,
        "object": text(table.header, "OBJECT") or named_in(file.path),
        "instrument": text(table.header, "DETNAM") or "GBM",
        "simulated": is_simulated(file),
    }


def _unusable(block: Block) -> NDArray[np.bool_]:
    flagged = block.integers("QUALITY").filled(1) != 0
    return np.asarray(flagged | ~(block.reals("EXPOSURE") > 0))


def _rates(
    source: Source,
    file: FitsFile,
    block: Block,
    edges: tuple[Reals, Reals],
    unusable: NDArray[np.bool_],
) -> tuple[str, pa.Table]:
    bins, channels = len(block), len(edges[0])
    counts = block.reals("COUNTS").reshape(bins, -1)
    if counts.shape[1] != channels:
        raise ArchiveError(f"EBOUNDS has {channels} channels, COUNTS {counts.shape[1]}")
    start = fits_time.seconds(block, "TIME") + fits_time.zero_s(block.hdu)
    stop = fits_time.seconds(block, "ENDTIME") + fits_time.zero_s(block.hdu)
    width = stop - start
    exposure = np.where(unusable, np.nan, block.reals("EXPOSURE"))

    def each(values: Any) -> Any:
        return np.repeat(values, channels)

    return rows(
        RATES,
        counts.size,
        series=series_of(source),
        time=each(times.to_tt(RULE, start)),
        met_s=each(start),
        time_rule=RULE,
        bin_s=each(width),
        channel=np.tile(np.arange(channels, dtype=np.int16), bins),
        band=[f"{a:.4g}-{b:.4g} keV" for a, b in zip(*edges, strict=True)] * bins,
        band_low_kev=np.tile(edges[0], bins),
        band_high_kev=np.tile(edges[1], bins),
        rate=(counts / exposure[:, None]).ravel(),
        rate_err=poisson_error(counts, exposure[:, None]).ravel(),
        counts=counts.ravel(),
        unit="count / s",
        kind="raw",
        exposure_fraction=each(exposure / width),
        file_row=each(np.arange(block.first, block.first + bins)),
        **_observation(file, block.hdu),
    )


def _events(
    file: FitsFile, block: Block, low: Reals, high: Reals
) -> tuple[str, pa.Table]:
    met = fits_time.seconds(block, "TIME") + fits_time.zero_s(block.hdu)
    channel = block.integers("PHA")
    number_of = channel.filled(-1)
    if number_of.size and not 0 <= number_of.min() <= number_of.max() < len(low):
        raise ArchiveError(f"PHA outside of the {len(low)} channels of EBOUNDS")
    return rows(
        EVENTS,
        len(block),
        time=times.to_tt(RULE, met),
        met_s=met,
        time_rule=RULE,
        pi=channel,
        energy_ev=1000.0 * np.sqrt(low * high)[number_of],
        file_row=range(block.first, block.first + len(block)),
        **_observation(file, block.hdu),
    )


READER = Reader(
    "fermi-gbm",
    recognises,
    read,
    "Fermi GBM spectra in time and photons, FITS",
    version=2,
)
