"""`orbital bursts listen`: notices of GCN into the store as they are sent."""

import signal
from threading import Event

import click

from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.terminal import echo


@click.command(
    "listen",
    epilog="Example: orbital bursts listen "
    "gcn.notices.swift.bat.guano --from-start --for 60",
)
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option(
    "--group",
    default="orbital",
    show_default=True,
    help="Consumer group, under which the broker stores the position in each topic.",
)
@click.option(
    "--from-start",
    is_flag=True,
    help="Start a new group with the oldest notices that GCN still has.",
)
@click.option(
    "--for",
    "for_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stop if no notice arrives for this long. Default: only Ctrl-C stops it.",
)
@click.option(
    "--broker",
    metavar="HOST:PORT",
    help="Another broker instead of GCN's, without sign-in.",
)
@json_option
def listen(
    topics: tuple[str, ...],
    group: str,
    broker: str | None,
    for_s: float | None,
    *,
    from_start: bool,
    as_json: bool,
) -> None:
    """Ingest GCN notices as they arrive, each once like any file.

    The default TOPICs are those of Swift's bursts. A later run continues where the last
    one ended. GCN_CLIENT_ID and GCN_CLIENT_SECRET sign in at GCN.
    """
    from orbital_kernel import connect
    from orbital_kernel.archives.services.gcn_topics import TOPICS, Topics
    from orbital_kernel.monitor.notices import listen as receive

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stream = Topics(topics or TOPICS, group=group, from_start=from_start, broker=broker)
    try:
        orbital = connect().require_tables()
        received = receive(
            stream,
            orbital.ingest,
            orbital.home / "notices",
            stop=stop,
            for_s=for_s,
            note=lambda line: echo(line, err=True),
        )
    finally:
        stream.close()
    if as_json:
        print_json(received.to_json())
        return
    echo(
        f"{received.ingested} notices ingested, {received.unchanged} stored before, "
        f"{len(received.refused)} refused, {received.tombstones} tombstones"
    )
