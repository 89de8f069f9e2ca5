"""Storage at a glance: gauges with forecast, health, latency, actions, plan and apply."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import ipywidgets
import polars as pl

from orbital_kernel import plots
from orbital_kernel.errors import ProvisionError
from orbital_kernel.model.sizes import size_text
from orbital_kernel.plots import theme
from orbital_kernel.query import Query, latency
from orbital_kernel.storage.growth.outlook import full_at, outlook
from orbital_kernel.storage.health.checks import Health
from orbital_kernel.storage.provision.plan import Plan
from orbital_widgets.health_panel import badge
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.panel import Panel, rows_html

ACTIONS = 10
DAYS = 30.0
"""Age of the oldest samples and queries shown, d."""
BAR_PX = 220
FRAME_PX = 420
FULL = {"ok": "#009E73", "soft": "#E69F00", "hard": "#D55E00"}
"""Colours of a gauge below the soft limit, above it, and near the hard limit."""
NEAR_HARD = 0.95


@dataclass(frozen=True)
class Look:
    """What one look at the storage found.

    Parameters
    ----------
    health : Health
        The checks of the platform.
    quotas : list of dict
        Use (bytes), limits (bytes) and forecast of each quota.
    unknown : str
        Why the quotas could not be read; '' if they were.
    samples : polars.DataFrame
        Rows of ops.storage of the last 30 days.
    actions : polars.DataFrame
        The newest rows of ops.actions.
    latencies : list of KindLatency
        Latency of the last 30 days' queries by kind, beside its budget.
    plan : Plan
        What `apply` would change.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets.storage_dashboard import look
    >>> look(connect()).plan.changes
    ()
    """

    health: Health
    quotas: list[dict[str, Any]]
    unknown: str
    samples: pl.DataFrame
    actions: pl.DataFrame
    latencies: list[latency.KindLatency]
    plan: Plan


def look(orbital: Any) -> Look:
    """Return the state of a session's storage.

    Parameters
    ----------
    orbital : Orbital
        The session.

    Returns
    -------
    Look
        What was found; nothing is changed.

    Raises
    ------
    OrbitalError
        If the platform does not answer.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets.storage_dashboard import look
    >>> {"orbital-swift"} <= {quota["quota"] for quota in look(connect()).quotas}
    True
    """
    storage = orbital.storage
    orbital.flush()
    since = (datetime.now(UTC) - timedelta(days=DAYS)).replace(tzinfo=None)
    quotas, unknown = [], ""
    try:
        quotas = outlook(storage.quotas(dry_run=True), storage.quota_names())
    except ProvisionError as error:  # a quota is missing: the plan makes it
        unknown = str(error)
    return Look(
        storage.health(),
        quotas,
        unknown,
        _since(orbital, "ops.storage", "sampled", since),
        _newest_actions(orbital, since),
        latency.by_kind(_since(orbital, "ops.queries", "asked", since)),
        storage.plan(),
    )


def _since(
    orbital: Any, table: str, column: str, since: datetime | None
) -> pl.DataFrame:
    """Return the rows of a ledger since an instant (UTC, as ledgers store it)."""
    ranges = {} if since is None else {column: (since, None)}
    query = Query(table, ranges=ranges, full_scan=True)
    rows: pl.DataFrame = orbital.query(query, kind="dashboard").frame
    return rows


def _newest_actions(orbital: Any, since: datetime) -> pl.DataFrame:
    """Return the newest actions, of the whole ledger only if these days have too few."""
    rows = _since(orbital, "ops.actions", "done", since)
    if len(rows) < ACTIONS:
        rows = _since(orbital, "ops.actions", "done", None)
    return rows.sort("done", descending=True).head(ACTIONS)


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
        self, orbital: Any, *, every_s: float = 30.0, static: bool | None = None
    ) -> None:
        super().__init__(
            lambda: look(self.session), every_s=every_s, session=orbital, static=static
        )
        self.look: Look | None = None
        self._figure: LiveFigure | None = None
        self._state = ipywidgets.HTML("looking …")
        self._parts = {name: ipywidgets.HTML() for name in PARTS}
        self._consent = ipywidgets.Checkbox(
            description="apply these changes", indent=False, disabled=True
        )
        self._apply = ipywidgets.Button(
            description="Apply", disabled=True, tooltip="make the changes of the plan"
        )
        again = ipywidgets.Button(description="Look again")
        self._consent.observe(lambda _change: self._enable(), "value")
        self._apply.on_click(lambda _button: self._applied())
        again.on_click(lambda _button: self.refresh())
        self._history = ipywidgets.VBox()
        self.children = (
            ipywidgets.HBox((again, self.reconnect, self._state)),
            *self._parts.values(),
            ipywidgets.HBox((self._consent, self._apply)),
            self._history,
        )
        self.refresh()

    def close(self) -> None:
        """Stop looking and close the dashboard.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import StorageDashboard
        >>> StorageDashboard(connect(), static=True).close()
        """
        if self._figure is not None:
            self._figure.close()
        super().close()

    def _show(self, answer: Look) -> None:
        self.look = answer
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        self._state.value = f"{badge(answer.health.state)} looked at {at}"
        for name, html in PARTS.items():
            self._parts[name].value = f"<h4>{name}</h4>{html(answer)}"
        self._consent.disabled = not answer.plan.changes
        self._enable()
        if not self._static and len(answer.samples):
            if self._figure is not None:
                self._figure.close()
            drawn = plots.storage(answer.samples)
            self._figure = LiveFigure(drawn, lock=self._lock_ui)
            self._history.children = (self._figure,)

    def _failed(self, reason: str) -> None:
        self._state.value = (
            f"{badge('unknown')} {escape(reason)}. Start the platform "
            "(<code>orbital up</code>), then [Look again]."
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
        """Make the changes on the worker, then look again."""
        self._consent.value = False
        self._state.value = "applying …"
        orbital = self.session

        def job() -> Look:
            orbital.storage.apply()
            return look(orbital)

        self._cancel_timers()  # or the next look would cancel it
        self._latest.ask(job, self._arrived)


def _gauges(answer: Look) -> str:
    rows = [
        (
            escape(quota["quota"]),
            _bar(quota["used_bytes"], quota["soft_bytes"], quota["hard_bytes"]),
            escape(full_at(quota["forecast"])),
            escape(f"{quota['action']}: {quota['reason']}"),
        )
        for quota in answer.quotas
    ]
    if answer.unknown:
        return escape(answer.unknown)
    names = ("quota", "in use (▏ soft limit)", "full (90 % interval)", "decision")
    return rows_html(names, rows)


def _bar(used: float, soft: float | None, hard: float | None) -> str:
    if not hard:
        return f"{size_text(used)} without a limit"
    share = min(used / hard, 1.0)
    color = FULL["ok"]
    if share >= NEAR_HARD:
        color = FULL["hard"]
    elif soft and used >= soft:
        color = FULL["soft"]
    mark = BAR_PX * (soft / hard) if soft else 0
    text = f"{size_text(used)} of {size_text(hard)}"
    return (
        f'<div role="meter" aria-valuemin="0" aria-valuemax="100" aria-valuenow='
        f'"{100 * share:.0f}" aria-label="{text}" style="position:relative;width:{BAR_PX}px;'
        f'height:12px;background:#e5e7eb"><div style="width:{BAR_PX * share:.0f}px;height:'
        f'12px;background:{color}"></div><div style="position:absolute;left:{mark:.0f}px;'
        f'top:-2px;width:2px;height:16px;background:#111"></div></div>{text}'
    )


def _checks(answer: Look) -> str:
    worse = [c for c in answer.health.checks if c.state != "ok"]
    fine = len(answer.health.checks) - len(worse)
    rows = [(badge(c.state), escape(c.name), escape(c.reason)) for c in worse]
    table = rows_html(("state", "check", "reason"), rows) if rows else ""
    return f"{fine} of {len(answer.health.checks)} checks are ok{table}"


def _latencies(answer: Look) -> str:
    rows = [
        (
            escape(kind.kind),
            f"{kind.queries:,}",
            f"{kind.p50_ms:.0f} / {kind.budget.p50_ms:g}",
            f"{kind.p99_ms:.0f} / {kind.budget.p99_ms:g}",
            badge("ok" if kind.within else "warn"),
        )
        for kind in answer.latencies
    ]
    names = ("query", "number", "p50 / budget (ms)", "p99 / budget (ms)", "within")
    return rows_html(names, rows) if rows else "no query was asked yet"


def _actions(answer: Look) -> str:
    rows = [
        (
            escape(f"{row['done']:%Y-%m-%d %H:%M}"),
            escape(f"{row['actor']}: {row['action']} {row['resource']}"),
            escape(f"{row['before'] or ''} → {row['after'] or ''}"),
            escape(row["evidence"] or ""),
        )
        for row in answer.actions.to_dicts()
    ]
    names = ("done (UTC)", "action", "before → after", "evidence")
    return rows_html(names, rows) if rows else "automation has not acted yet"


def _changes(answer: Look) -> str:
    rows = [
        (escape(c.action), escape(f"{c.resource} {c.name}"), escape(c.reason))
        for c in answer.plan.changes
    ]
    if not rows:
        return f"nothing to change: {answer.plan.unchanged} resources are as planned"
    return rows_html(("action", "resource", "reason"), rows)


PARTS = {
    "Quotas": _gauges,
    "Health": _checks,
    "Query latency": _latencies,
    "Actions": _actions,
    "Plan": _changes,
}
"""The dashboard's sections and what writes each."""
