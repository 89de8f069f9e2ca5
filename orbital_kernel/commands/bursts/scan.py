"""`orbital bursts scan`: excursions of files, or of all rates in the store."""

from pathlib import Path

import click

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
@json_option
def scan(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Scan the rates in files or folders; without PATHS, all rates in the store.

    Files are read and nothing is kept; a scan of the store writes cross.bursts. Matches
    are catalogue bursts of the store at the same time.
    """
    from orbital_kernel import connect
    from orbital_kernel.bursts import to_json

    found = connect().bursts
    with console.status("scanning") as status:
        rows = (
            found.scan(*paths, progress=status.update)
            if paths
            else found.scan_store(progress=status.update)
        )
    if as_json:
        print_json({"bursts": to_json(rows)})
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
    )
