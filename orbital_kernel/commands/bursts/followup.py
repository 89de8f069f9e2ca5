"""`orbital bursts followup`: who can look at a place, and what is known there."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands.show import json_option, print_json, table

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
    "--error", type=float, default=0.0, help="Radius of the error circle, arcmin."
)
@click.option(
    "--days", type=float, default=3.0, show_default=True, help="How far to look ahead."
)
@click.option(
    "--start", type=click.DateTime(), help="Look from then on, UTC; else now."
)
@click.option(
    "--tle",
    "tles",
    multiple=True,
    metavar="OBSERVATORY=FILE",
    help="Judge the Earth's limb along the orbit of two-line elements, of within 14 days.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the timeline to this file.",
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
    """Tell who can look at BURST_ID, or at a place, and what is known there.

    BURST_ID is one of cross.bursts that a catalogue or a notice places; else give --ra
    and --dec. Told in one call: sources of every observatory in the error circle, past
    exposures, what upper limits they allow, and for the next days who can point there:
    Sun and Moon by the limits in the observatories' files, the Earth's limb where --tle
    gives an orbit, the share of the error circle a field of view covers. First in the
    ranking is who sees the place and covers most of it soonest; each line says why, and
    what is assumed stands below.
    """
    if burst_id is None and (ra is None or dec is None):
        raise click.UsageError("give a BURST_ID, or --ra and --dec")
    from orbital_kernel import connect
    from orbital_kernel.monitor.knowledge import to_json

    orbits = _orbits(tles)
    found = connect().bursts.follow_up(
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

        html.write_text(to_html(visibility(found.plan)), encoding="utf-8")
    if as_json:
        print_json(to_json(found))
        return
    rows = to_json(found)
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
        made = " (simulated)" if limit["simulated"] else ""
        click.echo(f"{limit['observatory']}: {limit['upper_limit']}{made}")
    for text in rows["assumptions"]:
        click.echo(f"assumed: {text}")


def _orbits(tles: tuple[str, ...]) -> "dict[str, Elements]":
    """Return elements by observatory of OBSERVATORY=FILE."""
    from orbital_kernel.model.observatory import observatory
    from orbital_kernel.science.visibility import elements

    pairs = [text.partition("=") for text in tles]
    if not all(name and file for name, _, file in pairs):
        raise click.UsageError("--tle is OBSERVATORY=FILE, such as swift=swift.tle")
    return {observatory(name).name: elements(Path(file)) for name, _, file in pairs}
