"""Swift's clock as its FITS headers tell it.

Trap: extensions of messages sent down by TDRSS say UTCFINIT = 0.0 while the primary
header and the packet keywords carry the real correction (-34 s in 2024). Zero is
therefore taken as "not told", and the first other value wins, the table's own first.
Trap: OBS_ID is text with leading zeros, in some products a number.
"""

import math

from astropy.io import fits

from orbital_kernel.archives.fits import FitsFile, Hdu, number, text
from orbital_kernel.errors import ArchiveError

RULE = "swift-met-utcf"
CORRECTIONS = ("UTCFINIT", "P1UTCC", "PCUTCC", "UTCCTIME")
YEARS_OF_ZERO = (1.30e8, 1.75e8)
"""MET between which the clock truly stood within half a second of UTC (2005-2006)."""


def utcf(file: FitsFile, hdu: Hdu, *, needed: bool = True) -> float:
    """Return UTCF (s) for this table.

    Where no header tells it: NaN if not `needed`, else ArchiveError.
    """
    told = [
        value
        for header in (hdu.header, file.primary)
        for name in CORRECTIONS
        if (value := number(header, name)) is not None
    ]
    for value in told:
        if value:
            return value
    start = number(hdu.header, "TSTART") or number(file.primary, "TSTART") or 0.0
    if told and YEARS_OF_ZERO[0] < start < YEARS_OF_ZERO[1]:
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
    """Return OBJECT as the header writes it; None where blank."""
    return text(hdu.header, "OBJECT") or text(file.primary, "OBJECT") or None


def is_swift(header: fits.Header, instrument: str) -> bool:
    """Tell whether a header is of Swift and this instrument."""
    return (
        text(header, "TELESCOP").upper() == "SWIFT"
        and text(header, "INSTRUME").upper() == instrument
    )
