"""Results in sentences."""

from orbital_widgets.points import Points
from orbital_widgets.results import Outcome


def summary(outcome: Outcome) -> tuple[str, ...]:
    """Return a sentence per observatory, why there are no rows, and what is simulated."""
    lines = [
        f"{explain.table}: {explain.rows_returned:,} {_rows(explain.rows_returned)}"
        f" in {explain.milliseconds:.0f} ms"
        + _cut(explain.rows_returned, outcome.limit)
        for explain in outcome.explains
    ]
    if outcome.empty:
        lines.append(outcome.empty)
    if outcome.simulated:
        lines.append(
            "Rows marked simulated belong to the sample sky; no observatory measured them."
        )
    return tuple(lines)


def not_shown(points: Points) -> str:
    """Return how many rows a plot cannot show, '' if it shows all."""
    count = points.left_out
    if not count:
        return ""
    unit = f" in {points.unit}" if points.unit else ""
    return (
        f"{count:,} {_rows(count)} without both values{unit}: shown in the table only."
    )


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _cut(count: int, limit: int | None) -> str:
    return ", the row limit: there may be more" if count == limit else ""
