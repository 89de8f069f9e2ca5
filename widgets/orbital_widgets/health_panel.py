"""The platform's health as a panel that looks again by itself, off the kernel's thread."""

import inspect
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Self

import ipywidgets

from orbital_kernel.storage.health.alerts import Alert, Alerts
from orbital_kernel.storage.health.checks import STATES, Check, Health, health_of
from orbital_widgets.latest import Latest, running_loop
from orbital_widgets.static import is_static

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

COLORS = {
    "ok": "#009E73",
    "absent": "#6B7280",
    "unknown": "#CC79A7",
    "warn": "#E69F00",
    "bad": "#D55E00",
}
NEWS = 5
CELL = (
    "padding:2px 10px;border-bottom:1px solid #ddd;text-align:left;vertical-align:top"
)


class HealthPanel(ipywidgets.VBox):  # type: ignore[misc]
    """State, checks and alerts; `look` tells the health, `every_s` how often it is asked.

    Looks run on a thread of their own, so that cells can run meanwhile. A look that has a
    parameter `within_s` is given `every_s`, to end in that time. A look that fails, or
    has not ended after `every_s`, is shown as unknown with the age of the last answer;
    the next one follows when it has ended. Closing the panel ends the looking. A static
    panel, in which nothing can be clicked, shows every check.
    """

    def __init__(
        self,
        look: Callable[..., Health],
        *,
        every_s: float = 10.0,
        alerts: Alerts | None = None,
        static: bool | None = None,
    ) -> None:
        super().__init__()
        if every_s <= 0:
            raise ValueError(f"every_s is seconds above 0, not {every_s}")
        self._look, self._every_s = _bounded(look, every_s), every_s
        self._alerts = alerts or Alerts()
        self._static = is_static(asked=static)
        self._latest = Latest(threading.RLock())
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._answered: datetime | None = None
        self._news: list[str] = []
        self._open = True
        self.health: Health | None = None
        self.looks = 0
        self._state = ipywidgets.HTML("looking …")
        self._checks = ipywidgets.HTML()
        self._told = ipywidgets.HTML()
        self._every_check = ipywidgets.Checkbox(
            value=self._static, description="show checks that are ok", indent=False
        )
        self._every_check.observe(lambda _change: self._draw(), "value")
        self.children = (self._state, self._told, self._every_check, self._checks)
        self.refresh()

    def refresh(self) -> None:
        """Look now; what comes of it is shown when it is there."""
        if not self._open:
            return
        self._cancel_timers()
        self._latest.ask(self._look, self._shown)
        if self._loop is not None and not self._loop.is_closed():
            self._late = self._loop.call_later(self._every_s, self._overdue)

    def wait(self, timeout_s: float = 60.0) -> Self:
        """Block until the look under way is shown; TimeoutError if it is not in time."""
        self._latest.wait(timeout_s)
        return self

    def close(self) -> None:
        """End the looking and take the panel away."""
        self._open = False
        self._cancel_timers()
        self._latest.close()
        super().close()

    def __repr__(self) -> str:
        """Tell what it is; what it shows changes."""
        return f"HealthPanel(every {self._every_s:g} s)"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not self._static:
            return super()._repr_mimebundle_(**options)
        if not self.looks:
            self.wait()
        parts = (self._state.value, self._told.value, self._checks.value)
        return {"text/plain": repr(self), "text/html": "".join(parts)}

    def _shown(self, future: "Future[Health]") -> None:
        if not self._open:
            return
        self._cancel_timers()
        error = future.exception()
        if error:
            self._show(self._unknown(f"could not be told: {error}"))
        else:
            self._answered = datetime.now(UTC)
            self._show(future.result())
        self.looks += 1
        if self._loop is not None and not self._loop.is_closed():
            self._timer = self._loop.call_later(self._every_s, self.refresh)

    def _overdue(self) -> None:
        """Show that a look has not ended in its period: what it saw before is old."""
        if self._open:
            self._show(self._unknown(f"no answer within {self._every_s:g} s"))

    def _unknown(self, reason: str) -> Health:
        age = "there was no answer before"
        if self._answered is not None:
            seconds = (datetime.now(UTC) - self._answered).total_seconds()
            age = f"the last answer is {seconds:.0f} s old"
        return health_of([Check("look", "unknown", f"{reason}; {age}")])

    def _show(self, health: Health) -> None:
        self.health = health
        for alert in self._alerts.update(health):
            self._news.insert(0, _line(alert))
        del self._news[NEWS:]
        self._draw()

    def _cancel_timers(self) -> None:
        for timer in (self._timer, self._late):
            if timer is not None:
                timer.cancel()

    def _draw(self) -> None:
        if self.health is None:
            return
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        checks = self.health.checks
        fine = sum(check.state == "ok" for check in checks)
        self._state.value = (
            f"{_badge(self.health.state)} {fine} of {len(checks)} checks are ok, "
            f"looked at {at}"
        )
        self._told.value = "".join(f"<div>{line}</div>" for line in self._news)
        shown = [c for c in checks if self._every_check.value or c.state != "ok"]
        self._checks.value = _table(shown)


def _bounded(look: Callable[..., Health], seconds: float) -> Callable[[], Health]:
    """Return the look, ending in so many seconds where it can be bounded."""
    if "within_s" in inspect.signature(look).parameters:
        return partial(look, within_s=seconds)
    return look


def _table(checks: list[Check]) -> str:
    worst = sorted(checks, key=lambda check: -STATES.index(check.state))
    rows = "".join(
        f'<tr><td style="{CELL}">{_badge(one.state)}</td>'
        f'<td style="{CELL}">{escape(one.name)}</td>'
        f'<td style="{CELL}">{escape(one.reason)}</td></tr>'
        for one in worst
    )
    if not rows:
        return "<i>every check is ok</i>"
    head = "".join(
        f'<th style="{CELL}">{name}</th>' for name in ("state", "check", "found")
    )
    return f'<table style="border-collapse:collapse">{head}{rows}</table>'


def _badge(state: str) -> str:
    return (
        f'<b style="color:white;background:{COLORS[state]};padding:1px 8px;'
        f'border-radius:3px">{state}</b>'
    )


def _line(alert: Alert) -> str:
    at = datetime.now(UTC).strftime("%H:%M:%S")
    return f"{at} {alert.event} {_badge(alert.state)} {escape(alert.name)}: {escape(alert.reason)}"
