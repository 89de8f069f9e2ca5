"""Binned rates: missing bins, gaps, glitches, turn-on, SAA loss, background.

One pass over the rows in order of time; channels of a bin are summed. Glitches, turn-on,
SAA loss and background are of raw counts of the whole array only.
"""

import numpy as np
import polars as pl

from orbital_kernel.science.columns import TT, fill
from orbital_kernel.science.quality.check import Measured
from orbital_kernel.science.quality.grid import JUMP_S

MISSING, GAPS = "missing bins", "clock gaps"
GLITCHES, TURN_ON, SAA = "glitch rate", "turn-on rate", "SAA loss"
BACKGROUND = "background level"
NAMES = (MISSING, GAPS, GLITCHES, TURN_ON, SAA, BACKGROUND)
COLUMNS = ("series", "channel", "time", "bin_s", "rate", "rate_err", "kind", "unit")
SEGMENT_S = 60.0
"""A longer gap begins a new segment: the detectors may have been off."""
GLITCH_SIGMA = 8.0
QUIET_SIGMA = 4.0
SETTLE_S, COMPARE_S = 14.0, 60.0
TURN_ON_SIGMA = 8.0
QUIET_QUANTILE = 0.1
ORBIT_NS = 5_760 * 1_000_000_000
"""96 minutes, Swift's period; Fermi's is as long."""
SAA_FACTOR = 1.5
"""A rate above 1.5 times the series' median is lost to the SAA and its flanks."""


