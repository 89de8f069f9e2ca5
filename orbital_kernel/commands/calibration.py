"""`orbital calibration`: the flux ratio of two observatories, from simultaneous pairs."""

from dataclasses import asdict

import click

from orbital_kernel.commands.answers import explain_option
from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json, rows_of
from orbital_kernel.commands.terminal import echo


@click.command(
    epilog="Example: orbital calibration swift chandra --within-days 1 --band 0.5 7"
)
@click.argument("first", metavar="OBSERVATORY")
@click.argument("second", metavar="OBSERVATORY")
@click.option("--object", "name", help="Only points at the position of this object.")
@click.option(
    "--within-days",
    type=float,
    default=1.0,
    show_default=True,
    help="Longest time between the good times of a pair, days.",
)
@click.option(
    "--within-arcsec",
    type=float,
    default=5.0,
    show_default=True,
    help="Largest separation of the two points, arcsec.",
)
@click.option(
    "--least",
    type=float,
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Least good time in common; above 0 the pairs are simultaneous.",
)
@click.option(
    "--band",
    type=float,
    nargs=2,
    default=(0.5, 7.0),
    show_default=True,
    metavar="LOW HIGH",
    help="Band of all fluxes, keV.",
)
@click.option(
    "--index",
    type=float,
    default=2.0,
    show_default=True,
    help="Photon index of the power law that converts bands.",
)
@explain_option
@json_option
def calibration(
    first: str,
    second: str,
    name: str | None,
    within_days: float,
    within_arcsec: float,
    least: float,
    band: tuple[float, float],
    index: float,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Compare the fluxes that two observatories measured at nearly the same time.

    One constant per pair of instruments, robust against outliers, with its intrinsic
    scatter and its trends with time and flux. All fluxes are in one band and unit; what
    cannot be converted is counted.
    """
    from orbital_kernel import connect

    answer = connect().calibration(
        first,
        second,
        subject=name,
        within_days=within_days,
        within_arcsec=within_arcsec,
        at_least_s=least,
        band_kev=band,
        photon_index=index,
    )
    if as_json:
        print_json(
            {
                "first": first,
                "second": second,
                "band_kev": answer.band_kev,
                "constants": rows_of(answer.constants),
                "pairs": rows_of(answer.pairs),
                "excluded": dict(answer.excluded),
                "units": answer.units,
                "explain": asdict(answer.how),
            }
        )
        return
    echo(str(answer))
    show_frame(answer.pairs, answer.units)
    if explain:
        echo(str(answer.how))
