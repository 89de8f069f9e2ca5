"""A format and [Save]: what is shown, as a file."""

from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets

from orbital_kernel.errors import OrbitalError

FORMATS = (("CSV", "csv"), ("ECSV", "ecsv"), ("FITS", "fits"), ("VOTable", "vot"))


class SaveBar:
    """Writes by `save`, which gets the ending of the file's name and returns the file."""

    def __init__(self, save: Callable[[str], Path]) -> None:
        self._save = save
        self.format = ipywidgets.Dropdown(description="Format", options=FORMATS)
        self.button = ipywidgets.Button(
            description="Save", tooltip="write the points shown"
        )
        self.text = ipywidgets.HTML()
        self.button.on_click(lambda _button: self._pressed())
        self.widget = ipywidgets.HBox(
            (self.format, self.button, self.text),
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )

    def _pressed(self) -> None:
        try:
            path = self._save(self.format.value)
        except (OrbitalError, ValueError) as error:
            text = str(error)
        except OSError as error:
            text = f"the file cannot be written: {error.strerror}"
        else:
            text = f"the points are written to {path}"
        self.text.value = escape(text)
