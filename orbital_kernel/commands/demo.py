"""`orbital demo`: the main job, with a summary and the next step."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orbital_kernel import config
from orbital_kernel.commands.output import console, progress, table
from orbital_kernel.commands.outputs import OutputFolder
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.reports.summary import Summary


REFUSED_SHOWN = 3


@click.command(epilog="Example: orbital demo --archive ~/xray-files --out demo")
@click.option(
    "--out",
    type=OutputFolder(),
    default=Path("demo"),
    show_default=True,
    help="Folder for the platform, the reports and summary.json.",
)
@click.option(
    "--archive",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of real files. Default: ORBITAL_ARCHIVE, else the simulated sample sky.",
)
def demo(out: Path, archive: Path | None) -> None:
    """Run the main job once: storage, ingest, bursts, light curve, reports.

    Starts a platform in OUT/platform and writes HTML reports and summary.json to OUT. If
    ORBITAL_HOME or the vendors' variables are set, the command uses that platform or
    cluster instead, and chooses a database that does not mix simulated with real rows.
    Refused files do not stop the demo; the summary lists them.
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
    _print(summary, out)


def _print(summary: "Summary", out: Path) -> None:
    from orbital_kernel.reports import lab

    label = " (SIMULATED)" if summary.simulated else ""
    bursts = [b for b in summary.bursts if b["cause"] == "burst"]
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
        ("bursts", f"{len(bursts)} found, {summary.bursts_matched} in a catalogue"),
        ("light curve", f"{summary.light_curve['object']}: {points} points"),
        (
            "published",
            f"{sum(p['points'] for p in summary.published):,} real points, own database",
        ),
        (
            "queries",
            f"{len(summary.queries)}, slowest {max((q['milliseconds'] for q in summary.queries), default=0):.0f} ms",
        ),
        ("duration", f"{summary.seconds} s"),
    ]
    table("Orbital demo", ("step", "result"), rows)
    for file in summary.refused[:REFUSED_SHOWN]:
        echo(f"refused {file['reason']}")
    if len(summary.refused) > REFUSED_SHOWN:
        echo(f"… and {len(summary.refused) - REFUSED_SHOWN} more: see summary.json")
    echo(
        f"next: open {out / 'demonstration.html'} (what was achieved, on one page) and "
        f"{out / '01_start_here.html'}; {out / 'summary.json'} has all numbers"
    )
    echo("explore the same data in JupyterLab:")
    embedded = config.from_environment() is None
    echo(lab.shell_line(config.data_folder() if embedded else None))
