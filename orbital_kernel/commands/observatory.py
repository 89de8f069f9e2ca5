"""`orbital observatory`: create, check and list observatories' files."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from orbital_kernel.commands.output import json_option, print_json, table
from orbital_kernel.commands.outputs import OutputFolder
from orbital_kernel.commands.terminal import echo

MARKS = {"ok": "ok", "fails": "FAILS", "not tried": "-"}


@click.group(epilog="Example: orbital observatory new nicer")
def observatory() -> None:
    """Add an observatory: one TOML file, and a reader if its format is new."""


@observatory.command(epilog="Example: orbital observatory new nicer")
@click.argument("name")
@click.option(
    "--folder",
    metavar="DIR",
    type=OutputFolder(),
    help="Folder of the new file. Add it to ORBITAL_OBSERVATORIES to make it known.",
)
def new(name: str, folder: Path | None) -> None:
    """Write NAME.toml with every key, its meaning, and blanks to fill in."""
    from orbital_kernel.commands.observatory_kit import scaffold

    path = scaffold(name, folder)
    echo(
        f"{path}\nreplace each FILL IN; if no reader knows the format of its files, put one "
        f"into the same folder;\nthen: orbital observatory check {name} --sample FILE"
    )


@observatory.command(
    "check", epilog="Example: orbital observatory check fermi --sample a.fit"
)
@click.argument("name")
@click.option(
    "--sample",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of it, to be ingested into a temporary platform and read back.",
)
@json_option
def check_(name: str, sample: Path | None, *, as_json: bool) -> None:
    """Check an observatory's file: clock, bands, fields, storage, tables and readers.

    With --sample, also ingest one of its files into a temporary platform and compare what
    is read back. Exits with 1 if a check fails.
    """
    from orbital_kernel.commands import observatory_kit

    checks = observatory_kit.check(name, sample)
    failing = observatory_kit.failing(checks)
    if as_json:
        print_json(
            {
                "observatory": name,
                "conforms": not failing,
                "checks": [asdict(check) for check in checks],
            }
        )
    else:
        rows = [(check.name, MARKS[check.state], check.found) for check in checks]
        table(name, ("check", "", "found"), rows)
    sys.exit(1 if failing else 0)


@observatory.command("list", epilog="Example: orbital observatory list")
@click.option("--readers", is_flag=True, help="List readers instead of observatories.")
@json_option
def list_(*, readers: bool, as_json: bool) -> None:
    """List the observatories with their files, or the readers with their formats."""
    rows = _readers() if readers else _observatories()
    if as_json:
        print_json({"readers" if readers else "observatories": rows})
        return
    columns = [name for name in rows[0] if name != "readers"]
    shown = [[_plain(row[name]) for name in columns] for row in rows]
    table("readers" if readers else "observatories", columns, shown)


def _observatories() -> list[dict[str, object]]:
    from orbital_kernel.model.observatory import files, observatories

    paths = files()
    return [
        {
            "name": observatory.name,
            "full_name": observatory.full_name,
            "instruments": [instrument.name for instrument in observatory.instruments],
            "readers": list(observatory.readers),
            "file": str(paths[observatory.name]),
        }
        for observatory in observatories().values()
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
