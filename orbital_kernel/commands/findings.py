"""`orbital findings`: detections unlike what was known at their place, and their alerts."""

from pathlib import Path

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json, rows_of
from orbital_kernel.commands.terminal import echo

KINDS = (
    *("brightening", "fading", "new", "variability", "flux-ratio", "lone-burst"),
    *("transient", "extreme-hardness", "new-source", "serendipitous-afterglow"),
)
SHORT = (
    *("kind", "object", "observatory", "ratio_brightest", "ratio_faintest"),
    *("statistic", "expected", "flux", "found", "simulated"),
)


@click.command(epilog="Example: orbital findings --compare --alerts alerts.jsonl")
@click.option("--since", metavar="UTC", help="Only findings made since then.")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    help="Only findings of this kind.",
)
@click.option(
    "--compare",
    is_flag=True,
    help="First compare rows ingested since the last comparison.",
)
@click.option(
    "--ratio",
    type=float,
    default=5.0,
    show_default=True,
    help="Least ratio of an alert.",
)
@click.option(
    "--expected",
    type=float,
    default=0.01,
    show_default=True,
    help="Largest number expected by chance of an alert.",
)
@click.option(
    "--alerts",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append alerts that were not sent yet to this file, one JSON document a line.",
)
@click.option("--webhook", metavar="URL", help="Also post them to this URL.")
@json_option
def findings(
    since: str | None,
    kind: str | None,
    ratio: float,
    expected: float,
    alerts: Path | None,
    webhook: str | None,
    *,
    compare: bool,
    as_json: bool,
) -> None:
    """List what is kept in cross.findings, rarest first.

    An ingest compares each new source and point, in one band, with every flux and limit
    at its place of both observatories. --compare first compares what ingests left.
    Findings beyond --ratio and --expected are alerts if they are news (not of a known
    burst or of the past, which is counted): each is sent once, by
    `orbital bursts watch` while it runs, or to the file and the webhook given here.
    """
    from orbital_kernel import connect
    from orbital_kernel.monitor.sinks import sinks_of

    orbital = connect()
    document: dict[str, object] = {}
    if compare:
        answer = orbital.compare_new(alert_ratio=ratio, alert_expected=expected)
        document = answer.to_json()
        if not as_json:
            echo(str(answer))
    sinks = sinks_of(alerts, webhook)
    if sinks:
        from orbital_kernel.monitor.findings import send

        document["sent"], notes = send(orbital.store, orbital.watch_folder, sinks)
        document["notes"] = notes
        for note in notes:
            echo(note, err=True)
    rows = orbital.findings(since=since, kind=kind)
    if as_json:
        print_json({"findings": rows_of(rows), **document})
        return
    show_frame(rows.select(SHORT), {"flux": "erg / (cm2 s)"})
