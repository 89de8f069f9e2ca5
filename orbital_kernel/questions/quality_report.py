"""The board of data quality as text and as JSON."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from orbital_kernel.science.quality import CHECKS

ORDER = ("bad", "warn", "unknown", "ok")


def report_of(board: pl.DataFrame, database: str) -> str:
    """Return a board as Markdown, the worst results first."""
    if not len(board):
        return "# Data quality\n\nNo check has run: `orbital quality run` runs all.\n"
    counts = dict(board["state"].value_counts().rows())
    summary = ", ".join(f"{counts[s]} {s}" for s in ORDER if s in counts)
    newest = max(board["checked_utc"].to_list())
    lines = [
        f"# Data quality of database {database}",
        "",
        f"{len(board)} results, the newest of {newest}: {summary}.",
    ]
    for state in ORDER:
        rows = board.filter(state=state).to_dicts()
        if rows:
            lines += ["", f"## {state}", "", *map(_line, rows)]
    return "\n".join(lines) + "\n"


def to_json(board: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return a board as `orbital quality board --json` prints it."""
    rows = board.to_dicts()
    return {"checks": [row | {"limits": limits_of(row)} for row in rows]}


def limits_of(row: Mapping[str, Any]) -> str:
    """Return where a check's value warns and where it is a fault, in words."""
    check = CHECKS.get(row["name"])
    return "" if check is None else str(check.limits)


def lines_of(row: dict[str, Any]) -> str:
    """Return one result in lines for a terminal: state, value and date; evidence; limits."""
    mark = "SIMULATED " if row["simulated"] else ""
    first = (
        f"{row['state']:<8}{mark}{row['name']} ({row['subject'] or row['observatory']})"
    )
    limits = f"limits: {limits_of(row)} ({row['limit_origin']})"
    return "\n".join(
        (first + _measured(row, ":"), f"        {row['evidence']}", f"        {limits}")
    )


def _measured(row: dict[str, Any], before: str) -> str:
    """Return value with error, unit and date; '' if the check measured nothing."""
    value = ""
    if row["value"] is not None:
        error = "" if row["value_err"] is None else f" +- {row['value_err']:.2g}"
        value = f" {row['value']:.4g}{error} {row['unit']}".rstrip()
    since = f", since {row['since_utc']} UTC" if row["since_utc"] else ""
    return f"{before}{value}{since}" if value or since else ""


def _line(row: dict[str, Any]) -> str:
    limits = f" Limits: {limits_of(row)} ({row['limit_origin']})."
    measured = _measured(row, ":")
    words = f"{measured}." if measured else ":"
    return (
        f"- **{row['name']}** ({row['subject'] or row['observatory']}){words} "
        f"{row['evidence']}.{limits}"
    )
