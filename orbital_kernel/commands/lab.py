"""`orbital lab`: JupyterLab with the tutorials and a platform's data."""

import os
from pathlib import Path

import click

from orbital_kernel import config, embedded
from orbital_kernel.commands.platform import data_option


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: orbital lab --data demo/platform --no-browser",
)
@data_option
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(data: Path | None, options: tuple[str, ...]) -> None:
    """Open JupyterLab on the first tutorial.

    Notebooks use the platform of --data, else the cluster that the vendors' variables
    name, else the embedded platform, which is started if needed. OPTIONS are passed to
    JupyterLab (see `jupyter lab --help`). Your own JupyterLab settings take precedence.
    """
    from orbital_kernel.reports import lab as jupyter

    folder = config.data_folder(data)
    variables = dict(os.environ)
    if data is not None:
        variables = config.without_vendor_variables(variables)
    if config.from_environment(variables) is None:
        embedded.ensure(folder)
    command = jupyter.command(options)
    os.execve(command[0], command, jupyter.environment(variables, folder))
