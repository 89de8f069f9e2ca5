"""When two observatories observed the same position at the same time.

An ObsID is a set of snapshots spread over days, so its start and stop do not show what
was simultaneous; the good time intervals of `intervals` do.
"""

import time as clock

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model import times
from orbital_kernel.query import MAX_SET, Answer, Query, TimeSpan
from orbital_kernel.questions.asking import (
    Asks,
    joint_answer,
    require_observatories,
    together,
)
from orbital_kernel.questions.good_time import INTERVAL, placed_intervals, united
from orbital_kernel.science.columns import either
from orbital_kernel.science.lightcurves import EXPOSED, is_local, overlaps

POINTING = ("obs_id", "object", "ra", "dec")
LONGEST = np.timedelta64(4, "D")
"""Longer than any good time interval: an orbit of Chandra lasts 64 h."""
UNITS = {"overlap_s": "s", "separation_arcmin": "arcmin"}


def simultaneous(
    orbital: Asks,
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
    if not 0 < within_arcmin <= 180 * 60:
        raise QueryError(
            f"the separation is above 0 and at most 10800 arcmin, not {within_arcmin}"
        )
    begin = clock.perf_counter()
    span = _span(start, stop)
    every = together(
        orbital,
        [
            Query(
                f"{name}.intervals",
                columns=INTERVAL,
                time=span,
                sets={"kind": EXPOSED},
                full_scan=True,
            )
            for name in (first, second)
        ],
        kind="simultaneous",
    )
    targets = [
        _pointings(name, answer.frame)
        for name, answer in zip((first, second), every, strict=True)
    ]
    pointings = together(orbital, targets, kind="simultaneous")
    answers = [every[0], pointings[0], every[1], pointings[1]]
    good = [answers[k].frame.filter(is_local()) for k in (0, 2)]
    away = sum(len(answers[k].frame) for k in (0, 2)) - sum(map(len, good))
    a = united(placed_intervals(good[0], answers[1].frame))
    b = united(placed_intervals(good[1], answers[3].frame))
    shared = overlaps(a, b, within_arcmin=within_arcmin).filter(
        pl.col("overlap_s") >= at_least_s, *_reaching(start, stop)
    )
    objects = {
        "object_a": a["object"].gather(shared["row_a"]),
        "object_b": b["object"].gather(shared["row_b"]),
        **either(a[shared["row_a"]], b[shared["row_b"]]),
    }
    rows = shared.with_columns(**objects).select(
        *("obs_id_a", "object_a", "instrument_a", "obs_id_b", "object_b"),
        *("instrument_b", "time", "time_stop", "overlap_s", "separation_arcmin"),
        "simulated",
    )
    rows = rows.sort("time", "time_stop", *rows.columns[:6], nulls_last=True)
    residual = [
        f"intervals merged by observation and instrument: {len(a)} of {first}, {len(b)} of {second}",
        f"good times overlap, pointings within {within_arcmin} arcmin",
        "none of pointings named SAA-COLD",
    ]
    if away:
        residual.append(
            f"{away} intervals with times of arrival at the barycentre or geocentre are "
            "not compared"
        )
    return joint_answer(answers, rows, residual, begin, UNITS)


def _pointings(observatory: str, intervals: pl.DataFrame) -> Query:
    """Return the query of the observations of these intervals; of all if they are many."""
    table = f"{observatory}.observations"
    obs_ids = intervals["obs_id"].drop_nulls().unique().sort().to_list()
    if len(obs_ids) > MAX_SET:
        return Query(table, columns=POINTING, not_null=("ra", "dec"), full_scan=True)
    return Query(
        table, columns=POINTING, sets={"obs_id": obs_ids}, not_null=("ra", "dec")
    )


def _span(start: str | None, stop: str | None) -> TimeSpan | None:
    """Return when an interval that reaches into the span can begin."""
    if start is None and stop is None:
        return None
    first = None if start is None else _tt(start) - LONGEST
    early = None if first is None else str(times.to_utc_iso(np.array([first]))[0])
    return TimeSpan(early, stop)


def _reaching(start: str | None, stop: str | None) -> list[pl.Expr]:
    return [
        *([] if start is None else [pl.col("time_stop") > pl.lit(_tt(start))]),
        *([] if stop is None else [pl.col("time") < pl.lit(_tt(stop))]),
    ]


def _tt(utc: str) -> np.datetime64:
    instant: np.datetime64 = times.tt_from_utc(utc)[0]
    if np.isnat(instant):
        raise QueryError(
            f"a time span needs a time such as 2013-04-27T07:47, not {utc!r}"
        )
    return instant
