"""`orbital bursts listen`: GCN's notices into the store as they are sent."""

import signal
from threading import Event

import click

from orbital_kernel.commands.show import json_option, print_json


@click.command(
    "listen",
    epilog="Example: GCN_CLIENT_ID=… GCN_CLIENT_SECRET=… orbital bursts listen "
    "gcn.notices.swift.bat.guano --from-start --for 60",
)
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option(
    "--group",
    default="orbital",
    show_default=True,
    help="Name under which the broker remembers how far was read.",
)
@click.option(
    "--from-start", is_flag=True, help="A new group begins with all GCN still keeps."
)
@click.option(
    "--for",
    "for_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="End when nothing has come for so long; else Ctrl-C ends it.",
)
@click.option(
    "--broker", metavar="HOST:PORT", help="Another broker than GCN's, without sign-in."
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
    """Take GCN notices into the store as they come, by the ledger like any file.

    TOPICs are Swift's bursts unless given. Started again, it goes on where it was.
    """
    from orbital_kernel import connect
    from orbital_kernel.archives.services.gcn_topics import TOPICS, Topics
    from orbital_kernel.monitor.notices import listen as take_in

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stream = Topics(topics or TOPICS, group=group, from_start=from_start, broker=broker)
    try:
        orbital = connect().require_tables()
        heard = take_in(
            stream,
            orbital.ingest,
            orbital.home / "notices",
            stop=stop,
            for_s=for_s,
            note=lambda line: click.echo(line, err=True),
        )
    finally:
        stream.close()
    if as_json:
        print_json(heard.to_json())
        return
    click.echo(
        f"{heard.ingested} notices ingested, {heard.unchanged} known before, "
        f"{len(heard.refused)} refused, {heard.tombstones} tombstones"
    )
