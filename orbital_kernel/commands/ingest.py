"""`orbital ingest`: files and folders into the store."""

import sys
from pathlib import Path

import click

from orbital_kernel.commands.show import (
    console,
    json_option,
    print_json,
    progress,
    table,
)


@click.command(epilog="Example: orbital ingest ~/swift/00350311000 --observatory swift")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--observatory", metavar="NAME", help="Whose data it must be, e.g. swift."
)
@click.option(
    "--replace", is_flag=True, help="Ingest known content again; old rows go."
)
@json_option
def ingest(
    paths: tuple[Path, ...], observatory: str | None, *, replace: bool, as_json: bool
) -> None:
    """Take files of any known format into the store, once each.

    Formats are recognised by content. Running it again adds nothing; a file that is
    broken or of no known format is refused with its reason and the rest goes on.
    Exit code 1 tells that something was refused.
    """
    from orbital_kernel import connect
    from orbital_kernel.ingest import files_of

    orbital = connect().require_tables()
    total = sum(path.stat().st_size for path in files_of(paths))
    with progress(total, "ingest") as bar:

        def advance(path: Path, size: int) -> None:
            bar.update(bar.task_ids[0], advance=size, description=path.name[:32])

        try:
            report = orbital.ingest(
                *paths, observatory=observatory, replace=replace, progress=advance
            )
        except KeyboardInterrupt:
            bar.stop()
            console.print(
                "stopped: what was ingested stands; run the same command to go on"
            )
            sys.exit(130)
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(repr(report))
        refused = report.in_state("refused")
        if refused:
            table("refused", ("file", "reason"), [(r.path, r.reason) for r in refused])
    sys.exit(1 if report.in_state("refused") else 0)
