"""`orbital quotas`: one step of quota automation, or many."""

import json
from typing import Any

import click

from orbital_kernel.commands import show
from orbital_kernel.commands.looking import looks as looks_of
from orbital_kernel.commands.looking import looks_option, watch_option


@click.command(epilog="Example: orbital quotas --dry-run")
@click.option("--dry-run", is_flag=True, help="Decide, but write and change nothing.")
@click.option(
    "--approve",
    type=(str, str),
    multiple=True,
    metavar="NAME SIZE",
    help="Let this quota grow to a size above its approval limit, e.g. '1.5 TB'.",
)
@show.json_option
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
    """Sample every quota, forecast when it is full, and raise it by its policy."""
    from orbital_kernel import connect
    from orbital_kernel.model.sizes import bytes_of
    from orbital_kernel.storage.growth.outlook import outlook

    approved = {name: bytes_of(size) for name, size in approve}
    storage = connect().storage
    for _ in looks_of(every, looks):
        decisions = storage.quotas(dry_run=dry_run, approved=approved)
        told = outlook(decisions, storage.quota_names())
        if as_json:
            _print_json(told, dry_run=dry_run, lines=every is not None)
        else:
            _print(told, dry_run=dry_run)


def _print_json(told: list[dict[str, Any]], *, dry_run: bool, lines: bool) -> None:
    document = {"dry_run": dry_run, "quotas": told}
    if lines:
        click.echo(json.dumps(document, allow_nan=False))
    else:
        show.print_json(document)


def _print(told: list[dict[str, Any]], *, dry_run: bool) -> None:
    from orbital_kernel.storage.growth.outlook import COLUMNS, rows

    title = "Quotas (dry run: nothing is changed)" if dry_run else "Quotas"
    show.table(title, COLUMNS, rows(told))
