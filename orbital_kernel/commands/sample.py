"""`orbital sample`: the simulated sky as files."""

from pathlib import Path

import click

from orbital_kernel.commands.show import progress


@click.command(epilog="Example: orbital sample ~/sample --size 100MB")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--size", default="small", help="small (5 MB), medium (100 MB) or e.g. 2GB."
)
@click.option("--seed", default=20040220, help="The same seed gives the same bytes.")
def sample(folder: Path, size: str, seed: int) -> None:
    """Write simulated files of both observatories, in their real formats, to FOLDER.

    FOLDER/archive holds the files, every one labelled simulated; FOLDER/truth what is
    really in them.
    """
    from orbital_kernel import sample as simulator

    with progress(simulator.size_bytes(size), "simulating") as bar:

        def advance(done: int, wanted: int, name: str) -> None:
            bar.update(
                bar.task_ids[0], completed=done, total=wanted, description=name[-32:]
            )

        truth = simulator.write(folder, size=size, seed=seed, progress=advance)
    files = truth.tables["files"]
    click.echo(
        f"{len(files)} files, {truth.size_bytes / 1e6:.1f} MB in {truth.archive}"
    )
