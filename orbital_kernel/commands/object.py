"""`orbital object`: one page of everything stored about an object."""

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.names import completions
from orbital_kernel.commands.output import json_option, print_json, rows_of
from orbital_kernel.commands.terminal import echo

TABLES = ("names", "points", "bursts", "excursions", "sources", "observations", "ids")
SHOWN = {
    "bursts": (
        *("catalog", "used", "time_utc", "t90_s", "t90_err_s", "redshift_text"),
        *("ra", "dec", "error_radius_arcsec", "excluded"),
    ),
    "sources": (
        *("observatory", "catalog", "source_id", "separation_arcsec", "flux"),
        *("flux_unit", "band", "is_limit", "obs_id"),
    ),
    "observations": (
        *("observatory", "obs_id", "object", "instrument", "time", "exposure_s"),
        "separation_arcmin",
    ),
    "excursions": ("time", "significance", "timescale_s", "t90_s", "cause", "series"),
    "ids": ("object_id", "name", "kind", "observatories", "separation_arcsec"),
}
UNITS = {
    **dict.fromkeys(("t90_s", "t90_err_s", "timescale_s", "exposure_s"), "s"),
    **dict.fromkeys(("error_radius_arcsec", "separation_arcsec"), "arcsec"),
    **dict.fromkeys(("ra", "dec"), "deg"),
    "separation_arcmin": "arcmin",
    "flux": "see flux_unit",
    "significance": "sigma",
    "time": "TT",
}


@click.command(epilog='Example: orbital object "GRB 130427A"')
@click.argument("name", metavar="NAME", shell_complete=completions)
@json_option
def object(name: str, *, as_json: bool) -> None:  # noqa: A001 - the command's name
    """Show everything stored about NAME.

    Its position, redshift, trigger and T90, light-curve points, rows of catalogues,
    excursions in rates, observations with it in their field, and matched objects.
    """
    from orbital_kernel import connect

    page = connect().object(name)
    if not as_json:
        echo(str(page))
        for table, columns in SHOWN.items():
            frame = getattr(page, table)
            if len(frame):
                echo(f"\n{table}")
                show_frame(frame.select(columns), UNITS)
        return
    print_json(
        {
            "name": page.name,
            "aliases": list(page.aliases),
            "position": dict(page.position) if page.position else None,
            "redshift": dict(page.redshift) if page.redshift else None,
            "simulated": page.simulated,
            **{table: rows_of(getattr(page, table)) for table in TABLES},
        }
    )
