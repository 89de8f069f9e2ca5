"""`orbital bursts scan`: excursions in files, or in all rates of the store."""

from pathlib import Path

import click

from orbital_kernel.commands.bursts import thresholds
from orbital_kernel.commands.output import console, json_option, print_json, table
from orbital_kernel.commands.outputs import OutputFolder
from orbital_kernel.commands.terminal import echo

HEADER = (
    "time (UTC)",
    "series",
    "sigma",
    "window (s)",
    "T90 (s)",
    "catalogue burst",
)


@click.command(epilog="Example: orbital bursts scan ~/swift/grb_lightcurves_1s --json")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--false-alarms-per-day",
    "per_day",
    type=float,
    help="Set the thresholds for this rate of false alarms from noise: by your own "
    "calibration (`orbital bursts calibrate --keep`), else by the package's.",
)
@click.option(
    "--plots",
    type=OutputFolder(),
    help="Write one HTML page per burst or unknown excursion to this folder.",
)
@json_option
def scan(
    paths: tuple[Path, ...],
    *,
    per_day: float | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Scan the rates in files or folders; without PATHS, scan all rates in the store.

    A scan of files stores nothing, except the pages of --plots. A scan of the store
    writes cross.bursts. Matches are catalogue bursts in the store at the same time. The
    cause known-source is never assigned: rates have no direction, so that a bright source
    at the Earth's limb and a change of pointing cannot be distinguished.
    """
    if plots and not paths:
        raise click.UsageError("--plots draws excursions in files: give PATHS")
    if per_day is not None and not per_day > 0:
        raise click.BadParameter("the rate of false alarms must be above 0")
    from orbital_kernel import connect
    from orbital_kernel.monitor.scan import draw, to_json

    settings, origin = thresholds.used(per_day)
    bursts = connect().bursts
    with console.status("scanning") as status:
        rows = (
            bursts.scan(*paths, settings=settings, progress=status.update)
            if paths
            else bursts.scan_store(settings=settings, progress=status.update)
        )
        if plots:
            draw(rows.filter(rows["cause"].is_in(["burst", "unknown"])), plots)
    if as_json:
        print_json({"bursts": to_json(rows), "thresholds": origin})
        return
    found_bursts = [b for b in to_json(rows) if b["cause"] == "burst"]
    table(
        f"{len(found_bursts)} bursts of {len(rows)} excursions",
        HEADER,
        [
            (
                b["time_utc"],
                b["series"],
                f"{b['significance']:.1f}",
                f"{b['timescale_s']:.3g}",
                None if b["t90_s"] is None else f"{b['t90_s']:.2f}",
                ", ".join(dict.fromkeys(m["name"] for m in b["matches"])),
            )
            for b in found_bursts
        ],
        simulated=any(b["simulated"] for b in found_bursts),
    )
    echo(thresholds.sentence(origin))
