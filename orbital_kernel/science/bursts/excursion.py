"""One excursion: measured, and as a row of the `cross.bursts` columns that data fill."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.bursts.durations import durations
from orbital_kernel.science.bursts.excess import Excess, Window
from orbital_kernel.science.bursts.samples import Layout

Floats = NDArray[np.float64]
COLUMNS = {
    "met_s": pl.Float64,
    "significance": pl.Float64,
    "timescale_s": pl.Float64,
    "band": pl.String,
    "t90_s": pl.Float64,
    "t90_err_s": pl.Float64,
    "t50_s": pl.Float64,
    "t90_start_s": pl.Float64,
    "peak": pl.Float64,
    "fluence": pl.Float64,
    "background": pl.Float64,
    "unit": pl.String,
    "cause": pl.String,
    "evidence": pl.String,
}
Row = dict[str, Any]
LEAST_T90_SIGMA = 7.0


@dataclass(frozen=True)
class Trigger:
    """A report of the detector: an excursion began, is over, or is retracted.

    Parameters
    ----------
    state
        'initial', 'final' or 'retraction'.
    key
        The same for all reports of one excursion: the MET of the bin that made it
        significant.
    row
        The columns of `scan`.
    """

    state: Literal["initial", "final", "retraction"]
    key: str
    row: Row


@dataclass(frozen=True)
class Measurement:
    """A candidate's best window, its extent in bins, and its surroundings.

    `level` (n,) and `dispersion` are those of the total band; `before` and `after` count
    the bins the background was fitted to. In a net series `level` is the residual
    background, which is still part of the excess.
    """

    excess: Excess
    window: Window
    first: int
    end: int
    level: Floats
    dispersion: float
    before: int
    after: int

    @property
    def start(self) -> float:
        """Start of the extent, MET s."""
        return float(self.excess.met[self.first])

    @property
    def stop(self) -> float:
        """End of the extent, MET s."""
        return float(self.excess.met[self.end - 1] + self.excess.seconds[self.end - 1])


def table(rows: list[Row]) -> pl.DataFrame:
    """Return rows as a frame in order of time."""
    return pl.DataFrame(rows, schema=COLUMNS, orient="row").sort("met_s")


def blank(shape: Layout, met_s: float, timescale_s: float, cause: str, why: str) -> Row:
    """Return a row with only position, length and cause."""
    row: Row = dict.fromkeys(COLUMNS)
    return row | {
        "met_s": met_s,
        "timescale_s": timescale_s,
        "band": shape.bands[shape.total],
        "unit": shape.unit,
        "cause": cause,
        "evidence": why,
    }


def measured(measurement: Measurement, shape: Layout, cause: str, why: str) -> Row:
    """Return the row of a measured excursion."""
    excess, window = measurement.excess, measurement.window
    start = float(excess.met[window.first])
    stop = float(excess.met[window.end - 1] + excess.seconds[window.end - 1])
    part = slice(measurement.first, measurement.end)
    value = excess.value[part, shape.total]
    row = blank(shape, start, stop - start, cause, why) | {
        "significance": window.sigma,
        "band": shape.bands[window.band],
        "peak": float((value / excess.seconds[part]).max()),
        "fluence": float(value.sum()),
        "background": _background(measurement, shape),
    }
    return row | (
        _durations(measurement, shape) if cause in {"burst", "unknown"} else {}
    )


def _background(measurement: Measurement, shape: Layout) -> float:
    part = slice(measurement.first, measurement.end)
    if shape.raw:
        return float(measurement.level[part].mean()) / shape.bin_s
    excess = measurement.excess
    return float(measurement.level[part].sum() / excess.seconds[part].sum())


def _durations(measurement: Measurement, shape: Layout) -> Row:
    """Return T90 and T50, or nothing if they cannot be measured.

    They cannot if the fluence is below 7 sigma or, in raw counts, the emission touches the
    first or last bin.
    """
    excess, total = measurement.excess, shape.total
    sigma = excess.sigma(measurement.first, measurement.end, total)
    cut_off = measurement.first == 0 or measurement.end >= len(excess.met)
    if sigma < LEAST_T90_SIGMA or (cut_off and shape.raw):
        return {}
    part = slice(measurement.first, measurement.end)
    value, variance = excess.value[part, total], excess.variance[part, total]
    if not shape.raw:
        value = value - np.where(variance > 0, measurement.level[part], 0.0)
    times = durations(excess.met[part], excess.seconds[part], value, variance)
    return {
        "t90_s": times.t90_s,
        "t90_err_s": times.t90_err_s,
        "t50_s": times.t50_s,
        "t90_start_s": times.t90_start - float(excess.met[measurement.window.first]),
    }
