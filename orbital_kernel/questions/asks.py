"""Several queries of one question, side by side, and one explanation of them all."""

import time as clock
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import polars as pl

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Explain, Query, ucds_by_name
from orbital_kernel.questions.side_by_side import side_by_side


class Asks(Protocol):
    """Who answers queries: the session."""

    def query(self, query: Query, *, kind: str = ..., estimate: bool = ...) -> Answer:
        """Answer one query."""


@runtime_checkable
class Ready(Protocol):
    """Who has some answers without asking the database."""

    def at_once(self, query: Query) -> Answer | None:
        """Return the answer; None if the database must be asked."""


def require_observatories(*names: str | None) -> None:
    """Raise QueryError for a name that is not an observatory's; None is any."""
    allowed = observatories()
    for name in names:
        if name is not None and name not in allowed:
            raise QueryError(unknown("observatory", name, allowed))


def together(orbital: Asks, queries: Sequence[Query], *, kind: str) -> list[Answer]:
    """Return the answers of independent queries, in order; they run side by side."""
    answers: list[Answer | None] = [None] * len(queries)
    if isinstance(orbital, Ready):
        answers = [orbital.at_once(query) for query in queries]
    lacking = [k for k, answer in enumerate(answers) if answer is None]
    asked = side_by_side(lambda k: orbital.query(queries[k], kind=kind), lacking)
    by_place = dict(zip(lacking, asked, strict=True))
    return [answer or by_place[k] for k, answer in enumerate(answers)]


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
