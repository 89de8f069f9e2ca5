"""`orbital bursts watch`: follow the store live, write cross.bursts, send alerts."""

import json
import signal
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.monitor import Sink


@click.command(
    epilog="Example: orbital bursts watch --file alerts.jsonl --replay burst.lc --speed 60"
)
@click.option(
    "--file",
    "path",
    type=OutputFile(),
    help="Append each alert once to this file, one JSON document per line.",
)
@click.option("--webhook", metavar="URL", help="Also post alerts to this URL.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Insert the rates of this file while watching, then stop.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Speed of --replay relative to real time; 0 is as fast as possible.",
)
@click.option(
    "--report",
    "reports_in",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the report of each burst found into this folder: curve, matches, "
    "visibility.",
)
@click.option("--once", is_flag=True, help="Check the present rows once, then stop.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.01),
    default=0.1,
    show_default=True,
    help="Seconds between two polls of the store.",
)
@click.option(
    "--idle",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Seconds without new rows after which a series is treated as complete.",
)
@click.option(
    "--heartbeat",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds between two status lines on stderr.",
)
@json_option
def watch(
    *,
    path: Path | None,
    webhook: str | None,
    replay: Path | None,
    speed: float,
    reports_in: Path | None,
    once: bool,
    every: float,
    idle: float,
    heartbeat: float,
    as_json: bool,
) -> None:
    """Follow the store as rates arrive: write cross.bursts and send alerts.

    With --report each burst gets a page, and stderr names it with the seconds since the
    burst was found. Findings of new sources and points beyond the limits of alerts are
    sent too (see `orbital findings`).

    Alerts follow GCN's public core schemas. They are printed and, if given, also go to a
    file and a webhook. --json prints one document per line; with --once it prints a
    single document.

    Stop it with Ctrl-C; nothing is lost if it is killed: a later run continues where the
    last one ended. `orbital health` shows whether the watcher runs and how far behind it
    is.
    """
    stop = _until_interrupted()
    from orbital_kernel import Query, connect
    from orbital_kernel.monitor import Printed
    from orbital_kernel.monitor.alerts import line
    from orbital_kernel.monitor.sinks import sinks_of

    sent: list[dict[str, Any]] = []
    show = {
        (False, False): lambda alert: echo(line(alert)),
        (False, True): lambda alert: echo(line(alert)),
        (True, False): lambda alert: echo(json.dumps(alert)),
        (True, True): sent.append,
    }[as_json, once]
    orbital = connect().require_tables()
    sinks: list[Sink] = [Printed(show), *sinks_of(path, webhook)]
    if reports_in:
        from orbital_kernel.commands.bursts.reporting import BurstReports

        def is_stored(burst_id: str) -> bool:
            of_burst = Query("cross.bursts", sets={"burst_id": [burst_id]})
            return len(orbital.query(of_burst, kind="bursts").frame) > 0

        sinks.append(BurstReports(reports_in, is_stored, partial(echo, err=True)))
    watcher = orbital.bursts.watch(
        orbital.watch_folder,
        sinks=sinks,
        replay=replay,
        speed=speed,
        idle_s=idle,
        note=lambda text: echo(text, err=True),
    )
    watcher.run(stop, once=once, poll_s=every, heartbeat_s=heartbeat)
    if stop.is_set():
        echo(
            "stopped; excursions and alerts are stored: the same command continues from here",
            err=True,
        )
    if as_json and once:
        print_json({"alerts": sent})


def _until_interrupted() -> Event:
    """Return an event that Ctrl-C and SIGTERM set; a second signal ends the process."""
    stop = Event()

    def end(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM)}
    return stop
