"""Several tables of one question, asked side by side, and one account of it all."""

import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeVar

import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Explain, Query

SIDE_BY_SIDE = 8
Asked = TypeVar("Asked")
Found = TypeVar("Found")


class Asks(Protocol):
    """Who answers queries: the session."""

    def query(self, asked: Query, *, kind: str = ..., estimate: bool = ...) -> Answer:
        """Answer one query."""


def together(orbital: Asks, queries: Sequence[Query], *, kind: str) -> list[Answer]:
    """Return the answers of independent queries, in order; they run side by side."""
    return side_by_side(lambda one: orbital.query(one, kind=kind), queries)


def side_by_side(ask: Callable[[Asked], Found], asked: Sequence[Asked]) -> list[Found]:
    """Return what `ask` gives for each, in order; at most SIDE_BY_SIDE at once."""
    if len(asked) <= 1:
        return [ask(one) for one in asked]
    with ThreadPoolExecutor(min(len(asked), SIDE_BY_SIDE)) as pool:
        return list(pool.map(ask, asked))


def account(
    asked: Sequence[Answer], rows: int, residual: Sequence[str], start: float
) -> Explain:
    """Return one explanation of several selects and of what was done here.

    `start` is of time.perf_counter; the stage `selects` adds up what ran side by side.
    """
    hows = [answer.how for answer in asked]
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


def answered(
    asked: Sequence[Answer],
    frame: pl.DataFrame,
    residual: Sequence[str],
    start: float,
    units: dict[str, str],
) -> Answer:
    """Return rows made of several answers; columns not in `units` have none."""
    return Answer(
        frame,
        account(asked, len(frame), residual, start),
        {name: units.get(name, "") for name in frame.columns},
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
    """Return the sources with a position and its error, told or typical.

    A row that tells no error has the typical one of the instrument whose bands it is
    in, and one without a confidence is taken at 68 %, the widest usual reading.
    """
    untold = pl.all_horizontal(
        pl.col("error_radius_arcsec", "error_major_arcsec").fill_null(0) <= 0
    )
    for instrument in observatories()[observatory].instruments:
        edges = [edge for b in instrument.bands for edge in (b.low, b.high)]
        typical = instrument.position_error
        theirs = untold & (pl.col("band_low_kev") >= min(edges))
        theirs &= pl.col("band_high_kev") <= max(edges)
        rows = rows.with_columns(
            pl.when(theirs).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in (
                ("error_confidence", typical.confidence),
                ("error_radius_arcsec", typical.radius_arcsec),
            )
        )
    return rows.filter(
        ~untold, pl.all_horizontal(pl.col("ra", "dec").is_not_null())
    ).with_columns(pl.col("error_confidence").fill_null(WIDEST_CONFIDENCE))
