"""The tables below a light curve: its points, what is excluded, neighbours, and the code."""

from html import escape

import ipywidgets
import polars as pl

from orbital_widgets.curve_look import CurveLook
from orbital_widgets.frame_pages import FramePages

POINTS = (
    *("observatory", "instrument", "mode", "utc", "since_s", "value", "value_err_plus"),
    *("value_err_minus", "unit", "is_limit", "band", "exposure_s", "reference"),
)
PARTS = {
    "Points": ("points", "no points"),
    "Excluded": ("reasons", "no point is excluded"),
    "Neighbours": ("neighbours", "no other object lies nearby"),
}
"""Frames of a light curve by title, and what to say of an empty one."""
CODE = "Copy as code"
COPY = (
    "const s = getSelection(); s.selectAllChildren(this.nextElementSibling);"
    "document.execCommand('copy'); this.textContent = 'Copied'"
)


class CurveTables:
    """Tabs with the content of the figure, for those who read or do not see it."""

    def __init__(self) -> None:
        self._pages = {
            name: FramePages(POINTS if name == "Points" else None) for name in PARTS
        }
        self._code = ipywidgets.HTML()
        children = (*(pages.widget for pages in self._pages.values()), self._code)
        self.widget = ipywidgets.Tab(children, titles=(*PARTS, CODE))

    def show(self, answer: CurveLook) -> None:
        """Show another light curve."""
        for name, (part, empty) in PARTS.items():
            frame = getattr(answer.curve, part, None)
            self._pages[name].show(
                pl.DataFrame() if frame is None else frame,
                "no light curve" if frame is None else empty,
            )
        self.show_code(answer)

    def show_code(self, answer: CurveLook) -> None:
        """Show the code of another choice; the points stay."""
        code = escape(answer.code)
        self._code.value = (
            f'<button onclick="{escape(COPY)}">Copy</button><pre>{code}</pre>'
        )

    def html(self, name: str) -> str:
        """Return what the tab of that title shows."""
        return str(self._code.value) if name == CODE else self._pages[name].html

    def page(self) -> str:
        """Return all tabs below one another, for a page without a kernel."""
        parts = (f"<h4>{name}</h4>{self.html(name)}" for name in (*PARTS, CODE))
        return "".join(parts)
