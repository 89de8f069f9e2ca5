"""Chandra's clock and headers.

Seconds since 1998-01-01T00:00:00 TT (MJDREF = 50814, one number; or MJDREFI with
MJDREFF 0), corrected on ground. After axbary TIMESYS is 'TDB' and times are those of
arrival at the barycentre. ObsIDs are text without leading zeros, padded with blanks
in some logs, with zeros to five digits in names of files and some catalogues.
"""

from typing import TYPE_CHECKING

import polars as pl

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import FitsFile, Hdu, number, text
from orbital_kernel.errors import ArchiveError

if TYPE_CHECKING:
    from astropy.io import fits

RULES = {"TT": "chandra-tt", "TDB": "chandra-tdb"}
EPOCH_MJD = 50814.0


def rule(hdu: Hdu) -> str:
    """Return the time rule of a table; raises ArchiveError for another clock."""
    header = hdu.header
    epoch = number(header, "MJDREF")
    if epoch is None:
        epoch = (number(header, "MJDREFI") or 0.0) + (number(header, "MJDREFF") or 0.0)
    if abs(epoch - EPOCH_MJD) > 1e-6:
        raise ArchiveError(
            f"MJDREF is {epoch!r}, Chandra's clock starts at {EPOCH_MJD!r}"
        )
    scale = text(header, "TIMESYS").upper()
    if scale not in RULES:
        raise ArchiveError(f"TIMESYS = {scale!r}; known are {', '.join(RULES)}")
    return fits_time.placed_rule(RULES[scale], header)


def zero_s(hdu: Hdu) -> float:
    """Return TIMEZERO in seconds, 0 where absent."""
    return fits_time.zero_s(hdu)


def obs_id(file: FitsFile, hdu: Hdu) -> str | None:
    """Return the ObsID without blanks and leading zeros."""
    return bare_obs_id(text(hdu.header, "OBS_ID") or text(file.primary, "OBS_ID"))


def bare_obs_id(written: str | None) -> str | None:
    """Return '8941' of ' 08941', so that every log and file names it alike; else None."""
    bare = (written or "").strip()
    return (bare.lstrip("0") if bare.isdigit() else bare) or None


def bare_obs_ids(written: pl.Series) -> pl.Series:
    """Return the same of a column of stripped text."""
    bare = pl.when(pl.col("x").str.contains(r"^\d+$"))
    bare_number = bare.then(pl.col("x").str.strip_chars_start("0")).otherwise("x")
    return (
        written.to_frame("x")
        .select(pl.when(bare_number != "").then(bare_number).alias(written.name))
        .to_series()
    )


def instrument(hdu: Hdu) -> str | None:
    """Return the detector as the header names it, e.g. ACIS-7."""
    return text(hdu.header, "DETNAM") or text(hdu.header, "INSTRUME") or None


def is_chandra(header: "fits.Header") -> bool:
    """Return whether TELESCOP or MISSION is Chandra's, by either of its names."""
    names = {text(header, "TELESCOP").upper(), text(header, "MISSION").upper()}
    return bool(names & {"CHANDRA", "AXAF"})
