"""The rows as a plot; a selection in it is picked in all views."""

from html import escape
from typing import Any

import ipywidgets as widgets
from bokeh.models import ColumnDataSource

from orbital_kernel.plots import theme
from orbital_widgets import figures, words
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.points import Points, points, units
from orbital_widgets.results import Outcome, Results
from orbital_widgets.selection import Selection


class PlotView:
    """One figure over one column source; rebuilt only for another table or scale.

    Values of different units never share an axis: a menu chooses the unit shown.
    """

    def __init__(self, selection: Selection, results: Results) -> None:
        self.results, self.lock = results, selection.lock
        self.colors = theme.colors(selection.available)
        self.source = ColumnDataSource()
        self.shown = Points({})
        self.figure: Any = None
        self._marking = False
        self._kind: tuple[str, str, str] | None = None
        self._unit = widgets.Dropdown(description="Unit shown")
        self._unit.add_class("orbital-unit")
        self._note = widgets.HTML()
        self._slot = widgets.VBox()
        self.widget = widgets.VBox((self._unit, self._slot, self._note))
        self.widget.add_class("orbital-plot")
        self._unit.observe(self._chosen, "value")
        results.observe(lambda _: self._arrived(), "outcome")
        results.observe(lambda _: self._pick(), "picked")
        self._arrived()

    def _arrived(self) -> None:
        offered, old = units(self.results.outcome), self._unit.value
        self._unit.unobserve(self._chosen, "value")
        self._unit.options = tuple((unit or "no unit", unit) for unit in offered)
        self._unit.value = old if old in offered else next(iter(offered), None)
        self._unit.observe(self._chosen, "value")
        self._unit.layout.display = "" if len(offered) > 1 else "none"
        self._draw()

    def _chosen(self, _change: Any) -> None:
        self._draw()

    def _draw(self) -> None:
        outcome = self.results.outcome
        with self.lock:
            self.shown = points(outcome, self._unit.value or "", self.colors)
            kind = (outcome.table, self.shown.x_scale, self.shown.y_scale)
            if kind == self._kind:
                self.source.selected.indices = []
                self.source.data = dict(self.shown.data)
                figures.dress(self.figure, outcome, self.shown.unit)
            else:
                self._kind = kind
                self._build(outcome)
            self._note.value = escape(words.not_shown(self.shown))
            self.results.unit = self._unit.value or ""

    def _build(self, outcome: Outcome) -> None:
        self.source = ColumnDataSource(dict(self.shown.data))
        self.source.selected.on_change("indices", self._selected)
        scales = (self.shown.x_scale, self.shown.y_scale)
        self.figure = figures.plot(outcome.table, self.source, *scales)
        figures.dress(self.figure, outcome, self.shown.unit)
        old = self._slot.children
        self._slot.children = (LiveFigure(self.figure, lock=self.lock),)
        for figure in old:
            figure.close()

    def _selected(self, _attr: str, _old: Any, new: list[int]) -> None:
        if self._marking:
            return
        with self.lock:
            rows = self.shown.data["row"]
            self.results.picked = tuple(int(rows[i]) for i in new if i < len(rows))

    def _pick(self) -> None:
        rows = {int(row): i for i, row in enumerate(self.shown.data.get("row", ()))}
        indices = [rows[row] for row in self.results.picked if row in rows]
        if indices != list(self.source.selected.indices):
            self._marking = True  # rows of other units stay picked
            self.source.selected.indices = indices
            self._marking = False
