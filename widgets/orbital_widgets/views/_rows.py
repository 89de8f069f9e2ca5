"""The rows as a table, one page at a time."""

from typing import Any

import ipywidgets as widgets
import polars as pl

from orbital_widgets.results import Results
from orbital_widgets.table_html import table_html

PAGE_ROWS = 20


class RowsView:
    """Rows of the newest outcome; only the picked ones if a view of them picked any.

    Rows picked in the table, or in the list beside it, are marked, and picked in all
    other views.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.page = 0
        self._picking = False
        self._list = widgets.SelectMultiple(
            description="Pick rows", rows=10, tooltip="rows to highlight in the plots"
        )
        self._list.add_class("orbital-pick")
        self._list.observe(self._picked, "value")
        self._table = widgets.HTML(layout=widgets.Layout(overflow="auto"))
        self._label = widgets.Label()
        self._back = widgets.Button(description="Back", icon="arrow-left")
        self._next = widgets.Button(description="Next", icon="arrow-right")
        self._all = widgets.Button(description="Show all rows")
        self._back.on_click(lambda _: self.turn(-1))
        self._next.on_click(lambda _: self.turn(1))
        self._all.on_click(lambda _: self._unpick())
        bar = widgets.HBox(
            (self._back, self._next, self._label, self._all),
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        self.widget = widgets.VBox((bar, widgets.HBox((self._list, self._table))))
        self.widget.add_class("orbital-rows")
        results.observe(self._restart, ("outcome", "picked"))
        self._show()

    @property
    def frame(self) -> pl.DataFrame:
        """The rows shown over all pages."""
        frame: pl.DataFrame = self.results.outcome.chosen
        picked = self.results.picked
        return frame[list(picked)] if picked and not self._picking else frame

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(1, -(-len(self.frame) // PAGE_ROWS))

    def turn(self, pages: int) -> None:
        """Go forward or back by that many pages, within the first and last."""
        self.page = min(max(self.page + pages, 0), self.pages - 1)
        self._show()

    def _restart(self, change: Any) -> None:
        if change["name"] == "outcome":
            self._picking = False
        if self._picking:
            self._show()
            return
        self.page = 0
        self._show()

    def _picked(self, change: Any) -> None:
        """Pick the rows chosen in the list, in addition to those of other pages."""
        listed = {row for _, row in self._list.options}
        others = (row for row in self.results.picked if row not in listed)
        self._picking = True
        self.results.picked = tuple(sorted((*others, *change["new"])))

    def _unpick(self) -> None:
        self._picking = False
        self.results.picked = ()

    def _show(self) -> None:
        frame, picked = self.frame, self.results.picked
        first = self.page * PAGE_ROWS
        rows = frame[first : first + PAGE_ROWS]
        numbers = list(range(len(frame)))
        if picked and not self._picking:
            numbers = list(picked)
        listed = numbers[first : first + PAGE_ROWS]
        self._offer(listed)
        self._back.disabled = self.page == 0
        self._next.disabled = self.page == self.pages - 1
        self._all.layout.display = "" if picked else "none"
        self._label.value = (
            f"page {self.page + 1} of {self.pages}, {len(frame):,} rows"
            + (f", {len(picked):,} of them picked" if self._picking and picked else "")
            + (" picked in the plot" if picked and not self._picking else "")
        )
        marked = tuple(i for i, row in enumerate(listed) if row in picked)
        self._table.value = (
            table_html(rows, self.results.outcome.table, picked=marked)
            if len(rows)
            else "<i>no rows</i>"
        )

    def _offer(self, rows: list[int]) -> None:
        """List the rows of this page, those picked chosen."""
        self._list.unobserve(self._picked, "value")
        options = tuple((f"row {row + 1}", row) for row in rows)
        if options != self._list.options:
            self._list.value = ()  # the browser marks rows before it drops old ones
            self._list.options = options
        self._list.value = tuple(row for row in rows if row in self.results.picked)
        self._list.observe(self._picked, "value")
