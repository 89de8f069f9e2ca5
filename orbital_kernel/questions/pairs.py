"""Two observatories compared: pointings close in space and time."""

import time as clock

from orbital_kernel.query import Answer, Query
from orbital_kernel.questions.asking import (
    Asks,
    joint_answer,
    require_observatories,
    together,
)
from orbital_kernel.questions.looks import RULE, is_look
from orbital_kernel.science.matching import pairs_in_time

DAYS_APART = 30.0
POINTING = (
    *("obs_id", "object", "ra", "dec", "healpix", "time", "time_stop", "exposure_s"),
    "simulated",
)
UNITS = {
    "exposure_s_a": "s",
    "exposure_s_b": "s",
    "separation_arcmin": "arcmin",
    "dt_days": "d",
}


def pointings(
    orbital: Asks,
    first: str,
    second: str,
    *,
    within_arcsec: float | None,
    within_arcmin: float | None,
    within_days: float,
) -> Answer:
    """Return pairs of pointings, joined locally by HEALPix cell and time."""
    require_observatories(first, second)
    start = clock.perf_counter()
    queries = [
        Query(
            f"{observatory}.observations",
            columns=POINTING,
            not_null=("ra", "dec", "time"),
            full_scan=True,
        )
        for observatory in (first, second)
    ]
    answers = together(orbital, queries, kind="objects")
    pairs = pairs_in_time(
        *(
            answer.frame.filter(is_look()).sort(*POINTING, nulls_last=True)
            for answer in answers
        ),
        within_arcsec=within_arcsec,
        within_arcmin=within_arcmin,
        within_days=within_days,
    )
    in_arcsec = within_arcmin is None
    apart = f"{within_arcsec} arcsec" if in_arcsec else f"{within_arcmin} arcmin"
    residual = [
        f"separation <= {apart}",
        f"start times within {within_days} days",
        RULE,
    ]
    return joint_answer(answers, pairs, residual, start, UNITS)
