"""Files of rows: those fetched at once, all selected ones with progress and cancel."""

import threading
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from orbital_kernel.errors import OrbitalError
from orbital_widgets.connection import sentence
from orbital_widgets.explorer_files import FORMATS, MOST_ROWS, ExplorerFiles
from orbital_widgets.frame_files import FORMATS as FETCHED

if TYPE_CHECKING:
    from concurrent.futures import Future

MANY_ROWS = 200_000
"""From so many rows on the estimate is shown first, and a second press writes them."""


class FilesView:
    """Buttons that write files into the working folder, named by the table."""

    def __init__(self, files: ExplorerFiles) -> None:
        self.files, self._lock = files, files.selection.lock
        self._cancelled = threading.Event()
        self._warned: tuple[Any, ...] = ()
        self.kind = widgets.Dropdown(description="Format", options=FORMATS)
        self.save = widgets.Button(
            description="Save rows", tooltip="write the rows fetched"
        )
        self.export = widgets.Button(
            description="Export all selected",
            tooltip=f"write all selected rows, {MOST_ROWS:,} at most",
            layout=widgets.Layout(width="auto"),
        )
        self.cancel = widgets.Button(description="Cancel", disabled=True)
        self.bar = widgets.IntProgress(layout=widgets.Layout(display="none"))
        self.words = widgets.HTML()
        self.save.on_click(lambda _button: self._save())
        self.export.on_click(lambda _button: self._begin())
        self.cancel.on_click(lambda _button: self._cancelled.set())
        self.widget = widgets.HBox(
            (self.kind, self.save, self.export, self.cancel, self.bar, self.words),
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        self.widget.add_class("orbital-files")

    def _name(self) -> str:
        return f"{self.files.selection.table}.{self.kind.value}"

    def _save(self) -> None:
        outcome = self.files.results.outcome
        try:
            if self.kind.value not in dict(FETCHED).values():
                text = "regions and MOCs are of all selected rows: press Export"
            else:
                path = self.files.save(f"{outcome.table}.{self.kind.value}")
                text = f"{len(outcome.frame):,} rows written to {path}"
        except OrbitalError as error:
            text = str(error)
        except OSError as error:
            text = f"the file cannot be written: {error.strerror}"
        self.words.value = escape(text)

    def _begin(self) -> None:
        """Count first; write at once unless there are many rows."""
        files, selected = self.files, self.files.selection.values()
        sure = self._warned == selected
        name = self._name()
        self._cancelled.clear()
        self._running(is_running=True)
        self.words.value = "<i>counting…</i>"

        def work() -> str:
            rows = files.rows_at_most()
            if MANY_ROWS < rows <= MOST_ROWS and not sure:
                self._warned = selected
                return f"up to {rows:,} rows: press Export again to write them"
            return str(
                files.export(
                    name, progress=self._progressed, stopped=self._cancelled.is_set
                )
            )

        files.writing.ask(work, self._done)

    def _progressed(self, rows: int, most: int) -> None:
        def show() -> None:
            with self._lock:
                self.bar.max, self.bar.value = max(most, 1), rows
                self.words.value = f"<i>{rows:,} of up to {most:,} rows…</i>"

        self.files.writing.meanwhile(show)

    def _done(self, future: "Future[str]") -> None:
        error = future.exception()
        text = future.result() if error is None else sentence(error)
        self._running(is_running=False)
        self.words.value = escape(text)

    def _running(self, *, is_running: bool) -> None:
        self.export.disabled, self.cancel.disabled = is_running, not is_running
        self.bar.value = 0
        self.bar.layout.display = "" if is_running else "none"
