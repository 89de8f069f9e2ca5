"""`orbital up`, `down`, `status`, `env` and `exec`: the embedded platform."""

import os
from dataclasses import asdict
from pathlib import Path

import click

from orbital_kernel import config, embedded
from orbital_kernel.commands.show import json_option, print_json

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Its folder; default ORBITAL_HOME, else the user's data directory.",
)


@click.command(epilog="Example: orbital up --data ~/xray && orbital status")
@data_option
@click.option(
    "--port", type=int, help="Port of the data endpoint; default any free one."
)
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Start without data that are missing; what cannot be used moves to lost/.",
)
def up(data: Path | None, port: int | None, *, accept_loss: bool) -> None:
    """Start the embedded platform in the background; does nothing where it runs."""
    folder = config.data_folder(data)
    settings = embedded.ensure(folder, port=port, accept_loss=accept_loss)
    click.echo(f"up: data {settings.endpoint}, VMS https://{settings.vms_address}")


@click.command(epilog="Example: orbital down")
@data_option
def down(data: Path | None) -> None:
    """Stop the embedded platform; the data stay."""
    folder = config.data_folder(data)
    click.echo("stopped" if embedded.stop(folder) else f"nothing runs on {folder}")


@click.command(epilog="Example: orbital status --json")
@data_option
@json_option
def status(data: Path | None, *, as_json: bool) -> None:
    """Tell where the embedded platform is, how large, and whether it answers."""
    told = embedded.status(config.data_folder(data))
    if as_json:
        print_json(asdict(told))
        return
    state = (
        "healthy"
        if told.healthy
        else "not healthy"
        if told.warnings
        else "does not answer"
        if told.running
        else "not running"
    )
    click.echo(f"{state}: {told.data_dir} ({told.bytes_on_disk / 1e6:,.1f} MB)")
    if told.running:
        click.echo(f"data {told.endpoint}, VMS https://{told.vms_address}")
        click.echo(f"stand-in {told.version}, pid {told.pid}, since {told.started}")
    for warning in told.warnings:
        click.echo(f"warning: {warning}")


@click.command(epilog='Example: eval "$(orbital env)" && aws s3 ls')
@data_option
def env(data: Path | None) -> None:
    """Print export lines that lead any vendor tool here; starts it where needed."""
    click.echo(embedded.ensure(config.data_folder(data)).exports())


@click.command(
    name="exec",
    context_settings={"ignore_unknown_options": True},
    epilog="Example: orbital exec -- python my_vastdb_script.py",
)
@data_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(data: Path | None, command: tuple[str, ...]) -> None:
    """Run COMMAND with the vendors' variables set; starts the platform where needed."""
    settings = embedded.ensure(config.data_folder(data))
    environment = config.without_vendor_variables(os.environ) | settings.environment()
    try:
        os.execvpe(command[0], command, environment)
    except FileNotFoundError as error:
        raise click.UsageError(f"there is no command {command[0]!r}") from error
