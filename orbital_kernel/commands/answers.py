"""Output of answers: rows with units in their headers, and how they were found."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.frames import show_frame, simulated_rows
from orbital_kernel.commands.output import SIMULATED, print_json, rows_of
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
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
    simulated = of_simulated or simulated_rows(frame) > 0
    if as_json:
        document = {"rows": rows_of(frame), "explain": asdict(answer.how)}
        print_json(document | {"units": dict(answer.units), "simulated": simulated})
        return
    if simulated and not simulated_rows(frame):
        echo(f"{SIMULATED}: this database holds simulated rows")
    show_frame(frame, answer.units)
    if explain:
        echo(str(answer.how))
