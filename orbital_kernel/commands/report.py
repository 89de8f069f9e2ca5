"""`orbital report`: one parameterised notebook to HTML."""

from pathlib import Path

import click

from orbital_kernel.commands.show import console, table


@click.command(
    epilog="Example: orbital report 04_monitor_bursts -p archive ~/swift --out out"
)
@click.argument("name", required=False)
@click.option(
    "-p", "pairs", nargs=2, multiple=True, metavar="KEY VALUE", help="One parameter."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("reports")
)
def report(name: str | None, pairs: tuple[tuple[str, str], ...], out: Path) -> None:
    """Run report NAME with papermill and write OUT/NAME.html; without NAME list them."""
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
    wanted = reports.find(name)
    with console.status(f"running {name}"):
        page = reports.run(wanted, out.resolve(), reports.parse(wanted, pairs))
    click.echo(str(page))
