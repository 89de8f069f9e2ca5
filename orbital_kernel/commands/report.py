"""`orbital report`: a parameterised notebook as an HTML page."""

from pathlib import Path

import click

from orbital_kernel.commands.output import console, table
from orbital_kernel.commands.outputs import OutputFolder
from orbital_kernel.commands.terminal import echo


@click.command(
    epilog="Example: orbital report 04_monitor_bursts -p archive ~/swift --out out"
)
@click.argument("name", required=False)
@click.option(
    "-p",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="KEY VALUE",
    help="Set parameter KEY to VALUE. Repeat for several.",
)
@click.option(
    "--out",
    type=OutputFolder(),
    default=Path("reports"),
    show_default=True,
    help="Folder for the executed notebook and the HTML page.",
)
def report(name: str | None, pairs: tuple[tuple[str, str], ...], out: Path) -> None:
    """Run report NAME and write OUT/NAME.html; without NAME, list all reports.

    The list shows the parameters of each report with their defaults.
    """
    from orbital_kernel import reports

    if name is None:
        rows = [
            (
                r.name,
                r.title,
                ", ".join(f"{p.name}={p.default!r}" for p in r.parameters),
            )
            for r in reports.reports().values()
        ]
        table("reports", ("name", "title", "parameters"), rows)
        return
    selected = reports.find(name)
    with console.status(f"running {name}"):
        page = reports.run(selected, out.resolve(), reports.parse(selected, pairs))
    echo(str(page))
