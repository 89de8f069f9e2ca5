"""`orbital object`: one page of everything stored about an object."""

import click

from orbital_kernel.commands.names import completions
from orbital_kernel.commands.output import json_option, print_json, rows_of
from orbital_kernel.commands.terminal import echo

TABLES = ("names", "points", "bursts", "excursions", "observations", "ids")


@click.command(epilog='Example: orbital object "GRB 130427A"')
@click.argument("name", metavar="NAME", shell_complete=completions)
@json_option
def object(name: str, *, as_json: bool) -> None:  # noqa: A001 - the command's name
    """Show everything stored about NAME: position, points, bursts, observations."""
    from orbital_kernel import connect

    page = connect().object(name)
    if not as_json:
        echo(str(page))
        return
    print_json(
        {
            "name": page.name,
            "aliases": list(page.aliases),
            "position": dict(page.position) if page.position else None,
            "redshift": dict(page.redshift) if page.redshift else None,
            "simulated": page.simulated,
            **{table: rows_of(getattr(page, table)) for table in TABLES},
        }
    )
