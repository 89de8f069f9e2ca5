"""Factors from counts to flux that the package ships: published, each with its source.

BAT's is for any source with a spectrum like the Crab's. Those of `factors.csv` are each of
one source, instrument, mode and epoch, by the spectrum that its source has then. What is
not listed needs a factor from its caller: a factor depends on the spectrum, and of
Chandra's ACIS on the epoch too.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from orbital_kernel.model.spelling import normalised
from orbital_kernel.science.columns import TT
from orbital_kernel.science.lightcurves.bands import CountsToFlux

PUBLISHED = Path(__file__).with_name("factors.csv")
COUNTS = "count"
"""How the units of count rates begin."""


@dataclass(frozen=True)
class Packaged:
    """A factor of rates of an instrument in a unit.

    It is of one object, mode and epoch (TT) where it has one.
    """

    instrument: str
    unit: str
    factor: CountsToFlux
    since: datetime | None = None
    until: datetime | None = None
    object: str | None = None
    mode: str | None = None


def _published() -> Iterator[Packaged]:
    """Yield the factors of single sources."""
    lines = PUBLISHED.read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        low, high = map(float, row["rate_band_kev"].split("-"))
        since = datetime.fromisoformat(row["since"])
        source = (
            f"{row['circular']}: of {row['object']} itself, photon index "
            f"{row['photon_index']}, NH {row['nh_1e22']}e22 cm-2"
        )
        factor = CountsToFlux(
            float(row["factor"]),
            (0.3, 10.0),
            source=source,
            factor_err=float(row["factor_err"]),
            rate_band_kev=(low, high),
            absorption=row["absorption"],
        )
        until = since + timedelta(days=float(row["days"]))
        mode = row["mode"] or None
        yield Packaged(
            row["instrument"], "count / s", factor, since, until, row["object"], mode
        )


PACKAGED: tuple[Packaged, ...] = (
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
    *_published(),
)


def packaged_index(rows: pl.DataFrame) -> pl.Series:
    """Return the place in `PACKAGED` of the factor of each point; null without one."""
    index: pl.Expr = pl.lit(None, dtype=pl.Int32)
    is_rate = rows["unit"].str.starts_with(COUNTS).fill_null(value=False)
    if is_rate.any():
        texts = rows.filter(is_rate)["object"].unique().drop_nulls()
        for number, entry in enumerate(PACKAGED):
            same = _spellings(entry, texts)
            if entry.object is None or same:
                fits = _fits(entry, same).fill_null(value=False)
                index = pl.when(fits).then(number).otherwise(index)
    index = index.cast(pl.Int32).alias("packaged")
    return rows.select("unit", index)["packaged"]


def _spellings(entry: Packaged, texts: pl.Series) -> list[str]:
    """Return those names of objects that are the one of a factor."""
    key = normalised(entry.object or "")
    return [text for text in texts if normalised(text) == key]


def _fits(entry: Packaged, names: list[str]) -> pl.Expr:
    """Return whether a point is of what a factor is of."""
    low, high = entry.factor.rate_band
    instrument = pl.col("instrument").str.split("-").list.first()
    fits = (
        (instrument == entry.instrument)
        & (pl.col("unit") == entry.unit)
        & (pl.col("band_low_kev") == low)
        & (pl.col("band_high_kev") == high)
    )
    if entry.object is not None:
        fits &= pl.col("object").is_in(names)
    if entry.mode is not None:
        fits &= pl.col("mode") == entry.mode
    if entry.since is not None:
        fits &= pl.col("time") >= pl.lit(entry.since, dtype=TT)
    if entry.until is not None:
        fits &= pl.col("time") < pl.lit(entry.until, dtype=TT)
    return fits
