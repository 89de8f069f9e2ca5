"""`orbital bursts`: excursions in files and in the store."""

import json
import re
import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from orbital_kernel.commands.show import console, json_option, print_json, table

if TYPE_CHECKING:
    from datetime import datetime

    from orbital_kernel.session import Orbital
    from orbital_kernel.watch import Sink

HEADER = (
    "time (UTC)",
    "series",
    "sigma",
    "window (s)",
    "T90 (s)",
    "catalogue burst",
)


@click.group(epilog="Example: orbital bursts scan ~/swift --json")
def bursts() -> None:
    """Find bursts, and tell them from glitches, turn-ons and the SAA."""


@bursts.command(epilog="Example: orbital bursts scan ~/swift/grb_lightcurves_1s --json")
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


@bursts.command(
    epilog="Example: orbital bursts watch --file alerts.jsonl --replay burst.lc --speed 60"
)
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append alerts to this file, a JSON document a line, each once.",
)
@click.option("--webhook", metavar="URL", help="Post alerts to this URL.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put this file's rates into the store while watching; end with it.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Replay at so many times real time; 0 is as fast as it goes.",
)
@click.option("--once", is_flag=True, help="Look once, judge what there is, and end.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.01),
    default=0.5,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option(
    "--idle",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Seconds without rows after which a series is judged as it is.",
)
@click.option(
    "--heartbeat",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds between two lines on stderr that tell it lives.",
)
@json_option
def watch(
    *,
    path: Path | None,
    webhook: str | None,
    replay: Path | None,
    speed: float,
    once: bool,
    every: float,
    idle: float,
    heartbeat: float,
    as_json: bool,
) -> None:
    """Follow the store as rates arrive: write cross.bursts and tell alerts.

    Alerts have the shape of GCN's public core schemas and go to the terminal, and to a
    file or a webhook where given. With --json they are printed one document a line, and
    with --once as one document. What was told is remembered beside the data: ended and
    started again, it goes on where it was. Ctrl-C ends it.
    """
    stop = _until_interrupted()
    from orbital_kernel import connect
    from orbital_kernel.watch import AlertFile, Printed, Webhook
    from orbital_kernel.watch.alerts import line

    told: list[dict[str, Any]] = []
    show = {
        (False, False): lambda alert: click.echo(line(alert)),
        (False, True): lambda alert: click.echo(line(alert)),
        (True, False): lambda alert: click.echo(json.dumps(alert)),
        (True, True): told.append,
    }[as_json, once]
    orbital = connect().require_tables()
    sinks: list[Sink] = [Printed(show)]
    sinks += [AlertFile(path)] if path else []
    sinks += [Webhook(webhook)] if webhook else []
    watcher = orbital.bursts.watch(
        _checkpoints(orbital),
        sinks=sinks,
        replay=replay,
        speed=speed,
        idle_s=idle,
        note=lambda text: click.echo(text, err=True),
    )
    watcher.run(stop, once=once, poll_s=every, heartbeat_s=heartbeat)
    if as_json and once:
        print_json({"alerts": told})


@bursts.command(
    "followup",
    epilog="Example: orbital bursts followup --ra 173.14 --dec 27.70 --error 3 --days 2",
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
    html: Path | None,
    as_json: bool,
) -> None:
    """Tell who can look at BURST_ID, or at a place, and what is known there."""
    if burst_id is None and (ra is None or dec is None):
        raise click.UsageError("give a BURST_ID, or --ra and --dec")
    from orbital_kernel import connect
    from orbital_kernel.watch.knowledge import to_json

    found = connect().bursts.follow_up(
        burst_id, ra=ra, dec=dec, error_arcmin=error, days=days, start=start
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
    )
    for limit in rows["upper_limits"]:
        click.echo(f"{limit['observatory']}: {limit['upper_limit']}")
    for text in rows["assumptions"]:
        click.echo(f"assumed: {text}")


def _checkpoints(orbital: "Orbital") -> Path:
    """Return the folder of the watcher's checkpoints of this store."""
    settings = orbital.settings
    where = urlsplit(settings.endpoint).netloc
    name = settings.engine if settings.engine != "cluster" else where
    plain = re.sub(r"[^\w.-]+", "_", f"{name}-{orbital.database}")
    return orbital.home / "watch" / plain


def _until_interrupted() -> Event:
    """Return an event that Ctrl-C and SIGTERM set."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
