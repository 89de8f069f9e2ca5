"""What came back, in sentences."""

from orbital_widgets.points import Points
from orbital_widgets.results import Outcome


def found(outcome: Outcome) -> tuple[str, ...]:
    """Return a sentence an observatory, and one where rows are of the sample sky."""
    lines = [
        f"{how.table}: {how.rows_returned:,} {_rows(how.rows_returned)} in {how.milliseconds:.0f} ms"
        + _cut(how.rows_returned, outcome.limit)
        for how in outcome.explains
    ]
    if outcome.simulated:
        lines.append(
            "Rows marked simulated are of the sample sky, not of an observatory."
        )
    return tuple(lines)


def left_out(points: Points) -> str:
    """Say how many rows a plot cannot show, '' where it shows all."""
    count = points.left_out
    if not count:
        return ""
    unit = f" in {points.unit}" if points.unit else ""
    return f"{count:,} {_rows(count)} without both values{unit}: in the table only."


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _cut(count: int, limit: int | None) -> str:
    return ", the most asked for: there may be more" if count == limit else ""
