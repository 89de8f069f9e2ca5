"""`orbital bursts calibrate`: false alarm rate and completeness of the detector."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.output import console, json_option, print_json, table
from orbital_kernel.commands.terminal import echo

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
    help="Days of simulated background in 64 ms bins; four times as many in 1 s bins. "
    "Not with PATHS.",
)
@click.option(
    "--tries",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Simulated bursts per duration and fluence.",
)
@click.option(
    "--seed", type=int, default=17, show_default=True, help="Seed of the simulation."
)
@click.option(
    "--keep",
    is_flag=True,
    help="Store the curves in the platform's folder; scans take thresholds from them.",
)
@click.option(
    "--t90",
    "catalogue",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare T90 of the light curves PATHS with this catalogue of bursts.",
)
@click.option(
    "--nights",
    type=click.IntRange(min=1),
    help="Simulate this many nights with steps, sources that rise and set, SAA and "
    "bursts, and count what is reported. Not with PATHS.",
)
@json_option
def calibrate(
    paths: tuple[Path, ...],
    *,
    catalogue: Path | None,
    nights: int | None,
    days: float,
    tries: int,
    seed: int,
    keep: bool,
    as_json: bool,
) -> None:
    """Measure false alarms per day against threshold, and completeness.

    With PATHS, uses the rates of those files. Every detection counts as a false alarm
    unless a catalogue in the store names it. Uncatalogued bursts count too, so that the
    rate is an upper limit. Simulated bursts are added to intervals without detections.

    With --t90, compares T90 with a catalogue instead: the method was chosen on the bursts
    with an even trigger number, and those with an odd one only report.

    Without PATHS, uses simulated background: Poisson counts with an orbital trend, and
    normal rates. Intervals have 90 % confidence (Garwood; Wilson).
    """
    if keep and paths:
        raise click.UsageError(
            "--keep stores curves of simulated background: use it without PATHS"
        )
    if catalogue is not None or nights is not None:
        _compare(catalogue, nights, paths, seed, keep=keep, as_json=as_json)
        return
    from orbital_kernel.commands.bursts import thresholds

    with console.status("calibrating") as status:
        if paths:
            curves, shares = _of_files(paths, tries, seed, status.update)
        else:
            curves, shares = _of_simulated(days, tries, seed, status.update)
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
        _print(f"{kind}: false alarms per day in {curve['days'][0]:.3g} days", curve)
    for kind, share in shares.items():
        _print(f"{kind}: bursts found", share)
    if keep:
        echo(f"`orbital bursts scan --false-alarms-per-day` uses {path} from now on")


def _compare(
    catalogue: Path | None,
    nights: int | None,
    paths: tuple[Path, ...],
    seed: int,
    *,
    keep: bool,
    as_json: bool,
) -> None:
    """Compare what the detector reports with a catalogue, or with simulated nights."""
    if keep or (catalogue is not None and nights is not None):
        raise click.UsageError("use one of --t90, --nights and --keep at a time")
    if catalogue is not None:
        if not paths:
            raise click.UsageError("--t90 needs PATHS: light curves of its bursts")
        _t90(catalogue, paths, as_json=as_json)
    elif nights is not None:
        if paths:
            raise click.UsageError("--nights simulates its rates: use it without PATHS")
        _nights(nights, seed, as_json=as_json)


def _t90(catalogue: Path, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Print T90 against a catalogue: each series, then each half of the bursts."""
    from orbital_kernel.commands.bursts.agreement import of_files
    from orbital_kernel.science.bursts.calibration.agreement import agreement

    with console.status("calibrating") as status:
        rows = of_files(catalogue, paths, status.update)
    halves = agreement(rows)
    if as_json:
        print_json({"t90": rows.to_dicts(), "halves": halves.to_dicts()})
        return
    _print("T90 in s against the catalogue", rows)
    _print("bursts above 15 sigma, by parity of the trigger number", halves)


def _nights(nights: int, seed: int, *, as_json: bool) -> None:
    """Print what the detector reports of simulated nights."""
    from orbital_kernel.science.bursts.calibration.nights import night_causes

    with console.status("calibrating"):
        rows = night_causes(nights, seed)
    if as_json:
        print_json({"nights": rows.to_dicts()})
        return
    _print(f"events of {nights} simulated nights, by reported cause", rows)


def _print(title: str, rows: "pl.DataFrame") -> None:
    from orbital_kernel.science.columns import simulated

    shown = rows.drop("simulated", strict=False)
    table(
        title,
        tuple(shown.columns),
        [tuple(_cell(v) for v in row) for row in shown.iter_rows()],
        simulated=simulated(rows),
    )


def _cell(value: object) -> str | None:
    if value is None:
        return None
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _of_simulated(days: float, tries: int, seed: int, progress: Any) -> tuple[Any, Any]:
    """Return curves and completeness by kind, of simulated background."""
    from orbital_kernel.science.bursts.calibration import KINDS, curve, noise_series

    curves, shares = {}, {}
    for kind, (name, bin_s, channels) in KINDS.items():
        progress(kind)
        exposure = days if bin_s < 1 else 4 * days
        curves[kind] = curve(kind, exposure, seed)
        series = list(noise_series(name, bin_s, 0.05, channels=channels, seed=seed + 1))
        shares[kind] = _completeness(series, bin_s, tries, seed)
    return curves, shares


def _of_files(
    paths: tuple[Path, ...], tries: int, seed: int, progress: Any
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

    excursions = connect().bursts.scan(*paths, progress=progress)
    watched: dict[str, list[pl.DataFrame]] = {}
    empty: dict[str, list[pl.DataFrame]] = {}
    for path, _, series in series_of(paths):
        progress(path.name)
        name = f"{series['kind'][0]} {series['bin_s'][0]:g} s"
        same_series = (pl.col("file") == str(path)) & (
            pl.col("series") == series["series"][0]
        )
        matches = excursions.filter(same_series)
        for parts, remainder in (
            (watched, not_catalogued(series, matches)),
            (empty, quiet(series, matches)),
        ):
            if remainder.height and exposure_s(remainder) > 0:
                parts.setdefault(name, []).append(remainder)
    curves = {kind: false_alarms(frames, TRIED) for kind, frames in watched.items()}
    shares = {
        kind: _completeness(frames, float(frames[0]["bin_s"][0]), tries, seed)
        for kind, frames in empty.items()
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
    for length_s in LENGTHS:
        long = [s for s in series if exposure_s(s) * LONGEST_SHARE >= length_s]
        long = [s for s in long if exposure_s(s) > 200.0]
        if tries == 0 or length_s < bin_s / 2 or not long:
            continue
        pulses = [Pulse(length_s, sigma) for sigma in FLUENCES]
        parts.append(completeness(long, pulses, tries=tries, seed=seed))
    return pl.concat(parts) if parts else pl.DataFrame()
