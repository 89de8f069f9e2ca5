"""`orbital sample`: a simulated sky as files."""

from pathlib import Path

import click

from orbital_kernel.commands.output import progress
from orbital_kernel.commands.outputs import OutputFolder
from orbital_kernel.commands.terminal import echo


@click.command(epilog="Example: orbital sample ~/sample --size 100MB")
@click.argument("folder", type=OutputFolder())
@click.option(
    "--size",
    default="small",
    show_default=True,
    help="Total size: small (5 MB), medium (100 MB) or for example 2GB.",
)
@click.option(
    "--seed",
    default=20040220,
    show_default=True,
    help="Seed of the simulation. The same seed writes the same bytes.",
)
def sample(folder: Path, size: str, seed: int) -> None:
    """Write simulated files of both observatories to FOLDER, in their real formats.

    FOLDER/archive holds the files, each marked as simulated. FOLDER/truth lists the
    simulated sources and bursts.
    """
    from orbital_kernel import sample as simulator

    with progress(simulator.size_bytes(size), "simulating") as bar:

        def advance(done: int, total: int, name: str) -> None:
            bar.update(
                bar.task_ids[0], completed=done, total=total, description=name[-32:]
            )

        truth = simulator.write(folder, size=size, seed=seed, progress=advance)
    files = truth.tables["files"]
    echo(f"{len(files)} files, {truth.size_bytes / 1e6:.1f} MB in {truth.archive}")
