"""`orbital ingest`: files and folders into the store."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands import INTERRUPTED
from orbital_kernel.commands.ingested import show
from orbital_kernel.commands.output import (
    console,
    json_option,
    print_json,
    progress,
    table,
)
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.ingest import Progress, Survey, Validation
    from orbital_kernel.session import Orbital


@click.command(epilog="Example: orbital ingest ~/swift/00350311000 --observatory swift")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--published",
    is_flag=True,
    help="Ingest the published measurements that come with Orbital, into a database "
    "without simulated rows: orbital --database published ingest --published",
)
@click.option(
    "--observatory",
    metavar="NAME",
    help="Refuse files of any other observatory, for example swift.",
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Mapping file that declares the columns of tables in an unknown format.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Ingest files again that the store holds already, in place of their old rows.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Read the files and show what would be written, without writing.",
)
@click.option(
    "--validate",
    is_flag=True,
    help="Compare the files with the rows in the store, without writing.",
)
@click.option(
    "--quarantine",
    metavar="FILE",
    type=OutputFile(),
    help="Write the refused files with reason and offset to this file, as JSON.",
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1),
    help="Number of processes that read files. Default: one per core.",
)
@click.option(
    "--accept-checksums",
    is_flag=True,
    help="Take FITS files whose DATASUM does not fit their data: rewritten by a tool that "
    "did not renew it, or damaged.",
)
@click.option(
    "--bulk-above",
    metavar="MB",
    type=click.IntRange(0),
    help="Import files above this size as Parquet objects. By default all rows are "
    "inserted, which is faster on the embedded platform; on a cluster, measure both.",
)
@click.option(
    "--compare/--no-compare",
    default=True,
    help="Compare new sources and points with earlier ones at their place (the default).",
)
@click.option(
    "--alerts",
    metavar="FILE",
    type=OutputFile(),
    help="Append alerts of what is unlike earlier rows to this file, each once.",
)
@click.option("--webhook", metavar="URL", help="Also post them to this URL.")
@json_option
def ingest(
    paths: tuple[Path, ...],
    quarantine: Path | None,
    bulk_above: int | None,
    alerts: Path | None,
    webhook: str | None,
    *,
    published: bool,
    replace: bool,
    dry_run: bool,
    validate: bool,
    compare: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Ingest files and folders in any known format.

    Formats are recognised by content. Each content is stored once, packed or not, so that
    a second run adds nothing; a later version of a light curve replaces its points. Broken files and unknown formats are refused with a reason; the other
    files are ingested. A new embedded platform is provisioned first; provision a cluster
    yourself. Exits with 1 if any file is refused or, with --validate, differs from the
    store.

    A table of an unknown format needs --mapping FILE, a TOML file such as:

    \b
      table = "photometry"               the target table
      observatory = "chandra"            whose data
      format = "csv"                     how the file is written
      [columns]
      time = "t"                         column of Orbital = column of the file
      value = "flux"
      [constants]
      object = "GRB 130427A"             one value for all rows
      [time]
      format = "mjd"
      scale = "utc"
      [unit]
      value = "1e-13 erg / (cm2 s)"      with the factor of the heading
      [band]
      kev = [0.3, 10.0]

    `orbital mapping draft TABLE` writes one, `orbital mapping check MAPPING TABLE` shows
    the rows as they would be stored. The guide, page "Mappings", has the whole language.
    """  # noqa: D301  \b keeps the lines of the example apart
    from orbital_kernel.ingest.reader_process import start_early

    if published:
        from orbital_kernel import sample

        paths = (*paths, sample.MEASUREMENTS)
    if not paths:
        raise click.UsageError("name files or folders to ingest, or give --published")
    if dry_run and validate:
        raise click.UsageError("choose one of --dry-run and --validate")
    if (dry_run or validate) and (replace or quarantine or bulk_above is not None):
        raise click.UsageError(
            "--replace, --quarantine and --bulk-above only apply to ingesting: do not "
            "combine them with --dry-run or --validate"
        )
    start_early(paths)
    from orbital_kernel import connect

    orbital = connect()
    if dry_run:
        sys.exit(_survey(orbital, paths, options, as_json=as_json))
    if validate:
        sys.exit(_validate(orbital.require_tables(), paths, options, as_json=as_json))
    _provision(orbital)
    bulk = None if bulk_above is None else bulk_above * 1_000_000
    settings = {**options, "replace": replace, "bulk_above": bulk, "compare": compare}
    with _bar(paths, "ingested") as advance:
        report = orbital.ingest(*paths, progress=advance, **settings)
    if quarantine:
        report.write_quarantine(quarantine)
    if alerts or webhook:
        _send(orbital, alerts, webhook)
    show(report, as_json=as_json)
    sys.exit(1 if report.in_state("refused") else 0)


