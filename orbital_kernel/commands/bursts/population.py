"""`orbital bursts population`: how often, how long, how hard, how bright, how far."""

from pathlib import Path

import click

from orbital_kernel.commands.show import json_option, print_json, rows_of, table


@click.command(epilog="Example: orbital bursts population --json")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the four figures to this file.",
)
@json_option
def population(*, html: Path | None, as_json: bool) -> None:
    """Tell what the burst catalogues of the store hold, and what selected it.

    Counts by year, duration against hardness, fluence and redshift; nothing is corrected
    for what the instruments and the catalogues miss.
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
        print_json({name: told | {"rows": every[name]} for name, told in shown.items()})
        return
    for name, view in views.items():
        told = view.summary()
        title = f"{name}: {view.used:,} of {view.total:,} bursts"
        numbers = told["numbers"].items()
        rows = [(what, f"{n:.4g}") for what, n in numbers]
        table(title, ("what", "value"), rows, simulated=view.simulated)
        for text in view.selection:
            click.echo(f"selection: {text}")
