"""Any frame as a table with pages: what a figure shows, for those who do not see it."""

import ipywidgets
import polars as pl

from orbital_widgets.frame_html import PAGE_ROWS, frame_html


class FramePages:
    """A table of a frame's rows, with [Back] and [Next]."""

    def __init__(self, columns: tuple[str, ...] | None = None) -> None:
        self._columns = columns
        self._frame, self._page = pl.DataFrame(), 0
        self._html = ipywidgets.HTML()
        self._back = ipywidgets.Button(description="Back", tooltip="earlier rows")
        self._next = ipywidgets.Button(description="Next", tooltip="later rows")
        self._back.on_click(lambda _button: self.turn(-1))
        self._next.on_click(lambda _button: self.turn(1))
        self._bar = ipywidgets.HBox((self._back, self._next))
        self.widget = ipywidgets.VBox((self._html, self._bar))
        self.show(self._frame, "no rows")

    @property
    def html(self) -> str:
        """The page shown."""
        return str(self._html.value)

    def show(self, frame: pl.DataFrame, empty: str) -> None:
        """Show the rows of another frame from the first, or why there are none."""
        if frame.equals(self._frame) and len(frame):
            return
        self._frame, self._page, self._empty = frame, 0, empty
        self.turn(0)

    def turn(self, pages: int) -> None:
        """Go forward or back by that many pages, within the first and last."""
        last = max(0, -(-len(self._frame) // PAGE_ROWS) - 1)
        self._page = min(max(self._page + pages, 0), last)
        self._back.disabled = self._page == 0
        self._next.disabled = self._page == last
        self._bar.layout.display = "" if last else "none"
        first = self._page * PAGE_ROWS
        self._html.value = (
            frame_html(self._frame, self._columns, first=first)
            if len(self._frame)
            else f"<i>{self._empty}</i>"
        )
