"""One burst in every catalogue and notice, and which row gives time, position, T90, z."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Value
from orbital_kernel.query import Query
from orbital_kernel.questions import spellings
from orbital_kernel.questions.asks import Asks, together
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
    grbs = _grbs(orbital, name, names)
    notices = _notices(
        orbital, name, names, {o: rows["trigger_id"] for o, rows in grbs.items()}
    )
    if not any(map(len, (*grbs.values(), *notices))):
        return _none()
    return _joined([*grbs.values()], notices, name)


@cache
def _none() -> pl.DataFrame:
    grbs = frame_of(schema.GRBS.arrow.empty_table())
    notices = frame_of(schema.NOTICES.arrow.empty_table()).select(NOTICE)
    return _joined([_of_catalogue(grbs, "")], [_of_notices(notices, "")], "")


def _joined(
    grbs: list[pl.DataFrame], notices: list[pl.DataFrame], name: str
) -> pl.DataFrame:
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


def _grbs(orbital: Asks, name: str, names: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the catalogue rows under any spelling of the name, by observatory."""
    spelled = {
        observatory: spellings.of_kind(names, "burst", f"{observatory}.grbs", name)
        for observatory in observatories()
    }
    queries = {
        observatory: Query(f"{observatory}.grbs", sets={"name": given})
        for observatory, given in spelled.items()
        if given
    }
    answers = together(orbital, [*queries.values()], kind="bursts")
    frames = {o: a.frame for o, a in zip(queries, answers, strict=True)}
    empty = frame_of(schema.GRBS.arrow.empty_table())
    return {o: _of_catalogue(frames.get(o, empty), o) for o in spelled}


def _of_catalogue(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    return rows.with_columns(
        pl.lit(observatory).alias("observatory"),
        pl.lit("catalogue").alias("source"),
        pl.lit(None, dtype=pl.String).alias("excluded"),
    )


def _notices(
    orbital: Asks,
    name: str,
    names: pl.DataFrame,
    triggers: Mapping[str, pl.Series],
) -> list[pl.DataFrame]:
    """Return the real notices of these triggers, or of that name, as catalogue rows."""
    queries = [
        (observatory, Query(f"{observatory}.notices", columns=NOTICE, sets=selection))
        for observatory in observatories()
        for selection in _selections(observatory, name, names, triggers[observatory])
    ]
    answers = together(orbital, [query for _, query in queries], kind="bursts")
    frames: dict[str, list[pl.DataFrame]] = {}
    for (observatory, _), answer in zip(queries, answers, strict=True):
        if len(answer.frame):
            frames.setdefault(observatory, []).append(answer.frame)
    return [_of_notices(pl.concat(rows), o) for o, rows in frames.items()]


def _selections(
    observatory: str, name: str, names: pl.DataFrame, triggers: pl.Series
) -> list[dict[str, list[Value | None]]]:
    """Return how notices of a name and of these triggers are selected."""
    role: dict[str, list[Value | None]] = {"role": ["observation"]}
    spelled = spellings.of_kind(names, "notice", f"{observatory}.notices", name)
    given = triggers.drop_nulls()
    numbers = given.filter(given.str.contains(NUMBER)).unique().sort().to_list()
    selections = {"notice_id": spelled, "trigger_id": numbers}
    return [{column: v, **role} for column, v in selections.items() if v]


def _of_notices(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    """Return notices as rows of a catalogue, retracted ones excluded."""
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
    every = observatories()
    names = [i.name for i in every[observatory].instruments] if observatory else ["-"]
    return rf"(?i)(?:^|[^a-z])({'|'.join(names)})(?:[^a-z]|$)"
