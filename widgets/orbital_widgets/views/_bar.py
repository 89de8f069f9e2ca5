"""Buttons of the history: earlier and later selections."""

from collections.abc import Callable

import ipywidgets as widgets

from orbital_widgets.history import History
from orbital_widgets.results import Results


def bar(go: Callable[[int], None], history: History, results: Results) -> widgets.HBox:
    """Return buttons that go back to earlier selections and forward again.

    A button is disabled if there is no selection on its side.
    """
    back = widgets.Button(description="Earlier selection", icon="arrow-left")
    later = widgets.Button(description="Later selection", icon="arrow-right")
    back.on_click(lambda _button: go(-1))
    later.on_click(lambda _button: go(1))

    def enable(_change: object = None) -> None:
        back.disabled, later.disabled = (
            not history.can_go_back,
            not history.can_go_forward,
        )

    results.observe(enable, ("busy", "outcome"))
    enable()
    shown = widgets.HBox((back, later))
    shown.add_class("orbital-bar")
    return shown