def _send(orbital: "Orbital", alerts: Path | None, webhook: str | None) -> None:
    """Send alerts of what is unlike earlier rows; print what could not be sent."""
    from orbital_kernel.monitor.findings import send
    from orbital_kernel.monitor.sinks import sinks_of

    sinks = sinks_of(alerts, webhook)
    for note in send(orbital.store, orbital.watch_folder, sinks)[1]:
        console.print(note)


def _provision(orbital: "Orbital") -> None:
    """Create storage and tables on a new embedded platform, never on a cluster."""
    if orbital.settings.engine == "embedded" and not orbital.store.row_counts():
        console.print("new platform: creating its storage and tables first")
        orbital.storage.apply()
    orbital.require_tables()


@contextmanager
def _bar(paths: tuple[Path, ...], done: str) -> Iterator["Progress"]:
    """Show progress by bytes; if Ctrl-C ends it, print how to continue."""
    from orbital_kernel.ingest.files import files_of, in_order, shown, size_of

    remaining = {path: size_of(path) for path in in_order(files_of(paths))}
    finished: set[Path] = set()
    with progress(sum(remaining.values()), "reading") as bar:

        def advance(path: Path, size: int) -> None:
            remaining[path] -= size
            if remaining[path] <= 0:
                finished.add(path)
            bar.update(
                bar.task_ids[0], advance=size, description=shown(Path(path.name))[:32]
            )

        try:
            yield advance
        except KeyboardInterrupt:
            bar.stop()
            console.print(
                f"stopped: {len(finished)} of {len(remaining)} files are {done}; "
                "run the same command again to continue"
            )
            sys.exit(INTERRUPTED)


def _survey(
    orbital: "Orbital",
    paths: tuple[Path, ...],
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    from orbital_kernel.ingest import survey

    with _bar(paths, "read") as advance:
        plan: Survey = survey(paths, orbital.store, progress=advance, **options)
    if as_json:
        print_json(plan.to_json())
        return 1 if plan.in_state("refused") else 0
    kinds: dict[tuple[str, str], list[int]] = {}
    for file in plan.in_state("ingest"):
        kind = kinds.setdefault((str(file.observatory), str(file.format)), [0, 0])
        kind[0] += 1
        kind[1] += file.size_bytes
    files = [(o, f, n, _size(size)) for (o, f), (n, size) in sorted(kinds.items())]
    table("would be read", ("observatory", "format", "files", "size"), files)
    volumes = sorted(plan.tables.items())
    rows = [(n, v.files, f"{v.rows:,}", _size(v.bytes)) for n, v in volumes]
    table("would be written", ("table", "files", "rows", "bytes"), rows)
    quotas = [
        (r.quota, r.holds, _size(r.needs_bytes), _size(r.free_bytes), _yes(r.enough))
        for r in plan.quotas
    ]
    table("quotas", ("quota", "for", "needs", "free", "enough"), quotas)
    unchanged = plan.in_state("unchanged")
    if unchanged:
        echo(f"{len(unchanged)} files are in the store already")
    refused = plan.in_state("refused")
    if refused:
        table(
            "cannot be read", ("file", "reason"), [(r.path, r.reason) for r in refused]
        )
    return 1 if refused else 0


def _validate(
    orbital: "Orbital",
    paths: tuple[Path, ...],
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    from orbital_kernel.ingest import validate

    with _bar(paths, "compared") as advance:
        comparison: Validation = validate(
            paths, orbital.store, progress=advance, **options
        )
    if as_json:
        print_json(comparison.to_json())
        return 0 if comparison.agrees else 1
    columns = ("source_rows", "store_rows", "updated_since", "missing")
    totals = sorted(comparison.totals.items())
    rows = [(name, *(f"{t[c]:,}" for c in columns)) for name, t in totals]
    table("source and store", ("table", *columns), rows)
    differing = [f for f in comparison.files if f.state in ("differs", "missing")]
    if differing:
        differences = [(f.path, f.state, f.reason) for f in differing]
        table("differences", ("file", "state", "reason"), differences)
    else:
        echo("source and store agree")
    return 0 if comparison.agrees else 1


def _size(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1e6:,.1f} MB"


_yes: Callable[[bool | None], str] = {True: "yes", False: "no", None: "?"}.__getitem__
