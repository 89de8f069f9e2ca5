"""Two observatories compared: pointings close in space and time, and matched sources."""

import time as clock

import polars as pl

from orbital_kernel.model.predicate import Clause, NotNull
from orbital_kernel.query import Answer, Query
from orbital_kernel.questions.asking import (
    SOURCE,
    Asks,
    Session,
    joint_answer,
    positioned,
    read,
    require_observatories,
    together,
)
from orbital_kernel.questions.looks import RULE, is_look
from orbital_kernel.science.matching import cross_match, objects, pairs_in_time

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


def match(orbital: Session, first: str, second: str) -> pl.DataFrame:
    """Match two observatories' sources; replace objects and associations in `cross`."""
    require_observatories(first, second)
    names = [f"{observatory}.sources" for observatory in (first, second)]
    of_first, of_second = catalogues = [
        positioned(read(orbital.store, f"{observatory}.sources", SOURCE), observatory)
        for observatory in (first, second)
    ]
    pairs = cross_match(of_first, of_second)
    matched = objects(
        dict(zip(names, catalogues, strict=True)),
        [(names[0], names[1], pairs)] if len(pairs) else [],
        singles=False,
    )
    with orbital.store.transaction() as tx:
        for name, frame in zip(("objects", "associations"), matched, strict=True):
            tx.widen(f"cross.{name}")
            tx.delete(f"cross.{name}", [Clause("object_id", (NotNull(),))])
            tx.insert(f"cross.{name}", frame.to_arrow())
    return pairs
