"""The sky as a map on which a cone is clicked or dragged, and rows are picked."""

import math
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np
from bokeh.events import RangesUpdate, SelectionGeometry, Tap
from bokeh.models import BoxSelectTool

from orbital_kernel.model.sky import separation_deg
from orbital_kernel.plots import sky_lines, theme
from orbital_kernel.plots.equal_area import Field, Hammer, Projection
from orbital_widgets import sky_columns
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.results import Results
from orbital_widgets.selection import MAX_RADIUS_ARCMIN, Selection
from orbital_widgets.sky_figure import WHOLE, SkyFigure, Window, around
from orbital_widgets.sky_layers import SkyLayers, near
from orbital_widgets.sky_sight import Sight, recentred

MARGIN = 1.6
MIN_RADIUS_ARCMIN = 0.01
NEARBY = 0.01  # of the map's width: how near a click is to the rows it picks


class SkyMap:
    """A map of the sky: a click sets the cone's centre, a drag from it its radius too.

    Rows of the newest outcome are dots in their observatory's colour. A selection of more
    rows than were fetched is counted by the store and shown as an image.
    """

    def __init__(
        self,
        selection: Selection,
        results: Results,
        source: Callable[[], Any] = lambda: None,
    ) -> None:
        self.selection, self.results = selection, results
        self.map = SkyFigure()
        self.figure, self.rows, self.cone = (
            self.map.figure,
            self.map.rows,
            self.map.cone,
        )
        self.sight: Sight | None = None
        self.layers = SkyLayers(selection, source, self._sighted, self._say)
        self._listen()
        self._build()
        self._draw_cone()
        self._draw_rows()
        selection.observe(lambda _: self._draw_cone(), ("ra", "dec", "radius_arcmin"))
        results.observe(lambda _: self._arrived(), "outcome")
        results.observe(lambda _: self._highlight(), "picked")

    def click(self, ra: float, dec: float) -> None:
        """Move the cone's centre (ICRS degrees); a click outside the sky does nothing."""
        if 0 <= ra <= 360 and -90 <= dec <= 90:
            self.selection.point(ra, dec)

    def drag(self, ra: float, dec: float, radius_deg: float) -> None:
        """Move the cone and set its radius (degrees)."""
        if not (0 <= ra <= 360 and -90 <= dec <= 90):
            return
        edge = 60 * radius_deg
        self.selection.point(
            ra, dec, float(np.clip(edge, MIN_RADIUS_ARCMIN, MAX_RADIUS_ARCMIN))
        )

    def pick(self, x: float, y: float, half_width: float, half_height: float) -> None:
        """Pick the fetched rows within a box of the map's plane, deg."""
        xs, ys = (np.asarray(self.rows.data[n], np.float64) for n in ("x", "y"))
        numbers = np.asarray(self.rows.data["row"], np.int64)
        inside = (np.abs(xs - x) <= half_width) & (np.abs(ys - y) <= half_height)
        with self.selection.lock:
            chosen = np.unique(numbers[inside & (numbers >= 0)])
            self.results.picked = tuple(int(number) for number in chosen)

    def zoom(self) -> None:
        """Show the cone with a margin, or the whole sky if there is no cone."""
        ra, dec, radius = (
            getattr(self.selection, name) for name in ("ra", "dec", "radius_arcmin")
        )
        if ra is None or dec is None or radius is None or radius > 60 * 60:
            self._look(Hammer(), WHOLE)
        else:
            self._look(Field(ra, dec), around(MARGIN * radius / 60))

    def whole_sky(self) -> None:
        """Query without a cone and show the whole sky."""
        self.selection.point(None, None)
        self.zoom()

    def _listen(self) -> None:
        drag = BoxSelectTool(origin="center", renderers=[])
        self.figure.add_tools(drag)
        self.figure.toolbar.active_drag = drag
        self.figure.on_event(Tap, self._tapped)
        self.figure.on_event(SelectionGeometry, self._dragged)
        self.figure.on_event(RangesUpdate, self._moved)

    def _build(self) -> None:
        closer = widgets.Button(description="Zoom to cone")
        closer.on_click(lambda _: self.zoom())
        everywhere = widgets.Button(description="Query the whole sky")
        everywhere.on_click(lambda _: self.whole_sky())
        auto = widgets.Layout(width="auto")
        self.picks = widgets.ToggleButton(
            description="Click and drag pick rows",
            tooltip="pick rows in the map instead of moving the cone",
            layout=auto,
        )
        self.coverage = widgets.ToggleButton(
            description="Coverage",
            tooltip="outline where each observatory has looked",
            layout=auto,
        )
        self.coverage.observe(lambda _: self._cover(), "value")
        self.stop = widgets.Button(description="Stop counting")
        self.stop.on_click(lambda _: self.layers.cancel())
        self.bar = widgets.IntProgress()
        self.words = widgets.HTML()
        self._say("", 0, 0)
        buttons = widgets.Box(
            (closer, everywhere, self.picks, self.coverage),
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        state = widgets.HBox((self.words, self.bar, self.stop))
        live = LiveFigure(self.figure, lock=self.selection.lock)
        self.widget = widgets.VBox((live, buttons, state))
        self.widget.add_class("orbital-sky")

    def _look(self, view: Projection, window: Window) -> None:
        with self.selection.lock:
            self.map.look(view, window)
            self._draw_cone()
            self._draw_rows()
            self._outline()
        self.layers.see(view, window)

    def _moved(self, event: Any) -> None:
        """Follow a pan or a zoom of the browser."""
        if None in (event.x0, event.x1, event.y0, event.y1):
            return
        window = ((event.x0, event.x1), (event.y0, event.y1))
        with self.selection.lock:
            view, fitting = recentred(self.map.view, window)
            if view is self.map.view:
                self.map.window = window
                self.map.rule()
                self.layers.see(view, window)
            else:
                self._look(view, fitting)

    def _tapped(self, event: Any) -> None:
        if self.picks.value:
            reach = 2 * self.map.reach * NEARBY
            self.pick(event.x, event.y, reach, reach)
        else:
            self.click(*self._place(event.x, event.y))

    def _dragged(self, event: Any) -> None:
        box = event.geometry
        if not event.final or box["type"] != "rect":
            return
        x, y = (box["x0"] + box["x1"]) / 2, (box["y0"] + box["y1"]) / 2
        wide, high = abs(box["x1"] - box["x0"]) / 2, abs(box["y1"] - box["y0"]) / 2
        if self.picks.value:
            self.pick(x, y, wide, high)
            return
        ra, dec = self._place(x, y)
        edges = [self._place(x + wide, y), self._place(x, y + high)]
        apart = [float(separation_deg(ra, dec, *edge)) for edge in edges]
        self.drag(ra, dec, max((a for a in apart if not math.isnan(a)), default=0.0))

    def _place(self, x: float, y: float) -> tuple[float, float]:
        ra, dec = self.map.view.inverse(x, y)
        return float(ra), float(dec)

    def _arrived(self) -> None:
        self._draw_rows()
        self.layers.arrive(self.results.outcome, self.map.view, self.map.window)

    def _sighted(self, sight: Sight | None) -> None:
        with self.selection.lock:
            self.sight = sight
            if sight is None or sight.image is None:
                self.map.hide_counts()
            elif sight.view == self.map.view:
                self.map.count(sight.image, sight.window)
            self._draw_rows()

    def _say(self, words: str, done: int, most: int) -> None:
        running = most > 0
        self.words.value = escape(words)
        self.bar.max, self.bar.value = max(most, 1), done
        shown = "" if running else "none"
        self.bar.layout.display = self.stop.layout.display = shown

    def _draw_cone(self) -> None:
        with self.selection.lock:
            self.cone.data = sky_columns.cone(self.selection, self.map.view)

    def _draw_rows(self) -> None:
        outcome, names = self.results.outcome, self.selection.available
        with self.selection.lock:
            data = sky_columns.positions(outcome, names, self.map.view)
            if self.sight is not None and self.sight.image is not None:
                keep = np.isin(data["row"], self.results.picked)
                data = {k: np.asarray(v)[keep] for k, v in data.items()}
            elif self.sight is not None and self.sight.dots is not None:
                more = sky_columns.dots(self.sight.dots, names, self.map.view)
                data = {k: np.concatenate([more[k], v]) for k, v in data.items()}
            self.rows.data = data
            self._mark()

    def _highlight(self) -> None:
        """Highlight the rows that any view picked."""
        if self.sight is not None and self.sight.image is not None:
            self._draw_rows()
        else:
            self._mark()

    def _mark(self) -> None:
        numbers = self.results.picked
        rows = {int(row): i for i, row in enumerate(self.rows.data["row"])}
        with self.selection.lock:
            self.rows.selected.indices = [rows[n] for n in numbers if n in rows]

    def _cover(self) -> None:
        if self.coverage.value and not self.layers.mocs:
            self.layers.cover(self._outline)
        self._outline()

    def _outline(self) -> None:
        """Draw the outlines of coverage, or none."""
        mocs = self.layers.mocs if self.coverage.value else {}
        palette = theme.colors(self.selection.available)
        data: dict[str, list[Any]] = {"xs": [], "ys": [], "color": []}
        for name, moc in mocs.items():
            part = near(moc, self.map.view, self.map.reach)
            x, y = sky_lines.joined(sky_lines.outlines(part, self.map.view.forward))
            data["xs"].append(x)
            data["ys"].append(y)
            data["color"].append(palette[name])
        with self.selection.lock:
            self.map.covered.data = data
