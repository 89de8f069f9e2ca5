"""The rows as a table, one page at a time."""

from typing import Any

import ipywidgets as widgets
import polars as pl

from orbital_widgets.results import Results
from orbital_widgets.table_html import table_html

PAGE_ROWS = 20


class RowsView:
    """Rows of the newest outcome; only the picked ones if any are picked."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.page = 0
        self._table = widgets.HTML(layout=widgets.Layout(overflow="auto"))
        self._label = widgets.Label()
        self._back = widgets.Button(description="Back", icon="arrow-left")
        self._next = widgets.Button(description="Next", icon="arrow-right")
        self._all = widgets.Button(description="Show all rows")
        self._back.on_click(lambda _: self.turn(-1))
        self._next.on_click(lambda _: self.turn(1))
        self._all.on_click(lambda _: self._unpick())
        bar = widgets.HBox((self._back, self._next, self._label, self._all))
        self.widget = widgets.VBox((bar, self._table))
        self.widget.add_class("orbital-rows")
        results.observe(self._restart, ("outcome", "picked"))
        self._show()

    @property
    def frame(self) -> pl.DataFrame:
        """The rows shown over all pages."""
        frame: pl.DataFrame = self.results.outcome.frame
        picked = self.results.picked
        return frame[list(picked)] if picked else frame

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(1, -(-len(self.frame) // PAGE_ROWS))

    def turn(self, pages: int) -> None:
        """Go forward or back by that many pages, within the first and last."""
        self.page = min(max(self.page + pages, 0), self.pages - 1)
        self._show()

    def _restart(self, _change: Any) -> None:
        self.page = 0
        self._show()

    def _unpick(self) -> None:
        self.results.picked = ()

    def _show(self) -> None:
        frame, picked = self.frame, self.results.picked
        rows = frame[self.page * PAGE_ROWS : (self.page + 1) * PAGE_ROWS]
        self._back.disabled = self.page == 0
        self._next.disabled = self.page == self.pages - 1
        self._all.layout.display = "" if picked else "none"
        self._label.value = (
            f"page {self.page + 1} of {self.pages}, {len(frame):,} rows"
            + (" picked in the plot" if picked else "")
        )
        self._table.value = (
            table_html(rows, self.results.outcome.table)
            if len(rows)
            else "<i>no rows</i>"
        )