class Rates:
    """Checks bins that arrive in order of time."""

    def __init__(self, observatory: str) -> None:
        self._observatory = observatory
        self.rows = 0
        self._last: pl.DataFrame | None = None
        self._parts: list[pl.DataFrame] = []
        self._longest = (0.0, "", 0)

    def take(self, frame: pl.DataFrame) -> None:
        """Take the next bins, in order of time."""
        frame = fill(frame, {"channel": pl.Int16(), "kind": pl.String()})
        bins = _bins(frame.select(COLUMNS))
        self.rows += len(bins)
        if not len(bins):
            return
        new = bins.with_columns(old=pl.lit(value=False))
        if self._last is not None:
            new = pl.concat([self._last, new])
        new = new.sort("series", "time").with_columns(_gap())
        self._note(new.filter(~pl.col("old")))
        self._last = (
            new.select(*bins.columns, pl.lit(value=True).alias("old"))
            .group_by("series", maintain_order=True)
            .tail(2)
        )

    def _note(self, new: pl.DataFrame) -> None:
        gap = (pl.col("gap") > pl.col("bin_s") / 2).fill_null(value=False)
        if len(longest := new.filter(gap)):
            row = longest.sort("gap").row(-1, named=True)
            stop = longest.sort("gap")["time"].cast(pl.Int64)[-1]
            start = int(stop) - round(row["gap"] * 1e9)
            self._longest = max(
                self._longest, (float(row["gap"]), str(row["series"]), start)
            )
        self._parts.append(
            new.group_by("series", maintain_order=True).agg(
                pl.col("kind").first(),
                pl.col("unit").first(),
                pl.col("time").min(),
                pl.len().alias("bins"),
                pl.col("bin_s").sum().alias("seconds"),
                pl.col("missing").sum(),
                gap.sum().alias("gaps"),
                pl.col("gap").filter(gap).sum().alias("lost_s"),
                _quiet().alias("level"),
                _glitches().sum().alias("glitches"),
                pl.col("bin_s")
                .filter(pl.col("rate") > SAA_FACTOR * pl.col("rate").median())
                .sum()
                .alias("saa_s"),
                pl.struct("time", "bin_s", "rate", "gap")
                .map_batches(_turn_ons, return_dtype=pl.Int64, returns_scalar=True)
                .alias("turn_ons"),
                (1 + (pl.col("gap") > SEGMENT_S).fill_null(value=False).sum()).alias(
                    "segments"
                ),
            )
        )

    def measured(self) -> list[Measured]:
        """Return the checks: of all series, and of raw ones by unit and kind."""
        if not self.rows:
            why = f"{self._observatory}.rates has no rows"
            return [Measured(name, self._observatory, missing=why) for name in NAMES]
        series = _joined(self._parts)
        every = [self._missing(series), self._gaps(series)]
        raw = series.filter(pl.col("kind") == "raw")
        if not len(raw):
            why = f"{self._observatory}.rates has no raw counts, only net rates"
            names = (GLITCHES, TURN_ON, SAA, BACKGROUND)
            return every + [
                Measured(name, self._observatory, missing=why) for name in names
            ]
        return [*every, *self._raw(raw)]

    def _missing(self, series: pl.DataFrame) -> Measured:
        missing, bins = int(series["missing"].sum()), int(series["bins"].sum())
        words = f"{missing:,} of {bins:,} bins in {len(series):,} series have no data"
        if missing:
            worst = series.sort(pl.col("missing") / pl.col("bins")).row(-1, named=True)
            share = f"{worst['missing']:,} of {worst['bins']:,} in {worst['series']}"
            words += f"; the largest share is {share}"
        return Measured(
            MISSING,
            self._observatory,
            missing / bins,
            evidence=words,
            samples=_samples(series, pl.col("missing") / pl.col("bins")),
            charted=False,
        )

    def _gaps(self, series: pl.DataFrame) -> Measured:
        gaps, lost = int(series["gaps"].sum()), float(series["lost_s"].sum())
        seconds = float(series["seconds"].sum())
        longest, name, at = self._longest
        words = f"{gaps:,} gaps of {lost:,.1f} s in all between the bins of {len(series):,} series"
        if gaps:
            words += f", the longest {longest:,.3f} s in {name}"
        return Measured(
            GAPS,
            self._observatory,
            lost / (lost + seconds) if seconds else 0.0,
            evidence=words,
            since=at or None,
        )

    def _raw(self, raw: pl.DataFrame) -> list[Measured]:
        hours = float(raw["seconds"].sum()) / 3600
        subject = f"{self._observatory} raw counts"
        glitches, turn_ons = int(raw["glitches"].sum()), int(raw["turn_ons"].sum())
        segments, saa = int(raw["segments"].sum()), float(raw["saa_s"].sum())
        per_hour = pl.col("seconds") / 3600
        result = [
            Measured(
                GLITCHES,
                subject,
                glitches / hours,
                evidence=f"{glitches:,} single bins above {GLITCH_SIGMA:g} sigma in "
                f"{hours:,.2f} h",
                samples=_samples(raw, pl.col("glitches") / per_hour),
                charted=False,
            ),
            Measured(
                TURN_ON,
                subject,
                turn_ons / segments,
                evidence=f"{turn_ons:,} of {segments:,} segments begin with an excess of "
                f"{SETTLE_S:g} s",
                samples=_samples(raw, pl.col("turn_ons") / pl.col("segments")),
                charted=False,
            ),
            Measured(
                SAA,
                subject,
                saa / (3600 * hours),
                evidence=f"{saa:,.0f} s of {3600 * hours:,.0f} s above {SAA_FACTOR:g} times "
                "the median of the series",
                samples=_samples(raw, pl.col("saa_s") / pl.col("seconds")),
                charted=False,
            ),
        ]
        for (unit,), rows in raw.drop_nulls("level").group_by(
            "unit", maintain_order=True
        ):
            level = float(rows["level"].median() or 0.0)  # type: ignore[arg-type]
            result.append(
                Measured(
                    BACKGROUND,
                    f"{subject}, {unit}",
                    level,
                    evidence=f"median quiet level of {len(rows):,} series, in {unit}",
                    samples=_by_orbit(rows),
                )
            )
        return result


