"""Two observatories compared: pointings close in space and time."""

import time as clock
from datetime import timedelta

import polars as pl

from orbital_kernel.query import Answer, Query
from orbital_kernel.query.given import WIDEST_JOIN_DEG, given_days, given_separation
from orbital_kernel.questions.asking import (
    Session,
    joint_answer,
    require_observatories,
    together,
)
from orbital_kernel.questions.looks import RULE, is_look, not_compared
from orbital_kernel.questions.spans import MOST, spans, without_rows
from orbital_kernel.science.lightcurves import is_local
from orbital_kernel.science.matching import pairs_in_time

DAYS_APART = 30.0
POINTING = (
    *("obs_id", "object", "ra", "dec", "healpix", "time", "time_stop", "exposure_s"),
    *("time_rule", "simulated"),
)
UNITS = {
    "exposure_s_a": "s",
    "exposure_s_b": "s",
    "separation_arcmin": "arcmin",
    "dt_days": "d",
}


def pointings(
    orbital: Session,
    first: str,
    second: str,
    *,
    within_arcsec: float | None,
    within_arcmin: float | None,
    within_days: float,
) -> Answer:
    """Return pairs of pointings, joined locally by HEALPix cell and time.

    Large logs are read in spans of time, so that memory is bounded.
    """
    require_observatories(first, second)
    for unit, value in (("arcsec", within_arcsec), ("arcmin", within_arcmin)):
        if value is not None:
            name = f"within_{unit}"
            given_separation(
                name, value, unit, most_deg=WIDEST_JOIN_DEG, above_zero=False
            )
    given_days("within_days", within_days)
    start = clock.perf_counter()
    tables = [f"{observatory}.observations" for observatory in (first, second)]
    margin = timedelta(days=within_days) + timedelta(seconds=1)
    answers: list[Answer] = []
    parts, distant = [], 0
    for span in spans(orbital.store, tables, most=MOST):
        windows = [span.widened(timedelta(), timedelta()), span.widened(margin, margin)]
        queries = [
            Query(
                table,
                columns=POINTING,
                not_null=("ra", "dec", "time"),
                ranges=window,
                full_scan=True,
            )
            for table, window in zip(tables, windows, strict=True)
        ]
        both = together(orbital, queries, kind="objects")
        looks = [answer.frame.filter(is_look()) for answer in both]
        distant += sum(len(frame.filter(span.has(), ~is_local())) for frame in looks)
        a, b = (
            frame.filter(is_local()).sort(*POINTING, nulls_last=True) for frame in looks
        )
        pairs = pairs_in_time(
            *(a.filter(span.has()), b),
            within_arcsec=within_arcsec,
            within_arcmin=within_arcmin,
            within_days=within_days,
        )
        if first == second:  # no pointing pairs with itself
            pairs = pairs.filter(pl.col("obs_id_a").ne_missing(pl.col("obs_id_b")))
        parts.append(pairs.drop("row_a", "row_b"))
        answers += map(without_rows, both)
    in_arcsec = within_arcmin is None
    apart = f"{within_arcsec} arcsec" if in_arcsec else f"{within_arcmin} arcmin"
    residual = [
        f"separation <= {apart}",
        f"start times within {within_days} days",
        RULE,
        *not_compared(distant, "pointings"),
    ]
    return joint_answer(answers, pl.concat(parts), residual, start, UNITS)
