"""Several tables of one question, queried side by side, and one explanation of it all."""

import time as clock
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Explain, Query, ucds_by_name
from orbital_kernel.questions.side_by_side import side_by_side


class Asks(Protocol):
    """Who answers queries: the session."""

    def query(self, query: Query, *, kind: str = ..., estimate: bool = ...) -> Answer:
        """Answer one query."""


class Session(Asks, Protocol):
    """Who answers queries and has the database they are answered from."""

    @property
    def store(self) -> Store:
        """The database."""


def read(database: Store, table: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return some columns of a table."""
    return frame_of(database.read(table, columns=list(columns)))


def require_observatories(*names: str | None) -> None:
    """Raise QueryError for a name that is not an observatory's; None is any."""
    allowed = observatories()
    for name in names:
        if name is not None and name not in allowed:
            raise QueryError(unknown("observatory", name, allowed))


def together(orbital: Asks, queries: Sequence[Query], *, kind: str) -> list[Answer]:
    """Return the answers of independent queries, in order; they run side by side."""
    return side_by_side(lambda query: orbital.query(query, kind=kind), queries)


def joint_explain(
    answers: Sequence[Answer], rows: int, residual: Sequence[str], start: float
) -> Explain:
    """Return one explanation of several selects and of the steps done locally.

    `start` is of time.perf_counter; the stage `selects` adds up what ran side by side.
    """
    hows = [answer.how for answer in answers]
    total = 1e3 * (clock.perf_counter() - start)
    names = [how.table for how in hows]
    return replace(
        hows[0],
        table=", ".join(dict.fromkeys(names)),
        pushed=[f"{how.table}: {clause}" for how in hows for clause in how.pushed],
        residual=[
            *(f"{how.table}: {text}" for how in hows for text in how.residual),
            *residual,
        ],
        sort_key=[],
        rows_read=_sum([how.rows_read for how in hows]),
        row_groups_read=_sum([how.row_groups_read for how in hows]),
        estimated_rows=None,
        rows_stored=sum({how.table: how.rows_stored for how in hows}.values()),
        rows_fetched=sum(how.rows_fetched for how in hows),
        rows_returned=rows,
        bytes=sum(how.bytes for how in hows),
        milliseconds=round(total, 3),
        stages={"selects": round(sum(how.milliseconds for how in hows), 3)},
        selects=sum(how.selects for how in hows),
        requests=sum(how.requests for how in hows),
        cold=any(how.cold for how in hows),
    )


def joint_answer(
    answers: Sequence[Answer],
    frame: pl.DataFrame,
    residual: Sequence[str],
    start: float,
    units: dict[str, str],
) -> Answer:
    """Return rows joined from several answers; columns not in `units` have none."""
    return Answer(
        frame,
        joint_explain(answers, len(frame), residual, start),
        {name: units.get(name, "") for name in frame.columns},
        ucds_by_name(frame.columns),
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    return None if None in counts else sum(count or 0 for count in counts)


WIDEST_CONFIDENCE = 0.68
SOURCE = (
    *("catalog", "source_id", "ra", "dec", "error_radius_arcsec", "error_major_arcsec"),
    *("error_minor_arcsec", "error_angle_deg", "error_confidence", "kind", "simulated"),
    *("band_low_kev", "band_high_kev"),
)


def positioned(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    """Return the sources with a position and its error, stated or typical.

    A row without a stated error gets the typical one of the instrument whose bands it
    is in; one without a confidence is taken at 68 %, the widest usual reading.
    """
    unstated = pl.all_horizontal(
        pl.col("error_radius_arcsec", "error_major_arcsec").fill_null(0) <= 0
    )
    for instrument in observatories()[observatory].instruments:
        edges = [edge for b in instrument.bands for edge in (b.low, b.high)]
        typical = instrument.position_error
        in_bands = unstated & (pl.col("band_low_kev") >= min(edges))
        in_bands &= pl.col("band_high_kev") <= max(edges)
        rows = rows.with_columns(
            pl.when(in_bands).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in (
                ("error_confidence", typical.confidence),
                ("error_radius_arcsec", typical.radius_arcsec),
            )
        )
    return rows.filter(
        ~unstated, pl.all_horizontal(pl.col("ra", "dec").is_not_null())
    ).with_columns(pl.col("error_confidence").fill_null(WIDEST_CONFIDENCE))
