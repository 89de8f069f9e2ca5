"""`orbital provision`: storage and tables, planned before they change."""

import sys

import click

from orbital_kernel.commands.output import console, json_option, print_json, show
from orbital_kernel.commands.terminal import echo

yes_delete_option = click.option(
    "--yes-delete",
    multiple=True,
    metavar="NAME",
    help="Also delete resource NAME, although it holds data. Repeat for several.",
)


@click.group(epilog="Example: orbital provision plan")
def provision() -> None:
    """Create and change storage and tables as the observatories' files define them."""


@provision.command(epilog="Example: orbital provision plan --json")
@yes_delete_option
@json_option
def plan(yes_delete: tuple[str, ...], *, as_json: bool) -> None:
    """Show the changes that `apply` would make, without making them."""
    _show_plan(as_json=as_json, yes_delete=yes_delete)


@provision.command(epilog="Example: orbital provision drift --json")
@json_option
def drift(*, as_json: bool) -> None:
    """Show what differs from the plan, without changing it; exits with 1 if anything does."""
    sys.exit(1 if _show_plan(as_json=as_json) else 0)


@provision.command(epilog="Example: orbital provision apply --yes")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@yes_delete_option
@click.option(
    "--rollback",
    is_flag=True,
    help="If a change fails, undo the changes of this run.",
)
@json_option
def apply(
    yes_delete: tuple[str, ...], *, yes: bool, rollback: bool, as_json: bool
) -> None:
    """Make the planned changes. On a terminal, ask first.

    Applying twice changes nothing the second time. Resources created by an earlier apply
    but no longer configured are deleted. Those that hold data need --yes-delete NAME.
    """
    from orbital_kernel import connect
    from orbital_kernel.commands.plan_table import plan_table

    storage = connect().storage
    planned = storage.plan(yes_delete=yes_delete)
    if not as_json:
        show(plan_table(planned))
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
        echo(f"{len(applied.done)} changes made")


@provision.command(epilog="Example: orbital provision destroy --yes-delete swift-data")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@yes_delete_option
@json_option
def destroy(yes_delete: tuple[str, ...], *, yes: bool, as_json: bool) -> None:
    """Delete what was provisioned. Resources that hold data need --yes-delete NAME."""
    from orbital_kernel import connect
    from orbital_kernel.commands.plan_table import plan_table

    if (
        not yes
        and sys.stdin.isatty()
        and not click.confirm("delete the provisioned storage?")
    ):
        sys.exit(1)
    planned, applied = connect().storage.destroy(yes_delete=yes_delete)
    if as_json:
        print_json({**planned.to_json(), **applied.to_json()})
    else:
        show(plan_table(planned))
    applied.require()


@provision.command(epilog="Example: orbital provision endpoints")
@json_option
def endpoints(*, as_json: bool) -> None:
    """List the addresses of the VIP pools that serve the database, for parallel reads."""
    from orbital_kernel import connect

    endpoints = connect().storage.endpoints()
    if as_json:
        print_json({"endpoints": list(endpoints)})
    else:
        echo("\n".join(endpoints))


def _show_plan(*, as_json: bool, yes_delete: tuple[str, ...] = ()) -> bool:
    from orbital_kernel import connect
    from orbital_kernel.commands.plan_table import plan_table

    planned = connect().storage.plan(yes_delete=yes_delete)
    if as_json:
        print_json(planned.to_json())
    else:
        show(plan_table(planned))
    return not planned.empty
