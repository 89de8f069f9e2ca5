"""`orbital fetch`: tables out of the archives' TAP services, to files."""

from pathlib import Path

import click

from orbital_kernel.commands.show import console, json_option, print_json, table

EXAMPLE = (
    'Example: orbital fetch heasarc "SELECT obsid, ra, dec, time, exposure FROM '
    'chanmaster WHERE exposure > 0" --page-by obsid --out chanmaster.vot'
)


@click.command(epilog=EXAMPLE)
@click.argument("service", required=False)
@click.argument("adql", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("fetched.vot"),
    show_default=True,
    help="The VOTable to write.",
)
@click.option("--page-by", metavar="COLUMN", help="Ask page by page, by this column.")
@click.option("--page-rows", type=click.IntRange(1), default=10_000, show_default=True)
@click.option(
    "--upload",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Send this table (CSV, ECSV, VOTable, FITS) as TAP_UPLOAD.mine.",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=1_000,
    show_default=True,
    help="Rows sent at a time.",
)
@click.option("--maxrec", type=click.IntRange(1), help="Ask for at most so many rows.")
@click.option("--offline", is_flag=True, help="Use what was asked before only.")
@click.option("--refresh", is_flag=True, help="Ask again what was asked before.")
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ingest what came by this mapping file.",
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
    """Ask ADQL of a TAP SERVICE (a short name or a URL) and keep all rows in a file.

    Without arguments the known services are listed. Answers are kept, so asking again
    needs no network; a service that is busy is asked again after a pause.
    """
    from orbital_kernel.archives.services.tap import SERVICES, Tap

    if service is None:
        table("TAP services", ("name", "address"), SERVICES.items())
        return
    if adql is None:
        raise click.UsageError("give a query in ADQL after the service")
    from astropy.table import Table

    from orbital_kernel import config
    from orbital_kernel.archives.services.fetching import fetch as fetch_all

    cache = config.data_folder() / "fetched"
    tap = Tap(service, cache, offline=offline, refresh=refresh)
    with console.status("asking") as status:
        found = fetch_all(
            tap,
            adql,
            out,
            page_by=page_by,
            page_rows=page_rows,
            upload=None if upload is None else Table.read(upload),
            batch_rows=batch,
            maxrec=maxrec,
            progress=status.update,
        )
    document = found.to_json()
    if mapping is not None:
        from orbital_kernel import connect

        report = connect().require_tables().ingest(out, mapping=mapping)
        document["ingest"] = report.to_json()
    if as_json:
        print_json(document)
        return
    click.echo(
        f"{found.rows:,} rows in {found.answers} answers ({found.cached} known before) "
        f"of {found.service}: {found.path}"
    )
    if mapping is not None:
        click.echo(repr(report))
