"""Light-curve points: calibrators that step or drift, pile-up, one object at two places."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from orbital_kernel.science.columns import TT, fill, finite
from orbital_kernel.science.matching.identity import plain
from orbital_kernel.science.quality.check import Measured
from orbital_kernel.science.quality.dating import LEAST_SAMPLES, noise_of

CALIBRATOR, PILE_UP = "calibrator flux ratio", "pile-up estimate"
COLUMNS = (
    *("object", "instrument", "mode", "band", "unit", "time", "value"),
    *("value_err_plus", "value_err_minus", "is_limit"),
    *("time_err_plus_s", "time_err_minus_s"),
)
CALIBRATORS = (
    *("Crab", "Crab Nebula", "M 1", "Tau X-1", "G21.5-0.9", "Cas A", "Cassiopeia A"),
    *("1E 0102.2-7219", "1E 0102-72.3", "E0102", "N132D", "N 132D", "3C 58"),
    *("RX J1856.5-3754", "PSR B1509-58", "Abell 1795", "A1795", "Abell 2029", "A2029"),
    *("Coma", "Coma Cluster", "PKS 0745-19", "HZ 43", "GD 153"),
)
"""Sources that the IACHEC uses for cross-calibration (iachec.org, standard candles)."""
STEADY = 0.06
"""An unlisted source with less scatter between neighbours is checked as steady, too."""
LEAST_STEADY = 20
LEAST_DAYS = 10.0
"""Unlisted sources are charted over longer times only: a single look may vary."""
FRAME_S = 3.2
ACIS_PER_FRAME = 0.1
XRT_PER_S = {"PC": 0.6, "WT": 100.0}


@dataclass
class _Series:
    """Points of one object, instrument, mode, band and unit."""

    listed: bool
    parts: list[pl.DataFrame] = field(default_factory=list)


class Points:
    """Checks light-curve points, in any order; keeps those of steady sources."""

    def __init__(self, observatory: str, calibrators: tuple[str, ...] = ()) -> None:
        self._observatory = observatory
        self._listed = {plain(name) for name in (*CALIBRATORS, *calibrators)}
        self._series: dict[tuple[str, ...], _Series] = {}
        self.rows = 0
        self._rated = 0
        self._piled = 0
        self._worst = ""
        self._highest = 0.0

    def take(self, frame: pl.DataFrame) -> None:
        """Take some points."""
        types = {"is_limit": pl.Boolean(), "value_err_minus": pl.Float64()}
        frame = fill(frame, types)
        points = (
            frame.filter(~pl.col("is_limit").fill_null(value=False))
            .select(
                pl.col("object", "instrument", "mode", "band", "unit")
                .cast(pl.String)
                .fill_null(""),
                pl.col("time").cast(TT),
                finite("value"),
                ((finite("value_err_plus") + finite("value_err_minus")) / 2).alias(
                    "error"
                ),
            )
            .drop_nulls("value")
        )
        self.rows += len(points)
        self._pile(points)
        keys = ["object", "instrument", "mode", "band", "unit"]
        for names, rows in points.drop_nulls("time").group_by(keys):
            key = tuple(map(str, names))
            if key[-1].startswith("mag"):
                continue
            listed = plain(key[0]) in self._listed
            if listed or key in self._series or _steady(rows):
                entry = self._series.setdefault(key, _Series(listed))
                entry.parts.append(rows.select("time", "value", "error"))

    def _pile(self, points: pl.DataFrame) -> None:
        """Count points whose rate is above the level at which pile-up begins."""
        rates = points.filter(pl.col("unit").is_in(["count / s", "ct / s", "count/s"]))
        acis = pl.col("instrument").str.to_uppercase().str.starts_with("ACIS")
        limit = (
            pl.when(acis & (pl.col("mode").str.to_uppercase() != "CC"))
            .then(ACIS_PER_FRAME / FRAME_S)
            .when(pl.col("instrument").str.to_uppercase().str.starts_with("XRT"))
            .then(
                pl.col("mode").replace_strict(
                    XRT_PER_S, default=None, return_dtype=pl.Float64
                )
            )
        )
        rated = rates.with_columns(limit.alias("limit")).drop_nulls("limit")
        self._rated += len(rated)
        piled = rated.filter(pl.col("value") > pl.col("limit"))
        self._piled += len(piled)
        if len(piled):
            row = piled.sort(pl.col("value") / pl.col("limit")).row(-1, named=True)
            if row["value"] / row["limit"] > self._highest:
                self._highest = row["value"] / row["limit"]
                self._worst = (
                    f"; the highest is {row['object']}, {row['instrument']} {row['mode']}, "
                    f"{row['value']:.3g} count/s"
                )

    def measured(self) -> list[Measured]:
        """Return pile-up, and the flux ratio of each calibrator."""
        return [self._pile_up(), *self._ratios()]

    def _pile_up(self) -> Measured:
        if not self._rated:
            why = f"{self._observatory}.photometry has no count rates of ACIS or XRT with a mode"
            return Measured(PILE_UP, self._observatory, missing=why)
        return Measured(
            PILE_UP,
            self._observatory,
            self._piled / self._rated,
            evidence=f"{self._piled:,} of {self._rated:,} rates are above 0.6 count/s (XRT PC), "
            f"100 (WT) or {ACIS_PER_FRAME} count a frame of {FRAME_S} s (ACIS)"
            f"{self._worst}; curves may be corrected for it already",
        )

    def _ratios(self) -> list[Measured]:
        result = []
        for key, entry in sorted(self._series.items()):
            series = pl.concat(entry.parts).sort("time")
            if len(series) < LEAST_SAMPLES or not (entry.listed or _monitored(series)):
                continue
            part = max(len(series) // 4, 4)
            level = float(np.median(series["value"].head(part).to_numpy()))
            if level <= 0:
                continue
            ratio = series.with_columns(pl.col("value", "error") / level)
            recent = float(np.median(ratio["value"].tail(part).to_numpy()))
            of = (
                "a listed calibrator"
                if entry.listed
                else "steady until then, not listed"
            )
            result.append(
                Measured(
                    CALIBRATOR,
                    " ".join(part for part in (self._observatory, *key) if part),
                    recent,
                    evidence=f"last quarter to first quarter of {len(series):,} points of "
                    f"{key[0]}, {of}",
                    samples=ratio,
                    worst="bad" if entry.listed else "warn",
                    outliers=entry.listed,
                )
            )
        if result:
            return result
        why = f"no calibrator has {LEAST_SAMPLES} dated points in {self._observatory}.photometry"
        return [Measured(CALIBRATOR, self._observatory, missing=why)]


def _monitored(series: pl.DataFrame) -> bool:
    """Return whether an unlisted source is steady in many looks over a long time."""
    days = (series["time"][-1] - series["time"][0]).total_seconds() / 86_400
    looks = series["time"].dt.truncate("1h").n_unique()
    return looks >= LEAST_STEADY and days >= LEAST_DAYS and _steady(series)


def _steady(rows: pl.DataFrame) -> bool:
    """Return whether neighbouring points agree within a few per cent."""
    if len(rows) < 4:
        return False
    value = rows.sort("time")["value"].to_numpy()
    level = float(np.median(value))
    spread = float(np.subtract(*np.quantile(value, [0.9, 0.1])))
    return level > 0 and noise_of(value) < STEADY * level and spread < 0.5 * level
