"""The sky as a map on which a cone is clicked or dragged."""

import math
from typing import Any

import ipywidgets as widgets
import numpy as np
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import BoxSelectTool, ColumnDataSource

from orbital_widgets import figures, sky_columns
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.results import Results
from orbital_widgets.selection import MAX_RADIUS_ARCMIN, Selection

MARGIN = 1.6
ASPECT = 1.4  # width of the map by its height: a cone looks round in it
MIN_RADIUS_ARCMIN = 0.01
NEARBY = 0.01  # of the map's width: how near a click is to the rows it picks


class SkyMap:
    """A map in RA and Dec: a click sets the cone's centre, a drag from it its radius too.

    Rows of the newest outcome that have a position are dots in their observatory's colour.
    """

    def __init__(self, selection: Selection, results: Results) -> None:
        self.selection, self.results = selection, results
        self.rows = ColumnDataSource({"ra": [], "dec": [], "color": [], "row": []})
        self.cone = ColumnDataSource({"ra": [], "dec": [], "ra0": [], "dec0": []})
        self.figure = figures.sky(self.rows, self.cone)
        drag = BoxSelectTool(origin="center", renderers=[])
        self.figure.add_tools(drag)
        self.figure.toolbar.active_drag = drag
        self.figure.on_event(Tap, self._tapped)
        self.figure.on_event(SelectionGeometry, self._dragged)
        self._draw_cone()
        self._draw_rows()
        near = widgets.Button(description="Zoom to cone")
        near.on_click(lambda _: self.zoom())
        everywhere = widgets.Button(description="Query the whole sky")
        everywhere.on_click(lambda _: self.whole_sky())
        self.picks = widgets.ToggleButton(
            description="Click and drag pick rows",
            tooltip="pick rows in the map instead of moving the cone",
            layout=widgets.Layout(width="auto"),
        )
        self.widget = widgets.VBox(
            (
                LiveFigure(self.figure, lock=selection.lock),
                widgets.HBox((near, everywhere, self.picks)),
            )
        )
        self.widget.add_class("orbital-sky")
        selection.observe(lambda _: self._draw_cone(), ("ra", "dec", "radius_arcmin"))
        results.observe(lambda _: self._draw_rows(), "outcome")
        results.observe(lambda _: self._highlight(), "picked")

    def click(self, ra: float, dec: float) -> None:
        """Move the cone's centre (ICRS degrees); a click outside the sky does nothing."""
        if 0 <= ra <= 360 and -90 <= dec <= 90:
            self.selection.point(ra, dec)

    def drag(
        self, ra: float, dec: float, half_width: float, half_height: float
    ) -> None:
        """Move the cone and set the radius to the edge of the drag (degrees)."""
        if not (0 <= ra <= 360 and -90 <= dec <= 90):
            return
        edge = max(half_width * math.cos(math.radians(dec)), half_height) * 60
        self.selection.point(
            ra, dec, float(np.clip(edge, MIN_RADIUS_ARCMIN, MAX_RADIUS_ARCMIN))
        )

    def pick(
        self, ra: float, dec: float, half_width: float, half_height: float
    ) -> None:
        """Pick the rows within a box of the map about a place, deg of RA and Dec."""
        ras, decs = (np.asarray(self.rows.data[n], np.float64) for n in ("ra", "dec"))
        inside = (np.abs(ras - ra) <= half_width) & (np.abs(decs - dec) <= half_height)
        numbers = np.asarray(self.rows.data["row"])[inside]
        with self.selection.lock:
            self.results.picked = tuple(int(number) for number in numbers)

    def zoom(self) -> None:
        """Show the cone with a margin, or the whole sky if there is no cone."""
        ra, dec, radius = (
            getattr(self.selection, name) for name in ("ra", "dec", "radius_arcmin")
        )
        if ra is None or dec is None or radius is None:
            self._view(360, 0, -90, 90)
            return
        high = MARGIN * radius / 60
        wide = ASPECT * high / max(math.cos(math.radians(dec)), 0.01)
        self._view(ra + wide, ra - wide, dec - high, dec + high)

    def whole_sky(self) -> None:
        """Query without a cone and show the whole sky."""
        self.selection.point(None, None)
        self.zoom()

    def _view(self, start: float, end: float, bottom: float, top: float) -> None:
        with self.selection.lock:
            self.figure.x_range.update(start=start, end=end)
            self.figure.y_range.update(start=bottom, end=top)

    def _tapped(self, event: Any) -> None:
        if not self.picks.value:
            self.click(event.x, event.y)
            return
        x, y = self.figure.x_range, self.figure.y_range
        reach = (abs(x.end - x.start) * NEARBY, abs(y.end - y.start) * NEARBY)
        self.pick(event.x, event.y, *reach)

    def _dragged(self, event: Any) -> None:
        box = event.geometry
        if not event.final or box["type"] != "rect":
            return
        act = self.pick if self.picks.value else self.drag
        act(
            (box["x0"] + box["x1"]) / 2,
            (box["y0"] + box["y1"]) / 2,
            abs(box["x1"] - box["x0"]) / 2,
            abs(box["y1"] - box["y0"]) / 2,
        )

    def _draw_cone(self) -> None:
        with self.selection.lock:
            self.cone.data = sky_columns.cone(self.selection)

    def _draw_rows(self) -> None:
        with self.selection.lock:
            self.rows.data = sky_columns.positions(
                self.results.outcome, self.selection.available
            )

    def _highlight(self) -> None:
        """Highlight the rows that any view picked."""
        numbers = self.results.picked
        rows = {int(row): i for i, row in enumerate(self.rows.data["row"])}
        with self.selection.lock:
            self.rows.selected.indices = [rows[n] for n in numbers if n in rows]
