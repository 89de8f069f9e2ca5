"""What a report is about: the burst or the object that a parameter names."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError, ReportError
from orbital_kernel.session import Orbital

MOST_POINTS = 2000
BINS = 500


def burst_of(orbital: Orbital, name: str) -> dict[str, Any]:
    """Return a stored burst: by burst_id or name in a catalogue, else the strongest.

    Raises ReportError if there is none, with those that are stored.
    """
    bursts = orbital.bursts.stored().filter(pl.col("cause") == "burst")
    bursts = bursts.sort("significance", "burst_id", descending=[True, False])
    named = bursts.filter(
        (pl.col("burst_id") == name)
        | pl.col("matches").str.contains(f'"{name}"', literal=True)
    )
    chosen = named if name else bursts
    if chosen.is_empty():
        ids = ", ".join(bursts["burst_id"].head(5)) or "none"
        raise ReportError(
            f"the database has no burst {name!r}; it has {bursts.height}: {ids}"
            f"{', …' if bursts.height > 5 else ''}"
        )
    return chosen.row(0, named=True)


def matches_of(burst: Mapping[str, Any]) -> pl.DataFrame:
    """Return what catalogues and notices have at the time of a burst, one per row."""
    matches = json.loads(burst["matches"])
    rows = [{name: str(value) for name, value in match.items()} for match in matches]
    return pl.DataFrame(rows, infer_schema_length=None)


def follow_up_of(
    orbital: Orbital, burst_id: str, *, start: str, days: float
) -> tuple[Any | None, str]:
    """Return the follow-up of a burst and a sentence; None if it has no position."""
    begin = datetime.fromisoformat(start) if start else None
    try:
        plan = orbital.bursts.follow_up(burst_id, start=begin, days=days)
    except QueryError as error:
        return None, f"No follow-up: {error}"
    return plan, (
        f"Position: RA {plan.place.ra:.4f}, Dec {plan.place.dec:+.4f} (ICRS deg), error "
        f"{plan.place.error_arcmin:.2g} arcmin, of {plan.place.source}"
    )


def object_of(orbital: Orbital, name: str) -> str:
    """Return the name, else that of the object with points of most observatories."""
    if name:
        return name
    names = orbital.objects.names().drop_nulls("object")
    if names.is_empty():
        raise ReportError(
            f"the database {orbital.database!r} has no light curve: `orbital ingest` "
            "stores points, `-p archive FOLDER` does so first"
        )
    by_object = names.group_by("object").agg(
        pl.col("observatory").n_unique(), pl.col("points").sum()
    )
    order = ["observatory", "points", "object"]
    first: str = by_object.sort(order, descending=[True, True, False])["object"][0]
    return first


def readable(curve: Any) -> Any:
    """Return a curve that a page can draw: averaged in time if it has too many points."""
    since = curve.points["since_s"].drop_nulls()
    if len(curve) <= MOST_POINTS or since.is_empty():
        return curve
    times = since.to_numpy()
    span = float(times.max() - times.min())
    return curve.binned(max(span / BINS, 1e-3))
