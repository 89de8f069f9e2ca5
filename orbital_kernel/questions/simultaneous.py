"""When two observatories observed the same position at the same time.

An ObsID is a set of snapshots spread over days, so its start and stop do not show what
was simultaneous; the good time intervals of `intervals` do.
"""

import time as clock
from datetime import timedelta

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model import times
from orbital_kernel.query import MAX_SET, Answer, Query, TimeSpan
from orbital_kernel.query.given import LONGEST_S, given_amount, given_separation
from orbital_kernel.query.given_times import given_span, given_time
from orbital_kernel.questions.asking import (
    Session,
    joint_answer,
    require_observatories,
    together,
)
from orbital_kernel.questions.good_time import INTERVAL, placed_intervals, united
from orbital_kernel.questions.spans import MOST, Span, spans, without_rows
from orbital_kernel.science.columns import either
from orbital_kernel.science.lightcurves import EXPOSED, is_local, overlaps

POINTING = ("obs_id", "object", "ra", "dec")
LONGEST = np.timedelta64(4, "D")
"""Longer than any good time interval: an orbit of Chandra lasts 64 h."""
MARGIN = timedelta(days=4)
"""The same, around each span of time in which large tables are read."""
UNITS = {"overlap_s": "s", "separation_arcmin": "arcmin"}


def simultaneous(
    orbital: Session,
    first: str,
    second: str,
    *,
    within_arcmin: float,
    start: str | None,
    stop: str | None,
    at_least_s: float,
) -> Answer:
    """Return one row per stretch of good time that two observatories share.

    Intervals are those of kind gti or snapshot, and none of pointings named SAA-COLD;
    those of one observation and instrument are merged first, across CCDs and files. With
    `start` or `stop` (UTC) only stretches that reach into that span are returned, in
    full. An interval without a position has that of its observation. Intervals on
    barycentric or geocentric times are not compared.
    """
    require_observatories(first, second)
    if first == second:
        raise QueryError(f"give two observatories, not {first!r} twice")
    given_separation("within_arcmin", within_arcmin, "arcmin")
    given_amount("at_least_s", at_least_s, "s", most=LONGEST_S)
    given_span(start, stop)
    begin = clock.perf_counter()
    tables = [f"{name}.intervals" for name in (first, second)]
    limits = _span(start, stop)
    pieces = [Span()] if limits else spans(orbital.store, tables, most=MOST)
    answers: list[Answer] = []
    parts, merged_rows, away = [], [0, 0], 0
    for span in pieces:
        every = together(
            orbital,
            [
                Query(
                    table,
                    columns=INTERVAL,
                    time=limits,
                    ranges=span.widened(MARGIN, MARGIN),
                    sets={"kind": EXPOSED},
                    full_scan=True,
                )
                for table in tables
            ],
            kind="simultaneous",
        )
        targets = [
            _pointings(name, answer.frame)
            for name, answer in zip((first, second), every, strict=True)
        ]
        pointings = together(orbital, targets, kind="simultaneous")
        away += sum(
            len(answer.frame.filter(span.has(), ~is_local())) for answer in every
        )
        a, b = (
            united(placed_intervals(answer.frame.filter(is_local()), places.frame))
            for answer, places in zip(every, pointings, strict=True)
        )
        for k, intervals in enumerate((a, b)):
            merged_rows[k] += len(intervals.filter(span.has()))
        shared = overlaps(a, b, within_arcmin=within_arcmin).filter(
            pl.col("overlap_s") >= at_least_s, span.has(), *_reaching(start, stop)
        )
        parts.append(_rows(a, b, shared))
        pairs = zip(every, pointings, strict=True)
        answers += [without_rows(answer) for pair in pairs for answer in pair]
    rows = pl.concat(parts)
    rows = rows.sort("time", "time_stop", *rows.columns[:6], nulls_last=True)
    counts = [
        f"{count} of {name}"
        for count, name in zip(merged_rows, (first, second), strict=True)
    ]
    residual = [
        f"intervals merged by observation and instrument: {' and '.join(counts)}",
        f"good times overlap, pointings within {within_arcmin} arcmin",
        "none of pointings named SAA-COLD",
    ]
    if away:
        residual.append(
            f"{away} intervals with times of arrival at the barycentre or geocentre are "
            "not compared"
        )
    return joint_answer(answers, rows, residual, begin, UNITS)


def _rows(a: pl.DataFrame, b: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """Return the shared stretches with the objects of both observatories."""
    objects = {
        "object_a": a["object"].gather(shared["row_a"]),
        "object_b": b["object"].gather(shared["row_b"]),
        **either(a[shared["row_a"]], b[shared["row_b"]]),
    }
    return shared.with_columns(**objects).select(
        *("obs_id_a", "object_a", "instrument_a", "obs_id_b", "object_b"),
        *("instrument_b", "time", "time_stop", "overlap_s", "separation_arcmin"),
        "simulated",
    )


def _pointings(observatory: str, intervals: pl.DataFrame) -> Query:
    """Return the query of the observations of intervals that do not state target or place.

    Of all observations if those are many.
    """
    table = f"{observatory}.observations"
    unstated = pl.any_horizontal(pl.col("object", "ra", "dec").is_null())
    lacking = intervals.filter(unstated)["obs_id"]
    obs_ids = lacking.drop_nulls().unique().sort().to_list()
    if len(obs_ids) > MAX_SET:
        return Query(table, columns=POINTING, not_null=("ra", "dec"), full_scan=True)
    return Query(
        table, columns=POINTING, sets={"obs_id": obs_ids}, not_null=("ra", "dec")
    )


def _span(start: str | None, stop: str | None) -> TimeSpan | None:
    """Return when an interval that reaches into the span can begin."""
    if start is None and stop is None:
        return None
    first = None if start is None else given_time(start) - LONGEST
    early = None if first is None else str(times.to_utc_iso(np.array([first]))[0])
    return TimeSpan(early, stop)


def _reaching(start: str | None, stop: str | None) -> list[pl.Expr]:
    return [
        *([] if start is None else [pl.col("time_stop") > pl.lit(given_time(start))]),
        *([] if stop is None else [pl.col("time") < pl.lit(given_time(stop))]),
    ]
