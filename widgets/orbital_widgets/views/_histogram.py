"""How the values of a column are distributed; bars picked in it are picked in all views."""

from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np
import polars as pl
from bokeh.models import (
    BoxSelectTool,
    ColumnDataSource,
    HoverTool,
    NoOverlap,
    Range1d,
)
from bokeh.plotting import figure

from orbital_kernel.model import schema
from orbital_kernel.plots import theme
from orbital_kernel.query.unit_text import SEE
from orbital_kernel.query.units import units_of
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.results import Results
from orbital_widgets.selection import RANGED, Selection
from orbital_widgets.selection_queries import UNSORTED

HEIGHT = 260
BINS = 40
SPAN = 50.0
MARGIN = 0.03
"""Share of an axis that is empty beside the bars."""
BARS = ("left", "right", "top", "picked")
FIRST = ("flux", "value", "rate", "exposure_s", "t90_s", "significance")


class HistogramView:
    """Bars of the rows fetched, those of picked rows before them.

    Bars that are picked pick their rows; a button limits the selection to their range.
    Values of different units never share an axis: rows of other units are counted in words.
    """

    def __init__(self, selection: Selection, results: Results) -> None:
        self.selection, self.results, self.lock = selection, results, selection.lock
        self.source = ColumnDataSource({name: [] for name in BARS})
        self.figure: Any = None
        self._scale = ""
        self._bins = np.empty(0, np.int64)
        self._marking = self._offering = False
        self.column = widgets.Dropdown(description="Histogram of")
        self.column.add_class("orbital-histogram-column")
        self.limit = widgets.Button(
            description="Limit to picked bars",
            tooltip="select in the store only rows whose value is in these bars",
            layout=widgets.Layout(width="auto"),
        )
        self.words = widgets.HTML()
        self._slot = widgets.VBox()
        row = widgets.HBox(
            (self.column, self.limit, self.words),
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        self.widget = widgets.VBox((row, self._slot))
        self.widget.add_class("orbital-histogram")
        self.column.observe(lambda _: self._draw(), "value")
        self.limit.on_click(lambda _: self._limit())
        results.observe(lambda _: self._arrived(), "outcome")
        results.observe(lambda _: self._draw(), "unit")
        results.observe(lambda _: self._mark(), "picked")
        self._arrived()

    def _arrived(self) -> None:
        frame = self.results.outcome.frame
        names = [
            name
            for name in frame.columns
            if frame[name].dtype.is_numeric()
            and name not in UNSORTED
            and frame[name].null_count() < len(frame)
        ]
        old = self.column.value
        first = next((name for name in FIRST if name in names), None)
        self._offering = True
        self.column.options = tuple(names)
        self.column.value = old if old in names else first or next(iter(names), None)
        self._offering = False
        self._draw()

    def _draw(self) -> None:
        if self._offering:
            return
        name = self.column.value
        values = self._values(name)
        comparable = self._comparable(name)
        finite = np.isfinite(values)
        counted = finite & comparable
        edges, scale = edges_of(values[counted])
        bars = max(len(edges) - 1, 0)
        self._bins = np.full(len(values), -1)
        if bars:
            places = np.searchsorted(edges, values[counted], side="right") - 1
            self._bins[counted] = np.clip(places, 0, bars - 1)
        tops = np.bincount(self._bins[self._bins >= 0], minlength=bars)
        with self.lock:
            self._build(scale)
            self.source.selected.indices = []
            self.source.data = {
                "left": edges[:-1],
                "right": edges[1:],
                "top": tops,
                "picked": self._counted(bars),
            }
            _show_all(self.figure, edges, tops, scale)
            self.figure.xaxis.axis_label = self._label(name)
        self.words.value = escape(
            _summary(
                int(counted.sum()), int((~finite).sum()), int((finite & ~counted).sum())
            )
        )
        self.limit.disabled = name not in RANGED

    def _values(self, name: str | None) -> Any:
        """Return the values of a column, NaN for a row without one."""
        frame = self.results.outcome.frame
        if name is None or name not in frame.columns:
            return np.empty(0)
        return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()

    def _comparable(self, name: str | None) -> Any:
        """Return which rows have the unit shown, for a column whose rows state theirs."""
        frame, stated = self.results.outcome.frame, self._stated(name)
        if name not in frame.columns or stated not in frame.columns:
            return np.full(len(self._values(name)), fill_value=True)
        return (frame[stated].fill_null("") == (self.results.unit or "")).to_numpy()

    def _stated(self, name: str | None) -> str:
        """Return the column in which rows state the unit of this column, or ''."""
        unit = units_of(schema.table(f"any.{self.results.outcome.table}")).get(
            name or "", ""
        )
        return unit.removeprefix(SEE) if unit and unit.startswith(SEE) else ""

    def _build(self, scale: str) -> None:
        """Draw an empty figure, unless one of this scale is shown."""
        if scale == self._scale:
            return
        self._scale, old = scale, self._slot.children
        self.source = ColumnDataSource({name: [] for name in BARS})
        self.source.selected.on_change("indices", self._selected)
        self.figure = _figure(self.source, scale)
        self._slot.children = (LiveFigure(self.figure, lock=self.lock),)
        for shown in old:
            shown.close()

    def _label(self, name: str | None) -> str:
        columns = schema.table(f"any.{self.results.outcome.table}").columns
        unit = next((c.unit for c in columns if c.name == name), "")
        if self._stated(name):
            unit = theme.unit_label(self.results.unit)
        return f"{name or ''} ({unit})" if unit else name or ""

    def _counted(self, bars: int) -> Any:
        picked = [row for row in self.results.picked if row < len(self._bins)]
        places = self._bins[picked]
        return np.bincount(places[places >= 0], minlength=bars)

    def _selected(self, _attr: str, _old: Any, new: list[int]) -> None:
        if self._marking:
            return
        rows = np.flatnonzero(np.isin(self._bins, new))
        with self.lock:
            self._marking = True
            self.results.picked = tuple(int(row) for row in rows)
            self._marking = False
            self._count()

    def _mark(self) -> None:
        """Show how the rows that another view picked are distributed."""
        if self._marking:
            return
        with self.lock:
            self._marking = True
            self.source.selected.indices = []
            self._marking = False
            self._count()

    def _count(self) -> None:
        counts = self._counted(len(self.source.data["left"]))
        self.source.patch({"picked": [(slice(0, len(counts)), counts)]})

    def _limit(self) -> None:
        """Limit the selection to the range of the bars picked, evaluated by the store."""
        bars = list(self.source.selected.indices) or list(
            np.flatnonzero(self.source.data["picked"])
        )
        if not bars or self.column.value not in RANGED:
            self.words.value = "pick bars first: click one, or drag over several"
            return
        low = float(self.source.data["left"][min(bars)])
        high = float(self.source.data["right"][max(bars)])
        with self.lock:
            ranges = {**self.selection.ranges, self.column.value: (low, high)}
            self.selection.ranges = ranges


def edges_of(values: Any) -> tuple[Any, str]:
    """Return the edges of bars and their scale, 'log' if positive values span decades."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.empty(0), "linear"
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        width = abs(low) * 0.01 or 0.5
        return np.array([low - width, high + width]), "linear"
    if low > 0 and high / low > SPAN:
        edges = np.geomspace(low, high, BINS + 1)
        edges[0], edges[-1] = low, high
        return edges, "log"
    return np.linspace(low, high, BINS + 1), "linear"


def _show_all(drawn: Any, edges: Any, tops: Any, scale: str) -> None:
    """Show every bar; the browser's own range of a logarithmic axis may miss them all."""
    low, high = (edges[0], edges[-1]) if len(edges) else (0.1, 1.0)
    if scale == "log":
        factor = (high / low) ** MARGIN
        start, end = low / factor, high * factor
    else:
        start, end = low - (high - low) * MARGIN, high + (high - low) * MARGIN
    highest = 1.05 * float(tops.max()) if len(tops) else 1.0
    for span, ends in ((drawn.x_range, (start, end)), (drawn.y_range, (0.0, highest))):
        first, last = (float(value) for value in ends)
        span.update(start=first, end=last, reset_start=first, reset_end=last)


def _summary(counted: int, missing: int, other_units: int) -> str:
    parts = (
        (missing, "without a value"),
        (other_units, "in other units, see Unit shown"),
    )
    said = "".join(f", {number:,} {words}" for number, words in parts if number)
    return f"{counted:,} of the rows fetched{said}"


def _figure(source: ColumnDataSource, scale: str) -> Any:
    drawn = figure(
        x_range=Range1d(),
        y_range=Range1d(),
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_type=scale,
        y_axis_label="rows",
        tools="pan,wheel_zoom,tap,reset,save",
        active_scroll="wheel_zoom",
    )
    drag = BoxSelectTool(dimensions="width")
    drawn.add_tools(drag)
    drawn.toolbar.active_drag = drag
    drawn.quad(
        left="left",
        right="right",
        bottom=0,
        top="top",
        source=source,
        fill_color=theme.OBSERVATORIES["swift"],
        fill_alpha=0.35,
        line_color=theme.INK,
        nonselection_fill_alpha=0.15,
    )
    marks = drawn.quad(
        left="left",
        right="right",
        bottom=0,
        top="picked",
        source=source,
        fill_color=theme.OBSERVATORIES["chandra"],
        line_color=None,
        nonselection_fill_alpha=1.0,
    )
    marks.selection_glyph = marks.nonselection_glyph = None
    tips = [
        ("from", "@left"),
        ("to", "@right"),
        ("rows", "@top"),
        ("picked", "@picked"),
    ]
    drawn.add_tools(HoverTool(tooltips=tips, renderers=[drawn.renderers[0]]))
    theme.dress(drawn)
    drawn.xaxis.major_label_policy = NoOverlap()
    if scale == "log":
        theme.log_axis(drawn.xaxis[0])
    return drawn