def _bins(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row per series and bin, channels summed; in the types of a pass."""
    rate = pl.col("rate").cast(pl.Float64).fill_nan(None)
    error = pl.col("rate_err").cast(pl.Float64).fill_nan(None)
    empty = rate.is_null() | ((rate == 0) & (error == 0)).fill_null(value=False)
    rows = frame.drop_nulls(["time", "bin_s"]).with_columns(
        pl.col("series", "kind", "unit").cast(pl.String),
        pl.col("time").cast(TT),
        pl.col("bin_s").cast(pl.Float64),
        rate=pl.when(~empty).then(rate),
        square=pl.when(~empty).then(error**2),
        missing=empty,
    )
    if rows["channel"].n_unique() < 2:
        single = rows
    else:
        single = rows.group_by("series", "time", maintain_order=True).agg(
            pl.col("bin_s", "kind", "unit").first(),
            pl.when(pl.col("rate").is_not_null().any()).then(pl.col("rate").sum()),
            pl.when(pl.col("square").is_not_null().any()).then(pl.col("square").sum()),
            pl.col("missing").all(),
        )
    return single.select(
        *("series", "time", "bin_s", "kind", "unit", "rate", "missing"),
        pl.col("square").sqrt().alias("error"),
    ).unique(["series", "time"], maintain_order=True)


def _gap() -> pl.Expr:
    """Return the gap before each bin, s."""
    start = pl.col("time").cast(pl.Int64)
    stop = start + (pl.col("bin_s") * 1e9).round().cast(pl.Int64)
    return ((start - stop.shift(1)) / 1e9).over("series").alias("gap")


def _quiet() -> pl.Expr:
    """Return the median of the bins that are not raised by the SAA or a source."""
    rate = pl.col("rate")
    return rate.filter(rate <= SAA_FACTOR * rate.quantile(QUIET_QUANTILE)).median()


def _by_orbit(series: pl.DataFrame) -> pl.DataFrame:
    """Return the level of each orbit: within one it rises and falls by a third."""
    orbit = pl.col("time").cast(pl.Int64) // ORBIT_NS
    return (
        series.drop_nulls("level")
        .group_by(orbit.alias("orbit"), maintain_order=True)
        .agg(pl.col("time").min(), pl.col("level").median().alias("value"))
        .select("time", "value")
    )


def _glitches() -> pl.Expr:
    """Return which bins rise above two quiet neighbours that touch them."""
    before, after = pl.col("rate").shift(1), pl.col("rate").shift(-1)
    noise = 1.4826 * (pl.col("rate") - before).abs().median() / np.sqrt(2)
    noise = pl.max_horizontal(noise, pl.col("error").fill_null(0.0))
    touching = (pl.col("gap").abs() < JUMP_S) & (pl.col("gap").shift(-1).abs() < JUMP_S)
    alone = (before - after).abs() < QUIET_SIGMA * noise * np.sqrt(2)
    high = pl.col("rate") - (before + after) / 2 > GLITCH_SIGMA * noise * np.sqrt(1.5)
    spikes: pl.Expr = touching & alone & high & (noise > 0)
    return spikes.fill_null(value=False)


def _turn_ons(series: pl.Series) -> pl.Series:
    """Count segments whose first 14 s are above the next minute."""
    rows = series.struct.unnest()
    start = rows["time"].cast(pl.Int64).to_numpy() / 1e9
    rate = rows["rate"].fill_null(np.nan).to_numpy()
    width = rows["bin_s"].to_numpy()
    gap = rows["gap"].fill_null(np.inf).to_numpy()
    firsts = np.flatnonzero(gap > SEGMENT_S)
    ends = np.append(firsts, start.size)[1:]
    number = 0
    for first, end in zip(firsts, ends, strict=True):
        since = start[first:end] - start[first]
        counts = rate[first:end] * width[first:end]
        early = counts[(since < SETTLE_S) & np.isfinite(counts)]
        later = counts[
            (since >= SETTLE_S) & (since < SETTLE_S + COMPARE_S) & np.isfinite(counts)
        ]
        if early.size < 3 or later.size < 10:
            continue
        spread = max(np.std(np.diff(later)) / np.sqrt(2), 1e-300)
        excess = early.mean() - later.mean()
        number += excess > TURN_ON_SIGMA * spread * np.sqrt(
            1 / early.size + 1 / later.size
        )
    return pl.Series([number])


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per series: the sums of its parts, its longest part's level."""
    sums = (
        "bins",
        "seconds",
        "missing",
        "gaps",
        "lost_s",
        "glitches",
        "saa_s",
        "turn_ons",
    )
    return (
        pl.concat(parts)
        .sort("time")
        .group_by("series", maintain_order=True)
        .agg(
            pl.col("kind", "unit", "time").first(),
            pl.col("level").sort_by("bins").last(),
            pl.col(sums).sum(),
            (pl.col("segments").sum() - pl.len() + 1).alias("segments"),
        )
        .sort("time")
    )


def _samples(series: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    return series.select("time", value.cast(pl.Float64).alias("value"))
