"""One burst in every catalogue and notice, and which row gives time, position, T90, z."""

from functools import partial
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Query
from orbital_kernel.questions import spellings
from orbital_kernel.questions.asks import Asks, together
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.questions.typical import typical_errors
from orbital_kernel.science import precedence

NOTICE = (
    *("notice_id", "kind", "alert_type", "trigger_id", "time", "ra", "dec"),
    *("error_radius_arcsec", "error_confidence", "simulated", "file_sha256"),
    "file_row",
)
RETRACTED = "retracted"
NUMBER = r"^\d+$"
"""A trigger number; other words, such as 'BATSS', belong to many bursts."""
_IS_RETRACTION = pl.col("alert_type") == "retraction"
COLUMNS = (
    *("observatory", "catalog", "source", "name", "trigger_id", "time_utc", "time"),
    *("ra", "dec", "error_radius_arcsec", "error_confidence", "position_instrument"),
    *("t90_s", "t90_err_s", "t90_limit", "redshift", "redshift_text"),
    *("redshift_doubtful", "used", "excluded", "simulated"),
)
UNITS = {
    "ra": "deg",
    "dec": "deg",
    "error_radius_arcsec": "arcsec",
    "t90_s": "s",
    "t90_err_s": "s",
}


def quantities() -> tuple[precedence.Quantity, ...]:
    """Return what a burst has from catalogues: time, position, T90 and redshift."""
    return (
        precedence.TIME,
        precedence.position(typical_errors()),
        precedence.T90,
        precedence.REDSHIFT,
    )


def catalogued(orbital: Asks, name: str) -> pl.DataFrame:
    """Return one row per catalogue and notice of a burst, in the one order.

    Parameters
    ----------
    orbital : Asks
        Answers the queries: a session, or `Planned` of a database.
    name : str
        The burst's name with or without 'GRB', in any case; or a notice's identifier.

    Returns
    -------
    polars.DataFrame
        time (TT) and time_utc, ra and dec (deg) with error_radius_arcsec at
        error_confidence and position_instrument, t90_s and t90_err_s (s), redshift with
        its text. `used` lists what is taken from the row: time, position, T90, redshift.
        `excluded` says why nothing is.

    Raises
    ------
    QueryError
        If no catalogue and no notice has the burst.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.questions.catalogued import catalogued
    >>> rows = catalogued(connect(), "SIM GRB 120102S")
    >>> rows.columns[:3]
    ['observatory', 'catalog', 'source']
    """
    rows = listed(orbital, name)
    if rows.is_empty():
        raise QueryError(
            f"no burst catalogue and no notice has {name!r}: ingest one that lists it, or "
            "give the name as catalogues write it, e.g. GRB 130427A"
        )
    return rows


def listed(
    orbital: Asks, name: str, *, names: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the rows of `catalogued`; no rows if nothing lists the burst.

    `names` are the rows of `cross.names` of the name, if they have been read.
    """
    if names is None:
        names = spellings.named(orbital, name)
    grbs = side_by_side(partial(_grbs, orbital, name, names), tuple(observatories()))
    notices = side_by_side(
        lambda pair: _notices(orbital, pair[0], name, names, pair[1]["trigger_id"]),
        [*zip(observatories(), grbs, strict=True)],
    )
    # Notices have no name of their own, so the burst's catalogues name theirs.
    burst_names = pl.concat(grbs)["name"].drop_nulls().sort()
    burst = burst_names[0] if len(burst_names) else name
    rows = pl.concat([*grbs, *notices], how="diagonal")
    return _marked(rows.with_columns(pl.col("name").fill_null(burst)))


def row_used(rows: pl.DataFrame, quantity: str) -> dict[str, Any] | None:
    """Return the row of `catalogued` that gives a quantity; None if no row has it."""
    used = rows.filter(pl.col("used").str.split(", ").list.contains(quantity))
    return used.row(0, named=True) if len(used) else None


def _marked(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in order, each with the quantities taken from it."""
    ordered = precedence.in_order(rows).with_row_index("row")
    usable = ordered.filter(pl.col("excluded").is_null())
    takes = {
        q.name: precedence.chosen(usable, q)["row"].to_list() for q in quantities()
    }
    used = [
        ", ".join(name for name, chosen in takes.items() if row in chosen)
        for row in ordered["row"]
    ]
    utc = times.to_utc_iso(ordered["time"].cast(pl.Datetime("ns")).to_numpy())
    return ordered.with_columns(
        pl.Series("used", used, dtype=pl.String),
        pl.Series("time_utc", utc, dtype=pl.String),
        precedence.is_doubtful().alias("redshift_doubtful"),
    ).select(COLUMNS)


def _grbs(
    orbital: Asks, name: str, names: pl.DataFrame, observatory: str
) -> pl.DataFrame:
    """Return the catalogue rows under any spelling of the name."""
    table = f"{observatory}.grbs"
    spelled = spellings.of_kind(names, "burst", table, name)
    if spelled:
        rows = orbital.query(Query(table, sets={"name": spelled}), kind="bursts").frame
    else:
        rows = frame_of(schema.GRBS.arrow.empty_table())
    return rows.with_columns(
        pl.lit(observatory).alias("observatory"),
        pl.lit("catalogue").alias("source"),
        pl.lit(None, dtype=pl.String).alias("excluded"),
    )


def _notices(
    orbital: Asks,
    observatory: str,
    name: str,
    names: pl.DataFrame,
    triggers: pl.Series,
) -> pl.DataFrame:
    """Return the real notices of these triggers, or of that name, as catalogue rows."""
    table = f"{observatory}.notices"
    spelled = spellings.of_kind(names, "notice", table, name)
    numbers = triggers.drop_nulls().filter(triggers.drop_nulls().str.contains(NUMBER))
    selections = [{"notice_id": spelled}] if spelled else []
    if len(numbers):
        selections.append({"trigger_id": numbers.unique().sort().to_list()})
    queries = [
        Query(table, columns=NOTICE, sets={**selection, "role": ["observation"]})
        for selection in selections
    ]
    answers = together(orbital, queries, kind="bursts")
    empty = frame_of(schema.NOTICES.arrow.empty_table()).select(NOTICE)
    rows = pl.concat([empty, *(answer.frame for answer in answers)])
    rows = rows.unique(maintain_order=True)
    withdrawn = rows.filter(_IS_RETRACTION)["trigger_id"].drop_nulls().to_list()
    retracted = _IS_RETRACTION | pl.col("trigger_id").is_in(withdrawn)
    return rows.select(
        pl.lit(observatory).alias("observatory"),
        pl.col("kind").alias("catalog"),
        pl.lit(precedence.NOTICE).alias("source"),
        pl.col("kind")
        .str.extract(_instruments(observatory))
        .str.to_uppercase()
        .alias("position_instrument"),
        pl.when(retracted.fill_null(value=False))
        .then(pl.lit(RETRACTED))
        .alias("excluded"),
        pl.when(~precedence.times_a_follow_up()).then("time").alias("time"),
        *(
            column
            for column in NOTICE
            if column in schema.GRBS.arrow.names and column != "time"
        ),
    )


def _instruments(observatory: str) -> str:
    """Return the pattern that finds an instrument's name in the kind of a notice."""
    names = (i.name for i in observatories()[observatory].instruments)
    return rf"(?i)(?:^|[^a-z])({'|'.join(names)})(?:[^a-z]|$)"
