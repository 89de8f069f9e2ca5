"""`orbital demo`: the main job, and what to open next."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel import config
from orbital_kernel.commands.show import console, progress, table

if TYPE_CHECKING:
    from orbital_kernel.reports.demo import Summary


REFUSED_SHOWN = 3


@click.command(epilog="Example: orbital demo --archive ~/xray-files --out demo")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("demo")
)
@click.option(
    "--archive",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of real files; default ORBITAL_ARCHIVE, else the sample sky.",
)
def demo(out: Path, archive: Path | None) -> None:
    """Run everything once: storage, ingest, bursts, light curve, reports.

    Works on a platform of its own in OUT/platform, and writes HTML reports and
    summary.json to OUT. With ORBITAL_HOME or the vendors' variables set it works there,
    in a database without rows of the other kind: simulated and real never mix. Files that are refused do not fail it; the summary lists them.
    """
    from orbital_kernel.reports import demo as job

    given = archive or os.environ.get("ORBITAL_ARCHIVE") or None
    with progress(1, "starting") as bar:
        task = bar.task_ids[0]

        def step(name: str) -> None:
            bar.update(task, description=name, completed=0, total=None)
            console.print(f"· {name}")

        def advance(name: str, done: int, total: int) -> None:
            bar.update(task, description=name[:32], completed=done, total=total or None)

        summary = job.run(
            out, Path(given).resolve() if given else None, step=step, advance=advance
        )
    _tell(summary, out)


def _tell(summary: "Summary", out: Path) -> None:
    from orbital_kernel.reports import lab

    label = " (SIMULATED)" if summary.simulated else ""
    found = [b for b in summary.bursts if b["cause"] == "burst"]
    points = " and ".join(
        f"{count:,} {name}" for name, count in summary.light_curve["points"].items()
    )
    rows = [
        ("data", f"{summary.archive}{label}"),
        ("database", summary.database),
        ("files", ", ".join(f"{n} {state}" for state, n in summary.files.items() if n)),
        *(
            (name, f"{count:,} rows")
            for name, count in summary.tables.items()
            if count and not name.startswith("ops.")
        ),
        ("bursts", f"{len(found)} found, {summary.bursts_matched} in a catalogue"),
        ("light curve", f"{summary.light_curve['object']}: {points} points"),
        (
            "queries",
            f"{len(summary.queries)}, slowest {max((q['milliseconds'] for q in summary.queries), default=0):.0f} ms",
        ),
        ("took", f"{summary.seconds} s"),
    ]
    table("Orbital demo", ("what", "result"), rows)
    for one in summary.refused[:REFUSED_SHOWN]:
        click.echo(f"refused {one['reason']}")
    if len(summary.refused) > REFUSED_SHOWN:
        click.echo(
            f"… and {len(summary.refused) - REFUSED_SHOWN} more: see summary.json"
        )
    click.echo(
        f"open {out / '01_start_here.html'} next; all numbers are in {out / 'summary.json'}"
    )
    click.echo("explore the same data in JupyterLab:")
    embedded = config.from_environment() is None
    click.echo(lab.shell_line(config.data_folder() if embedded else None))
