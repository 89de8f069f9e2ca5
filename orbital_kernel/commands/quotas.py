"""`orbital quotas`: one step of quota automation, or one per interval."""

import json
from typing import Any

import click

from orbital_kernel.commands import output
from orbital_kernel.commands.polling import looks_option, polls, watch_option
from orbital_kernel.commands.terminal import echo


@click.command(
    epilog="Example: orbital quotas --watch 3600 --approve orbital-swift '1.5 TB'"
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the decisions, but neither store samples nor change quotas.",
)
@click.option(
    "--approve",
    type=(str, str),
    multiple=True,
    metavar="NAME SIZE",
    help="Let quota NAME grow to SIZE, above its approval limit. Repeat for several.",
)
@output.json_option
@watch_option
@looks_option
def quotas(
    *,
    dry_run: bool,
    approve: tuple[tuple[str, str], ...],
    as_json: bool,
    every: float | None,
    looks: int | None,
) -> None:
    """Sample every quota, forecast when it is full, and raise it as its policy says."""
    from orbital_kernel import connect
    from orbital_kernel.model.sizes import bytes_of
    from orbital_kernel.storage.growth.outlook import outlook

    approved = {name: bytes_of(size) for name, size in approve}
    storage = connect().storage
    for _ in polls(every, looks):
        decisions = storage.quotas(dry_run=dry_run, approved=approved)
        forecasts = outlook(decisions, storage.quota_names())
        if as_json:
            _print_json(forecasts, dry_run=dry_run, lines=every is not None)
        else:
            _print(forecasts, dry_run=dry_run)


def _print_json(forecasts: list[dict[str, Any]], *, dry_run: bool, lines: bool) -> None:
    document = {"dry_run": dry_run, "quotas": forecasts}
    if lines:
        echo(json.dumps(document, allow_nan=False))
    else:
        output.print_json(document)


def _print(forecasts: list[dict[str, Any]], *, dry_run: bool) -> None:
    from orbital_kernel.storage.growth.outlook import COLUMNS, rows

    title = "Quotas (dry run: nothing is changed)" if dry_run else "Quotas"
    output.table(title, COLUMNS, rows(forecasts))
