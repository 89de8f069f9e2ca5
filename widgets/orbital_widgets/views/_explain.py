"""How the rows were found: what the server evaluated and what was computed here."""

from html import escape
from typing import Any

import ipywidgets as widgets

from orbital_widgets.results import Results


class ExplainView:
    """The explanation of each query, as text."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.widget = widgets.HTML()
        self.widget.add_class("orbital-explain")
        results.observe(self._read, "outcome")
        self._read(None)

    def _read(self, _change: Any) -> None:
        text = "\n\n".join(str(explain) for explain in self.results.outcome.explains)
        self.widget.value = f"<pre>{escape(text or 'no query yet')}</pre>"
