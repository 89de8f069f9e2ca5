"""Storage at a glance: gauges with forecast, health, latency, actions, plan and apply."""

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_kernel import plots
from orbital_kernel.plots import theme
from orbital_widgets.connection import sentence
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.frame_pages import FramePages
from orbital_widgets.latest import WITHIN_S, Latest
from orbital_widgets.paint import badge
from orbital_widgets.panel import Panel
from orbital_widgets.storage_look import StorageLook, look
from orbital_widgets.storage_parts import PARTS

if TYPE_CHECKING:
    from concurrent.futures import Future

FRAME_PX = 420


class StorageDashboard(Panel):
    """Quotas with forecast, health, query latency, actions taken, and plan with apply.

    Nothing changes before the box beside [Apply] is ticked.

    Parameters
    ----------
    orbital : Orbital
        The session.
    every_s : float, default 30.0
        Seconds between two looks.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.
    within_s : float, default 120.0
        Longest time to wait for an answer, s.

    Raises
    ------
    ValueError
        If `every_s` is not above 0.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import StorageDashboard
    >>> dashboard = StorageDashboard(connect(), static=True).wait()
    >>> dashboard.look.plan.changes
    ()
    >>> dashboard.close()
    """

    def __init__(
        self,
        orbital: Any,
        *,
        every_s: float = 30.0,
        static: bool | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        super().__init__(
            lambda: look(self.session),
            every_s=every_s,
            session=orbital,
            static=static,
            within_s=within_s,
        )
        self.look: StorageLook | None = None
        self._applying = Latest(self._lock_ui, within_s=None)
        self._state = ipywidgets.HTML("checking …")
        self._parts = {name: ipywidgets.HTML() for name in PARTS}
        self._consent = ipywidgets.Checkbox(
            description="apply these changes", indent=False, disabled=True
        )
        self._apply = ipywidgets.Button(
            description="Apply", disabled=True, tooltip="make the changes of the plan"
        )
        again = ipywidgets.Button(description="Refresh")
        self._consent.observe(lambda _change: self._enable(), "value")
        self._apply.on_click(lambda _button: self._applied())
        again.on_click(lambda _button: self.refresh())
        self._history, self._samples = FigureSlot(self._lock_ui), FramePages()
        samples = ipywidgets.Accordion(
            (self._samples.widget,), titles=("Samples of the figure, as a table",)
        )
        consent = ipywidgets.HBox((self._consent, self._apply))
        parts = (
            self._state,
            *self._parts.values(),
            consent,
            self._history.widget,
            samples,
        )
        self._lay_out(*parts, buttons=(again,))
        self.refresh()

    def _writing(self) -> tuple[Any, ...]:
        return (self._applying,)

    def _release(self) -> None:
        self._applying.close()
        self._history.close()

    def _show(self, answer: StorageLook) -> None:
        self.look = answer
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        self._state.value = f"{badge(answer.health.state)} checked at {at}"
        for name, html in PARTS.items():
            self._parts[name].value = f"<h4>{name}</h4>{html(answer)}"
        self._consent.disabled = not answer.plan.changes
        self._enable()
        self._samples.show(answer.samples, "no sample of capacity is stored yet")
        if not self._static and len(answer.samples):
            self._history.put(plots.storage(answer.samples))

    def _failed(self, reason: str) -> None:
        self._state.value = (
            f"{badge('unknown')} {escape(reason)}. Start the platform "
            "(<code>orbital up</code>), then [Refresh]."
        )

    def _static_html(self) -> str:
        figure = ""
        if self.look is not None and len(self.look.samples):
            page = theme.to_html(plots.storage(self.look.samples), title="Capacity")
            figure = (
                f'<iframe style="width:100%;height:{FRAME_PX}px;border:0" '
                f'title="capacity in use" srcdoc="{escape(page)}"></iframe>'
            )
        parts = (str(part.value) for part in self._parts.values())
        return f"{self._state.value}{''.join(parts)}{figure}"

    def _enable(self) -> None:
        self._apply.disabled = self._consent.disabled or not self._consent.value

    def _applied(self) -> None:
        """Make the changes on a thread of their own, then refresh."""
        self._consent.value = False
        self._consent.disabled = True
        self._state.value = "applying …"
        self._applying.ask(self.session.storage.apply, self._made)

    def _made(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is None:
            self.refresh()
        else:
            self._failed(f"the plan was not applied: {sentence(error)}")
