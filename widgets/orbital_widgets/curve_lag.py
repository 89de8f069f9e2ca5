"""The lag between two series of one object: which, how, and what was found."""

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


class LagBar:
    """Menus of two series and a method; a button measures."""

    def __init__(
        self, lock: threading.RLock, chosen: Callable[[CurveChoice], None]
    ) -> None:
        self._latest, self._chosen = Latest(lock), chosen
        self._choice, self._following = CurveChoice(), False
        self._session: Any = None
        self.of = ipywidgets.Dropdown(description="Lag of")
        self.against = ipywidgets.Dropdown(description="against")
        self.method = ipywidgets.Dropdown(
            description="by", options=METHODS, layout={"width": "340px"}
        )
        self.measure = ipywidgets.Button(
            description="Measure lag",
            tooltip="by how much the first follows the second",
        )
        self.text = ipywidgets.HTML()
        for menu in (self.of, self.against, self.method):
            menu.observe(lambda _change: self._changed(), "value")
        self.measure.on_click(lambda _button: self._measured())
        cancel = CancelButton(self._latest).widget
        row = (self.of, self.against, self.method, self.measure, cancel, self.text)
        wrapped = ipywidgets.Layout(flex_flow="row wrap")
        self.widget = ipywidgets.Box(row, layout=wrapped)

    def show(
        self, session: Any, choice: CurveChoice, selections: tuple[str, ...]
    ) -> None:
        """Offer the series of an object; those of the choice are chosen."""
        self._session, self._choice, self._following = session, choice, True
        ends = (choice.lag_of, choice.lag_against)
        for menu, wished, at in ((self.of, ends[0], 0), (self.against, ends[1], -1)):
            chosen = wished or menu.value
            menu.options = selections
            if selections:
                menu.value = chosen if chosen in selections else selections[at]
        self.method.value = choice.lag_method
        self.measure.disabled = not selections
        self._following = False

    @property
    def choice(self) -> CurveChoice:
        """The choice with the series and the method of the menus."""
        return replace(
            self._choice,
            lag_of=self.of.value,
            lag_against=self.against.value,
            lag_method=self.method.value,
        )

    def wait(self, timeout_s: float) -> None:
        """Block until a lag asked for has arrived."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Stop measuring."""
        self._latest.close()

    def _changed(self) -> None:
        if not self._following:
            self._choice = self.choice
            self._chosen(self._choice)

    def _measured(self) -> None:
        session, choice = self._session, self.choice
        self._choice = choice
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
            self._found,
        )

    def _found(self, future: "Future[Any]") -> None:
        error = future.exception()
        self.text.value = escape(
            str(future.result()) if error is None else sentence(error)
        )
