"""The state in words: busy, rows found, problems."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from orbital_widgets import words
from orbital_widgets.cancel_button import CancelButton
from orbital_widgets.latest import Latest
from orbital_widgets.paint import problem
from orbital_widgets.results import Results


class StatusView:
    """One line while queries run, then one line per observatory, and every problem.

    A button connects again when the platform did not answer; another ends a question
    that takes long.
    """

    def __init__(
        self, results: Results, reconnect: Callable[[], None], latest: Latest
    ) -> None:
        self.results, self.latest = results, latest
        self.text = widgets.HTML()
        self.reconnect = widgets.Button(
            description="Reconnect",
            icon="plug",
            tooltip="connect to the platform again, and ask again",
        )
        self.reconnect.on_click(lambda _button: reconnect())
        buttons = widgets.HBox((self.reconnect, CancelButton(latest).widget))
        self.widget = widgets.VBox((self.text, buttons))
        self.widget.add_class("orbital-status")
        results.observe(self._read, ("busy", "outcome"))
        self._read(None)

    def _read(self, _change: Any) -> None:
        self.text.value = status_html(self.results, self.latest.limit)
        lost = self.results.outcome.lost and not self.results.busy
        self.reconnect.layout.display = "" if lost else "none"


def status_html(results: Results, limit: str) -> str:
    """Return the state as HTML; problems in red, marked in words."""
    if results.busy:
        return f"<i>querying… {escape(limit)}</i>"
    outcome = results.outcome
    problems = [problem(text) for text in outcome.problems]
    return "<br>".join([*problems, *map(escape, words.summary(outcome))])
