"""`orbital health`: one state of the platform with the reasons behind it."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands import show
from orbital_kernel.commands.looking import looks as looks_of
from orbital_kernel.commands.looking import looks_option, watch_option

if TYPE_CHECKING:
    from orbital_kernel.storage.health.alerts import Alert
    from orbital_kernel.storage.health.checks import Check, Health

BAD, UNKNOWN = 1, 3


@click.command(epilog="Example: orbital health --watch 10 --prometheus orbital.prom")
@show.json_option
@watch_option
@looks_option
@click.option(
    "--prometheus",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the metrics to this file too, for a textfile collector.",
)
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    metavar="NAME",
    help="Files of this observatory must come in all the time.",
)
@click.option("--all", "every_check", is_flag=True, help="Show checks that are ok too.")
def health(
    *,
    as_json: bool,
    every: float | None,
    looks: int | None,
    prometheus: Path | None,
    feeds: tuple[str, ...],
    every_check: bool,
) -> None:
    """Tell the state of cluster, quotas, queries, ingest and the burst watcher.

    Exit 0 for ok and warn, 1 for bad, 3 where it is unknown. With --watch a change is
    told once: raised after two equal looks, cleared after three. A look ends within
    --watch SECONDS (10 without it); what has not answered by then is unknown.
    """
    from orbital_kernel import connect
    from orbital_kernel.storage.health.alerts import Alerts
    from orbital_kernel.storage.session import LOOK_S

    orbital, alerts, told = connect(), Alerts(), None
    for look in looks_of(every, looks):
        told = orbital.health(feeds=feeds, within_s=every or LOOK_S)
        changes = alerts.update(told)
        if prometheus:
            _write(prometheus, told)
        if as_json:
            _print_json(told, changes, lines=every is not None)
        elif not look:
            _print(told, every_check=every_check)
        for alert in () if as_json else changes:
            click.echo(f"{alert.event}: {alert.name} {alert.state}: {alert.reason}")
    sys.exit({"bad": BAD, "unknown": UNKNOWN}.get(told.state, 0) if told else UNKNOWN)


def _print(told: "Health", *, every_check: bool) -> None:
    checks = [c for c in told.checks if every_check or c.state != "ok"]
    if checks:
        show.table(
            "Checks", ("state", "check", "what was found"), [_row(c) for c in checks]
        )
    counts = f"{len(told.of('ok'))} of {len(told.checks)} checks are ok"
    click.echo(f"{told.state}: {counts}")


def _row(check: "Check") -> tuple[str, str, str]:
    return check.state, check.name, check.reason


def _print_json(told: "Health", changes: "tuple[Alert, ...]", *, lines: bool) -> None:
    document = {**told.to_json(), "alerts": [vars(alert) for alert in changes]}
    if lines:
        click.echo(json.dumps(document, allow_nan=False))
    else:
        show.print_json(document)


def _write(path: Path, told: "Health") -> None:
    """Write the metrics whole or not at all: a collector may read at any time."""
    from orbital_kernel.errors import OrbitalError
    from orbital_kernel.storage.health import prometheus

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(prometheus.text(told), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OrbitalError(
            f"the metrics cannot be written to {path}: {error.strerror}; name a file in "
            "a folder that exists and may be written to"
        ) from error
