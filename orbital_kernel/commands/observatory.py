"""`orbital observatory`: begin a new one, check it, list those there are."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from orbital_kernel.commands.show import json_option, print_json, table

MARKS = {"ok": "ok", "fails": "FAILS", "not tried": "-"}


@click.group(epilog="Example: orbital observatory new nicer")
def observatory() -> None:
    """Add an observatory: one file, and a reader where its format is new."""


@observatory.command(epilog="Example: orbital observatory new nicer")
@click.argument("name")
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it goes; ORBITAL_OBSERVATORIES must name the folder for it to be found.",
)
def new(name: str, folder: Path | None) -> None:
    """Write NAME.toml with every key, its meaning, and blanks to fill in."""
    from orbital_kernel.commands.observatory_kit import scaffold

    path = scaffold(name, folder)
    click.echo(
        f"{path}\nfill in what says FILL IN, put a reader beside it where its files are "
        f"of no known format,\nthen: orbital observatory check {name} --sample FILE"
    )


@observatory.command(epilog="Example: orbital observatory check fermi --sample a.fit")
@click.argument("name")
@click.option(
    "--sample",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One of its files: through a platform of its own and back.",
)
@json_option
def check(name: str, sample: Path | None, *, as_json: bool) -> None:
    """Hold an observatory's file against everything that uses it; exit 1 if it fails."""
    from orbital_kernel.commands import observatory_kit

    checks = observatory_kit.check(name, sample)
    wrong = observatory_kit.failing(checks)
    if as_json:
        print_json(
            {
                "observatory": name,
                "conforms": not wrong,
                "checks": [asdict(one) for one in checks],
            }
        )
    else:
        rows = [(one.name, MARKS[one.state], one.found) for one in checks]
        table(name, ("check", "", "found"), rows)
    sys.exit(1 if wrong else 0)


@observatory.command("list", epilog="Example: orbital observatory list")
@click.option("--readers", is_flag=True, help="List the readers instead.")
@json_option
def list_(*, readers: bool, as_json: bool) -> None:
    """List the observatories, or the readers, and where their files are."""
    rows = _readers() if readers else _observatories()
    if as_json:
        print_json({"readers" if readers else "observatories": rows})
        return
    columns = [name for name in rows[0] if name != "readers"]
    shown = [[_plain(row[name]) for name in columns] for row in rows]
    table("readers" if readers else "observatories", columns, shown)


def _observatories() -> list[dict[str, object]]:
    from orbital_kernel.model.observatory import files, observatories

    known = files()
    return [
        {
            "name": one.name,
            "full_name": one.full_name,
            "instruments": [instrument.name for instrument in one.instruments],
            "readers": list(one.readers),
            "file": str(known[one.name]),
        }
        for one in observatories().values()
    ]


def _readers() -> list[dict[str, object]]:
    from orbital_kernel.archives import readers
    from orbital_kernel.model.observatory import observatories

    return [
        {
            "name": reader.name,
            "reads": reader.doc,
            "version": reader.version,
            "observatories": [
                name for name, o in observatories().items() if reader.name in o.readers
            ],
        }
        for reader in sorted(readers(), key=lambda reader: reader.name)
    ]


def _plain(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
