"""Buttons of the history: earlier and later selections."""

from collections.abc import Callable

import ipywidgets as widgets


def bar(go: Callable[[int], None]) -> widgets.HBox:
    """Return buttons that go back to earlier selections and forward again."""
    back = widgets.Button(description="Earlier selection", icon="arrow-left")
    later = widgets.Button(description="Later selection", icon="arrow-right")
    back.on_click(lambda _button: go(-1))
    later.on_click(lambda _button: go(1))
    shown = widgets.HBox((back, later))
    shown.add_class("orbital-bar")
    return shown
