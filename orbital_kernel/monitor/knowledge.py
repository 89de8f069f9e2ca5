"""Archival data at a burst's position, and who can observe it next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.model import sky, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import Observatory, observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor.rows import TABLE
from orbital_kernel.query import Cone, Query, run
from orbital_kernel.query.planned import Planned
from orbital_kernel.questions import catalogued, typical
from orbital_kernel.questions.looks import is_look
from orbital_kernel.science import visibility
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.visibility import Elements, Orbit

DAYS = 3.0
WIDEST_FIELD_ARCMIN = 60.0
LEAST_ERROR_ARCMIN = 0.1
UNSTATED_ERROR_ARCSEC = 180.0
"""Of a position that states neither error nor a known instrument."""
_SOURCE = (
    *("catalog", "source_id", "ra", "dec", "error_radius_arcsec", "significance"),
    *("flux", "flux_low", "flux_high", "is_limit", "flux_unit", "kind", "simulated"),
)
_POINTING = (
    *("obs_id", "object", "ra", "dec", "time", "time_stop", "exposure_s"),
    *("instrument", "status", "simulated"),
)


@dataclass(frozen=True)
class Place:
    """A burst's position: ICRS deg, error radius, its source, and whether simulated."""

    ra: float
    dec: float
    error_arcmin: float
    source: str
    simulated: bool = False


@dataclass(frozen=True)
class FollowUp:
    """What is known for following up a burst.

    Attributes
    ----------
    place
        The position: ICRS degrees, error radius in arcmin, and where it is from.
    sources
        Catalogue sources in the error circle, with `observatory` and separation_arcmin.
    exposures
        Pointings whose field of view contains the position, with `observatory` and
        separation_arcmin; times are TT.
    limits
        One row per observatory: pointings, exposure_s (s), sources, and whether an upper
        limit is possible.
    plan
        When each observatory can observe the position, and their ranking.
    """

    place: Place
    sources: pl.DataFrame
    exposures: pl.DataFrame
    limits: pl.DataFrame
    plan: visibility.Plan


def place_of(store: Store, burst_id: str) -> Place:
    """Return the position of a row of cross.bursts, from what it coincides with.

    Raises QueryError for an unknown burst, and for one no catalogue or notice places:
    rates alone give no position.
    """
    of_burst = [Clause("burst_id", (Equal(burst_id),))]
    rows = frame_of(store.read(TABLE, of_burst, columns=["matches"]))
    if rows.is_empty():
        raise QueryError(
            f"{TABLE} has no burst {burst_id!r}: `orbital.bursts.stored()` lists them"
        )
    for match in json.loads(rows["matches"][0] or "[]"):
        position = _placed(store, match["name"])
        if position is not None:
            return position
    raise QueryError(
        f"burst {burst_id!r} has no position: rates give none and no catalogue burst or "
        "notice coincides with it; give ra, dec and error_arcmin"
    )


def follow_up(
    store: Store,
    place: Place,
    *,
    start: datetime | None = None,
    days: float = DAYS,
    orbits: Mapping[str, Orbit | Elements] | None = None,
    delays_h: Mapping[str, float] | None = None,
) -> FollowUp:
    """Return what is known of a position and who can observe it; see Bursts.follow_up."""
    described = observatories()
    if delays_h is None:
        steerable = {
            n: o.pointing for n, o in described.items() if o.pointing.steerable
        }
        delays_h = {name: pointing.delay_h for name, pointing in steerable.items()}
    data = {name: _archive(store, o, place) for name, o in described.items()}
    sources = pl.concat(s for s, _ in data.values())
    exposures = pl.concat(e for _, e in data.values())
    visible = visibility.plan(
        place.ra,
        place.dec,
        tuple(described.values()),
        error_arcmin=place.error_arcmin,
        start=start or datetime.now(UTC),
        simulated=place.simulated,
        days=days,
        orbits=orbits,
        delays_h=delays_h,
    )
    limits = pl.DataFrame([_limits(n, s, e) for n, (s, e) in data.items()])
    return FollowUp(place, sources, exposures, limits, visible)


