"""Buttons above the rows: earlier and later selections, and files."""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from orbital_kernel.errors import OrbitalError
from orbital_widgets.frame_files import FORMATS
from orbital_widgets.results import Results


def bar(
    go: Callable[[int], None], save: Callable[[str | Path], Path], results: Results
) -> widgets.HBox:
    """Return the buttons; files go into the working folder, named by the table."""
    back = widgets.Button(description="Earlier selection", icon="arrow-left")
    later = widgets.Button(description="Later selection", icon="arrow-right")
    back.on_click(lambda _button: go(-1))
    later.on_click(lambda _button: go(1))
    kind = widgets.Dropdown(description="Format", options=FORMATS)
    write = widgets.Button(description="Save rows")
    saved_as = widgets.HTML()

    def save_rows(_button: Any) -> None:
        try:
            path = save(f"{results.outcome.table}.{kind.value}")
            text = f"{len(results.outcome.frame):,} rows written to {path}"
        except OrbitalError as error:
            text = str(error)
        except OSError as error:
            text = f"the file cannot be written: {error.strerror}"
        saved_as.value = escape(text)

    write.on_click(save_rows)
    shown = widgets.HBox((back, later, kind, write, saved_as))
    shown.add_class("orbital-bar")
    return shown
