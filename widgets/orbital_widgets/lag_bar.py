"""By how much one series of a light curve follows another: menus and a sentence."""

import threading
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_widgets.cancel_button import CancelButton
from orbital_widgets.connection import sentence
from orbital_widgets.curve_choice import CurveChoice
from orbital_widgets.latest import Latest

if TYPE_CHECKING:
    from concurrent.futures import Future

SIMULATIONS = 300
METHODS = (
    ("interpolated cross-correlation", "iccf"),
    ("z-transformed discrete", "zdcf"),
    ("discrete", "dcf"),
)
Subject = Callable[[], tuple[Any, CurveChoice]]


class LagBar:
    """Two series, a method and [Measure lag].

    `subject` returns the session and the choice shown; `chosen` gets the choice whenever
    its lag changes.
    """

    def __init__(
        self,
        subject: Subject,
        lock: threading.RLock,
        chosen: Callable[[CurveChoice], None],
    ) -> None:
        self._subject, self._latest, self._chosen = subject, Latest(lock), chosen
        self._offering = False
        self.of = ipywidgets.Dropdown(description="Lag of")
        self.against = ipywidgets.Dropdown(description="against")
        self.method = ipywidgets.Dropdown(description="by", options=METHODS)
        self.button = ipywidgets.Button(
            description="Measure lag",
            tooltip="by how much the first follows the second",
        )
        self.text = ipywidgets.HTML()
        for menu in (self.of, self.against, self.method):
            menu.observe(lambda _change: self._changed(), "value")
        self.button.on_click(lambda _button: self.measure())
        cancel = CancelButton(self._latest).widget
        row = (self.of, self.against, self.method, self.button, cancel, self.text)
        self.widget = ipywidgets.HBox(row)

    def offer(self, selections: tuple[str, ...], choice: CurveChoice) -> None:
        """Offer the series of another light curve; chosen ones stay if it has them."""
        self._offering = True
        ends = ((self.of, choice.lag_of, 0), (self.against, choice.lag_against, -1))
        for menu, wished, at in ends:
            chosen = wished or menu.value
            menu.options = selections
            if selections:
                menu.value = chosen if chosen in selections else selections[at]
        self.method.value = choice.lag_method
        self.button.disabled = not selections
        self._offering = False

    def measure(self) -> None:
        """Measure the lag between the series chosen."""
        session, choice = self._subject()[0], self._choice()
        self._chosen(choice)
        self.text.value = "<i>measuring…</i>"
        self._latest.ask(
            lambda: session.lag(
                choice.object,
                of=choice.lag_of,
                against=choice.lag_against,
                method=choice.lag_method,
                simulations=SIMULATIONS,
            ),
            self._measured,
        )

    def wait(self, timeout_s: float) -> None:
        """Block until a lag asked for has arrived."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Stop measuring."""
        self._latest.close()

    def _choice(self) -> CurveChoice:
        return replace(
            self._subject()[1],
            lag_of=self.of.value,
            lag_against=self.against.value,
            lag_method=self.method.value,
        )

    def _changed(self) -> None:
        if not self._offering:
            self._chosen(self._choice())

    def _measured(self, future: "Future[Any]") -> None:
        error = future.exception()
        text = str(future.result()) if error is None else sentence(error)
        self.text.value = escape(text)
