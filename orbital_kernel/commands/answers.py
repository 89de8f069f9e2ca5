"""Output of answers: rows with units in their headers, and how they were found."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.output import SIMULATED, print_json, rows_of
from orbital_kernel.commands.terminal import echo, visible

if TYPE_CHECKING:
    import polars as pl

    from orbital_kernel.query import Answer

explain_option = click.option(
    "--explain",
    is_flag=True,
    help="Show how the query was answered: filters, rows read, duration.",
)


def of_two_observatories(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add two observatories and the largest separation of their pointings to a command."""
    apart = click.option(
        "--within-arcmin",
        type=float,
        default=12.0,
        show_default=True,
        help="Largest separation of the two pointings, arcmin.",
    )
    first, second = (
        click.argument(name, metavar="OBSERVATORY") for name in ("first", "second")
    )
    return first(second(apart(command)))


def show_answer(
    answer: "Answer", *, explain: bool, as_json: bool, of_simulated: bool = False
) -> None:
    """Print rows, or one JSON document of rows, units and explanation.

    `of_simulated` marks rows computed from simulated ones that have no column to say so.
    """
    frame = answer.frame
    simulated = of_simulated or _simulated(frame) > 0
    if as_json:
        document = {"rows": rows_of(frame), "explain": asdict(answer.how)}
        print_json(document | {"units": dict(answer.units), "simulated": simulated})
        return
    if simulated and not _simulated(frame):
        echo(f"{SIMULATED}: this database holds simulated rows")
    show_frame(frame, answer.units)
    if explain:
        echo(str(answer.how))


def show_frame(frame: "pl.DataFrame", units: Mapping[str, str | None]) -> None:
    """Print rows as a table with units in the header, and above it how many are simulated."""
    import polars as pl

    simulated = _simulated(frame)
    if simulated:
        echo(
            f"{SIMULATED}: {simulated:,} of {len(frame):,} rows are simulated, not observed"
        )
    headers = {name: visible(_header(name, units)) for name in frame.columns}
    frame = frame.with_columns(
        pl.col(pl.String).map_elements(visible, return_dtype=pl.String)
    )
    wide = shutil.get_terminal_size((160, 40)).columns
    with pl.Config(tbl_rows=40, tbl_cols=12, fmt_str_lengths=40, tbl_width_chars=wide):
        echo(str(frame.rename(headers)))


def _simulated(frame: "pl.DataFrame") -> int:
    """Return how many rows are marked as simulated."""
    import polars as pl

    kind = frame.schema.get("simulated")
    return int(frame["simulated"].sum()) if kind == pl.Boolean else 0


def _header(name: str, units: Mapping[str, str | None]) -> str:
    """Return a column's name with its unit; '?' if the unit is unknown."""
    unit = units.get(name, "")
    return f"{name} [{'?' if unit is None else unit}]" if unit != "" else name
