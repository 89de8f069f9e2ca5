"""The sections of the storage dashboard as HTML."""

from collections.abc import Callable, Mapping
from html import escape

from orbital_kernel.model.sizes import size_text
from orbital_kernel.plots import theme
from orbital_kernel.storage.growth.outlook import full_at
from orbital_widgets.paint import INK, TRACK, badge, with_code
from orbital_widgets.panel import rows_html
from orbital_widgets.record_html import folded, in_words
from orbital_widgets.storage_look import StorageLook

BAR_PX = 220
FULL = {"ok": theme.GREEN, "soft": theme.ORANGE, "hard": theme.VERMILION}
"""Colours of a gauge below the soft limit, above it, and near the hard limit."""
NEAR_HARD = 0.95


def _gauges(answer: StorageLook) -> str:
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
        f'height:12px;background:{TRACK}"><div style="width:{BAR_PX * share:.0f}px;height:'
        f'12px;background:{color}"></div><div style="position:absolute;left:{mark:.0f}px;'
        f'top:-2px;width:2px;height:16px;background:{INK}"></div></div>{text}'
    )


def _checks(answer: StorageLook) -> str:
    worse = [c for c in answer.health.checks if c.state != "ok"]
    fine = len(answer.health.checks) - len(worse)
    rows = [(badge(c.state), escape(c.name), with_code(c.reason)) for c in worse]
    table = rows_html(("state", "check", "reason"), rows) if rows else ""
    return f"{fine} of {len(answer.health.checks)} checks are ok{table}"


def _latencies(answer: StorageLook) -> str:
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


def _actions(answer: StorageLook) -> str:
    rows = [
        (
            escape(f"{row['done']:%Y-%m-%d %H:%M}"),
            folded(f"{row['actor']}: {row['action']} {row['resource']}"),
            folded(f"{in_words(row['before'])} → {in_words(row['after'])}"),
            folded(in_words(row["evidence"])),
        )
        for row in answer.actions.to_dicts()
    ]
    names = ("done (UTC)", "action", "before → after", "evidence")
    return rows_html(names, rows) if rows else "automation has not acted yet"


def _changes(answer: StorageLook) -> str:
    rows = [
        (escape(c.action), escape(f"{c.resource} {c.name}"), escape(c.reason))
        for c in answer.plan.changes
    ]
    if not rows:
        return f"nothing to change: {answer.plan.unchanged} resources are as planned"
    return rows_html(("action", "resource", "reason"), rows)


PARTS: Mapping[str, Callable[[StorageLook], str]] = {
    "Quotas": _gauges,
    "Health": _checks,
    "Query latency": _latencies,
    "Actions": _actions,
    "Plan": _changes,
}
"""The dashboard's sections and what writes each."""
