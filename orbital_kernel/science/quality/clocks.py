"""Stored times against the clock values they were converted from, and the clock's drift."""

import numpy as np
import polars as pl

from orbital_kernel.model import times
from orbital_kernel.science.columns import TT, fill
from orbital_kernel.science.quality.check import Measured

AGREES, CORRECTION = "time against clock", "clock correction jumps"
COLUMNS = ("time", "met_s", "met_start_s", "utcf_s", "time_rule")
CLOCKED = r"^(swift-met-utcf|chandra-tt|chandra-tdb|since \d{4}-\d\d-\d\dT[\d:.]+ (utc|tt|tdb))$"
"""Rules whose clock values are seconds of the observatory's clock."""
AGREE_S = 1e-3
JUMP_S = 0.05
DRIFT_S_A_DAY = 0.02
"""Swift's clock drifted by 0.003 s a day in 2010 and 0.007 s a day in 2024."""
REACH_S = 6e9
"""Clock values beyond 190 years are no times."""
HOUR_NS = 3_600_000_000_000


class Clocks:
    """Checks the times of one table, whose rows arrive in any order."""

    def __init__(self, full_name: str) -> None:
        self._name = full_name
        self.rows = 0
        self._worst = 0.0
        self._bad = 0
        self._since: int | None = None
        self._corrections: list[pl.DataFrame] = []

    def take(self, frame: pl.DataFrame) -> None:
        """Compare some rows, by rule."""
        clock = "met_start_s" if "met_start_s" in frame.columns else "met_s"
        if not {clock, "time_rule", "time"} <= set(frame.columns):
            return
        dated = (
            fill(frame, {"utcf_s": pl.Float64()})
            .select("time", pl.col(clock).alias("met"), "utcf_s", "time_rule")
            .with_columns(pl.col("time").cast(TT), pl.col("time_rule").cast(pl.String))
            .drop_nulls(["time", "met", "time_rule"])
        )
        rules = dated["time_rule"].unique()
        clocked = rules.filter(rules.str.contains(CLOCKED))
        if len(clocked) < len(rules):
            dated = dated.filter(pl.col("time_rule").is_in(clocked.to_list()))
        self.rows += len(dated)
        for rule in clocked:
            alone = len(clocked) == 1
            self._compare(
                rule, dated if alone else dated.filter(pl.col("time_rule") == rule)
            )
        corrected = dated.drop_nulls("utcf_s")
        if len(corrected):
            hour = (pl.col("time").cast(pl.Int64) // HOUR_NS).alias("hour")
            self._corrections.append(
                corrected.group_by(hour, "utcf_s").agg(pl.col("time").min())
            )

    def _compare(self, rule: str, rows: pl.DataFrame) -> None:
        possible = rows["met"].is_between(-REACH_S, REACH_S)
        if not possible.all():
            impossible = rows.filter(~possible)
            self._bad += len(impossible)
            self._worst = max(self._worst, REACH_S)
            self._first(impossible["time"])
            rows = rows.filter(possible)
        if not len(rows):
            return
        utcf = rows["utcf_s"].fill_null(0.0).to_numpy()
        expected = times.to_tt(rule, rows["met"].to_numpy(), utcf_s=utcf)
        stored = rows["time"].cast(pl.Int64).to_numpy()
        away = np.abs(stored - expected.view(np.int64)) / 1e9
        away = np.where(np.isnat(expected), 0.0, away)
        self._worst = max(self._worst, float(away.max(initial=0.0)))
        if (wrong := away > AGREE_S).any():
            self._bad += int(wrong.sum())
            self._first(rows["time"].filter(pl.Series(wrong)))

    def _first(self, at: pl.Series) -> None:
        """Note the first of the times at fault."""
        first = int(at.cast(pl.Int64).to_numpy().min())
        self._since = first if self._since is None else min(self._since, first)

    def measured(self) -> list[Measured]:
        """Return both checks."""
        if not self.rows:
            why = f"no row of {self._name} states a clock value and its rule"
            return [
                Measured(name, self._name, missing=why) for name in (AGREES, CORRECTION)
            ]
        agrees = Measured(
            AGREES,
            self._name,
            self._worst,
            evidence=f"{self._bad:,} of {self.rows:,} rows differ by more than {AGREE_S} s "
            "from the time that their clock value and rule give",
            since=self._since,
        )
        return [agrees, self._jumps()]

    def _jumps(self) -> Measured:
        if not self._corrections:
            why = f"no row of {self._name} states a clock correction"
            return Measured(CORRECTION, self._name, missing=why)
        series = (
            pl.concat(self._corrections)
            .sort("time")
            .unique("utcf_s", maintain_order=True)
        )
        at = series["time"].cast(pl.Int64).to_numpy()
        leaps = times.tai_minus_utc(at.view("datetime64[ns]")) / 1e9
        drift = series["utcf_s"].to_numpy() + leaps
        if drift.size < 2:
            why = f"{self._name} has one clock correction: nothing to compare it with"
            return Measured(CORRECTION, self._name, missing=why)
        steps, days = np.diff(drift), np.diff(at) / 86_400e9
        beyond = np.abs(steps) - DRIFT_S_A_DAY * days
        worst = int(np.argmax(beyond))
        jumps = beyond > JUMP_S
        since = int(at[1:][jumps].min()) if jumps.any() else None
        return Measured(
            CORRECTION,
            self._name,
            max(float(beyond[worst]), 0.0),
            evidence=f"{int(jumps.sum()):,} of {steps.size:,} changes of the correction are "
            f"beyond {DRIFT_S_A_DAY} s a day; the largest is {steps[worst]:+.3f} s in "
            f"{days[worst]:.3g} d, leap seconds taken out",
            since=since,
        )
