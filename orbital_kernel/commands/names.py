"""`orbital names`: find, complete and register names of objects."""

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json, progress, rows_of
from orbital_kernel.commands.terminal import echo

UNITS = {"ra": "deg", "dec": "deg", "error_arcsec": "arcsec"}


def completions(_context: object, _parameter: object, incomplete: str) -> list[str]:
    """Return names that begin with what is typed, for the shell's tab completion."""
    from orbital_kernel import connect
    from orbital_kernel.errors import OrbitalError

    try:
        return connect().names.complete(incomplete)
    except OrbitalError:
        return []  # a shell that completes has nowhere to print a reason


@click.group(epilog='Example: orbital names find "GRB 130427A"')
def names() -> None:
    """Find and complete the names of objects, and register those of stored rows."""


@names.command(epilog="Example: orbital names find GRB130427A")
@click.argument("name", metavar="OBJECT", shell_complete=completions)
@json_option
def find(name: str, *, as_json: bool) -> None:
    """Show which tables have OBJECT, in any spelling, also as an alias."""
    from orbital_kernel import connect

    rows = connect().names.find(name)
    if as_json:
        print_json({"rows": rows_of(rows)})
        return
    show_frame(rows, UNITS)


@names.command(epilog='Example: orbital names complete "GRB 13"')
@click.argument("prefix")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Largest number of names.",
)
@json_option
def complete(prefix: str, limit: int, *, as_json: bool) -> None:
    """List the names that begin with PREFIX, one per line."""
    from orbital_kernel import connect

    matches = connect().names.complete(prefix, limit=limit)
    if as_json:
        print_json({"names": matches})
        return
    for name in matches:
        echo(name)


@names.command(epilog="Example: orbital names rebuild")
@json_option
def rebuild(*, as_json: bool) -> None:
    """Register the names of all stored rows, and place points without a place.

    It is needed once for a database of an earlier Orbital, and after rows were written
    past the ingest.
    """
    from orbital_kernel import connect

    orbital = connect()
    total = sum(
        rows
        for table, rows in orbital.tables().items()
        if table.partition(".")[2] in ("photometry", "grbs", "observations", "notices")
    )
    with progress(total, "rows") as bar:
        task = bar.task_ids[0]
        frame = orbital.names.rebuild(
            progress=lambda _table, rows: bar.advance(task, rows)
        )
    if as_json:
        print_json({"tables": rows_of(frame)})
        return
    show_frame(frame, {})
