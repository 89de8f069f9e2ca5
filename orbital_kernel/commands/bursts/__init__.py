"""`orbital bursts`: excursions in files and in the store, one command a file."""

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
    """Find bursts, tell them from glitches, and say who can look at them next."""


for command in (scan, calibrate, watch, listen, followup, catalogued, population):
    bursts.add_command(command)
