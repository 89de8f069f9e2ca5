"""`orbital query`: one command per question that needs both observatories."""

from dataclasses import asdict

import click

from orbital_kernel.commands.answers import (
    explain_option,
    of_two_observatories,
    show_answer,
)
from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.names import completions
from orbital_kernel.commands.output import json_option, print_json, rows_of
from orbital_kernel.commands.terminal import echo

KINDS = (
    *("variability", "flux-ratio", "lone-burst", "transient", "extreme-hardness"),
    *("new-source", "serendipitous-afterglow"),
)
PLACE_UNITS = {"nearest_arcmin": "arcmin"}


@click.command(
    epilog="Example: orbital query simultaneous swift chandra --within-arcmin 12 --least 600"
)
@of_two_observatories
@click.option("--since", metavar="UTC", help="Only time shared after this.")
@click.option("--until", metavar="UTC", help="Only time shared before this.")
@click.option(
    "--least",
    type=float,
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Shortest shared time to return.",
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
    """Return the good time that two observatories shared at the same place.

    One row per stretch of time. Only good time intervals and snapshots count, never the
    start and stop of an ObsID.
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
@click.argument("bursts", nargs=-1, metavar="[BURST]...", shell_complete=completions)
@click.option(
    "--of",
    default="swift",
    show_default=True,
    help="Observatory whose burst catalogues to use.",
)
@click.option(
    "--catalog", help="Only bursts of this catalogue, for example swift-grb-table."
)
@click.option(
    "--by",
    default="chandra",
    show_default=True,
    help="Observatory whose later observations to search.",
)
@click.option(
    "--within-arcmin",
    type=float,
    default=5.0,
    show_default=True,
    help="Largest separation of burst and pointing, arcmin.",
)
@click.option(
    "--within-days",
    type=float,
    default=30.0,
    show_default=True,
    help="Latest start after the trigger, days.",
)
@click.option(
    "--after-days",
    type=float,
    default=0.0,
    show_default=True,
    help="Earliest start after the trigger, days.",
)
@explain_option
@json_option
def follow_ups(
    bursts: tuple[str, ...],
    of: str,
    catalog: str | None,
    by: str,
    within_arcmin: float,
    within_days: float,
    after_days: float,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """List the bursts (default: all in the catalogues) that were observed afterwards."""
    from orbital_kernel import connect

    answer = connect().questions.follow_ups(
        bursts or None,
        of=of,
        catalog=catalog,
        by=by,
        within_arcmin=within_arcmin,
        within_days=within_days,
        after_days=after_days,
    )
    show_answer(answer, explain=explain, as_json=as_json)


@click.command(
    epilog="Example: orbital query place --ra 83.63 --dec 22.01 --radius 1; "
    'or by name: orbital query place "GRB 130427A"'
)
@click.argument("name", required=False, shell_complete=completions)
@click.option("--ra", type=float, metavar="DEG", help="Right ascension, ICRS degrees.")
@click.option("--dec", type=float, metavar="DEG", help="Declination, ICRS degrees.")
@click.option(
    "--radius",
    type=float,
    default=1.0,
    show_default=True,
    metavar="ARCMIN",
    help="Radius within which sources, points and photons count.",
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
    """Show everything stored about a place, from all tables of all observatories.

    Give the NAME of an object, or --ra and --dec. --json also has the rows of each table,
    under `tables`.
    """
    if name is None and (ra is None or dec is None):
        raise click.UsageError("give a NAME, or --ra and --dec")
    from orbital_kernel import connect

    where = name if ra is None or dec is None else (ra, dec)
    answer = connect().known_at(where or "", radius_arcmin=radius)
    if as_json:
        print_json(
            {
                "ra": answer.ra,
                "dec": answer.dec,
                "radius_arcmin": answer.radius_arcmin,
                "position_catalog": answer.position_catalog,
                "rows": rows_of(answer.summary),
                "tables": {n: rows_of(frame) for n, frame in answer.tables.items()},
                "explain": asdict(answer.how),
            }
        )
        return
    source = (
        f", position of {answer.position_catalog}" if answer.position_catalog else ""
    )
    echo(f"RA {answer.ra:.5f}, Dec {answer.dec:+.5f} (ICRS deg){source}")
    show_frame(answer.summary, PLACE_UNITS)
    if explain:
        echo(str(answer.how))


@click.command(epilog="Example: orbital query rare variability --below 0.01")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--first", default="swift", show_default=True, help="First observatory.")
@click.option(
    "--second", default="chandra", show_default=True, help="Second observatory."
)
@click.option(
    "--below", type=float, help="Only events with a smaller expected number by chance."
)
@click.option(
    "--store", is_flag=True, help="Keep the events in cross.findings, with evidence."
)
@explain_option
@json_option
def rare(
    kind: str,
    first: str,
    second: str,
    below: float | None,
    *,
    store: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """List rare events, rarest first, with the statistic and its null hypothesis."""
    import polars as pl

    from orbital_kernel import connect
    from orbital_kernel.questions.rare import rows_to_read

    orbital = connect()
    number = rows_to_read(orbital, kind, first, second)
    echo(f"reading at most {number:,} stored rows", err=True)
    events = orbital.rare(kind, first=first, second=second, store=store)
    rows = (
        events.rows if below is None else events.rows.filter(pl.col("expected") < below)
    )
    if as_json:
        print_json(
            {
                "kind": kind,
                "rows": rows_of(rows),
                "looked_at": events.looked_at,
                "selection": events.selection,
                "explain": asdict(events.how),
            }
        )
        return
    echo(str(events))
    show_frame(rows, {})
    if explain:
        echo(str(events.how))


@click.command(
    epilog='Example: orbital query visits "GRB 130427A" --json; '
    "or orbital query visits --ra 83.63 --dec 22.01"
)
@click.argument("name", required=False)
@click.option("--ra", type=float, metavar="DEG", help="Right ascension, ICRS degrees.")
@click.option("--dec", type=float, metavar="DEG", help="Declination, ICRS degrees.")
@explain_option
@json_option
def visits(
    name: str | None,
    ra: float | None,
    dec: float | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Show who looked at a place and when, in good time, with first and last look."""
    if name is None and (ra is None or dec is None):
        raise click.UsageError("give a NAME, or --ra and --dec")
    from orbital_kernel import connect

    where = name if ra is None or dec is None else (ra, dec)
    answer = connect().visits(where or "")
    if as_json:
        print_json(
            {
                "ra": answer.ra,
                "dec": answer.dec,
                "rows": rows_of(answer.rows),
                "summary": rows_of(answer.summary),
                "excluded": answer.excluded,
                "explain": asdict(answer.how),
            }
        )
        return
    show_frame(answer.summary, {"good_s": "s"})
    show_frame(answer.rows, {"good_s": "s", "separation_arcmin": "arcmin"})
    for reason, number in answer.excluded.items():
        echo(f"excluded: {number}: {reason}")
    if explain:
        echo(str(answer.how))


QUESTIONS = (simultaneous, follow_ups, place, visits, rare)
