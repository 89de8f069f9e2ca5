"""`orbital report`: a parameterised notebook as an HTML page."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.output import console, table
from orbital_kernel.commands.outputs import OutputFolder
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.reports import Outcome, Report

COMPARE = "compare"


@click.command(
    epilog="Example: orbital report source --each object='GRB 130427A,GW170817' --out out"
)
@click.argument("name", required=False)
@click.argument("pages", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-p",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="KEY VALUE",
    help="Set parameter KEY to VALUE. Repeat for several.",
)
@click.option(
    "--each",
    metavar="KEY=A,B,…|KEY=@FILE",
    help="One report for each value of KEY, in parallel; @FILE has one value per line.",
)
@click.option(
    "--out",
    type=OutputFolder(),
    default=Path("reports"),
    show_default=True,
    help="Folder for the executed notebook, the HTML page and index.html.",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Run it even if parameters, code and data are unchanged since the last run.",
)
@click.option(
    "--pdf", is_flag=True, help="Also print each page as PDF by an installed Chromium."
)
def report(
    name: str | None,
    pages: tuple[Path, ...],
    pairs: tuple[tuple[str, str], ...],
    each: str | None,
    out: Path,
    *,
    fresh: bool,
    pdf: bool,
) -> None:
    """Run report NAME and write OUT/NAME.html; without NAME, list all reports.

    The list shows the parameters of each report with their defaults. A page whose
    parameters, code and data are unchanged is not made again. `orbital report compare
    A.html B.html` shows the values that differ between two runs.
    """
    from orbital_kernel import reports

    if name == COMPARE:
        _compare(pages)
        return
    if pages:
        raise click.UsageError(f"report takes one NAME, not also {pages[0]}")
    if name is None:
        _list()
        return
    selected = reports.find(name)
    given = reports.parse(selected, pairs)
    if each is not None:
        _each(selected, each, given, out.resolve(), fresh=fresh, pdf=pdf)
        return
    with console.status(f"running {name}"):
        outcome = reports.ensure(selected, out.resolve(), given, fresh=fresh)
    _show(outcome, pdf=pdf)


def _list() -> None:
    from orbital_kernel import reports

    rows = [
        (r.name, r.title, ", ".join(f"{p.name}={p.default!r}" for p in r.parameters))
        for r in reports.reports().values()
    ]
    table("reports", ("name", "title", "parameters"), rows)


def _each(
    selected: "Report",
    text: str,
    given: dict[str, Any],
    out: Path,
    *,
    fresh: bool,
    pdf: bool,
) -> None:
    """Run one report per value; exit with 1 if one failed."""
    from orbital_kernel import reports

    parameter, equals, words = text.partition("=")
    if not equals:
        raise click.UsageError("--each takes KEY=A,B,… or KEY=@FILE")
    if words.startswith("@"):
        texts = click.open_file(words[1:], encoding="utf-8").read().splitlines()
    else:
        texts = words.split(",")
    values = [
        reports.parse(selected, [(parameter, value.strip())])[parameter]
        for value in texts
        if value.strip()
    ]
    outcomes = reports.each(
        *(selected, out, parameter, values, given),
        fresh=fresh,
        done=lambda outcome: _show(outcome, pdf=pdf),
    )
    failed = sum(bool(outcome.error) for outcome in outcomes)
    echo(f"{len(outcomes) - failed} reports, {failed} failed: {out / 'index.html'}")
    sys.exit(1 if failed else 0)


def _compare(pages: tuple[Path, ...]) -> None:
    from orbital_kernel import reports

    if len(pages) != 2:
        raise click.UsageError("compare takes two pages: A.html B.html")
    differences = reports.compare(*pages)
    if not differences:
        echo("No value differs. Figures are not compared.")
        return
    columns = ("where", "name", "first", "second")
    rows = [tuple(row[column] for column in columns) for row in differences]
    table(f"{len(rows)} values differ; figures are not compared", columns, rows)


def _show(outcome: "Outcome", *, pdf: bool) -> None:
    """Print where a page is and how large; with `pdf` print the page as PDF too."""
    from orbital_kernel import reports

    if outcome.error or outcome.page is None:
        echo(f"{outcome.stem}: {outcome.error}")
        return
    since = outcome.unchanged_since
    size = f"{outcome.page.stat().st_size / 1e6:.2f} MB"
    echo(f"{outcome.page} ({size}{f', unchanged since {since} UTC' if since else ''})")
    if pdf:
        echo(str(reports.write_pdf(outcome.page)))
