"""Which bursts of a list an observatory observed afterwards."""

import time as clock
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.spelling import variants
from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.query.given import WIDEST_JOIN_DEG, given_delays, given_separation
from orbital_kernel.questions import catalogued, spellings, typical
from orbital_kernel.questions.asking import (
    Session,
    joint_answer,
    require_observatories,
    together,
)
from orbital_kernel.questions.looks import RULE, is_look, not_compared
from orbital_kernel.questions.spans import MOST, spans, without_rows
from orbital_kernel.science import precedence
from orbital_kernel.science.columns import either
from orbital_kernel.science.lightcurves import is_local
from orbital_kernel.science.matching import pairs_in_time
from orbital_kernel.science.near_earth import near_earth
from orbital_kernel.science.precedence import burst_key

FEW_BURSTS = 8
BURST = (
    *("catalog", "name", "trigger_id", "time", "ra", "dec", "error_radius_arcsec"),
    *("error_assumed", "t90_s", "t0_source", "position_catalog"),
    *("position_instrument", "t90_catalog", "simulated"),
)
STORED = (
    *("catalog", "name", "trigger_id", "time", "time_rule", "ra", "dec"),
    *(
        "error_radius_arcsec",
        "error_confidence",
        "t90_s",
        "t90_err_s",
        "t90_limit",
        "redshift",
    ),
    *("redshift_text", "extra", "simulated", "file_sha256", "file_row"),
)
POINTING = (
    *("obs_id", "object", "ra", "dec", "healpix", "time", "time_stop", "exposure_s"),
    *("instrument", "status", "time_rule", "simulated"),
)
APART = ("ra", "dec", "healpix", "time", "time_rule", "simulated")
UNITS = {
    "separation_arcmin": "arcmin",
    "dt_days": "d",
    "exposure_s": "s",
    "error_radius_arcsec": "arcsec",
    "t90_s": "s",
}


def follow_ups(
    orbital: Session,
    bursts: pl.DataFrame | Sequence[str] | str | None,
    *,
    of: str,
    by: str,
    within_arcmin: float,
    within_days: float,
    after_days: float,
    catalog: str | None,
) -> Answer:
    """Return one row per burst and later pointing at its position, in order of burst.

    Time, position and T90 of a burst in several catalogues are those of the first
    catalogue in the one order; `t0_source`, `position_catalog` (also in `catalog`) and
    `t90_catalog` name it. Where no catalogue states the position's error, it is the
    typical one of the instrument and `error_assumed` is true. Bursts without time or
    position have no pointings.
    """
    require_observatories(of, by)
    given_separation(
        "within_arcmin",
        within_arcmin,
        "arcmin",
        most_deg=WIDEST_JOIN_DEG,
        above_zero=False,
    )
    given_delays(after_days, within_days)
    start = clock.perf_counter()
    listed, answers, elsewhere = _listed(orbital, bursts, of, catalog)
    placed = listed.drop_nulls(["time", "ra", "dec"])
    days = (after_days, within_days)
    parts, distant = [], 0
    for queries in _portions(orbital, placed, by, within_arcmin, days):
        later = together(orbital, queries, kind="follow-ups")
        pointings = pl.concat(answer.frame for answer in later)
        looks = pointings.unique(maintain_order=True).filter(is_look())
        pointings = looks.filter(is_local())
        distant += len(looks) - len(pointings)
        pairs = pairs_in_time(
            placed,
            pointings,
            within_arcmin=within_arcmin,
            within_days=within_days,
            after_days=after_days,
        )
        parts.append(_rows(placed, pointings, pairs))
        answers += map(without_rows, later)
    rows = pl.concat(parts).sort("time", "name", "dt_days", "obs_id", nulls_last=True)
    residual = [
        f"{len(listed)} bursts, {len(placed)} with time and position",
        f"pointing within {within_arcmin} arcmin, {after_days} to {within_days} days after",
        RULE,
        *not_compared(elsewhere, "bursts"),
        *not_compared(distant, "pointings"),
    ]
    return joint_answer(answers, rows, residual, start, UNITS)


