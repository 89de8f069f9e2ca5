"""`orbital backup` and `restore`: the embedded platform's folder, saved and brought back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from orbital_kernel import config
from orbital_kernel.commands.output import json_option, print_json, progress
from orbital_kernel.commands.platform import data_option
from orbital_kernel.commands.terminal import echo
from orbital_kernel.embedded import backup as backups
from orbital_kernel.embedded import restore as restores
from orbital_kernel.embedded.transfer import Progress

backup_argument = click.argument(
    "place", metavar="DIR", type=click.Path(file_okay=False, path_type=Path)
)


@click.command(epilog="Example: orbital backup /mnt/safe/orbital-2026-11-30")
@backup_argument
@data_option
@click.option(
    "--verify",
    is_flag=True,
    help="Read the backup DIR and compare every file with its SHA-256; write nothing.",
)
@json_option
def backup(place: Path, data: Path | None, *, verify: bool, as_json: bool) -> None:
    """Copy the embedded platform to DIR, a new folder, while it is in use.

    DIR holds one moment: every transaction, object and setting that was committed by
    then, and nothing later. It appears when it is complete. It holds the platform's
    credentials: only you can read it, and whoever has a copy has access.

    What is copied is read against its checksums. Files that are damaged are named, and
    the exit code is 1: keep an earlier backup, which may hold them whole.
    """
    folder = config.data_folder(data)
    with _bar("verifying" if verify else "copying") as on_progress:
        if verify:
            summary = backups.verify(place, on_progress)
        else:
            summary = backups.backup(folder, place, on_progress)
    if as_json:
        print_json(asdict(summary) | {"verified": verify})
        sys.exit(1 if summary.damaged else 0)
    echo(
        f"{'verified' if verify else 'backed up'}: {summary.backup}, {summary.files} files "
        f"({summary.bytes / 1e6:,.1f} MB) of {summary.data_dir} at {summary.moment_utc}"
    )
    if summary.excluded:
        echo(f"not in the backup: {', '.join(summary.excluded)}")
    if summary.unlisted:
        echo(f"warning: {summary.unlisted} files in it are not of the backup")
    _warn(summary.missing, summary.damaged)
    echo("it holds the platform's credentials: keep it as private as they are")
    sys.exit(1 if summary.damaged else 0)


@click.command(epilog="Example: orbital restore /mnt/safe/orbital-2026-11-30 --replace")
@backup_argument
@data_option
@click.option(
    "--replace",
    is_flag=True,
    help="Restore although the folder holds data; the folder is renamed, not deleted.",
)
@json_option
def restore(place: Path, data: Path | None, *, replace: bool, as_json: bool) -> None:
    """Make the backup DIR the embedded platform; start it afterwards with `orbital up`.

    Every file is compared with its SHA-256 before anything changes. The platform must
    not run, and its folder must be new or empty, or --replace sets it aside.
    """
    folder = config.data_folder(data)
    with _bar("restoring") as on_progress:
        restored = restores.restore(place, folder, on_progress, replace=replace)
    if as_json:
        print_json(asdict(restored))
        return
    echo(
        f"restored: {restored.data_dir}, {restored.files} files "
        f"({restored.bytes / 1e6:,.1f} MB) as of {restored.moment_utc}"
    )
    if restored.set_aside:
        echo(f"the folder that was there is now {restored.set_aside}")
    _warn(restored.missing, restored.damaged)


def _warn(missing: tuple[str, ...], damaged: tuple[str, ...]) -> None:
    if missing:
        echo(
            f"warning: {len(missing)} files were missing in the platform itself, among "
            f"them {missing[0]}: `orbital up --accept-loss` starts without them"
        )
    if damaged:
        echo(
            f"warning: {len(damaged)} files were damaged in the platform itself and are so "
            f"in the backup ({', '.join(damaged)}): restore them from an earlier backup, "
            "or ingest their files again"
        )


@contextmanager
def _bar(unit: str) -> Iterator[Progress]:
    """Give a callback that moves a progress bar by bytes."""
    with progress(1, unit) as bar:
        yield lambda done, total: bar.update(
            bar.task_ids[0], completed=done, total=total
        )
