"""`orbital rollout`: stages of an observatory from staged to live."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands import output
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.storage.rollout.rollout import Stage

requirements_option = click.option(
    "--requirements",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Query budgets of your site, as TOML. Default: Orbital's own file.",
)


@click.group(epilog="Example: orbital rollout status swift")
def rollout() -> None:
    """Stage an observatory, validate it, and declare it live."""


@rollout.command(epilog="Example: orbital rollout status swift --json")
@click.argument("observatory", required=False)
@requirements_option
@output.json_option
def status(
    observatory: str | None, *, requirements: Path | None, as_json: bool
) -> None:
    """Show which stages each observatory has completed, and what is missing."""
    from orbital_kernel import connect
    from orbital_kernel.storage.rollout.requirements import REQUIREMENTS

    names = (observatory,) if observatory else ()
    rollouts = connect().storage.rollout(*names, required=requirements or REQUIREMENTS)
    if as_json:
        output.print_json(
            {"observatories": [rollout.to_json() for rollout in rollouts]}
        )
        return
    for each in rollouts:
        output.table(
            f"{each.observatory}: {'live' if each.live else 'staged'}",
            ("stage", "state", "what is missing"),
            [(s.name, "done" if s.done else "open", _missing(s)) for s in each.stages],
        )


@rollout.command("go-live", epilog="Example: orbital rollout go-live swift --yes")
@click.argument("observatory")
@requirements_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@output.json_option
def go_live(
    observatory: str, *, requirements: Path | None, yes: bool, as_json: bool
) -> None:
    """Declare an observatory live and store the evidence; refused if any is missing."""
    from orbital_kernel import connect
    from orbital_kernel.storage.rollout.requirements import REQUIREMENTS

    asks = not yes and not as_json and sys.stdin.isatty()
    if asks and not click.confirm(f"declare {observatory} live?"):
        sys.exit(1)
    declared = connect().storage.go_live(
        observatory, required=requirements or REQUIREMENTS
    )
    if as_json:
        output.print_json(declared.to_json())
    else:
        echo(f"{observatory} is live")


def _missing(stage: "Stage") -> str:
    return "\n".join(stage.missing)
