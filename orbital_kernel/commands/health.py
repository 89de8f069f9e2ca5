"""`orbital health`: one status of the platform, with reasons."""

import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands import output
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.polling import looks_option, polls, watch_option
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.storage.health.alerts import Alert
    from orbital_kernel.storage.health.checks import Check, Health
    from orbital_kernel.storage.health.exporter import Exporter

BAD, UNKNOWN = 1, 3


@click.command(epilog="Example: orbital health --watch 10 --prometheus orbital.prom")
@output.json_option
@watch_option
@looks_option
@click.option(
    "--prometheus",
    type=OutputFile(),
    metavar="FILE",
    help="Also write the metrics to this file, for Prometheus' textfile collector.",
)
@click.option(
    "--listen",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Also serve the metrics at http://127.0.0.1:PORT/metrics while watching.",
)
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    metavar="NAME",
    help="Warn if this observatory stops delivering files. Repeat for several.",
)
@click.option(
    "--all", "every_check", is_flag=True, help="Also show checks that are ok."
)
def health(
    *,
    as_json: bool,
    every: float | None,
    looks: int | None,
    prometheus: Path | None,
    listen: int | None,
    feeds: tuple[str, ...],
    every_check: bool,
) -> None:
    """Show the status of cluster, quotas, queries, ingest and the burst watcher.

    Exits with 0 for ok and warn, 1 for bad and 3 for unknown. With --watch each change is
    reported once: an alert is raised after two equal checks in a row and cleared after
    three. A round of checks ends within --watch SECONDS (10 without it); a check that has
    not answered by then is unknown.
    """
    from orbital_kernel import connect
    from orbital_kernel.storage.health.alerts import Alerts
    from orbital_kernel.storage.patience import LOOK_S

    if listen is not None and every is None:
        raise click.UsageError("--listen serves while watching: add --watch SECONDS")
    orbital, alerts, status = connect(), Alerts(), None
    with _exporter(listen) as exporter:
        for poll in polls(every, looks):
            status = orbital.health(feeds=feeds, within_s=every or LOOK_S)
            changes = alerts.update(status)
            if prometheus:
                _write(prometheus, status)
            if exporter:
                exporter.update(status)
            if as_json:
                _print_json(status, changes, lines=every is not None)
            elif not poll:
                _print(status, every_check=every_check)
            for alert in () if as_json else changes:
                echo(f"{alert.event}: {alert.name} {alert.state}: {alert.reason}")
    sys.exit(
        {"bad": BAD, "unknown": UNKNOWN}.get(status.state, 0) if status else UNKNOWN
    )


def _exporter(port: int | None) -> "AbstractContextManager[Exporter | None]":
    """Return the server of the metrics, or nothing without a port."""
    if port is None:
        return nullcontext()
    from orbital_kernel.storage.health.exporter import Exporter

    return Exporter(port)


def _print(status: "Health", *, every_check: bool) -> None:
    checks = [c for c in status.checks if every_check or c.state != "ok"]
    if checks:
        output.table("Checks", ("state", "check", "reason"), [_row(c) for c in checks])
    counts = f"{len(status.of('ok'))} of {len(status.checks)} checks are ok"
    echo(f"{status.state}: {counts}")


def _row(check: "Check") -> tuple[str, str, str]:
    return check.state, check.name, check.reason


def _print_json(status: "Health", changes: "tuple[Alert, ...]", *, lines: bool) -> None:
    document = {**status.to_json(), "alerts": [vars(alert) for alert in changes]}
    if lines:
        echo(json.dumps(document, allow_nan=False))
    else:
        output.print_json(document)


def _write(path: Path, status: "Health") -> None:
    """Replace the file of metrics in one step: a collector may read at any time."""
    from orbital_kernel.errors import OrbitalError
    from orbital_kernel.storage.health import prometheus

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(prometheus.text(status), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OrbitalError(
            f"the metrics cannot be written to {path}: {error.strerror}; name a file in "
            "a folder that exists and may be written to"
        ) from error
