"""`orbital bursts population`: rate, duration, hardness, fluence and redshift."""

from pathlib import Path

import click

from orbital_kernel.commands.output import json_option, print_json, rows_of, table
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo


@click.command(epilog="Example: orbital bursts population --json")
@click.option(
    "--html",
    type=OutputFile(),
    help="Also write the four figures to this HTML file.",
)
@json_option
def population(*, html: Path | None, as_json: bool) -> None:
    """Summarise the burst catalogues of the store, with their selection effects.

    Shows counts per year, duration against hardness, fluence and redshift. Nothing is
    corrected for bursts that the instruments or the catalogues miss.
    """
    from orbital_kernel import connect
    from orbital_kernel.science import population as science

    views = science.views(connect().bursts.catalog())
    if html:
        from orbital_kernel.plots import burst_views, to_html

        page = to_html(burst_views(views), title="Burst population")
        html.write_text(page, encoding="utf-8")
    if as_json:
        shown = {name: view.summary() for name, view in views.items()}
        every = {name: rows_of(view.rows) for name, view in views.items()}
        print_json(
            {name: summary | {"rows": every[name]} for name, summary in shown.items()}
        )
        return
    for name, view in views.items():
        summary = view.summary()
        title = f"{name}: {view.used:,} of {view.total:,} bursts"
        numbers = summary["numbers"].items()
        rows = [(quantity, f"{value:.4g}") for quantity, value in numbers]
        table(title, ("quantity", "value"), rows, simulated=view.simulated)
        for text in view.selection:
            echo(f"selection: {text}")
