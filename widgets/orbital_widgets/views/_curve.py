"""The light curve of the row picked; points picked in it are picked in all views."""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from bokeh.models import ColumnDataSource, HoverTool, Whisker
from bokeh.plotting import figure

from orbital_kernel.plots import theme
from orbital_widgets import curve_link
from orbital_widgets.connection import sentence
from orbital_widgets.latest import Latest
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.results import Results
from orbital_widgets.selection import Selection

if TYPE_CHECKING:
    from concurrent.futures import Future

HEIGHT = 300
SPAN = 50.0


class CurveView:
    """A figure that follows the first row picked; it asks again only for another object."""

    def __init__(
        self, selection: Selection, results: Results, source: Callable[[], Any]
    ) -> None:
        self.results, self.lock, self._session = results, selection.lock, source
        self.colors = theme.colors(selection.available)
        self.curve: curve_link.LinkedCurve | None = None
        self.source = ColumnDataSource()
        self.figure: Any = None
        self.asking = Latest(selection.lock)
        self._marking = False
        self._scale = ""
        self.words = widgets.HTML("<i>pick a row to see its light curve</i>")
        self._slot = widgets.VBox()
        self.widget = widgets.VBox((self.words, self._slot))
        self.widget.add_class("orbital-curve")
        results.observe(lambda _: self._picked(), "picked")

    def _picked(self) -> None:
        picked, frame = self.results.picked, self.results.outcome.frame
        if not picked or max(picked) >= len(frame):
            return
        subject = curve_link.subject_of(frame.row(picked[0], named=True))
        if self.curve is not None and self._is_shown(subject):
            self._mark()
            return
        session = self._session()
        if not hasattr(session, "light_curve"):
            self.words.value = "<i>light curves need a session: Explorer(connect())</i>"
            return
        self.words.value = f"<i>reading the light curve of {escape(subject.name)}…</i>"
        self.asking.ask(lambda: curve_link.linked(session, subject), self._arrived)

    def _is_shown(self, subject: curve_link.Subject) -> bool:
        shown = self.curve
        return shown is not None and (
            shown.subject == subject or shown.name == subject.name
        )

    def _arrived(self, future: "Future[curve_link.LinkedCurve]") -> None:
        error = future.exception()
        if error is not None:
            self.curve = None
            self._slot.children = ()
            self.words.value = escape(sentence(error))
            return
        self.curve = future.result()
        self.words.value = escape(self.curve.words)
        self._draw()
        self._mark()

    def _draw(self) -> None:
        curve = self.curve
        if curve is None:
            return
        data = curve_link.columns(curve, self.colors)
        positive = data["y"][data["y"] > 0]
        spans = (
            len(positive) == len(data["y"]) and positive.max() > SPAN * positive.min()
        )
        self.source = ColumnDataSource(data)
        self.source.selected.on_change("indices", self._selected)
        self.figure = _figure(self.source, "log" if spans else "linear", curve.unit)
        simulated = bool(curve.points["simulated"].fill_null(value=False).any())
        mark = f"{theme.SIMULATED} · " if simulated else ""
        self.figure.title.text = f"{mark}{curve.name}"
        old = self._slot.children
        self._slot.children = (LiveFigure(self.figure, lock=self.lock),)
        for shown in old:
            shown.close()

    def _selected(self, _attr: str, _old: Any, new: list[int]) -> None:
        """Pick the rows that the points are, or that were taken at their times."""
        if self._marking or self.curve is None:
            return
        points = self.curve.points[[i for i in new if i < len(self.curve.points)]]
        rows = curve_link.rows_of(points, self.results.outcome.frame)
        if rows:
            with self.lock:
                self.results.picked = rows

    def _mark(self) -> None:
        """Highlight the points that the picked rows are."""
        if self.curve is None:
            return
        rows = self.results.outcome.frame[list(self.results.picked)]
        at = curve_link.points_of(self.curve.points, rows)
        if at != list(self.source.selected.indices):
            self._marking = True
            self.source.selected.indices = at
            self._marking = False


def _figure(source: ColumnDataSource, scale: str, unit: str) -> Any:
    drawn = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_type="datetime",
        y_axis_type=scale,
        x_axis_label="time (UTC)",
        y_axis_label=f"value ({theme.unit_label(unit)})",
        tools="pan,wheel_zoom,box_zoom,box_select,tap,reset,save",
        active_drag="box_select",
        active_scroll="wheel_zoom",
    )
    bars = Whisker(
        source=source, base="x", lower="low", upper="high", line_color="color"
    )
    bars.upper_head = bars.lower_head = None
    drawn.add_layout(bars)
    drawn.scatter(
        "x",
        "y",
        source=source,
        size=6,
        marker="marker",
        color="color",
        alpha=0.8,
        nonselection_alpha=0.2,
        legend_field="observatory",
    )
    tips = [("", "@observatory"), ("time (UTC)", "@x{%F %T}"), ("value", "@y")]
    drawn.add_tools(HoverTool(tooltips=tips, formatters={"@x": "datetime"}))
    theme.dress(drawn)
    if scale == "log":
        theme.log_axis(drawn.yaxis[0])
    drawn.legend[0].border_line_color = None
    return drawn
