"""`orbital rollout`: from staged to live, with what is missing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands import show

if TYPE_CHECKING:
    from orbital_kernel.storage.rollout.rollout import Stage

requirements_option = click.option(
    "--requirements",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A site's own query budgets; default is the file that comes along.",
)


@click.group(epilog="Example: orbital rollout status swift")
def rollout() -> None:
    """Stage an observatory, validate it, and declare it live."""


@rollout.command(epilog="Example: orbital rollout status swift")
@click.argument("observatory", required=False)
@requirements_option
@show.json_option
def status(
    observatory: str | None, *, requirements: Path | None, as_json: bool
) -> None:
    """Tell how far observatories are on their way to live, and what is missing."""
    from orbital_kernel import connect
    from orbital_kernel.storage.rollout.requirements import REQUIREMENTS

    names = (observatory,) if observatory else ()
    told = connect().storage.rollout(*names, required=requirements or REQUIREMENTS)
    if as_json:
        show.print_json({"observatories": [one.to_json() for one in told]})
        return
    for one in told:
        show.table(
            f"{one.observatory}: {'live' if one.live else 'staged'}",
            ("stage", "state", "what is missing"),
            [(s.name, "done" if s.done else "open", _missing(s)) for s in one.stages],
        )


@rollout.command("go-live", epilog="Example: orbital rollout go-live swift --yes")
@click.argument("observatory")
@requirements_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@show.json_option
def go_live(
    observatory: str, *, requirements: Path | None, yes: bool, as_json: bool
) -> None:
    """Declare an observatory live, with its evidence kept; refused while any is missing."""
    from orbital_kernel import connect
    from orbital_kernel.storage.rollout.requirements import REQUIREMENTS

    asks = not yes and not as_json and sys.stdin.isatty()
    if asks and not click.confirm(f"declare {observatory} live?"):
        sys.exit(1)
    told = connect().storage.go_live(observatory, required=requirements or REQUIREMENTS)
    if as_json:
        show.print_json(told.to_json())
    else:
        click.echo(f"{observatory} is live")


def _missing(stage: "Stage") -> str:
    return "\n".join(stage.missing)
