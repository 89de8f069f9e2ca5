"""The light curve of a burst that coincides with an excursion, from all observatories."""

import json
import threading
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_kernel.errors import QueryError
from orbital_widgets.cancel_button import CancelButton
from orbital_widgets.connection import sentence
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.latest import Latest

if TYPE_CHECKING:
    from concurrent.futures import Future


class BurstCurvePart:
    """The newest light curve asked for, in the units of each instrument."""

    def __init__(self, lock: threading.RLock, *, static: bool) -> None:
        self._static = static
        self._latest, self._figure = Latest(lock), FigureSlot(lock)
        self.text = ipywidgets.HTML()
        cancel = CancelButton(self._latest).widget
        self.widget = ipywidgets.VBox((self.text, cancel, self._figure.widget))
        self.widget.add_class("orbital-burst-curve")

    @property
    def is_drawn(self) -> bool:
        """Whether a figure is shown."""
        return bool(self._figure.widget.children)

    def ask(self, session: Any, row: Mapping[str, Any]) -> None:
        """Ask for the points of the catalogued burst at the time of an excursion."""
        self.text.value = "<i>asking…</i>"
        self._latest.ask(lambda: session.light_curve(name_of(row)), self._arrived)

    def clear(self) -> None:
        """Forget the burst shown before."""
        self.text.value = ""
        self._figure.put(None)

    def wait(self, timeout_s: float) -> None:
        """Block until a light curve asked for has arrived."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Stop asking and release the figure."""
        self._latest.close()
        self._figure.close()

    def _arrived(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None:
            self.text.value = f"No light curve: {escape(sentence(error))}"
            self._figure.put(None)
            return
        curve = future.result()
        self.text.value = escape(repr(curve).splitlines()[0])
        if not self._static:
            self._figure.put(curve.plot())


def name_of(row: Mapping[str, Any]) -> str:
    """Return the name of the catalogued burst at the time of an excursion."""
    matches = json.loads(row["matches"] or "[]")
    names = [match["name"] for match in matches if match.get("name")]
    if not names:
        raise QueryError(
            "no catalogued burst or notice coincides with the selected excursion, and rates "
            "alone give no position: select one that coincides with a burst"
        )
    return str(names[0])
