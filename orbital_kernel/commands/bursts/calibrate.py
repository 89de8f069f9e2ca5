"""`orbital bursts calibrate`: how often the detector is wrong, and what it misses."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.show import console, json_option, print_json, table

if TYPE_CHECKING:
    import polars as pl

LENGTHS = (0.064, 0.256, 1.0, 4.0, 16.0, 64.0)
FLUENCES = (6.0, 8.0, 12.0, 20.0)
LONGEST_SHARE = 0.1
EXAMPLE = "Example: orbital bursts calibrate ~/swift/rates_1s --tries 10 --json"


@click.command(epilog=EXAMPLE)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--days",
    type=click.FloatRange(min=0.01),
    default=0.25,
    show_default=True,
    help="Days of made background of 64 ms; four times that of 1 s. Not with PATHS.",
)
@click.option(
    "--tries",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Bursts put in for each length and fluence.",
)
@click.option("--seed", type=int, default=17, show_default=True)
@click.option(
    "--keep",
    is_flag=True,
    help="Keep the curves in the platform's folder: scans take thresholds from them.",
)
@json_option
def calibrate(
    paths: tuple[Path, ...],
    *,
    days: float,
    tries: int,
    seed: int,
    keep: bool,
    as_json: bool,
) -> None:
    """Measure false alarms a day against threshold, and completeness.

    With PATHS, on the rates of those files. False alarms: only what a catalogue of the
    store names is left out; whatever else is found counts, bursts no catalogue knows
    among it, so that the rate is an upper one. Bursts are put in where nothing is found.
    Without PATHS, on made background: Poisson counts on an orbit's trend, and normal
    rates. Intervals are of 90 %, by Garwood and Wilson.
    """
    if keep and paths:
        raise click.UsageError("--keep stores curves of made background: give no PATHS")
    from orbital_kernel.commands.bursts import thresholds

    with console.status("calibrating") as status:
        if paths:
            curves, shares = _of_files(paths, tries, seed, status.update)
        else:
            curves, shares = _of_made(days, tries, seed, status.update)
    if keep:
        command = f"orbital bursts calibrate --days {days:g} --seed {seed} --keep"
        provenance = {"seed": seed, "days": days, "command": command}
        path = thresholds.keep(curves, provenance)
    if as_json:
        print_json(
            {
                **({"kept": str(path)} if keep else {}),
                "false_alarms": {kind: c.to_dicts() for kind, c in curves.items()},
                "completeness": {kind: s.to_dicts() for kind, s in shares.items()},
            }
        )
        return
    for kind, curve in curves.items():
        _shown(f"{kind}: false alarms a day in {curve['days'][0]:.3g} days", curve)
    for kind, share in shares.items():
        _shown(f"{kind}: bursts found", share)
    if keep:
        click.echo(
            f"`orbital bursts scan --false-alarms-per-day` uses {path} from now on"
        )


def _shown(title: str, rows: "pl.DataFrame") -> None:
    from orbital_kernel.science.columns import simulated

    shown = rows.drop("simulated", strict=False)
    table(
        title,
        tuple(shown.columns),
        [
            tuple(None if v is None else f"{v:.4g}" for v in row)
            for row in shown.iter_rows()
        ],
        simulated=simulated(rows),
    )


def _of_made(days: float, tries: int, seed: int, tell: Any) -> tuple[Any, Any]:
    """Return curves and completeness by kind, of made background."""
    from orbital_kernel.science.bursts.calibration import KINDS, curve, noise_series

    curves, shares = {}, {}
    for kind, (name, bin_s, channels) in KINDS.items():
        tell(kind)
        exposure = days if bin_s < 1 else 4 * days
        curves[kind] = curve(kind, exposure, seed)
        series = list(noise_series(name, bin_s, 0.05, channels=channels, seed=seed + 1))
        shares[kind] = _completeness(series, bin_s, tries, seed)
    return curves, shares


def _of_files(
    paths: tuple[Path, ...], tries: int, seed: int, tell: Any
) -> tuple[Any, Any]:
    """Return curves and completeness by kind and width of bins, of files."""
    import polars as pl

    from orbital_kernel import connect
    from orbital_kernel.monitor.scan import series_of
    from orbital_kernel.science.bursts.calibration import (
        TRIED,
        exposure_s,
        false_alarms,
        not_catalogued,
        quiet,
    )

    found = connect().bursts.scan(*paths, progress=tell)
    watched: dict[str, list[pl.DataFrame]] = {}
    empty: dict[str, list[pl.DataFrame]] = {}
    for path, _, series in series_of(paths):
        tell(path.name)
        name = f"{series['kind'][0]} {series['bin_s'][0]:g} s"
        here = (pl.col("file") == str(path)) & (pl.col("series") == series["series"][0])
        mine = found.filter(here)
        for kept, rest in (
            (watched, not_catalogued(series, mine)),
            (empty, quiet(series, mine)),
        ):
            if rest.height and exposure_s(rest) > 0:
                kept.setdefault(name, []).append(rest)
    curves = {kind: false_alarms(rest, TRIED) for kind, rest in watched.items()}
    shares = {
        kind: _completeness(rest, float(rest[0]["bin_s"][0]), tries, seed)
        for kind, rest in empty.items()
    }
    return curves, shares


def _completeness(
    series: "list[pl.DataFrame]", bin_s: float, tries: int, seed: int
) -> "pl.DataFrame":
    import polars as pl

    from orbital_kernel.science.bursts.calibration import (
        Pulse,
        completeness,
        exposure_s,
    )

    parts = []
    for lasts in LENGTHS:
        long = [s for s in series if exposure_s(s) * LONGEST_SHARE >= lasts]
        long = [s for s in long if exposure_s(s) > 200.0]
        if tries == 0 or lasts < bin_s / 2 or not long:
            continue
        pulses = [Pulse(lasts, sigma) for sigma in FLUENCES]
        parts.append(completeness(long, pulses, tries=tries, seed=seed))
    return pl.concat(parts) if parts else pl.DataFrame()
