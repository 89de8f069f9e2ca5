"""`orbital bursts`: excursions in files and in the store, one file per command."""

import click

from orbital_kernel.commands.bursts.calibrate import calibrate
from orbital_kernel.commands.bursts.catalogued import catalogued
from orbital_kernel.commands.bursts.followup import followup
from orbital_kernel.commands.bursts.listen import listen
from orbital_kernel.commands.bursts.population import population
from orbital_kernel.commands.bursts.scan import scan
from orbital_kernel.commands.bursts.watch import watch


@click.group(epilog="Example: orbital bursts scan ~/swift --json")
def bursts() -> None:
    """Find bursts, separate them from glitches, and plan follow-up observations."""


for command in (scan, calibrate, watch, listen, followup, catalogued, population):
    bursts.add_command(command)
