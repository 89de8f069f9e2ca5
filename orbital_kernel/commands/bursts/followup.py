"""`orbital bursts followup`: who can observe a place, and what is stored about it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands.output import json_option, print_json, table
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from datetime import datetime

    from orbital_kernel.science.visibility import Elements


@click.command(
    "followup",
    epilog="Example: orbital bursts followup --ra 173.14 --dec 27.70 --error 3 --days 2 "
    "--tle swift=swift.tle",
)
@click.argument("burst_id", required=False)
@click.option("--ra", type=float, help="Right ascension, ICRS degrees.")
@click.option("--dec", type=float, help="Declination, ICRS degrees.")
@click.option(
    "--error",
    type=float,
    default=0.0,
    help="Radius of the error circle, arcmin. Default: 0.",
)
@click.option(
    "--days", type=float, default=3.0, show_default=True, help="Days to plan ahead."
)
@click.option(
    "--start", type=click.DateTime(), help="Start of the plan, UTC. Default: now."
)
@click.option(
    "--tle",
    "tles",
    multiple=True,
    metavar="OBSERVATORY=FILE",
    help="Two-line elements of OBSERVATORY's orbit, not older than 14 days, to include the "
    "Earth's limb. Repeat for several.",
)
@click.option(
    "--html",
    type=OutputFile(),
    help="Also write the timeline to this HTML file.",
)
@json_option
def followup(
    *,
    burst_id: str | None,
    ra: float | None,
    dec: float | None,
    error: float,
    days: float,
    start: "datetime | None",
    tles: tuple[str, ...],
    html: Path | None,
    as_json: bool,
) -> None:
    """Show who can observe BURST_ID, or a place, and what is stored about it.

    BURST_ID is a row of cross.bursts with a position from a catalogue or a notice; else
    give --ra and --dec. The output has the sources of every observatory in the error
    circle, past exposures with the upper limits they allow, and who can point there in
    the next days.

    Visibility follows from the Sun and Moon limits in the observatories' files, from the
    Earth's limb if --tle gives an orbit, and from the share of the error circle that a
    field of view covers. The ranking begins with the instrument that covers most of the
    circle soonest. Each line gives its reasons; all assumptions are listed below.
    """
    if burst_id is None and (ra is None or dec is None):
        raise click.UsageError("give a BURST_ID, or --ra and --dec")
    from orbital_kernel import connect
    from orbital_kernel.monitor.knowledge import to_json

    orbits = _orbits(tles)
    follow_up = connect().bursts.follow_up(
        burst_id,
        ra=ra,
        dec=dec,
        error_arcmin=error,
        days=days,
        start=start,
        orbits=orbits,
    )
    if html:
        from orbital_kernel.plots import to_html
        from orbital_kernel.plots.visibility import visibility

        html.write_text(to_html(visibility(follow_up.plan)), encoding="utf-8")
    if as_json:
        print_json(to_json(follow_up))
        return
    rows = to_json(follow_up)
    table(
        f"RA {rows['ra']:.4f}, Dec {rows['dec']:+.4f} ({rows['told_by']})",
        ("rank", "instrument", "reasons"),
        [
            (r["rank"], f"{r['observatory']} {r['instrument']}", r["reasons"])
            for r in rows["ranking"]
        ],
        simulated=rows["simulated"],
    )
    for limit in rows["upper_limits"]:
        mark = " (simulated)" if limit["simulated"] else ""
        echo(f"{limit['observatory']}: {limit['upper_limit']}{mark}")
    for text in rows["assumptions"]:
        echo(f"assumed: {text}")


def _orbits(tles: tuple[str, ...]) -> "dict[str, Elements]":
    """Return the orbital elements by observatory, from OBSERVATORY=FILE texts."""
    from orbital_kernel.model.observatory import observatory
    from orbital_kernel.science.visibility import elements

    pairs = [text.partition("=") for text in tles]
    if not all(name and file for name, _, file in pairs):
        raise click.UsageError(
            "give --tle as OBSERVATORY=FILE, for example swift=swift.tle"
        )
    return {observatory(name).name: elements(Path(file)) for name, _, file in pairs}
