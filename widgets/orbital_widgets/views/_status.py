"""The state in words: busy, rows found, problems."""

from html import escape
from typing import Any

import ipywidgets as widgets

from orbital_widgets import words
from orbital_widgets.results import Results


class StatusView:
    """One line while queries run, then one line per observatory, and every problem."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.widget = widgets.HTML()
        self.widget.add_class("orbital-status")
        results.observe(self._read, ("busy", "outcome"))
        self._read(None)

    def _read(self, _change: Any) -> None:
        self.widget.value = status_html(self.results)


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
