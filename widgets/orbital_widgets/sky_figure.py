"""The figure of the sky map: its layers over column sources, and the view it shows."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, LinearColorMapper
from bokeh.palettes import Cividis256
from bokeh.plotting import figure

from orbital_kernel.plots import sky_lines, theme, whole_sky
from orbital_kernel.plots.equal_area import HIGH, WIDE, Hammer, Projection

ASPECT = 2.0
MARGIN = 1.02
Window = tuple[tuple[float, float], tuple[float, float]]
"""Left and right, bottom and top of what is seen, deg of the map's plane."""
WHOLE: Window = ((-MARGIN * WIDE, MARGIN * WIDE), (-MARGIN * HIGH, MARGIN * HIGH))
TITLE = "Click: centre · drag from it: radius"


class SkyFigure:
    """A map with layers, from below: counts, coverage, graticule, rows, cone."""

    def __init__(self) -> None:
        self.view: Projection = Hammer()
        self.window: Window = WHOLE
        self.counts = ColumnDataSource(
            {key: [] for key in ("image", "x", "y", "dw", "dh")}
        )
        self.lines = ColumnDataSource({"xs": [], "ys": []})
        self.labels = ColumnDataSource({"x": [], "y": [], "text": []})
        self.covered = ColumnDataSource({"xs": [], "ys": [], "color": []})
        self.rows = ColumnDataSource({"x": [], "y": [], "color": [], "row": []})
        self.cone = ColumnDataSource({"x": [], "y": [], "x0": [], "y0": []})
        self.figure = self._drawn()
        self.look(Hammer(), WHOLE)

    @property
    def centre(self) -> tuple[float, float]:
        """RA and Dec (ICRS deg) in the middle of what is seen; NaN beside the sky."""
        (left, right), (low, high) = self.window
        ra, dec = self.view.inverse((left + right) / 2, (low + high) / 2)
        return float(ra), float(dec)

    @property
    def reach(self) -> float:
        """Half the width of what is seen, deg."""
        left, right = self.window[0]
        return abs(right - left) / 2

    def look(self, view: Projection, window: Window) -> None:
        """Show a part of a projection; the layers of rows are those of the caller."""
        self.view, self.window = view, window
        self.figure.tags = [view.facts]
        (left, right), (low, high) = window
        self.figure.x_range.update(start=left, end=right)
        self.figure.y_range.update(start=low, end=high)
        self.rule()

    def rule(self) -> None:
        """Draw lines of RA and Dec that suit what is seen."""
        ra, dec = self.centre
        if np.isnan(dec):
            return
        (xs, ys), labels = sky_lines.graticule(self.view, (ra, dec), self.reach)
        self.lines.data = {"xs": xs, "ys": ys}
        self.labels.data = labels

    def count(self, image: Any, window: Window) -> None:
        """Show an image of counts (0 to 255) over a window."""
        (left, right), (low, high) = window
        self.counts.data = {
            "image": [image],
            "x": [left],
            "y": [low],
            "dw": [right - left],
            "dh": [high - low],
        }

    def hide_counts(self) -> None:
        """Show no counts."""
        if len(self.counts.data["image"]):
            self.counts.data = {key: [] for key in self.counts.data}

    def _drawn(self) -> Any:
        (left, right), (low, high) = WHOLE
        drawn = figure(
            aspect_ratio=ASPECT,
            sizing_mode="stretch_width",
            x_range=(left, right),
            y_range=(low, high),
            tools="pan,wheel_zoom,reset",
            active_scroll="wheel_zoom",
            title=TITLE,
        )
        palette = LinearColorMapper(
            palette=Cividis256[255:30:-1], low=1, high=255, low_color="rgba(0, 0, 0, 0)"
        )
        drawn.image("image", source=self.counts, color_mapper=palette, level="image")
        drawn.multi_line("xs", "ys", source=self.lines, color=theme.GRID)
        drawn.multi_line("xs", "ys", source=self.covered, color="color", line_width=1.2)
        drawn.scatter(
            "x",
            "y",
            source=self.rows,
            size=5,
            color="color",
            alpha=0.7,
            nonselection_alpha=0.15,
        )
        drawn.line("x", "y", source=self.cone, line_color=theme.INK, line_width=2)
        drawn.scatter(
            "x0", "y0", source=self.cone, marker="cross", size=12, color=theme.INK
        )
        whole_sky.write(drawn, self.labels)
        whole_sky.show_place(drawn, self.view)
        theme.dress(drawn)
        whole_sky.without_axes(drawn)
        for axis in drawn.axis:
            axis.visible = False
        return drawn


def around(reach_deg: float) -> Window:
    """Return the window of a field that reaches so far up and down from its centre."""
    return (-ASPECT * reach_deg, ASPECT * reach_deg), (-reach_deg, reach_deg)
