"""The quality board as HTML: counts, one row per check, and the control chart."""

from collections.abc import Mapping
from html import escape
from typing import Any

from orbital_kernel import plots
from orbital_kernel.errors import QueryError
from orbital_kernel.plots import theme
from orbital_kernel.plots.quality import MARKS
from orbital_widgets.paint import badge
from orbital_widgets.panel import rows_html
from orbital_widgets.quality_look import QualityLook

NAMES = (
    *("state", "check", "of", "value", "limits (warning; fault)"),
    *("since (UTC)", "evidence", "checked (UTC)"),
)


def counts(answer: QualityLook) -> str:
    """Return how many checks are in each state."""
    if answer.board.is_empty():
        return "No check has run: press [Run checks], or `orbital quality run`"
    counts = dict(answer.board["state"].value_counts().rows())
    mark = f"<b>{theme.SIMULATED}</b> " if answer.board["simulated"].any() else ""
    return mark + ", ".join(
        f"{badge(state)} {counts[state]}" for state in MARKS if state in counts
    )


def label(row: Mapping[str, Any]) -> str:
    """Return one check as a line of the menu."""
    subject = row["subject"] or row["observatory"]
    return f"{MARKS[row['state']]} {row['state']}: {row['name']} of {subject}"


def table(answer: QualityLook) -> str:
    """Return every check as a row with its value, limits and evidence."""
    if answer.board.is_empty():
        return ""
    checks = {row["name"]: row for row in answer.checks.to_dicts()}
    rows = [
        (
            badge(row["state"]),
            escape(row["name"]),
            escape(row["subject"] or row["observatory"]),
            escape(_value(row)),
            escape(_limits(checks.get(row["name"]), row)),
            escape(row["since_utc"] or ""),
            escape(row["evidence"] or ""),
            escape(row["checked_utc"] or ""),
        )
        for row in answer.board.to_dicts()
    ]
    return rows_html(NAMES, rows)


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return ""
    error = "" if row["value_err"] is None else f" ± {row['value_err']:.2g}"
    return f"{row['value']:.4g}{error} {row['unit'] or ''}".rstrip()


def _limits(check: Mapping[str, Any] | None, row: Mapping[str, Any]) -> str:
    """Return the ranges outside which a value warns and is a fault."""
    ranges = [
        _range(check[f"{level}_low"], check[f"{level}_high"])
        for level in ("warn", "bad")
        if check is not None
    ]
    if any(ranges):
        return "; ".join(text or "none" for text in ranges)
    return "" if row["limit"] is None else f"{row['limit']:g}"


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"up to {high:g}" if low is None else f"from {low:g}"
    return f"{low:g} to {high:g}"


def chart(answer: QualityLook) -> tuple[Any, str]:
    """Return the selected check's control chart, or None and why there is none."""
    row = answer.selected
    if row is None:
        return None, "No check is selected."
    title = label(row)
    try:
        drawn = plots.control_chart(answer.samples, title=title, unit=row["unit"] or "")
    except QueryError as error:
        count = len(answer.samples)
        return None, f"No control chart of {row['name']} ({count} samples): {error}"
    return drawn, f"{len(answer.samples)} samples"
