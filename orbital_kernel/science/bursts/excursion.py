"""One excursion: measured, and as a row of the `cross.bursts` columns that data fill."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.bursts.background import LAST_S, LONG
from orbital_kernel.science.bursts.durations import durations
from orbital_kernel.science.bursts.emission import Stretch
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
BEFORE_S = 300.0
AFTER_S = 150.0
"""How far beside an excursion its durations look for blocks and for the level."""
ENDED_S = 30.0


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
    lowest: int = 0
    """Bins before this one belong to another excursion."""
    levels: Floats | None = None
    """Background of raw counts in each band (n, bands)."""

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
    times = durations(_stretch(measurement, shape))
    return {
        "t90_s": times.t90_s,
        "t90_err_s": times.t90_err_s,
        "t50_s": times.t50_s,
        "t90_start_s": times.t90_start - float(excess.met[measurement.window.first]),
    }


def _stretch(measurement: Measurement, shape: Layout) -> Stretch:
    """Return the bins around an excursion that its durations are measured in."""
    excess, total = measurement.excess, shape.total
    met = excess.met
    low = int(np.searchsorted(met, measurement.start - BEFORE_S))
    low = max(low, measurement.lowest)
    high = int(np.searchsorted(met, measurement.stop + AFTER_S))
    variance = excess.variance[:, total]
    if shape.raw:
        held = np.flatnonzero(variance > 0)
        low, high = max(low, int(held[0])), min(high, int(held[-1]) + 1)
    tail = high
    lasts = measurement.stop - measurement.start
    if not shape.raw and met[-1] - measurement.stop < ENDED_S and lasts > LONG * LAST_S:
        tail = int(np.searchsorted(met, met[-1] - LAST_S))
    part = slice(low, high)
    return Stretch(
        met[part],
        excess.seconds[part],
        excess.value[part, total],
        variance[part],
        excess.drift[part, total],
        measurement.first - low,
        measurement.end - low,
        shape.raw,
        tail - low,
    )
