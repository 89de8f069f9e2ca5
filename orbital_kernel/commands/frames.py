"""Frames on a terminal: the first and last rows, in the columns that fit its width.

Columns without a value and columns that do not fit are named below the table, and so is the
number of rows that are not shown: nothing is dropped in silence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from orbital_kernel.commands.output import SIMULATED, width
from orbital_kernel.commands.terminal import echo, visible

if TYPE_CHECKING:
    import polars as pl

END_ROWS = 10
"""Rows shown of each end of a longer frame."""
LONGEST = 40
"""Characters of a cell; longer texts end in an ellipsis."""
GAP = "  "
Text = Callable[[Any], str]


class Shown(NamedTuple):
    """A column as lines of text: its header, its unit, then its cells."""

    name: str
    lines: list[str]
    right: bool

    @property
    def width(self) -> int:
        """The characters of its widest line."""
        return max(map(len, self.lines))

    def padded(self) -> list[str]:
        """Return its lines, all equally wide."""
        align = str.rjust if self.right else str.ljust
        return [align(line, self.width) for line in self.lines]


def show_frame(frame: "pl.DataFrame", units: Mapping[str, str | None]) -> None:
    """Print rows with units below the names of columns, and what is not shown below them."""
    simulated = simulated_rows(frame)
    if simulated:
        echo(
            f"{SIMULATED}: {simulated:,} of {len(frame):,} rows are simulated, not observed"
        )
    if frame.is_empty():
        echo(f"no rows (columns: {', '.join(frame.columns)})")
        return
    empty = [name for name in frame.columns if frame[name].null_count() == len(frame)]
    parts = _ends(frame.drop(empty))
    columns = [_column(name, units.get(name, ""), parts) for name in parts[0].columns]
    fitting = _fitting(columns, width())
    for line in _lines(fitting, len(parts[0])):
        echo(line)
    _say_hidden(frame, parts, empty, [c.name for c in columns[len(fitting) :]])


def simulated_rows(frame: "pl.DataFrame") -> int:
    """Return how many rows are marked as simulated."""
    import polars as pl

    kind = frame.schema.get("simulated")
    return int(frame["simulated"].sum()) if kind == pl.Boolean else 0


def _ends(frame: "pl.DataFrame") -> "list[pl.DataFrame]":
    """Return the whole frame, or its first and its last rows."""
    if len(frame) <= 2 * END_ROWS:
        return [frame]
    return [frame.head(END_ROWS), frame.tail(END_ROWS)]


def _column(name: str, unit: str | None, parts: "Sequence[pl.DataFrame]") -> Shown:
    kind = parts[0].schema[name]
    unknown = "[?]" if kind.is_numeric() else ""
    unit_line = f"[{unit}]" if unit else unknown if unit is None else ""
    cells = [_cell(value) for part in parts for value in part[name].to_list()]
    lines = [_short(visible(text)) for text in (name, unit_line, *cells)]
    return Shown(name, lines, kind.is_numeric())


def _fitting(columns: Sequence[Shown], width: int) -> Sequence[Shown]:
    """Return the first columns that fit a terminal's width, at least one."""
    used = -len(GAP)
    for count, column in enumerate(columns):
        used += len(GAP) + column.width
        if used > width and count:
            return columns[:count]
    return columns


def _lines(columns: Sequence[Shown], first_part: int) -> Iterator[str]:
    """Give the lines of the table; an ellipsis stands for the rows between its ends."""
    rows = list(zip(*(column.padded() for column in columns), strict=True))
    head, cells = rows[:2], rows[2:]
    yield GAP.join(head[0]).rstrip()
    if any(text.strip() for text in head[1]):
        yield GAP.join(head[1]).rstrip()
    yield GAP.join("─" * column.width for column in columns)
    for at, row in enumerate(cells):
        if at == first_part:
            yield "…"
        yield GAP.join(row).rstrip()


def _say_hidden(
    frame: "pl.DataFrame",
    parts: "Sequence[pl.DataFrame]",
    empty: Sequence[str],
    unfit: Sequence[str],
) -> None:
    hidden = len(frame) - sum(map(len, parts))
    rows = "1 row" if len(frame) == 1 else f"{len(frame):,} rows"
    echo(rows + (f", {hidden:,} of them not shown" if hidden else ""))
    if unfit:
        echo(
            f"columns that do not fit: {', '.join(unfit)} (a wider terminal or --json)"
        )
    if empty:
        echo(f"columns without a value: {', '.join(empty)}")


def _cell(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{_digits(abs(value))}g}"
    if isinstance(value, datetime | timedelta):
        return str(value).removesuffix("000")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _digits(size: float) -> int:
    """Return how many digits show clocks to the millisecond, and places to 1e-6 deg."""
    if size >= 1e5:
        return 13
    return 9 if size >= 1e-4 else 5


def _short(text: str) -> str:
    line = text.replace("\n", " ").replace("\t", " ")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
