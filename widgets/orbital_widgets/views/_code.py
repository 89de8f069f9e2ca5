"""The selection as Python code to copy."""

from html import escape
from typing import Any

import ipywidgets as widgets
from traitlets import TraitError

from orbital_kernel.errors import OrbitalError
from orbital_widgets.paint import problem
from orbital_widgets.selection import Selection

COPY = (
    "const s = getSelection(); s.selectAllChildren(this.nextElementSibling);"
    "document.execCommand('copy'); this.textContent = 'Copied'"
)


class CodeView:
    """The equivalent code with a button that copies it, and the selection as JSON.

    JSON that is pasted over it is taken by [Restore].
    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.text = widgets.HTML()
        self.saved = widgets.Textarea(description="As JSON", rows=4)
        self.saved.layout.width = "100%"
        self.restore = widgets.Button(
            description="Restore", tooltip="select what the JSON describes"
        )
        self.problem = widgets.HTML()
        self.restore.on_click(lambda _button: self._restored())
        row = widgets.HBox((self.restore, self.problem))
        self.widget = widgets.VBox((self.text, self.saved, row))
        self.widget.add_class("orbital-code")
        selection.observe(self._read)
        self._read(None)

    def _restored(self) -> None:
        try:
            selection = Selection.from_json(self.saved.value)
        except (OrbitalError, TraitError, TypeError, ValueError) as error:
            self.problem.value = problem(str(error), mark="")
        else:
            self.problem.value = ""
            self.selection.become(selection)

    def _read(self, _change: Any) -> None:
        self.saved.value = self.selection.to_json()
        try:
            text = self.selection.code()
        except OrbitalError as error:
            self.text.value = f"<i>{escape(str(error))}</i>"
            return
        self.text.value = (
            f'<button onclick="{escape(COPY)}">Copy</button><pre>{escape(text)}</pre>'
        )
