"""By how much one series of a light curve follows another: two menus and a sentence."""

import threading
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_widgets.cancel_button import CancelButton
from orbital_widgets.connection import sentence
from orbital_widgets.latest import Latest

if TYPE_CHECKING:
    from concurrent.futures import Future

SIMULATIONS = 300


class LagBar:
    """Two series and [Measure lag]; `subject` returns the session and the object."""

    def __init__(
        self, subject: Callable[[], tuple[Any, str]], lock: threading.RLock
    ) -> None:
        self._subject, self._latest = subject, Latest(lock)
        self._of = ipywidgets.Dropdown(description="Lag of")
        self._against = ipywidgets.Dropdown(description="against")
        self._measure = ipywidgets.Button(
            description="Measure lag",
            tooltip="by how much the first follows the second",
        )
        self._measure.on_click(lambda _button: self.measure())
        self._text = ipywidgets.HTML()
        cancel = CancelButton(self._latest).widget
        self.widget = ipywidgets.HBox(
            (self._of, self._against, self._measure, cancel, self._text)
        )

    def offer(self, selections: tuple[str, ...]) -> None:
        """Offer the series of another light curve; a chosen one stays if it has it."""
        for menu in (self._of, self._against):
            chosen = menu.value
            menu.options = selections
            if selections:
                first = selections[0 if menu is self._of else -1]
                menu.value = chosen if chosen in selections else first
        self._measure.disabled = not selections

    def measure(self) -> None:
        """Measure the lag between the series chosen."""
        session, name = self._subject()
        of, against = self._of.value, self._against.value
        self._text.value = "<i>measuring…</i>"
        self._latest.ask(
            lambda: session.lag(name, of=of, against=against, simulations=SIMULATIONS),
            self._measured,
        )

    def wait(self, timeout_s: float) -> None:
        """Block until a lag asked for has arrived."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Stop measuring."""
        self._latest.close()

    def _measured(self, future: "Future[Any]") -> None:
        error = future.exception()
        text = str(future.result()) if error is None else sentence(error)
        self._text.value = escape(text)
