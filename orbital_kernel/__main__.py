"""The `orbital` command: a table of subcommands, each imported when it is called."""

import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

import click

from orbital_kernel import config
from orbital_kernel.commands import INTERRUPTED, log
from orbital_kernel.commands.handles import require_handles
from orbital_kernel.commands.interrupts import deliver_lost_interrupts
from orbital_kernel.commands.terminal import echo
from orbital_kernel.config.pandas_spared import declare_own_process
from orbital_kernel.errors import OrbitalError, is_of_no_file, system_sentence

RARELY = 100_000
"""New objects between two collections of garbage: imports create many and drop few."""
COMMANDS = {
    "up": ("platform", "Start the embedded platform."),
    "down": ("platform", "Stop the embedded platform."),
    "status": (
        "platform",
        "Show folder, addresses and state of the embedded platform.",
    ),
    "env": ("platform", "Print the vendors' variables as export lines for a shell."),
    "backup": ("backup", "Back up the embedded platform while it runs."),
    "restore": ("backup", "Restore the embedded platform from a backup."),
    "exec": ("platform", "Run a command with the vendors' variables set."),
    "doctor": ("doctor", "Check the installation and the connection."),
    "provision": ("provision", "Plan and apply changes to storage and tables."),
    "health": ("health", "Show the state of the platform, with reasons."),
    "quotas": ("quotas", "Forecast quotas and raise them before they are full."),
    "cost": ("cost", "Show what storage and queries cost per month."),
    "rollout": ("rollout", "Take an observatory from staged to live."),
    "ingest": ("ingest", "Ingest files and folders in any known format."),
    "mapping": ("mapping", "Draft and check mappings for tables of any columns."),
    "observatory": ("observatory", "Create, check and list observatories' files."),
    "fetch": ("fetch", "Fetch tables from the archives' TAP services."),
    "query": ("query", "Query tables by place, time, observatories or SQL."),
    "curve": ("curve", "Show the light curve of one object, and write it to a file."),
    "counts": ("counts", "Count the photons of one ObsID in bins of live time."),
    "match": ("match", "Match sources of observatories; store the objects."),
    "calibration": ("calibration", "Compare two observatories' fluxes of one time."),
    "findings": ("findings", "Show and look for detections unlike what was known."),
    "lag": ("lag", "Measure by how much one light curve follows another."),
    "shape": ("shape", "Measure variability, decay and trend of an object."),
    "object": ("object", "Show everything stored about one object."),
    "names": ("names", "Find, complete and register names of objects."),
    "queries": ("queries", "Show the latency of past queries against their budgets."),
    "quality": ("quality", "Check the data, and show what is wrong since when."),
    "bursts": ("bursts", "Find bursts in files, in the store, or as rows arrive."),
    "sample": ("sample", "Write a simulated sky as files in the real formats."),
    "report": ("report", "Run a report notebook and write it as HTML."),
    "demo": ("demo", "Run the main job once, from storage to reports."),
    "lab": ("lab", "Open JupyterLab on the tutorials."),
}


class _Lazy(click.Group):
    """Lists commands from the table and imports only the one that is called."""

    called = "orbital"
    """The command that runs, with its group, as people type it."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and remember its name for a report of its failure."""
        self.called = f"orbital {arguments[0]}"
        name, command, remainder = super().resolve_command(context, arguments)
        if isinstance(command, click.Group):
            within = (n for n in remainder if command.get_command(context, n))
            self.called = " ".join([self.called, *islice(within, 1)])
        return name, command, remainder

    def invoke(self, context: click.Context) -> Any:
        """Call the command; report Ctrl-C in a sentence and with a shell's exit code."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            echo(
                "orbital: interrupted; finished work is stored: run the same command again "
                "to continue",
                err=True,
            )
            context.exit(INTERRUPTED)

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"orbital_kernel.commands.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, name if name != "exec" else "exec_")
        return command

    def format_commands(
        self, _context: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: orbital demo --out demo. Every command has --help with an example. "
    'For tab completion: eval "$(_ORBITAL_COMPLETE=bash_source orbital)".',
)
@click.version_option(package_name="orbital", message="%(version)s")
@click.option(
    "--database",
    metavar="NAME",
    help="Database of the platform. Default: ORBITAL_DATABASE, else 'orbital'.",
)
@click.option(
    "--verbose",
    is_flag=True,
    help="Show log records and tracebacks on stderr. They are also written to "
    "logs/orbital.log in the platform's folder.",
)
def cli(database: str | None, *, verbose: bool) -> None:
    """Store, query and analyse the data of Swift and Chandra as one."""
    log.begin(verbose=verbose)
    require_handles()
    if database is not None:  # for the notebooks and processes a command starts too
        os.environ[config.DATABASE_VARIABLE] = database


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a failure is one sentence on stderr and exit 1."""
    collect_rarely()
    declare_own_process()
    deliver_lost_interrupts()
    try:
        cli(arguments, prog_name="orbital")
    except Exception as error:  # noqa: BLE001 - reported, and logged with its traceback
        echo(f"orbital: {_sentence(error)}", err=True)
        sys.exit(1)


def collect_rarely() -> None:
    """Collect garbage rarely, and none at exit: a third of the time of a short command."""
    gc.set_threshold(RARELY)
    atexit.register(gc.freeze)


def _sentence(error: Exception) -> str:
    """Return what failed in one sentence; its traceback goes to the log."""
    if isinstance(error, OrbitalError):
        log.LOG.debug("`%s` ended with an error", cli.called, exc_info=error)
        return str(error)
    if isinstance(error, OSError) and (error.filename or is_of_no_file(error)):
        log.LOG.info("`%s` ended with an error", cli.called, exc_info=error)
        return system_sentence(error)
    return log.report_failure(cli.called, error)


if __name__ == "__main__":
    main()