def to_json(result: FollowUp) -> dict[str, Any]:
    """Return a follow-up as one JSON document; times are UTC."""
    place, plan = result.place, result.plan
    return {
        "ra": place.ra,
        "dec": place.dec,
        "error_arcmin": place.error_arcmin,
        "told_by": place.source,
        "simulated": place.simulated,
        "ranking": plan.ranking.to_dicts(),
        "windows": _utc(plan.windows, "start", "stop"),
        "sources": result.sources.to_dicts(),
        "exposures": _utc(result.exposures, "time", "time_stop"),
        "upper_limits": result.limits.to_dicts(),
        "assumptions": list(plan.assumptions),
    }


def _placed(store: Store, name: str | None) -> Place | None:
    """Return the position of a burst or notice, of the catalogue that comes first."""
    rows = catalogued.listed(Planned(store), name) if name else None
    row = None if rows is None else catalogued.row_used(rows, "position")
    if row is None:
        return None
    instrument, error = row["position_instrument"], row["error_radius_arcsec"]
    by = f"{name} of {row['catalog']}" + (f" ({instrument})" if instrument else "")
    if not error:
        error = typical.typical_errors().get(instrument, UNSTATED_ERROR_ARCSEC)
        by += f', error assumed {error:g}"'
    return Place(row["ra"], row["dec"], error / 60.0, by, bool(row["simulated"]))


def _archive(
    store: Store, observatory: Observatory, place: Place
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return sources in the error circle, and pointings that contain the position."""
    circle = max(place.error_arcmin, LEAST_ERROR_ARCMIN)
    fields = [
        visibility.field_radius_arcmin(i.field_of_view) for i in observatory.instruments
    ]
    imaging = max((f for f in fields if f <= WIDEST_FIELD_ARCMIN), default=circle)
    sources = _cone(store, f"{observatory.name}.sources", place, circle, _SOURCE)
    pointings = _cone(
        store, f"{observatory.name}.observations", place, imaging, _POINTING
    )
    named = pl.lit(observatory.name).alias("observatory")
    return sources.select(named, pl.all()), pointings.select(named, pl.all())


def _cone(
    store: Store, table: str, place: Place, radius: float, columns: tuple[str, ...]
) -> pl.DataFrame:
    cone = Query(table, columns, cone=Cone(place.ra, place.dec, radius))
    rows = run(cone, store).frame
    apart = sky.separation_deg(place.ra, place.dec, rows["ra"], rows["dec"]) * 60
    return rows.with_columns(separation_arcmin=pl.Series(apart, dtype=pl.Float64)).sort(
        "separation_arcmin", *rows.columns, nulls_last=True
    )


def _limits(
    name: str, sources: pl.DataFrame, exposures: pl.DataFrame
) -> dict[str, Any]:
    """Return whether the observations allow an upper limit."""
    done = exposures.filter(is_look(), pl.col("exposure_s") > 0)
    detected = sources.filter(~pl.col("is_limit").fill_null(value=False))
    seconds = float(done["exposure_s"].sum())
    verdict = (
        "not observed: no upper limit possible"
        if done.is_empty()
        else f"upper limit possible from {done.height} pointings, {seconds:,.0f} s"
        + (f"; {detected.height} sources in the circle" if detected.height else "")
    )
    return {
        "observatory": name,
        "pointings": done.height,
        "exposure_s": seconds,
        "sources": detected.height,
        "known_limits": sources.height - detected.height,
        "simulated": simulated(sources, exposures),
        "upper_limit": verdict,
    }


def _utc(rows: pl.DataFrame, *columns: str) -> list[dict[str, Any]]:
    return rows.with_columns(
        pl.Series(
            name, times.to_utc_iso(rows[name].cast(pl.Datetime("ns")).to_numpy())
        ).cast(pl.String)
        for name in columns
    ).to_dicts()
