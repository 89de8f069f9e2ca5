"""Excursions as text: the line of each in the menu, the table, and the figure's title."""

from html import escape
from typing import Any

import polars as pl

from orbital_kernel import plots
from orbital_widgets.burst_look import BurstLook, coincidences, utc
from orbital_widgets.paint import with_code
from orbital_widgets.panel import rows_html


def figure(answer: BurstLook) -> Any:
    """Return the rates around the selected excursion, with the windows found."""
    row = answer.selected or {}
    title = f"{row.get('cause')} at {utc(row)} UTC in {row.get('series')}"
    return plots.rates(answer.rates, bursts=of_series(answer), title=title)


def of_series(answer: BurstLook) -> pl.DataFrame:
    """Return the listed excursions of the selected series within the rates shown."""
    row = answer.selected or {}
    start, stop = answer.rates["time"].min(), answer.rates["time"].max()
    return answer.bursts.filter(
        pl.col("series") == row.get("series"), pl.col("time").is_between(start, stop)
    )


def label(row: dict[str, Any], answer: BurstLook) -> str:
    """Return one excursion as a line of the menu."""
    seen = " ✓" if row["burst_id"] in answer.seen else ""
    names = coincidences(row)
    matches = f", {names}" if names else ""
    sigma = (
        f"{_number(row['significance'], '.1f')} sigma" if row["significance"] else ""
    )
    words = (utc(row), str(row["cause"]), sigma, str(row["series"]))
    return f"{' '.join(word for word in words if word)}{matches}{seen}"


def listing(answer: BurstLook) -> str:
    """Return the excursions as a table."""
    if answer.bursts.is_empty():
        return "<i>no excursions</i>"
    rows = [
        (
            escape(utc(row)),
            escape(str(row["cause"])),
            _number(row["significance"], ".1f"),
            _number(row["timescale_s"], "g"),
            escape(coincidences(row)),
            escape(str(row["series"])),
            escape(row["evidence"] or ""),
            escape(_seen_by(answer, row["burst_id"])),
        )
        for row in answer.bursts.to_dicts()
    ]
    names = ("start (UTC)", "cause", "significance (sigma)", "window (s)")
    return rows_html(
        (*names, "coincides with", "series", "evidence", "acknowledged"), rows
    )


def _number(value: float | None, kind: str) -> str:
    """Return a number, or nothing where none was measured: 0 would be a measurement."""
    return "" if value is None else format(value, kind)


def _seen_by(answer: BurstLook, burst_id: str) -> str:
    row = answer.seen.get(burst_id)
    return "" if row is None else f"{row['actor']}, {row['done']:%Y-%m-%d %H:%M} UTC"


def empty(cause: str | None) -> str:
    """Return why no excursion is listed, and what would find one."""
    of_cause = f" of cause {cause!r}" if cause else ""
    return with_code(
        f"No excursion{of_cause} is stored: `orbital bursts scan` or a watcher finds them."
    )
