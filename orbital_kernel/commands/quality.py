"""`orbital quality`: checks of the data, their board, and a report with control charts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    import polars as pl


@click.group(epilog="Example: orbital quality run swift chandra")
def quality() -> None:
    """Check the stored data, and show what is wrong since when."""


@quality.command(epilog='Example: orbital quality run swift --check "clock jumps"')
@click.argument("observatories", nargs=-1, metavar="[OBSERVATORY]...")
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    help="Run only this check. Repeat for several; default: all.",
)
@click.option(
    "--calibrator",
    "calibrators",
    multiple=True,
    metavar="OBJECT",
    help="A further source whose flux must not change. Repeat for several.",
)
@json_option
def run(
    observatories: tuple[str, ...],
    checks: tuple[str, ...],
    calibrators: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Run the checks over the stored rows and record their results in ops.quality.

    Exits with 1 if a check is bad.
    """
    from orbital_kernel import connect

    rows = (
        connect()
        .require_tables()
        .quality.run(*observatories, checks=checks or None, calibrators=calibrators)
    )
    _show(rows, as_json=as_json)
    sys.exit(1 if (rows["state"] == "bad").any() else 0)


@quality.command(epilog="Example: orbital quality board --all")
@click.option("--all", "every", is_flag=True, help="Also list checks that are ok.")
@json_option
def board(*, every: bool, as_json: bool) -> None:
    """Show the newest result of every check, worst first."""
    from orbital_kernel import connect

    _show(connect().require_tables().quality.board(), as_json=as_json, every=every)


@quality.command(epilog="Example: orbital quality report --out quality.html")
@click.option(
    "--out",
    type=OutputFile(),
    metavar="FILE",
    help="Write a page with control charts to this file: .html, or .md for text only.",
)
@json_option
def report(out: Path | None, *, as_json: bool) -> None:
    """Show what is wrong, by which limit and of which origin; with --out, with charts."""
    from orbital_kernel import connect

    orbital = connect().require_tables()
    if out is not None and out.suffix == ".html":
        from orbital_kernel import plots

        page = plots.quality_board(orbital.quality.board(), orbital.quality.samples())
        out.write_text(plots.to_html(page, title="Data quality"), encoding="utf-8")
    elif out is not None:
        out.write_text(orbital.quality.report(), encoding="utf-8")
    if as_json:
        _show(orbital.quality.board(), as_json=True)
    elif out is None:
        echo(orbital.quality.report())
    else:
        echo(str(out))


def _show(rows: "pl.DataFrame", *, as_json: bool, every: bool = False) -> None:
    from orbital_kernel.questions.quality_report import lines_of, to_json

    if as_json:
        print_json(to_json(rows))
        return
    for row in rows.to_dicts():
        if every or row["state"] != "ok":
            echo(lines_of(row))
    counts = dict(rows["state"].value_counts().rows())
    states = (
        f"{counts[s]} {s}" for s in ("bad", "warn", "unknown", "ok") if s in counts
    )
    echo(", ".join(states) or "no check has run: `orbital quality run` runs all")