def _rows(
    placed: pl.DataFrame, pointings: pl.DataFrame, pairs: pl.DataFrame
) -> pl.DataFrame:
    """Return one row per pair of a burst and a pointing."""
    burst, pointing = placed[pairs["row_a"]], pointings[pairs["row_b"]]
    return pl.DataFrame(
        {
            **{
                n: burst[n]
                for n in BURST
                if n in burst.columns and n not in ("ra", "dec", "simulated")
            },
            **{n: pointing[n] for n in POINTING if n not in APART},
            "time_observed": pointing["time"],
            "separation_arcmin": pairs["separation_arcmin"],
            "dt_days": pairs["dt_days"],
            **either(burst, pointing),
        }
    )


def _listed(
    orbital: Session,
    bursts: pl.DataFrame | Sequence[str] | str | None,
    of: str,
    catalog: str | None,
) -> tuple[pl.DataFrame, list[Answer], int]:
    """Return the bursts with times near Earth, answers, and how many rows have others."""
    if isinstance(bursts, pl.DataFrame):
        lacking = {"name", "time", "ra", "dec"} - set(bursts.columns)
        if lacking:
            raise QueryError(
                f"the burst list lacks {', '.join(sorted(lacking))}: give a frame with "
                "name, time (TT), ra and dec (deg), or names"
            )
        local = near_earth(bursts)
        return local, [], len(bursts) - len(local)
    names = [bursts] if isinstance(bursts, str) else list(bursts or ())
    sets: dict[str, list[str]] = {"catalog": [catalog]} if catalog else {}
    if names:
        sets["name"] = _spelled(orbital, names, f"{of}.grbs")
    query = Query(f"{of}.grbs", columns=STORED, sets=sets, full_scan=not names)
    answer = orbital.query(query, kind="follow-ups")
    local = near_earth(answer.frame)
    elsewhere = len(answer.frame) - len(local)
    united = precedence.united(local, *catalogued.quantities()).with_columns(
        pl.coalesce("position_catalog", "t0_source", "catalogs").alias("catalog")
    )
    rows = typical.with_errors(united)
    if bursts is None:
        return rows, [answer], elsewhere
    names_by_key = {burst_key(name): name for name in names}
    keys = pl.Series([*map(burst_key, rows["name"])], dtype=pl.String)
    missing = [name for key, name in names_by_key.items() if key not in set(keys)]
    if missing:
        some = orbital.query(Query(f"{of}.grbs", ("name",), limit=3)).frame["name"]
        raise QueryError(
            f"no burst catalogue of {of} has {', '.join(missing)}; give names as "
            f"{', '.join(some.drop_nulls()) or 'GRB 130427A'}"
        )
    return rows.filter(keys.is_in(list(names_by_key))), [answer], elsewhere


def _spelled(orbital: Session, names: Sequence[str], table: str) -> list[str]:
    """Return the spellings that a table of bursts has or may have of these names."""
    rows = spellings.named(orbital, *names)
    registered = rows.filter(pl.col("kind") == "burst", pl.col("table") == table)
    return sorted({*registered["object_id"], *(v for n in names for v in variants(n))})


def _portions(
    orbital: Session,
    placed: pl.DataFrame,
    by: str,
    within_arcmin: float,
    days: tuple[float, float],
) -> Iterator[list[Query]]:
    """Yield queries around each of a few bursts; for many, of the time they span.

    A large log is read in spans of time.
    """
    table = f"{by}.observations"
    if placed.is_empty():
        yield [Query(table, columns=POINTING, limit=0)]
        return
    times = placed["time"].cast(pl.Datetime("us")).to_list()
    if len(placed) <= FEW_BURSTS:
        around = zip(placed["ra"] % 360, placed["dec"], times, strict=True)
        yield [
            Query(
                table,
                columns=POINTING,
                cone=Cone(ra, dec, max(within_arcmin * 1.001, 1e-3)),
                ranges={"time": _window([time], days)},
            )
            for ra, dec, time in around
        ]
        return
    first, last = _window(times, days)
    for span in spans(orbital.store, [table], most=MOST):
        low, high = max(first, span.start or first), min(last, span.stop or last)
        if low <= high:
            yield [
                Query(
                    table,
                    columns=POINTING,
                    not_null=("ra", "dec"),
                    ranges={"time": (low, high)},
                    where=None if span.stop is None else span.has(),
                    full_scan=True,
                )
            ]


def _window(
    times: Sequence[datetime], days: tuple[float, float]
) -> tuple[datetime, datetime]:
    """Return the span in which follow-ups may begin, with a margin for rounding."""
    margin = timedelta(microseconds=2)
    earliest, latest = (timedelta(days=number) for number in days)
    return min(times) + earliest - margin, max(times) + latest + margin
