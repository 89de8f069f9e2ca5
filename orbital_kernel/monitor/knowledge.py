"""What the archive knows of a burst's place, and who can look at it next."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel import query
from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.model import sky, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import Observatory, observatories
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor.rows import TABLE
from orbital_kernel.query import Cone, Query
from orbital_kernel.questions import catalogued
from orbital_kernel.science import visibility
from orbital_kernel.science.columns import simulated

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
    """Where a burst was: ICRS deg, error radius, who says so, and whether in earnest."""

    ra: float
    dec: float
    error_arcmin: float
    told_by: str
    simulated: bool = False


@dataclass(frozen=True)
class FollowUp:
    """Everything known for following a burst up.

    `sources` are those in the error circle, `exposures` pointings whose field holds the
    place, `limits` a row an observatory: what an upper limit can be made of. Each frame
    has `observatory`; separations are in arcmin from the place.
    """

    place: Place
    sources: pl.DataFrame
    exposures: pl.DataFrame
    limits: pl.DataFrame
    plan: visibility.Plan


def place_of(store: Store, burst_id: str) -> Place:
    """Return where a row of cross.bursts was, from what it coincides with.

    Raises QueryError for an unknown burst, and for one no catalogue or notice places:
    rates alone tell no position.
    """
    this = [Clause("burst_id", (Equal(burst_id),))]
    rows = frame_of(store.read(TABLE, this, columns=["matches"]))
    if rows.is_empty():
        raise QueryError(f"there is no burst {burst_id!r} in {TABLE}")
    for match in json.loads(rows["matches"][0] or "[]"):
        position = _placed(store, match["name"])
        if position is not None:
            return position
    raise QueryError(
        f"nothing places burst {burst_id!r}: rates tell no position and no catalogue "
        "burst or notice coincides with it; give ra, dec and error_arcmin"
    )


def follow_up(
    store: Store, place: Place, *, start: datetime | None = None, **options: Any
) -> FollowUp:
    """Return what is known of a place and who can look; options as science.visibility.plan.

    Without `delays_h` those of the observatories' files are assumed, and told.
    """
    known = observatories()
    delays = {n: o.pointing.delay_h for n, o in known.items() if o.pointing.steerable}
    options = {"delays_h": delays} | options
    found = {name: _archive(store, one, place) for name, one in known.items()}
    sources = pl.concat(s for s, _ in found.values())
    exposures = pl.concat(e for _, e in found.values())
    visible = visibility.plan(
        place.ra,
        place.dec,
        tuple(known.values()),
        error_arcmin=place.error_arcmin,
        start=start or datetime.now(UTC),
        simulated=place.simulated,
        **options,
    )
    limits = pl.DataFrame([_limits(n, s, e) for n, (s, e) in found.items()])
    return FollowUp(place, sources, exposures, limits, visible)


def to_json(found: FollowUp) -> dict[str, Any]:
    """Return a follow-up as one JSON document; times are UTC."""
    place, plan = found.place, found.plan
    return {
        "ra": place.ra,
        "dec": place.dec,
        "error_arcmin": place.error_arcmin,
        "told_by": place.told_by,
        "simulated": place.simulated,
        "ranking": plan.ranking.to_dicts(),
        "windows": _utc(plan.windows, "start", "stop"),
        "sources": found.sources.to_dicts(),
        "exposures": _utc(found.exposures, "time", "time_stop"),
        "upper_limits": found.limits.to_dicts(),
        "assumptions": list(plan.assumptions),
    }


def _placed(store: Store, name: str | None) -> Place | None:
    """Return the position of a burst or notice, of the catalogue that comes first."""
    rows = catalogued.listed(store, name) if name else None
    row = None if rows is None else catalogued.row_used(rows, "position")
    if row is None:
        return None
    instrument, error = row["position_instrument"], row["error_radius_arcsec"]
    by = f"{name} of {row['catalog']}" + (f" ({instrument})" if instrument else "")
    if not error:
        error = catalogued.typical_errors().get(instrument, UNSTATED_ERROR_ARCSEC)
        by += f', error assumed {error:g}"'
    return Place(row["ra"], row["dec"], error / 60.0, by, bool(row["simulated"]))


def _archive(
    store: Store, one: Observatory, place: Place
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return sources in the error circle, and pointings whose field holds the place."""
    circle = max(place.error_arcmin, LEAST_ERROR_ARCMIN)
    fields = [visibility.field_radius_arcmin(i.field_of_view) for i in one.instruments]
    imaging = max((f for f in fields if f <= WIDEST_FIELD_ARCMIN), default=circle)
    sources = _cone(store, f"{one.name}.sources", place, circle, _SOURCE)
    pointings = _cone(store, f"{one.name}.observations", place, imaging, _POINTING)
    named = pl.lit(one.name).alias("observatory")
    return sources.select(named, pl.all()), pointings.select(named, pl.all())


def _cone(
    store: Store, table: str, place: Place, radius: float, columns: tuple[str, ...]
) -> pl.DataFrame:
    asked = Query(table, columns, cone=Cone(place.ra, place.dec, radius))
    rows = query.run(asked, store).frame
    apart = sky.separation_deg(place.ra, place.dec, rows["ra"], rows["dec"]) * 60
    return rows.with_columns(separation_arcmin=pl.Series(apart, dtype=pl.Float64)).sort(
        "separation_arcmin", *rows.columns, nulls_last=True
    )


def _limits(
    name: str, sources: pl.DataFrame, exposures: pl.DataFrame
) -> dict[str, Any]:
    """Tell whether an upper limit can be made from what was observed."""
    done = exposures.filter(pl.col("exposure_s") > 0)
    detected = sources.filter(~pl.col("is_limit").fill_null(value=False))
    seconds = float(done["exposure_s"].sum())
    verdict = (
        "not observed: no upper limit possible"
        if done.is_empty()
        else f"upper limit possible from {done.height} pointings, {seconds:,.0f} s"
        + (
            f"; {detected.height} sources stand in the circle"
            if detected.height
            else ""
        )
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
