"""The selection as Python code to copy."""

from html import escape
from typing import Any

import ipywidgets as widgets

from orbital_kernel.errors import OrbitalError
from orbital_widgets.selection import Selection

COPY = (
    "const s = getSelection(); s.selectAllChildren(this.nextElementSibling);"
    "document.execCommand('copy'); this.textContent = 'Copied'"
)


class CodeView:
    """The equivalent code, with a button that copies it."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.widget = widgets.HTML()
        self.widget.add_class("orbital-code")
        selection.observe(self._read)
        self._read(None)

    def _read(self, _change: Any) -> None:
        try:
            text = self.selection.code()
        except OrbitalError as error:
            self.widget.value = f"<i>{escape(str(error))}</i>"
            return
        self.widget.value = (
            f'<button onclick="{escape(COPY)}">Copy</button><pre>{escape(text)}</pre>'
        )
