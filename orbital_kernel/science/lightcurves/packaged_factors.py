"""Factors from counts to flux that the package ships: published, each with its source.

An instrument that is not listed here needs a factor from its caller: a factor depends on
the spectrum, and of Chandra's ACIS on the epoch too.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from orbital_kernel.science.columns import TT
from orbital_kernel.science.lightcurves.bands import CountsToFlux


@dataclass(frozen=True)
class Packaged:
    """A factor of rates of an instrument in a unit, within an epoch (TT) if it has one."""

    instrument: str
    unit: str
    factor: CountsToFlux
    since: datetime | None = None
    until: datetime | None = None


PACKAGED = (
    Packaged(
        "BAT",
        "count / (cm2 s)",
        CountsToFlux(
            6.11e-8,
            (15.0, 50.0),
            source="for Crab-like spectra: the Crab is 0.220 count cm-2 s-1 in 15-50 keV"
            " (Krimm et al. 2013, ApJS 209, 14; ATel 904: 0.006 is 27 mCrab) and 9.7 E^-2.1"
            " photons cm-2 s-1 keV-1 (Toor & Seward 1974, AJ 79, 995); error: BAT's own"
            " spectrum of the Crab (ATel 2893) gives 5.4e-8",
            factor_err=0.7e-8,
            unit="erg / ct",
        ),
    ),
)


def packaged_index() -> pl.Expr:
    """Return the place in `PACKAGED` of the factor of each point; null without one."""
    index: pl.Expr = pl.lit(None, dtype=pl.Int32)
    for number, entry in enumerate(PACKAGED):
        low, high = entry.factor.rate_band
        fits = (
            (pl.col("instrument") == entry.instrument)
            & (pl.col("unit") == entry.unit)
            & (pl.col("band_low_kev") == low)
            & (pl.col("band_high_kev") == high)
        )
        if entry.since is not None:
            fits &= pl.col("time") >= pl.lit(entry.since, dtype=TT)
        if entry.until is not None:
            fits &= pl.col("time") < pl.lit(entry.until, dtype=TT)
        index = pl.when(fits.fill_null(value=False)).then(number).otherwise(index)
    return index.cast(pl.Int32)
