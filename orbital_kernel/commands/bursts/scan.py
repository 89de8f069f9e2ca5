"""`orbital bursts scan`: excursions of files, or of all rates in the store."""

from pathlib import Path

import click

from orbital_kernel.commands.bursts import thresholds
from orbital_kernel.commands.show import console, json_option, print_json, table

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
    help="Choose thresholds for this rate of false alarms of noise: from your own"
    " calibration (`orbital bursts calibrate --keep`), else from the package's.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a page for each burst or unknown to this folder, to judge by eye.",
)
@json_option
def scan(
    paths: tuple[Path, ...],
    *,
    per_day: float | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Scan the rates in files or folders; without PATHS, all rates in the store.

    Files are read and nothing is kept (but the pages of --plots); a scan of the store
    writes cross.bursts. Matches are catalogue bursts of the store at the same time.
    The cause known-source is never given: rates have no direction, and cannot tell a
    bright source at the Earth's limb from a change of pointing.
    """
    if plots and not paths:
        raise click.UsageError("--plots draws what is found in files: give PATHS")
    if per_day is not None and not per_day > 0:
        raise click.BadParameter("false alarms a day must be above 0")
    from orbital_kernel import connect
    from orbital_kernel.monitor.scan import draw, to_json

    settings, origin = thresholds.used(per_day)
    found = connect().bursts
    with console.status("scanning") as status:
        rows = (
            found.scan(*paths, settings=settings, progress=status.update)
            if paths
            else found.scan_store(settings=settings, progress=status.update)
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
    click.echo(thresholds.sentence(origin))
