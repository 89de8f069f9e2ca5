"""The platform's health as a panel that repeats its checks on its own thread."""

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
    """The state of the platform, its checks and its alerts, repeated periodically.

    The checks run on a separate thread, so that notebook cells can run meanwhile. If they
    fail, or have not ended after `every_s`, the panel shows unknown with the age of the
    last answer; the next run starts when they have ended.

    Parameters
    ----------
    look : callable
        Returns a `Health`: `orbital.health`, `orbital.storage.health` or a function of
        your own. A parameter `within_s` of it receives `every_s`.
    every_s : float, default 10.0
        Seconds between two runs.
    alerts : Alerts, optional
        State of the alerts; by default an alert is raised after two equal checks and
        cleared after three.
    static : bool, optional
        Show every check as HTML that needs no kernel. By default the environment variable
        ORBITAL_STATIC decides; reports set it.

    Raises
    ------
    ValueError
        If `every_s` is not above 0.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import HealthPanel
    >>> orbital = connect()
    >>> panel = HealthPanel(orbital.health, every_s=30, static=True).wait()
    >>> panel.health.state in {"ok", "absent", "unknown", "warn", "bad"}
    True
    >>> panel.close()
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
        self._static = is_static(choice=static)
        self._latest = Latest(threading.RLock())
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._answered: datetime | None = None
        self._news: list[str] = []
        self._open = True
        self.health: Health | None = None
        self.looks = 0
        self._state = ipywidgets.HTML("checking …")
        self._checks = ipywidgets.HTML()
        self._alert_lines = ipywidgets.HTML()
        self._every_check = ipywidgets.Checkbox(
            value=self._static, description="show checks that are ok", indent=False
        )
        self._every_check.observe(lambda _change: self._draw(), "value")
        self.children = (
            self._state,
            self._alert_lines,
            self._every_check,
            self._checks,
        )
        self.refresh()

    def refresh(self) -> None:
        """Check now; the panel shows the result when it arrives.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import HealthPanel
        >>> panel = HealthPanel(connect().health, static=True)
        >>> panel.refresh()
        >>> panel.wait().looks > 0
        True
        >>> panel.close()
        """
        if not self._open:
            return
        self._cancel_timers()
        self._latest.ask(self._look, self._shown)
        if self._loop is not None and not self._loop.is_closed():
            self._late = self._loop.call_later(self._every_s, self._overdue)

    def wait(self, timeout_s: float = 60.0) -> Self:
        """Block until the running checks are shown.

        Parameters
        ----------
        timeout_s : float, default 60.0
            Longest time to wait, in seconds.

        Returns
        -------
        HealthPanel
            The panel itself.

        Raises
        ------
        TimeoutError
            If the checks have not ended in time.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import HealthPanel
        >>> panel = HealthPanel(connect().health, static=True).wait()
        >>> panel.close()
        """
        self._latest.wait(timeout_s)
        return self

    def close(self) -> None:
        """Stop the checks and close the panel.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import HealthPanel
        >>> panel = HealthPanel(connect().health, static=True)
        >>> panel.close()
        """
        self._open = False
        self._cancel_timers()
        self._latest.close()
        super().close()

    def __repr__(self) -> str:
        """Return the class and the period; what the panel shows changes."""
        return f"HealthPanel(every {self._every_s:g} s)"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not self._static:
            return super()._repr_mimebundle_(**options)
        if not self.looks:
            self.wait()
        parts = (self._state.value, self._alert_lines.value, self._checks.value)
        return {"text/plain": repr(self), "text/html": "".join(parts)}

    def _shown(self, future: "Future[Health]") -> None:
        if not self._open:
            return
        self._cancel_timers()
        error = future.exception()
        if error:
            self._show(self._unknown(f"the checks failed: {error}"))
        else:
            self._answered = datetime.now(UTC)
            self._show(future.result())
        self.looks += 1
        if self._loop is not None and not self._loop.is_closed():
            self._timer = self._loop.call_later(self._every_s, self.refresh)

    def _overdue(self) -> None:
        """Show that the checks have not ended in their period, so that the state is old."""
        if self._open:
            self._show(self._unknown(f"no answer within {self._every_s:g} s"))

    def _unknown(self, reason: str) -> Health:
        age = "no earlier answer"
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
        self._alert_lines.value = "".join(f"<div>{line}</div>" for line in self._news)
        shown = [c for c in checks if self._every_check.value or c.state != "ok"]
        self._checks.value = _table(shown)


def _bounded(look: Callable[..., Health], seconds: float) -> Callable[[], Health]:
    """Return the function with its time limit set, if it has one."""
    if "within_s" in inspect.signature(look).parameters:
        return partial(look, within_s=seconds)
    return look


def _table(checks: list[Check]) -> str:
    worst = sorted(checks, key=lambda check: -STATES.index(check.state))
    rows = "".join(
        f'<tr><td style="{CELL}">{_badge(check.state)}</td>'
        f'<td style="{CELL}">{escape(check.name)}</td>'
        f'<td style="{CELL}">{escape(check.reason)}</td></tr>'
        for check in worst
    )
    if not rows:
        return "<i>every check is ok</i>"
    head = "".join(
        f'<th style="{CELL}">{name}</th>' for name in ("state", "check", "reason")
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
