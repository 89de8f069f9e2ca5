"""`orbital up`, `down`, `status`, `env` and `exec`: the embedded platform."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from orbital_kernel import config, embedded
from orbital_kernel.commands import log
from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.terminal import echo
from orbital_kernel.errors import PlatformError


def _logged(_context: object, _option: object, folder: Path | None) -> Path | None:
    """Write the log to the folder of `--data`, as all other files."""
    log.use_folder(folder)
    return folder


data_option = click.option(
    "--data",
    callback=_logged,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the platform. Default: ORBITAL_HOME, else your data directory.",
)


@click.command(
    epilog="Example: orbital up --data ~/xray && orbital status; for systemd and "
    "containers: orbital up --foreground"
)
@data_option
@click.option(
    "--port",
    type=int,
    help="Port of the data endpoint. Default: the last one, else any free port.",
)
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Start although data are missing. Unusable files are moved to lost/.",
)
@click.option(
    "--foreground",
    is_flag=True,
    help="Run in this process until SIGTERM or Ctrl-C, with the log on stderr.",
)
def up(
    data: Path | None, port: int | None, *, accept_loss: bool, foreground: bool
) -> None:
    """Start the embedded platform in the background, if it does not run yet.

    With --foreground this process is the platform, for systemd and containers: it prints
    its addresses, uses the same ports at each start, exits with 0 on SIGTERM or Ctrl-C,
    and refuses to start if the folder's platform runs already.
    """
    folder = config.data_folder(data)
    if foreground:
        embedded.foreground(folder, port=port, accept_loss=accept_loss)
    before = embedded.last_ports(folder)
    settings = embedded.ensure(folder, port=port, accept_loss=accept_loss)
    echo(f"up: data {settings.endpoint}, VMS https://{settings.vms_address}")
    if any(before) and before != embedded.last_ports(folder):
        echo(
            f"the ports changed: the last run used {before[0]} and {before[1]}; replace "
            "addresses that you noted earlier",
            err=True,
        )


@click.command(epilog="Example: orbital down --data ~/xray")
@data_option
def down(data: Path | None) -> None:
    """Stop the embedded platform. Its data remain."""
    folder = config.data_folder(data)
    echo("stopped" if embedded.stop(folder) else f"no platform runs on {folder}")


@click.command(epilog="Example: orbital status --json")
@data_option
@json_option
def status(data: Path | None, *, as_json: bool) -> None:
    """Show folder, size, addresses and state of the embedded platform.

    Exits with 1 if the platform does not run, does not answer or cannot be used.
    """
    state = embedded.status(config.data_folder(data))
    if as_json:
        print_json(asdict(state))
    else:
        _print_status(state)
    if state.problem:
        raise PlatformError(state.problem)
    sys.exit(0 if state.healthy else 1)


def _print_status(state: embedded.Status) -> None:
    word = (
        "healthy"
        if state.healthy
        else "not running"
        if not state.running
        else "cannot be used"
        if state.problem
        else "not healthy"
        if state.warnings
        else "does not answer"
    )
    echo(f"{word}: {state.data_dir} ({state.bytes_on_disk / 1e6:,.1f} MB)")
    if state.endpoint:
        echo(f"data {state.endpoint}, VMS https://{state.vms_address}")
        echo(f"stand-in {state.version}, pid {state.pid}, since {state.started}")
    for warning in state.warnings:
        echo(f"warning: {warning}")
    for name, owner in state.locks.items():
        echo(f"{name} is held by {owner}")


@click.command(
    epilog='Example: orbital env --data ~/xray; in a shell: eval "$(orbital env)"'
)
@data_option
def env(data: Path | None) -> None:
    """Print `export NAME=value` lines that connect any vendor tool to the platform.

    Starts the embedded platform if needed.
    """
    echo(embedded.ensure(config.data_folder(data)).exports())


@click.command(
    name="exec",
    context_settings={"ignore_unknown_options": True},
    epilog="Example: orbital exec -- python my_vastdb_script.py",
)
@data_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(data: Path | None, command: tuple[str, ...]) -> None:
    """Run COMMAND with the vendors' variables set. Starts the platform if needed."""
    folder = config.data_folder(data)
    settings = embedded.ensure(folder)
    environment = config.without_vendor_variables(os.environ) | settings.environment()
    environment[config.HOME_VARIABLE] = str(folder)  # its locks are there
    try:
        os.execvpe(command[0], command, environment)
    except FileNotFoundError as error:
        raise click.UsageError(
            f"there is no command {command[0]!r}: name a program on PATH"
        ) from error
    except OSError as error:
        raise PlatformError(
            f"{command[0]} cannot be run ({error.strerror}): name a program"
        ) from error
