"""`orbital bursts catalogued`: a burst in each catalogue, and the values Orbital uses."""

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json, rows_of

SHOWN = (
    *("catalog", "time_utc", "ra", "dec", "error_radius_arcsec", "position_instrument"),
    *("t90_s", "t90_err_s", "redshift_text", "used", "excluded"),
)


@click.command(epilog='Example: orbital bursts catalogued "GRB 130427A" --json')
@click.argument("name")
@json_option
def catalogued(name: str, *, as_json: bool) -> None:
    """Show trigger time, position, T90 and redshift of burst NAME in each catalogue.

    Rows are in order of precedence; `used` lists the values that Orbital takes from each.
    """
    from orbital_kernel import connect
    from orbital_kernel.questions.catalogued import UNITS

    rows = connect().bursts.catalogued(name)
    if as_json:
        print_json({"name": name, "rows": rows_of(rows)})
        return
    show_frame(rows.select(SHOWN), UNITS)
