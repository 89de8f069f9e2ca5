"""`orbital query`: selective queries."""

import click

from orbital_kernel.commands.answers import (
    explain_option,
    of_two_observatories,
    show_answer,
)
from orbital_kernel.commands.output import json_option
from orbital_kernel.commands.questions import QUESTIONS


def _tables(_context: object, _parameter: object, incomplete: str) -> list[str]:
    """Return the tables whose names begin with `incomplete`."""
    from orbital_kernel.model import schema
    from orbital_kernel.model.observatory import observatories

    names = schema.tables(observatories())
    return [name for name in names if name.startswith(incomplete)]


@click.group(
    epilog="Example: orbital query cone swift.sources --ra 0.8 --dec -0.5 --radius 10"
)
def query() -> None:
    """Query tables by place, time, observatories or SQL; print a table or JSON."""


@query.command(
    epilog="Example: orbital query cone chandra.sources --ra 83.63 --dec 22.01 --radius 5"
)
@click.argument("table", shell_complete=_tables)
@click.option(
    "--ra",
    type=float,
    required=True,
    metavar="DEG",
    help="Right ascension, ICRS degrees.",
)
@click.option(
    "--dec", type=float, required=True, metavar="DEG", help="Declination, ICRS degrees."
)
@click.option(
    "--radius",
    type=float,
    required=True,
    metavar="ARCMIN",
    help="Radius of the circle.",
)
@click.option(
    "--since",
    metavar="UTC",
    help="Only rows from this time on, for example 2013-04-27T07:47.",
)
@click.option("--until", metavar="UTC", help="Only rows up to this time.")
@click.option("--limit", type=int, help="Return at most this many rows. Default: all.")
@explain_option
@json_option
def cone(
    table: str,
    ra: float,
    dec: float,
    radius: float,
    since: str | None,
    until: str | None,
    limit: int | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Return the rows of TABLE, for example swift.sources, within a circle on the sky."""
    from orbital_kernel import Cone, Query, TimeSpan, connect
    from orbital_kernel.query.given import given_position

    span = TimeSpan(since, until) if since or until else None
    circle = Cone(*given_position(ra, dec), radius)
    selection = Query(table, cone=circle, time=span, limit=limit)
    answer = connect().query(selection, kind="cone", estimate=explain)
    show_answer(answer, explain=explain, as_json=as_json)


@query.command(
    epilog="Example: orbital query time swift.rates 2013-04-27T07:47:00 2013-04-27T07:48:00"
)
@click.argument("table", shell_complete=_tables)
@click.argument("since", metavar="START")
@click.argument("until", metavar="STOP")
@click.option("--limit", type=int, help="Return at most this many rows. Default: all.")
@explain_option
@json_option
def time(
    table: str,
    since: str,
    until: str,
    limit: int | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Return the rows of TABLE from START to STOP (ISO 8601, UTC)."""
    from orbital_kernel import Query, TimeSpan, connect

    selection = Query(table, time=TimeSpan(since, until), limit=limit)
    answer = connect().query(selection, kind="time", estimate=explain)
    show_answer(answer, explain=explain, as_json=as_json)


@query.command(
    epilog="Example: orbital query objects swift chandra --within-arcmin 12 --within-days 30"
)
@of_two_observatories
@click.option(
    "--within-days",
    type=float,
    default=30.0,
    show_default=True,
    help="Largest difference of the two start times, days, in either order.",
)
@explain_option
@json_option
def objects(
    first: str,
    second: str,
    within_arcmin: float,
    within_days: float,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Return pairs of pointings of two observatories that are close on the sky and in time."""
    from orbital_kernel import connect

    answer = connect().questions.observed_by(
        first, second, within_arcmin=within_arcmin, within_days=within_days
    )
    show_answer(answer, explain=explain, as_json=as_json)


@query.command(
    epilog='Example: orbital query sql "SELECT object, count(*) FROM swift.photometry GROUP BY object"'
)
@click.argument("text", metavar="SELECT")
@explain_option
@json_option
def sql(text: str, *, explain: bool, as_json: bool) -> None:
    """Run one SELECT in the database's engine with the vendor's driver; return its rows.

    Name tables with their schema, for example swift.observations. Times are TT. Headers
    show the units of columns that come directly from a table, '?' for the others.
    """
    from orbital_kernel import connect

    orbital = connect()
    answer, simulated = orbital.ask_sql(text), bool(orbital.simulated)
    show_answer(answer, explain=explain, as_json=as_json, of_simulated=simulated)


for question in QUESTIONS:
    query.add_command(question)
