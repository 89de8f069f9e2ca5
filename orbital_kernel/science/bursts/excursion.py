"""One excursion: measured, and as a row of the `cross.bursts` columns that data fill."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
    "t90_method_err_s": pl.Float64,
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
