"""`orbital bursts catalogued`: what each catalogue says of a burst, and which is used."""

import click

from orbital_kernel.commands.answering import show_frame
from orbital_kernel.commands.show import json_option, print_json, rows_of

SHOWN = (
    *("catalog", "time_utc", "ra", "dec", "error_radius_arcsec", "position_instrument"),
    *("t90_s", "t90_err_s", "redshift_text", "used", "excluded"),
)


@click.command(epilog='Example: orbital bursts catalogued "GRB 130427A" --json')
@click.argument("name")
@json_option
def catalogued(name: str, *, as_json: bool) -> None:
    """Show trigger time, position, T90 and redshift of a burst by catalogue.

    The rows are in the order of precedence; `used` lists what Orbital takes from each.
    """
    from orbital_kernel import connect
    from orbital_kernel.questions.catalogued import UNITS

    rows = connect().bursts.catalogued(name)
    if as_json:
        print_json({"name": name, "rows": rows_of(rows)})
        return
    show_frame(rows.select(SHOWN), UNITS)
