"""`orbital bursts watch`: follow the store live, write cross.bursts, tell alerts."""

import json
import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.show import json_option, print_json

if TYPE_CHECKING:
    from orbital_kernel.monitor import Sink


@click.command(
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
    default=0.1,
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
    started again, it goes on where it was. Ctrl-C ends it; so does a kill, at no loss.
    `orbital health` tells whether it lives and how far behind it is.
    """
    stop = _until_interrupted()
    from orbital_kernel import connect
    from orbital_kernel.monitor import AlertFile, Printed, Webhook
    from orbital_kernel.monitor.alerts import line

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
        orbital.watch_folder,
        sinks=sinks,
        replay=replay,
        speed=speed,
        idle_s=idle,
        note=lambda text: click.echo(text, err=True),
    )
    watcher.run(stop, once=once, poll_s=every, heartbeat_s=heartbeat)
    if stop.is_set():
        click.echo(
            "ended; what was found and told is kept: the same command goes on from here",
            err=True,
        )
    if as_json and once:
        print_json({"alerts": told})


def _until_interrupted() -> Event:
    """Return an event that Ctrl-C and SIGTERM set; a second one ends at once."""
    stop = Event()

    def end(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM)}
    return stop
