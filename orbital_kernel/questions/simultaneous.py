"""When two observatories looked at the same place at the same time, by good time.

An ObsID is a bag of snapshots over up to days, so its start and stop say nothing of
what was simultaneous: only rows of `intervals` do.
"""

import time as clock

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model import times
from orbital_kernel.query import Answer, Query, TimeSpan
from orbital_kernel.questions.asking import Asks, answered, together
from orbital_kernel.science.columns import either, fill
from orbital_kernel.science.lightcurves import merged, overlaps

EXPOSED = ("gti", "snapshot")
POINTING = ("obs_id", "object", "ra", "dec")
INTERVAL = (
    *("obs_id", "object", "time", "time_stop", "kind", "instrument", "ra", "dec"),
    "simulated",
)
KEYS = ("obs_id", "instrument", "object", "ra", "dec", "simulated")
LONGEST = np.timedelta64(4, "D")
"""No good time lasts longer: an orbit of Chandra has 64 h."""
UNITS = {"overlap_s": "s", "separation_arcmin": "arcmin"}


def simultaneous(
    orbital: Asks,
    first: str,
    second: str,
    *,
    within_arcmin: float = 12.0,
    start: str | None = None,
    stop: str | None = None,
    at_least_s: float = 0.0,
) -> Answer:
    """Return a row each stretch of good time two observatories shared.

    Intervals are those of kind gti or snapshot; those of one observation and instrument
    are united first, CCDs and files alike. With `start` or `stop` (UTC) only stretches
    that reach into that span are told, each whole. Where an interval has no position its observation's counts. Columns:
    observation, object and instrument of each, time and time_stop (TT) of what is
    shared, overlap_s, separation_arcmin of the pointings, simulated; in order of time. Raises
    QueryError for one observatory given twice, or a separation that is none.
    """
    if first == second:
        raise QueryError(f"simultaneous asks two observatories, not {first!r} twice")
    if not 0 < within_arcmin <= 180 * 60:
        raise QueryError(f"a separation of {within_arcmin} arcmin is none")
    began = clock.perf_counter()
    span = _span(start, stop)
    queries = [
        query
        for name in (first, second)
        for query in (
            Query(
                f"{name}.intervals",
                columns=INTERVAL,
                time=span,
                sets={"kind": EXPOSED},
                full_scan=True,
            ),
            Query(
                f"{name}.observations",
                columns=POINTING,
                not_null=("ra", "dec"),
                full_scan=True,
            ),
        )
    ]
    asked = together(orbital, queries, kind="simultaneous")
    a = united(_placed(asked[0].frame, asked[1].frame))
    b = united(_placed(asked[2].frame, asked[3].frame))
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
    told = [
        f"intervals united by observation and instrument: {len(a)} of {first}, {len(b)} of {second}",
        f"good times overlap, pointings within {within_arcmin} arcmin",
    ]
    return answered(asked, rows, told, began, UNITS)


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
        raise QueryError(f"a time span needs a time, not {utc!r}")
    return instant


def united(intervals: pl.DataFrame) -> pl.DataFrame:
    """Return good times united by observation and instrument, CCDs taken together.

    Columns obs_id, instrument, object, ra, dec, simulated, time, time_stop; without
    position no interval is kept.
    """
    plain = (
        fill(intervals, {"simulated": pl.Boolean()})
        .with_columns(pl.col("instrument").str.replace(r" ccd \d+$", ""))
        .drop_nulls(["time", "time_stop", "ra", "dec"])
    )
    plain = plain.sort(*KEYS, "time", "time_stop", nulls_last=True)
    parts = [
        merged(group).select(
            *(
                pl.lit(key).cast(plain.schema[name]).alias(name)
                for name, key in zip(KEYS[:2], keys, strict=True)
            ),
            *(
                pl.lit(group[name][0], dtype=plain.schema[name]).alias(name)
                for name in KEYS[2:]
            ),
            pl.all(),
        )
        for keys, group in plain.group_by(list(KEYS[:2]), maintain_order=True)
    ]
    return pl.concat(parts) if parts else plain.select(*KEYS, "time", "time_stop")


def _placed(intervals: pl.DataFrame, pointings: pl.DataFrame) -> pl.DataFrame:
    """Return intervals with a position: their own, else their observation's."""
    theirs = pointings.sort(*pointings.columns, nulls_last=True).unique(
        "obs_id", keep="first", maintain_order=True
    )
    return intervals.join(theirs, on="obs_id", how="left", suffix="_of").with_columns(
        pl.coalesce(name, f"{name}_of").alias(name) for name in ("object", "ra", "dec")
    )
