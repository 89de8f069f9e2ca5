"""`orbital mapping`: draft and check mapping files for tables of any columns."""

import sys
from pathlib import Path

import click

from orbital_kernel.commands.output import console, json_option, print_json, table
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo
from orbital_kernel.errors import MappingError

HIDDEN = {"file_sha256", "healpix", "file_row", "simulated", "extra"}


@click.group(epilog="Example: orbital mapping draft afterglow.csv --out afterglow.toml")
def mapping() -> None:
    """Draft and check mappings: which column of a table means what.

    A table of a format that Orbital does not know needs a mapping (TOML or YAML). It
    names the target table, the observatory, the format of the file, and the columns,
    times, units, bands and limits.

    \b
    1. orbital mapping draft TABLE --out MAPPING    write what the table itself says
    2. edit MAPPING: replace each FILL IN, check each comment
    3. orbital mapping check MAPPING TABLE          see the rows as they would be stored
    4. orbital ingest TABLE --mapping MAPPING

    The guide, page "Mappings", describes every key.
    """  # noqa: D301  \b keeps the lines of the list apart


@mapping.command(
    epilog="Example: orbital mapping draft afterglow.csv --out afterglow.toml"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--table",
    "target",
    metavar="NAME",
    help="Target table: photometry, sources, … Default: the one that the columns fit.",
)
@click.option(
    "--out",
    metavar="MAPPING",
    type=OutputFile(),
    help="Write the mapping to this file. Default: print it. An existing file is kept.",
)
def draft(file: Path, target: str | None, out: Path | None) -> None:
    """Write a mapping for the table FILE: what it says itself, and blanks.

    Columns, units, dates and their format, bands, limits and errors are read off the
    names and the first 500 rows. Each guess has a comment with its reason. What the table
    does not say is a blank, FILL IN, with its choices: a mapping with blanks is refused.
    """
    from orbital_kernel.ingest.mappings import Mappings

    if out is not None and out.exists():
        raise MappingError(f"{out} exists: draft into another file, or remove it first")
    text = Mappings().draft(file, target)
    if out is None:
        echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    blanks = text.count('= "FILL IN')
    console.print(
        f"{out}: {blanks} blanks to fill in; then: orbital mapping check {out} {file}",
        markup=False,
    )


@mapping.command(epilog="Example: orbital mapping check afterglow.toml afterglow.csv")
@click.argument(
    "mapping_file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rows",
    metavar="N",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Number of rows to show of each target table.",
)
@json_option
def check(mapping_file: Path, file: Path, rows: int, *, as_json: bool) -> None:
    """Show the first rows of FILE as MAPPING_FILE would store them.

    Values are in the units that Orbital keeps, times are UTC. Rows that are not stored
    are counted with the reason. Nothing is written. Exits with 1 if no row would be
    stored, or the mapping is wrong.
    """
    from orbital_kernel.ingest.mappings import Mappings

    result = Mappings().check(mapping_file, file, rows=rows)
    stored = sum(checked.rows for checked in result.tables)
    if as_json:
        print_json(result.to_json())
        sys.exit(0 if stored else 1)
    for checked in result.tables:
        shown = min(rows, checked.rows)
        heads = ("column", "unit", *(f"row {n}" for n in range(1, shown + 1)))
        cells = [
            (name, unit, *(_short(row[name]) for row in checked.first))
            for name, unit in checked.units.items()
            if name not in HIDDEN
        ]
        table(f"{checked.name}: {shown} of {checked.rows} rows", heads, cells)
    for line in result.understood:
        echo(line)
    for reason, count in result.skipped.items():
        echo(f"not stored: {count} rows: {reason}")
    if not stored:
        echo("no row would be stored", err=True)
    sys.exit(0 if stored else 1)


def _short(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
