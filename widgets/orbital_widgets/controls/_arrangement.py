"""Order, columns and text of the rows: sorted and filtered by the store."""

import ipywidgets as widgets

from orbital_kernel.model import schema
from orbital_widgets.results import Results
from orbital_widgets.selection import Selection
from orbital_widgets.selection_queries import sortable, textual


class Arrangement:
    """Controls of the order, a page of it, the columns, and a text that rows contain."""

    def __init__(self, selection: Selection, results: Results) -> None:
        self.selection, self.results = selection, results
        self.sort = widgets.Dropdown(description="Sort by")
        self.sort.add_class("orbital-sort")
        self.descending = widgets.Checkbox(description="largest first", indent=False)
        self.earlier = widgets.Button(
            description="Earlier rows", tooltip="the page before in this order"
        )
        self.later = widgets.Button(
            description="Later rows", tooltip="the next page in this order"
        )
        self.column = widgets.Dropdown(description="Text of")
        self.text = widgets.Text(
            description="contains",
            continuous_update=False,
            tooltip="only rows whose text contains this, case included",
        )
        self.text.add_class("orbital-contains")
        self.columns = widgets.SelectMultiple(
            description="Columns", rows=4, tooltip="columns shown and written to files"
        )
        self.note = widgets.Label()
        self._following = False
        order = widgets.HBox(
            (self.sort, self.descending, self.earlier, self.later, self.note),
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        self.widget = widgets.VBox(
            (
                order,
                widgets.HBox(
                    (self.column, self.text, self.columns),
                    layout=widgets.Layout(flex_flow="row wrap"),
                ),
            )
        )
        self.widget.add_class("orbital-arrangement")
        self._listen()
        self._read()

    def _listen(self) -> None:
        for entry in (self.sort, self.descending, self.columns, self.text):
            entry.observe(lambda _change: self._write(), "value")
        self.column.observe(lambda _change: self._offer_text(), "value")
        self.earlier.on_click(lambda _button: self._turn(-1))
        self.later.on_click(lambda _button: self._turn(1))
        names = ("table", "sort", "descending", "columns", "contains", "page")
        self.selection.observe(lambda _change: self._read(), names)
        self.results.observe(lambda _change: self._pages(), ("outcome", "busy"))

    def _write(self) -> None:
        if self._following:
            return
        selection = self.selection
        contains = dict(selection.contains)
        if self.column.value is not None:
            contains[self.column.value] = self.text.value.strip()
        with selection.lock, selection.hold_trait_notifications():
            selection.sort, selection.descending = (
                self.sort.value,
                self.descending.value,
            )
            every = len(self.columns.value) == len(self.columns.options)
            selection.columns = () if every else tuple(self.columns.value)
            selection.contains = contains

    def _read(self) -> None:
        """Follow the selection; its table decides which columns are offered."""
        selection, self._following = self.selection, True
        columns = {c.name: c for c in schema.table(f"any.{selection.table}").columns}
        order = (("as stored", ""), *((n, n) for n in sortable(selection.table)))
        for menu, options in (
            (self.sort, order),
            (self.column, textual(selection.table)),
            (self.columns, tuple(columns)),
        ):
            if tuple(menu.options) != options:
                if menu is self.columns:
                    menu.value = ()  # the browser marks names before it drops old ones
                menu.options = options
        if selection.sort in dict(order).values():
            self.sort.value = selection.sort
        self.descending.value = selection.descending
        self.columns.value = tuple(n for n in selection.columns if n in columns)
        shown = self.column.value or next(iter(self.column.options), None)
        if selection.contains and shown not in selection.contains:
            limited = [n for n in self.column.options if n in selection.contains]
            shown = limited[0] if limited else shown
        self.column.value = shown
        self.text.value = selection.contains.get(shown or "", "")
        self._following = False
        self._pages()

    def _offer_text(self) -> None:
        if not self._following:
            self._following = True
            self.text.value = self.selection.contains.get(self.column.value or "", "")
            self._following = False

    def _turn(self, pages: int) -> None:
        with self.selection.lock:
            self.selection.page = max(self.selection.page + pages, 0)

    def _pages(self) -> None:
        selection, rows = self.selection, len(self.results.outcome.frame)
        self.earlier.disabled = not selection.sort or selection.page == 0
        self.later.disabled = not selection.sort or rows < selection.limit
        first = selection.page * selection.limit
        self.note.value = (
            f"rows {first + 1:,} to {first + rows:,} in the order of {selection.sort}"
            if selection.sort and rows
            else "sort the rows to page through all selected ones"
        )
