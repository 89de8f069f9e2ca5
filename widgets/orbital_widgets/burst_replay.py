"""A stored series as it came in: bins up to a moment, and the windows found by then."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.models import BoxAnnotation, ColumnDataSource

from orbital_kernel.plots import theme
from orbital_kernel.plots.rates import step_columns
from orbital_widgets.live_figure import LiveFigure

HEIGHT = 300


class BurstReplay:
    """The summed rate of a series until a moment of its own time.

    Parameters
    ----------
    series : polars.DataFrame
        Rows of `rates` of one series.
    bursts : polars.DataFrame
        Rows of cross.bursts of that series.
    """

    def __init__(self, series: pl.DataFrame, bursts: pl.DataFrame) -> None:
        bins = (
            series.filter(pl.col("rate").is_finite(), pl.col("time").is_not_null())
            .group_by("time")
            .agg(pl.col("bin_s").first(), pl.col("rate").sum())
            .sort("time")
        )
        start = theme.utc_ms(bins["time"])
        width = bins["bin_s"].to_numpy() * 1000.0
        self._steps = step_columns(start, width, bins["rate"].to_numpy())
        self.start_ms, self.stop_ms = float(start[0]), float((start + width)[-1])
        self.now_ms = self.start_ms
        self.source = ColumnDataSource({"x": [], "y": []})
        self.figure = theme.canvas(
            f"Replay of {series['series'][0]}",
            series,
            x_axis_type="datetime",
            x_axis_label="time (UTC)",
            y_axis_label=f"rate ({theme.unit_label(series['unit'][0])})",
            height=HEIGHT,
            x_range=(self.start_ms, self.stop_ms),
        )
        self.figure.line("x", "y", source=self.source, color=theme.CYCLE[0])
        self.windows = [self._window(row) for row in bursts.to_dicts()]

    @property
    def done(self) -> bool:
        """Whether the whole series is shown."""
        return self.now_ms >= self.stop_ms

    def advance(self, seconds: float) -> None:
        """Show the bins of this many more seconds of the series' own time."""
        self.now_ms = min(self.now_ms + 1000.0 * seconds, self.stop_ms)
        edge = np.nan_to_num(self._steps["x"], nan=-np.inf)
        count = int(np.searchsorted(np.maximum.accumulate(edge), self.now_ms, "right"))
        self.source.data = {name: v[:count] for name, v in self._steps.items()}
        for window in self.windows:
            window.visible = window.right <= self.now_ms

    def live(self, lock: Any) -> LiveFigure:
        """Return the figure as a widget."""
        return LiveFigure(self.figure, lock=lock)

    def _window(self, row: dict[str, Any]) -> BoxAnnotation:
        start = float(
            theme.utc_ms(pl.Series([row["time"]], dtype=pl.Datetime("ns")))[0]
        )
        box = BoxAnnotation(
            left=start,
            right=start + 1000.0 * (row["timescale_s"] or 0.0),
            fill_color=theme.CAUSES.get(row["cause"] or "", theme.PALE),
            fill_alpha=0.25,
            visible=False,
        )
        self.figure.add_layout(box)
        return box
