"""`orbital lag`: the lag of one light curve of an object behind another."""

from dataclasses import asdict

import click

from orbital_kernel.commands.output import json_option, print_json, rows_of
from orbital_kernel.commands.terminal import echo

METHODS = ("iccf", "zdcf", "dcf")
SELECTED = "OBSERVATORY[/INSTRUMENT][:LOW-HIGH|:FILTER][@UNIT]"


@click.command(
    epilog='Example: orbital lag "SIM AGN 1" --of chandra --against swift/XRT --json'
)
@click.argument("name", metavar="OBJECT")
@click.option(
    "--of",
    required=True,
    metavar=SELECTED,
    help="The light curve; band in keV, or name of a filter.",
)
@click.option(
    "--against",
    required=True,
    metavar=SELECTED,
    help="The one it is compared with: the lag is positive if --of follows it.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="iccf",
    show_default=True,
    help="Interpolated, z-transformed discrete, or discrete correlation function.",
)
@click.option(
    "--max-lag",
    type=float,
    metavar="SECONDS",
    help="Largest lag. Default: half the length of the shorter light curve.",
)
@click.option(
    "--step", type=float, metavar="SECONDS", help="Step of the lags, or width of bins."
)
@click.option(
    "--confidence",
    type=float,
    default=0.68,
    show_default=True,
    help="Confidence of the interval of the lag, 0 to 1.",
)
@click.option(
    "--simulations",
    type=int,
    default=1000,
    show_default=True,
    help="Unrelated light curves simulated for the significance.",
)
@click.option(
    "--interval",
    type=click.Choice(["simulated", "calibrated", "resampled"]),
    help="From simulated pairs (default of iccf and zdcf), resampled points (FR/RSS), or "
    "these at levels that simulated pairs calibrate (default of dcf).",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Seed of the simulation: the same seed gives the same numbers.",
)
@click.option("--store", is_flag=True, help="Store the result in cross.lags.")
@json_option
def lag(
    name: str,
    of: str,
    against: str,
    method: str,
    max_lag: float | None,
    step: float | None,
    confidence: float,
    simulations: int,
    interval: str | None,
    seed: int,
    *,
    store: bool,
    as_json: bool,
) -> None:
    """Measure by how much one light curve of an OBJECT follows another.

    The interval is from simulated pairs of one red-noise signal (ICCF, ZDCF), or from
    flux randomisation and random subsets at levels that such pairs calibrate (DCF). How
    often such intervals hold the lag in simulations is printed with it: `coverage`. The
    significance is the share of simulated red noise, with the slope fitted to --of, whose
    correlation is lower: at that lag (local) and at any lag (global).
    """
    from orbital_kernel import connect
    from orbital_kernel.science.correlation.lags import SIGN

    result = connect().lag(
        name,
        of=of,
        against=against,
        method=method,
        max_lag_s=max_lag,
        step_s=step,
        confidence=confidence,
        simulations=simulations,
        interval=interval,
        seed=seed,
        store=store,
    )
    if not as_json:
        echo(str(result))
        echo(result.method)
        return
    values = asdict(result) | {"function": rows_of(result.function)}
    settings = values.pop("method")
    print_json(
        {
            "object": name,
            "of": of,
            "against": against,
            "method": method,
            "settings": settings,
            "sign": SIGN.replace("second", "--of").replace("first", "--against"),
            **values,
        }
    )
