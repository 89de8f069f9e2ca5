"""The board of data quality as text and as JSON."""

from typing import Any

import polars as pl

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
    return {"checks": board.to_dicts()}


def _line(row: dict[str, Any]) -> str:
    value = (
        "" if row["value"] is None else f" {row['value']:.4g} {row['unit']}".rstrip()
    )
    since = f", since {row['since_utc']}" if row["since_utc"] else ""
    limit = (
        ""
        if row["limit"] is None
        else f" Limit {row['limit']:g} ({row['limit_origin']})."
    )
    measured = f"{value}{since}." if value or since else ""
    return (
        f"- **{row['name']}** ({row['subject'] or row['observatory']}):{measured} "
        f"{row['evidence']}.{limit}"
    )
