"""`orbital query`: selective questions from the shell."""

import click

from orbital_kernel.commands.answering import (
    explain_option,
    of_two_observatories,
    show_answer,
)
from orbital_kernel.commands.questions import QUESTIONS
from orbital_kernel.commands.show import json_option


def _tables(_context: object, _parameter: object, incomplete: str) -> list[str]:
    """Return the tables whose names begin like that."""
    from orbital_kernel.model import schema
    from orbital_kernel.model.observatory import observatories

    known = schema.tables(observatories())
    return [name for name in known if name.startswith(incomplete)]


@click.group(
    epilog="Example: orbital query cone swift.sources --ra 0.8 --dec -0.5 --radius 10"
)
def query() -> None:
    """Ask selective questions; rows as a table or JSON."""


@query.command(
    epilog="Example: orbital query cone chandra.sources --ra 83.63 --dec 22.01 --radius 5"
)
@click.argument("table", shell_complete=_tables)
@click.option(
    "--ra", type=float, required=True, metavar="DEG", help="Right ascension, ICRS."
)
@click.option(
    "--dec", type=float, required=True, metavar="DEG", help="Declination, ICRS."
)
@click.option("--radius", type=float, required=True, metavar="ARCMIN", help="Radius.")
@click.option(
    "--since", metavar="UTC", help="Not before this time, e.g. 2013-04-27T07:47."
)
@click.option("--until", metavar="UTC", help="Not after this time.")
@click.option("--limit", type=int, help="At most so many rows; default all.")
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
    """Rows of TABLE (such as swift.sources) within a circle on the sky."""
    from orbital_kernel import Cone, Query, TimeSpan, connect

    span = TimeSpan(since, until) if since or until else None
    asked = Query(table, cone=Cone(ra, dec, radius), time=span, limit=limit)
    answer = connect().query(asked, kind="cone", estimate=explain)
    show_answer(answer, explain=explain, as_json=as_json)


@query.command(
    epilog="Example: orbital query time swift.rates 2013-04-27T07:47:00 2013-04-27T07:48:00"
)
@click.argument("table", shell_complete=_tables)
@click.argument("since", metavar="START")
@click.argument("until", metavar="STOP")
@click.option("--limit", type=int, help="At most so many rows; default all.")
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
    """Rows of TABLE from START to STOP, ISO times in UTC."""
    from orbital_kernel import Query, TimeSpan, connect

    asked = Query(table, time=TimeSpan(since, until), limit=limit)
    answer = connect().query(asked, kind="time", estimate=explain)
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
    help="Largest difference of the start times, either order.",
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
    """Pointings of two observatories close on the sky and in time."""
    from orbital_kernel import connect

    answer = connect().objects.ask_observed_by(
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
    """Rows of one SELECT, run by the database's engine with the vendor's driver.

    Tables are named with their schema, e.g. swift.observations; times are TT. Headers
    tell units as far as they can be followed from the tables: '?' where they cannot.
    """
    from orbital_kernel import connect

    orbital = connect()
    answer, made = orbital.ask_sql(text), bool(orbital.simulated)
    show_answer(answer, explain=explain, as_json=as_json, of_simulated=made)


for question in QUESTIONS:
    query.add_command(question)
