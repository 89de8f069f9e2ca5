"""Control charts: single values beyond their limits (Shewhart), and sums of small ones (CUSUM).

The baseline is robust: the median of the samples before a change that the likelihood
dates (dating.py), and the noise by differences of neighbours. All three tests share one
probability of a false alarm, a third each.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import TT, demand, finite
from orbital_kernel.science.quality.chartlimits import limit
from orbital_kernel.science.quality.dating import (
    LEAST_SAMPLES,
    MAD_TO_SIGMA,
    Change,
    change_in,
    noise_of,
)

Reals = NDArray[np.float64]

FALSE_ALARM = 0.01
SLACK = 0.5
"""Allowance of the CUSUM, in sigma: half of the shift it finds best."""
TESTS = 3
RESOLUTION = 1e-9
"""Relative differences below this are rounding."""


@dataclass(frozen=True)
class Chart:
    """A series with its control limits.

    Parameters
    ----------
    frame : polars.DataFrame
        time (TT), value, centre, low and high (limits of a single value), outside,
        cusum_high and cusum_low (sigma).
    centre, sigma : float
        Baseline and noise, in the unit of the values.
    cusum_limit : float
        Limit of the sums, sigma.
    change : Change or None
        The step or drift, dated.
    false_alarm : float
        Probability that a constant series with independent Gaussian noise alarms.
    """

    frame: pl.DataFrame
    centre: float
    sigma: float
    cusum_limit: float
    change: Change | None
    false_alarm: float

    @property
    def outside(self) -> int:
        """The number of single values beyond their limits."""
        return int(self.frame["outside"].sum())

    @property
    def summed(self) -> bool:
        """Whether a sum is beyond its limit."""
        reached = self.frame.select(pl.max_horizontal("cusum_high", "cusum_low").max())
        return bool(reached.item() > self.cusum_limit)

    @property
    def alarm(self) -> bool:
        """Whether any of the three tests finds the series out of control."""
        return self.change is not None or self.outside > 0 or self.summed


def chart(samples: pl.DataFrame, *, false_alarm: float = FALSE_ALARM) -> Chart:
    """Return the control chart of a series.

    Parameters
    ----------
    samples
        time (TT) and value; if known error (1 sigma), whose ratios weigh the values.
        Rows without time or value are dropped. At least 8 samples.
    false_alarm
        Probability that a constant series with independent Gaussian noise alarms; 1 %
        by default. The three tests have a third each.

    Raises
    ------
    QueryError
        If there are fewer than 8 samples, or the probability is not in [0.001, 0.3].

    References
    ----------
    Shewhart 1931, Economic Control of Quality of Manufactured Product. Page 1954,
    Biometrika 41, 100 (CUSUM). Limits by simulation: `make bench-quality`.
    """
    demand(samples, "time", "value", subject="control charts")
    if not 1e-3 <= false_alarm <= 0.3:
        raise QueryError(
            f"the false-alarm probability is from 0.001 to 0.3, not {false_alarm}"
        )
    errors = [finite("error")] if "error" in samples.columns else []
    series = (
        samples.select(pl.col("time").cast(TT), finite("value"), *errors)
        .drop_nulls(["time", "value"])
        .sort("time")
    )
    if len(series) < LEAST_SAMPLES:
        raise QueryError(
            f"a control chart needs {LEAST_SAMPLES} samples, there are {len(series)}"
        )
    times = series["time"].cast(pl.Int64).to_numpy()
    value, error = series["value"].to_numpy(), _relative(series)
    each = false_alarm / TESTS
    value = _rounded(value)
    change = change_in(times, value, error, false_alarm=each)
    before = times < change.since if change else np.ones(times.size, dtype=bool)
    base = before if before.sum() >= LEAST_SAMPLES else np.ones(times.size, dtype=bool)
    centre = float(np.median(value[base]))
    sigma = _noise(value / error, (value[base] - centre) / error[base])
    reach = limit("shewhart", times.size, each) * sigma * error
    high, low = cusum((value - centre) / (max(sigma, 1e-300) * error))
    frame = series.with_columns(
        centre=pl.lit(centre),
        low=pl.Series(centre - reach),
        high=pl.Series(centre + reach),
        outside=pl.Series(np.abs(value - centre) > reach),
        cusum_high=pl.Series(high),
        cusum_low=pl.Series(low),
    )
    summed = limit("cusum", times.size, each)
    return Chart(frame, centre, sigma, summed, change, false_alarm)


def cusum(z: Reals) -> tuple[Reals, Reals]:
    """Return the upper and lower sums (n,) of standardised values (n,)."""
    high, low = np.empty(z.size), np.empty(z.size)
    up = down = 0.0
    for i, value in enumerate(z.tolist()):
        up = max(0.0, up + value - SLACK)
        down = max(0.0, down - value - SLACK)
        high[i], low[i] = up, down
    return high, low


def _rounded(value: Reals) -> Reals:
    """Return a constant for values that differ by rounding only."""
    level = float(np.median(value))
    same = np.ptp(value) <= RESOLUTION * max(float(np.max(np.abs(value))), 1e-300)
    return np.full(value.size, level) if same else value


def _noise(series: Reals, deviations: Reals) -> float:
    """Return the larger noise, by differences or about the centre; 0 for a constant.

    Samples of several modes differ little from their neighbours and much from the centre.
    """
    spread = MAD_TO_SIGMA * float(np.median(np.abs(deviations)))
    return max(noise_of(series), spread)


def _relative(series: pl.DataFrame) -> Reals:
    """Return errors relative to their median; equal ones if any is missing."""
    if "error" not in series.columns:
        return np.ones(len(series))
    error = series["error"].fill_null(0.0).to_numpy()
    if not (error > 0).all():
        return np.ones(len(series))
    return np.asarray(error / np.median(error))
