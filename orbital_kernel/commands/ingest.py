"""`orbital ingest`: files and folders into the store."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands import INTERRUPTED
from orbital_kernel.commands.show import (
    console,
    json_option,
    print_json,
    progress,
    table,
)

if TYPE_CHECKING:
    from orbital_kernel.ingest import IngestReport, Progress, Survey, Validation
    from orbital_kernel.session import Orbital


@click.command(epilog="Example: orbital ingest ~/swift/00350311000 --observatory swift")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--observatory", metavar="NAME", help="Whose data it must be, e.g. swift."
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read tables of no known format as this file declares their columns.",
)
@click.option(
    "--replace", is_flag=True, help="Ingest known content again; old rows go."
)
@click.option(
    "--dry-run", is_flag=True, help="Read everything and write nothing: tell the plan."
)
@click.option(
    "--validate", is_flag=True, help="Compare the files with what the store holds."
)
@click.option(
    "--quarantine",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write refused files with reason and offset to this file, as JSON.",
)
@click.option(
    "--workers", metavar="N", type=click.IntRange(1), help="Processes that read files."
)
@click.option(
    "--bulk-above",
    metavar="MB",
    type=click.IntRange(0),
    help="Import larger files as Parquet objects. By default rows are inserted, which "
    "is faster on the embedded platform at every size; on a cluster, measure.",
)
@json_option
def ingest(
    paths: tuple[Path, ...],
    quarantine: Path | None,
    bulk_above: int | None,
    *,
    replace: bool,
    dry_run: bool,
    validate: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Take files of any known format into the store, once each.

    Formats are recognised by content. Running it again adds nothing; a file that is
    broken or of no known format is refused with its reason and the rest goes on.
    A new embedded platform is provisioned first; a cluster's must have been.
    Exit code 1 tells that something was refused, or does not agree.
    """
    from orbital_kernel import connect

    if dry_run and validate:
        raise click.UsageError("--dry-run and --validate exclude each other")
    if (dry_run or validate) and (replace or quarantine or bulk_above is not None):
        raise click.UsageError(
            "--replace, --quarantine and --bulk-above are for ingesting: they do not go "
            "with --dry-run or --validate"
        )
    orbital = connect()
    if dry_run:
        sys.exit(_survey(orbital, paths, options, as_json=as_json))
    if validate:
        sys.exit(_validate(orbital.require_tables(), paths, options, as_json=as_json))
    _provision(orbital)
    bulk = None if bulk_above is None else bulk_above * 1_000_000
    more = {**options, "replace": replace, "bulk_above": bulk}
    with _bar(paths, "ingested") as advance:
        report = orbital.ingest(*paths, progress=advance, **more)
    if quarantine:
        report.write_quarantine(quarantine)
    _show(report, as_json=as_json)
    sys.exit(1 if report.in_state("refused") else 0)


def _provision(orbital: "Orbital") -> None:
    """Make storage and tables on a new embedded platform; a cluster's are planned."""
    if orbital.settings.engine == "embedded" and not orbital.store.actual():
        console.print("a new platform: its storage and tables are made first")
        orbital.storage.apply()
    orbital.require_tables()


@contextmanager
def _bar(paths: tuple[Path, ...], done: str) -> Iterator["Progress"]:
    """Show how far it is, by bytes; say how to go on where Ctrl-C ends it."""
    from orbital_kernel.ingest.files import files_of, in_order, size_of

    left = {path: size_of(path) for path in in_order(files_of(paths))}
    finished: set[Path] = set()
    with progress(sum(left.values()), "reading") as bar:

        def advance(path: Path, size: int) -> None:
            left[path] -= size
            if left[path] <= 0:
                finished.add(path)
            bar.update(bar.task_ids[0], advance=size, description=path.name[:32])

        try:
            yield advance
        except KeyboardInterrupt:
            bar.stop()
            console.print(
                f"stopped: {len(finished)} of {len(left)} files are {done} and stand; "
                "run the same command again to go on with the rest"
            )
            sys.exit(INTERRUPTED)


def _show(report: "IngestReport", *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_json())
        return
    click.echo(repr(report))
    refused = report.in_state("refused")
    if refused:
        table("refused", ("file", "reason"), [(r.path, r.reason) for r in refused])


def _survey(
    orbital: "Orbital",
    paths: tuple[Path, ...],
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    from orbital_kernel.ingest import survey

    with _bar(paths, "read") as advance:
        found: Survey = survey(paths, orbital.store, progress=advance, **options)
    if as_json:
        print_json(found.to_json())
        return 1 if found.in_state("refused") else 0
    kinds: dict[tuple[str, str], list[int]] = {}
    for file in found.in_state("ingest"):
        kind = kinds.setdefault((str(file.observatory), str(file.format)), [0, 0])
        kind[0] += 1
        kind[1] += file.size_bytes
    told = [(o, f, n, _size(size)) for (o, f), (n, size) in sorted(kinds.items())]
    table("would be read", ("observatory", "format", "files", "size"), told)
    volumes = sorted(found.tables.items())
    rows = [(n, v.files, f"{v.rows:,}", _size(v.bytes)) for n, v in volumes]
    table("would be written", ("table", "files", "rows", "bytes"), rows)
    quotas = [
        (r.quota, r.holds, _size(r.needs_bytes), _size(r.free_bytes), _yes(r.enough))
        for r in found.quotas
    ]
    table("quotas", ("quota", "for", "needs", "free", "enough"), quotas)
    known = found.in_state("unchanged")
    if known:
        click.echo(f"{len(known)} files are in the store already")
    refused = found.in_state("refused")
    if refused:
        table("cannot be read", ("file", "why"), [(r.path, r.reason) for r in refused])
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
        found: Validation = validate(paths, orbital.store, progress=advance, **options)
    if as_json:
        print_json(found.to_json())
        return 0 if found.agrees else 1
    columns = ("source_rows", "store_rows", "updated_since", "missing")
    totals = sorted(found.totals.items())
    rows = [(name, *(f"{t[c]:,}" for c in columns)) for name, t in totals]
    table("source and store", ("table", *columns), rows)
    wrong = [f for f in found.files if f.state in ("differs", "missing")]
    if wrong:
        told = [(f.path, f.state, f.reason) for f in wrong]
        table("do not agree", ("file", "state", "why"), told)
    else:
        click.echo("source and store agree")
    return 0 if found.agrees else 1


def _size(count: int | None) -> str:
    return "not told" if count is None else f"{count / 1e6:,.1f} MB"


_yes: Callable[[bool | None], str] = {True: "yes", False: "no", None: "?"}.__getitem__
