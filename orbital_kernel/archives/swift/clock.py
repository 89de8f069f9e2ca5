"""Swift's clock as its FITS headers give it.

Trap: extensions of messages sent down by TDRSS say UTCFINIT = 0.0 while the primary
header and the packet keywords carry the real correction (-34 s in 2024). Zero is
therefore taken as "not given", and the first other value wins, the table's own first.
Trap: after barycorr TIME is TDB from MJDREF and no longer the raw clock; a header that says
CLOCKAPP = T has TT from MJDREF. UTCF applies to neither.
Trap: UTCF contains leap seconds and the header gives that of TSTART: after a leap second
it is one less, while the clock runs on (`instants`).
Trap: TIMEREF may say that times are of the barycentre or geocentre.
Trap: OBS_ID is text with leading zeros, in some products a number.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import FitsFile, Hdu, Reals, number, text
from orbital_kernel.archives.formats.keywords import is_true
from orbital_kernel.archives.naming import named_in
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times

if TYPE_CHECKING:
    from astropy.io import fits

RULE = "swift-met-utcf"
CORRECTIONS = ("UTCFINIT", "P1UTCC", "PCUTCC", "UTCCTIME")
CORRECTED = "since 2001-01-01T00:01:04.184 {scale}"
EPOCH_UTC = 51910
MJDREF = EPOCH_UTC + 64.184 / 86_400
LONGEST_FILE_S = 3.2e7
"""A TSTART farther from the times than a year is not the start of them."""
YEARS_OF_ZERO = (1.30e8, 1.75e8)
"""MET between which the clock truly stood within half a second of UTC (2005-2006)."""


def clock(file: FitsFile, hdu: Hdu, *, needed: bool = True) -> tuple[str, float | None]:
    """Return the time rule of a table's TIME, and its UTCF (s) where the rule uses one.

    The UTCF is NaN if no header gives it and it is not `needed`, else ArchiveError.
    """
    scale = text(hdu.header, "TIMESYS").lower() or text(file.primary, "TIMESYS").lower()
    corrected = is_true(hdu.header.get("CLOCKAPP", file.primary.get("CLOCKAPP")))
    epoch = _epoch(hdu.header) or _epoch(file.primary)
    if scale != "tdb" and not corrected:
        if epoch and not -1e-8 < epoch - EPOCH_UTC < MJDREF - EPOCH_UTC + 1e-8:
            raise ArchiveError(
                f"MJDREF is {epoch!r}, Swift's clock starts at {MJDREF!r}"
            )
        rule = fits_time.placed_rule(RULE, hdu.header, file.primary)
        return rule, utcf(file, hdu, needed=needed)
    if abs(epoch - MJDREF) > 1e-8:
        raise ArchiveError(f"MJDREF is {epoch!r}, Swift's clock starts at {MJDREF!r}")
    rule = CORRECTED.format(scale=scale or "tt")
    return fits_time.placed_rule(rule, hdu.header, file.primary), None


def _epoch(header: "fits.Header") -> float:
    """Return MJDREF, or MJDREFI + MJDREFF; 0 if the header has neither."""
    whole, day, part = (number(header, n) for n in ("MJDREF", "MJDREFI", "MJDREFF"))
    return (day or 0.0) + (part or 0.0) if whole is None else whole


def instants(
    file: FitsFile, hdu: Hdu, met: Reals, *, needed: bool = True
) -> dict[str, Any]:
    """Return time (TT), utcf_s and time_rule of clock values of a table.

    Without any UTCF `time` is null, or ArchiveError is raised if it is `needed`.
    """
    rule, correction = clock(file, hdu, needed=needed)
    if correction is None or math.isnan(correction) or not np.isfinite(met).any():
        value = math.nan if correction is None else correction
        tt = times.to_tt(rule, met, utcf_s=0.0 if correction is None else value)
        return {"time": tt, "utcf_s": correction, "time_rule": rule}
    start = start_s(file, hdu)
    if not start or abs(start - np.nanmin(met)) > LONGEST_FILE_S:
        start = float(np.nanmin(met))
    tt, corrections = times.swift_elapsed(met, utcf_s=correction, at_met_s=start)
    return {"time": tt, "utcf_s": corrections, "time_rule": rule}


def start_s(file: FitsFile, hdu: Hdu) -> float | None:
    """Return TSTART (s), at which the header's UTCF holds; None if no header gives it."""
    starts = (fits_time.keyword_s(h, "TSTART") for h in (hdu.header, file.primary))
    return next((s for s in starts if s is not None and 0 < s < times.REACH_S), None)


def utcf(file: FitsFile, hdu: Hdu, *, needed: bool = True) -> float:
    """Return UTCF (s) for this table.

    If no header gives it: NaN if not `needed`, else ArchiveError.
    """
    corrections = [
        value
        for header in (hdu.header, file.primary)
        for name in CORRECTIONS
        if (value := number(header, name)) is not None
    ]
    for value in corrections:
        if value:
            return value
    start = start_s(file, hdu) or 0.0
    if corrections and YEARS_OF_ZERO[0] < start < YEARS_OF_ZERO[1]:
        return 0.0
    if not needed:
        return math.nan
    raise ArchiveError(
        "no header gives UTCFINIT, so TIME cannot be turned into UTC (the raw clock is "
        "up to 40 s off); add the keyword, e.g. from swtimecorr"
    )


def obs_id(file: FitsFile, hdu: Hdu) -> str | None:
    """Return the ObsID as 11 digits, leading zeros kept or restored."""
    for header in (hdu.header, file.primary):
        if value := text(header, "OBS_ID"):
            return value.zfill(11) if value.isdigit() else value
    return None


def target(file: FitsFile, hdu: Hdu) -> str | None:
    """Return OBJECT as the header writes it, else as the file or its folder is named."""
    named = text(hdu.header, "OBJECT") or text(file.primary, "OBJECT")
    return named or named_in(file.path)


def is_swift(header: "fits.Header", instrument: str) -> bool:
    """Return whether a header is of Swift and this instrument."""
    return (
        text(header, "TELESCOP").upper() == "SWIFT"
        and text(header, "INSTRUME").upper() == instrument
    )
