"""`orbital fetch`: tables of the archives' TAP services as files."""

from pathlib import Path

import click

from orbital_kernel.commands.output import console, json_option, print_json, table
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.terminal import echo

EXAMPLE = (
    'Example: orbital fetch heasarc "SELECT obsid, ra, dec, time, exposure FROM '
    'chanmaster WHERE exposure > 0" --page-by obsid --out chanmaster.vot'
)


@click.command(epilog=EXAMPLE)
@click.argument("service", required=False)
@click.argument("adql", required=False)
@click.option(
    "--out",
    type=OutputFile(),
    default=Path("fetched.vot"),
    show_default=True,
    help="VOTable to write.",
)
@click.option(
    "--page-by",
    metavar="COLUMN",
    help="Fetch in pages ordered by this unique column, for tables above the limit.",
)
@click.option(
    "--page-rows",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="Rows per page with --page-by.",
)
@click.option(
    "--upload",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Upload this table (CSV, ECSV, VOTable, FITS) as TAP_UPLOAD.mine.",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=1_000,
    show_default=True,
    help="Rows per upload.",
)
@click.option(
    "--maxrec", type=click.IntRange(1), help="Request at most this many rows."
)
@click.option(
    "--offline", is_flag=True, help="Use only answers that were fetched before."
)
@click.option(
    "--refresh",
    is_flag=True,
    help="Fetch again, even if the same query was fetched before.",
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ingest the fetched table with this mapping file.",
)
@json_option
def fetch(
    service: str | None,
    adql: str | None,
    out: Path,
    page_by: str | None,
    page_rows: int,
    upload: Path | None,
    batch: int,
    maxrec: int | None,
    mapping: Path | None,
    *,
    offline: bool,
    refresh: bool,
    as_json: bool,
) -> None:
    """Send the query ADQL to a TAP SERVICE (short name or URL); write all rows to a file.

    Without arguments, list the services with a short name. Answers are cached, so that
    the same query needs no network later. A busy service is queried again after a pause.
    """
    from orbital_kernel.archives.services.tap import SERVICES, Tap

    if service is None:
        table("TAP services", ("name", "address"), SERVICES.items())
        return
    if adql is None:
        raise click.UsageError("give a query in ADQL after SERVICE")
    from orbital_kernel import config
    from orbital_kernel.archives.services.fetching import fetch as fetch_all
    from orbital_kernel.archives.services.fetching import upload_of

    cache = config.data_folder() / "fetched"
    tap = Tap(service, cache, offline=offline, refresh=refresh)
    with console.status("fetching") as status:
        fetched = fetch_all(
            tap,
            adql,
            out,
            page_by=page_by,
            page_rows=page_rows,
            upload=None if upload is None else upload_of(upload),
            batch_rows=batch,
            maxrec=maxrec,
            progress=status.update,
        )
    document = fetched.to_json()
    if mapping is not None:
        from orbital_kernel import connect

        report = connect().require_tables().ingest(out, mapping=mapping)
        document["ingest"] = report.to_json()
    if as_json:
        print_json(document)
        return
    echo(
        f"{fetched.rows:,} rows in {fetched.answers} answers ({fetched.cached} cached) "
        f"of {fetched.service}: {fetched.path}"
    )
    if mapping is not None:
        echo(repr(report))
