"""`orbital query`: questions that need both observatories, a command each."""

from dataclasses import asdict

import click
import polars as pl

from orbital_kernel.commands.answering import (
    explain_option,
    of_two_observatories,
    show_answer,
    show_frame,
)
from orbital_kernel.commands.show import json_option, print_json, rows_of

KINDS = ("variability", "flux-ratio", "lone-burst", "transient")
PLACE_UNITS = {"nearest_arcmin": "arcmin"}


@click.command(
    epilog="Example: orbital query simultaneous swift chandra --within-arcmin 12 --least 600"
)
@of_two_observatories
@click.option("--since", metavar="UTC", help="Only what was shared after this.")
@click.option("--until", metavar="UTC", help="Only what was shared before this.")
@click.option(
    "--least",
    type=float,
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Shared at least so long.",
)
@explain_option
@json_option
def simultaneous(
    first: str,
    second: str,
    within_arcmin: float,
    since: str | None,
    until: str | None,
    least: float,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Good time two observatories shared at one place, a row a stretch.

    Only good time intervals and snapshots count, never an ObsID's start and stop.
    """
    from orbital_kernel import connect

    answer = connect().questions.simultaneous(
        first,
        second,
        within_arcmin=within_arcmin,
        start=since,
        stop=until,
        at_least_s=least,
    )
    show_answer(answer, explain=explain, as_json=as_json)


@click.command(
    "follow-ups",
    epilog='Example: orbital query follow-ups "GRB 130427A" --by chandra --within-days 400',
)
@click.argument("bursts", nargs=-1, metavar="[BURST]...")
@click.option(
    "--of", default="swift", show_default=True, help="Whose burst catalogues."
)
@click.option("--catalog", help="Only this catalogue, e.g. swift-grb-table.")
@click.option("--by", default="chandra", show_default=True, help="Who looked.")
@click.option(
    "--within-arcmin",
    type=float,
    default=5.0,
    show_default=True,
    help="Largest separation of burst and pointing.",
)
@click.option(
    "--within-days",
    type=float,
    default=30.0,
    show_default=True,
    help="Begun at most so long after the trigger.",
)
@click.option(
    "--after-days",
    type=float,
    default=0.0,
    show_default=True,
    help="Begun at least so long after the trigger.",
)
@explain_option
@json_option
def follow_ups(
    bursts: tuple[str, ...],
    *,
    explain: bool,
    as_json: bool,
    of: str,
    by: str,
    catalog: str | None,
    within_arcmin: float,
    within_days: float,
    after_days: float,
) -> None:
    """Which of these bursts (default: all catalogued) were looked at afterwards."""
    from orbital_kernel import connect

    answer = connect().questions.follow_ups(
        bursts or None,
        of=of,
        by=by,
        catalog=catalog,
        within_arcmin=within_arcmin,
        within_days=within_days,
        after_days=after_days,
    )
    show_answer(answer, explain=explain, as_json=as_json)


@click.command(
    epilog="Example: orbital query place --ra 83.63 --dec 22.01 --radius 1; "
    'or by name: orbital query place "GRB 130427A"'
)
@click.argument("name", required=False)
@click.option("--ra", type=float, metavar="DEG", help="Right ascension, ICRS.")
@click.option("--dec", type=float, metavar="DEG", help="Declination, ICRS.")
@click.option(
    "--radius",
    type=float,
    default=1.0,
    show_default=True,
    metavar="ARCMIN",
    help="How near sources, points and photons are.",
)
@explain_option
@json_option
def place(
    name: str | None,
    ra: float | None,
    dec: float | None,
    radius: float,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Everything known at a place, from all tables of all observatories.

    With --json the rows of each table come too, under `tables`.
    """
    if name is None and (ra is None or dec is None):
        raise click.UsageError("give a NAME, or --ra and --dec")
    from orbital_kernel import connect

    where = name if ra is None or dec is None else (ra, dec)
    known = connect().known_at(where or "", radius_arcmin=radius)
    if as_json:
        print_json(
            {
                "ra": known.ra,
                "dec": known.dec,
                "radius_arcmin": known.radius_arcmin,
                "position_catalog": known.position_catalog,
                "rows": rows_of(known.summary),
                "tables": {n: rows_of(frame) for n, frame in known.tables.items()},
                "explain": asdict(known.how),
            }
        )
        return
    source = f", position of {known.position_catalog}" if known.position_catalog else ""
    click.echo(f"RA {known.ra:.5f}, Dec {known.dec:+.5f} (ICRS deg){source}")
    show_frame(known.summary, PLACE_UNITS)
    if explain:
        click.echo(str(known.how))


@click.command(epilog="Example: orbital query rare variability --below 0.01")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--first", default="swift", show_default=True, help="One observatory.")
@click.option("--second", default="chandra", show_default=True, help="The other.")
@click.option("--below", type=float, help="Only those expected less often by chance.")
@explain_option
@json_option
def rare(
    kind: str,
    first: str,
    second: str,
    below: float | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Rare events, rarest first, with the statistic and its null in words."""
    from orbital_kernel import connect

    found = connect().rare(kind, first=first, second=second)
    rows = (
        found.rows if below is None else found.rows.filter(pl.col("expected") < below)
    )
    if as_json:
        print_json(
            {
                "kind": kind,
                "rows": rows_of(rows),
                "looked_at": found.looked_at,
                "selection": found.selection,
                "explain": asdict(found.how),
            }
        )
        return
    click.echo(str(found))
    show_frame(rows, {})
    if explain:
        click.echo(str(found.how))


QUESTIONS = (simultaneous, follow_ups, place, rare)
