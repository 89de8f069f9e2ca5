"""Output of commands: JSON documents, tables and progress bars."""

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from orbital_kernel.commands.terminal import echo, visible

if TYPE_CHECKING:
    import polars as pl
    from rich.console import RenderableType
    from rich.progress import Progress, Task

console = Console(stderr=True)
SIMULATED = "SIMULATED"
SHORT = 24
"""Characters of a cell that stays on one line where the terminal has room."""

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout."
)


def print_json(document: Any) -> None:
    """Print one JSON document, and nothing else, on stdout."""
    echo(json.dumps(_plain(document), indent=2, default=str, allow_nan=False))


def rows_of(frame: "pl.DataFrame") -> list[dict[str, Any]]:
    """Return a frame's rows for JSON: times as ISO text, NaN as null."""
    import polars as pl

    times = [n for n, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(
        pl.col(n).dt.to_string("iso:strict") for n in times
    ).to_dicts()


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    simulated: bool = False,
) -> None:
    """Print a table on stdout; its title says if rows are simulated."""
    from rich.table import Table
    from rich.text import Text

    mark = f"{SIMULATED} · " if simulated else ""
    shown = Table(title=Text(visible(f"{mark}{title}")), title_justify="left")
    texts = [
        ["" if value is None else visible(str(value)) for value in r] for r in rows
    ]
    heads = [visible(column) for column in columns]
    longest = [max(map(len, cells)) for cells in zip(heads, *texts, strict=True)]
    fits = sum(min(size, SHORT) + 3 for size in longest) < width()
    for head, size in zip(heads, longest, strict=True):
        shown.add_column(Text(head), overflow="fold", no_wrap=fits and size <= SHORT)
    for row in texts:
        shown.add_row(*map(Text, row))
    show(shown)


def show(rendered: "RenderableType") -> None:
    """Print what rich renders on stdout; its texts are made by `visible`."""
    Console(width=width()).print(rendered)


def width() -> int:
    """Return the columns of the terminal, or enough for a table in a pipe or a file."""
    return shutil.get_terminal_size((160, 40)).columns


@contextmanager
def progress(total: int, unit: str) -> "Iterator[Progress]":
    """Give a progress bar with the remaining time on stderr; it is removed at the end."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Words(TextColumn):
        def render(self, task: "Task") -> Text:
            return Text(visible(task.description))

    with Progress(
        Words(""),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        bar.add_task(unit, total=total)
        yield bar


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return (
        [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
    )
