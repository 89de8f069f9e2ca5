"""`orbital provision`: storage and tables, plan before apply."""

import sys

import click
from rich.console import Console

from orbital_kernel.commands.show import console, json_option, print_json

yes_delete_option = click.option(
    "--yes-delete",
    multiple=True,
    metavar="NAME",
    help="Delete this though it holds data.",
)


@click.group(epilog="Example: orbital provision plan")
def provision() -> None:
    """Bring storage and tables into the state the observatories' files plan."""


@provision.command(epilog="Example: orbital provision plan")
@yes_delete_option
@json_option
def plan(yes_delete: tuple[str, ...], *, as_json: bool) -> None:
    """Show what would change; touches nothing."""
    _show_plan(as_json=as_json, yes_delete=yes_delete)


@provision.command(epilog="Example: orbital provision drift --json")
@json_option
def drift(*, as_json: bool) -> None:
    """Show what is no longer as planned; touches nothing, exit 1 where something is."""
    sys.exit(1 if _show_plan(as_json=as_json) else 0)


@provision.command(epilog="Example: orbital provision apply --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
@yes_delete_option
@click.option(
    "--rollback",
    is_flag=True,
    help="On a failure take back what this run made and set.",
)
@json_option
def apply(
    yes_delete: tuple[str, ...], *, yes: bool, rollback: bool, as_json: bool
) -> None:
    """Make the planned changes; asks first on a terminal. Applying twice is harmless.

    What an earlier apply made and no file names any more is deleted, unless it holds
    data and is not named with --yes-delete.
    """
    from orbital_kernel import connect
    from orbital_kernel.storage.table import plan_table

    storage = connect().storage
    planned = storage.plan(yes_delete=yes_delete)
    if not as_json:
        Console().print(plan_table(planned))
    if (
        planned.changes
        and not yes
        and sys.stdin.isatty()
        and not click.confirm("apply?")
    ):
        sys.exit(1)
    with console.status("applying") as status:
        applied = storage.apply(
            planned,
            rollback=rollback,
            progress=lambda change, state: status.update(
                f"{state} {change.resource} {change.name}"
            ),
        )
    if as_json:
        print_json({**planned.to_json(), **applied.to_json()})
    else:
        click.echo(f"{len(applied.done)} changes made")


@provision.command(epilog="Example: orbital provision destroy --yes-delete swift-data")
@click.option("--yes", is_flag=True, help="Do not ask.")
@yes_delete_option
@json_option
def destroy(yes_delete: tuple[str, ...], *, yes: bool, as_json: bool) -> None:
    """Take down what was provisioned; what holds data stays unless named."""
    from orbital_kernel import connect
    from orbital_kernel.storage.table import plan_table

    if not yes and sys.stdin.isatty() and not click.confirm("take storage down?"):
        sys.exit(1)
    planned, applied = connect().storage.destroy(yes_delete=yes_delete)
    if as_json:
        print_json({**planned.to_json(), **applied.to_json()})
    else:
        Console().print(plan_table(planned))
    applied.require()


@provision.command(epilog="Example: orbital provision endpoints")
@json_option
def endpoints(*, as_json: bool) -> None:
    """Tell where the VIP pools serve the database; read in parallel, each is one more node."""
    from orbital_kernel import connect

    told = connect().storage.endpoints()
    if as_json:
        print_json({"endpoints": list(told)})
    else:
        click.echo("\n".join(told))


def _show_plan(*, as_json: bool, yes_delete: tuple[str, ...] = ()) -> bool:
    from orbital_kernel import connect
    from orbital_kernel.storage.table import plan_table

    planned = connect().storage.plan(yes_delete=yes_delete)
    if as_json:
        print_json(planned.to_json())
    else:
        Console().print(plan_table(planned))
    return not planned.empty
