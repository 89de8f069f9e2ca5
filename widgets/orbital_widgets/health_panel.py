"""The platform's health as a panel that repeats its checks on its own thread."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Protocol

import ipywidgets

from orbital_kernel.storage.health.alerts import Alert, Alerts
from orbital_kernel.storage.health.checks import STATES, Check, Health, health_of
from orbital_widgets.paint import badge, with_code
from orbital_widgets.panel import Panel, rows_html

NEWS = 5


class Healthy(Protocol):
    """Whoever can be asked for the platform's health: the session."""

    def health(self) -> Health:
        """Return the state of the platform."""


class HealthPanel(Panel):
    """The state of the platform, its checks and its alerts, repeated periodically.

    The checks run on a separate thread, so that notebook cells can run meanwhile. If they
    fail, or have not ended after `every_s`, the panel shows unknown with the age of the
    last answer; the next run starts when they have ended.

    Parameters
    ----------
    look : Orbital or callable
        The session, or a function that returns a `Health`, such as
        `orbital.storage.health`. A parameter `within_s` of it receives `every_s`.
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
    >>> panel = HealthPanel(orbital, every_s=30, static=True).wait()
    >>> panel.health.state in {"ok", "absent", "unknown", "warn", "bad"}
    True
    >>> panel.close()
    """

    def __init__(
        self,
        look: "Healthy | Callable[..., Health]",
        *,
        every_s: float = 10.0,
        alerts: Alerts | None = None,
        static: bool | None = None,
    ) -> None:
        super().__init__(_look(look), every_s=every_s, session=look, static=static)
        self._within_s = every_s
        self._alerts = alerts or Alerts()
        self._news: list[str] = []
        self.health: Health | None = None
        self._state = ipywidgets.HTML("checking …")
        self._checks = ipywidgets.HTML()
        self._alert_lines = ipywidgets.HTML()
        self._every_check = ipywidgets.Checkbox(
            value=self._static, description="show checks that are ok", indent=False
        )
        self._every_check.observe(lambda _change: self._draw(), "value")
        parts = (self._alert_lines, self._every_check, self._checks)
        self._lay_out(*parts, buttons=(self._state,))
        self.refresh()

    def _job(self) -> Callable[[], Health]:
        return _bounded(_look(self.session), self._within_s)

    def _static_html(self) -> str:
        parts = (self._state, self._alert_lines, self._checks)
        return "".join(str(part.value) for part in parts)

    def _failed(self, reason: str) -> None:
        self._show(
            health_of([Check("look", "unknown", f"the checks failed: {reason}")])
        )

    def _show(self, health: Health) -> None:
        self.health = health
        for alert in self._alerts.update(health):
            self._news.insert(0, _line(alert))
        del self._news[NEWS:]
        self._draw()

    def _draw(self) -> None:
        if self.health is None:
            return
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        checks = self.health.checks
        fine = sum(check.state == "ok" for check in checks)
        self._state.value = (
            f"{badge(self.health.state)} {fine} of {len(checks)} checks are ok, "
            f"checked at {at}"
        )
        self._alert_lines.value = "".join(f"<div>{line}</div>" for line in self._news)
        shown = [c for c in checks if self._every_check.value or c.state != "ok"]
        self._checks.value = _table(shown)


def _look(source: "Healthy | Callable[..., Health]") -> Callable[..., Health]:
    return source if callable(source) else source.health


def _bounded(look: Callable[..., Health], seconds: float) -> Callable[[], Health]:
    """Return the function with its time limit set, if it has one."""
    if "within_s" in inspect.signature(look).parameters:
        return partial(look, within_s=seconds)
    return look


def _table(checks: list[Check]) -> str:
    worst = sorted(checks, key=lambda check: -STATES.index(check.state))
    if not worst:
        return "<i>every check is ok</i>"
    rows = [(badge(c.state), escape(c.name), with_code(c.reason)) for c in worst]
    return rows_html(("state", "check", "reason"), rows)


def _line(alert: Alert) -> str:
    at = datetime.now(UTC).strftime("%H:%M:%S")
    return f"{at} {alert.event} {badge(alert.state)} {escape(alert.name)}: {with_code(alert.reason)}"
