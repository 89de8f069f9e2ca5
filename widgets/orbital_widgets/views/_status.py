"""The state in words: busy, rows found, problems."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from orbital_widgets import words
from orbital_widgets.results import Results


class StatusView:
    """One line while queries run, then one line per observatory, and every problem.

    A button connects again when the platform did not answer.
    """

    def __init__(
        self, results: Results, reconnect: Callable[[], None] = lambda: None
    ) -> None:
        self.results = results
        self.text = widgets.HTML()
        self.reconnect = widgets.Button(
            description="Reconnect",
            icon="plug",
            tooltip="connect to the platform again, and ask again",
        )
        self.reconnect.on_click(lambda _button: reconnect())
        self.widget = widgets.VBox((self.text, self.reconnect))
        self.widget.add_class("orbital-status")
        results.observe(self._read, ("busy", "outcome"))
        self._read(None)

    def _read(self, _change: Any) -> None:
        self.text.value = status_html(self.results)
        lost = self.results.outcome.lost and not self.results.busy
        self.reconnect.layout.display = "" if lost else "none"


def status_html(results: Results) -> str:
    """Return the state as HTML; problems in red, marked in words."""
    if results.busy:
        return "<i>querying…</i>"
    outcome = results.outcome
    problems = [
        f'<span style="color:#b00020"><b>Problem:</b> {escape(problem)}</span>'
        for problem in outcome.problems
    ]
    return "<br>".join([*problems, *map(escape, words.summary(outcome))])
