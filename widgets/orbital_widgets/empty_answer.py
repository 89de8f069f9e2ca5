"""Why a selection has no rows, and what is near."""

from collections.abc import Callable

import polars as pl

from orbital_kernel.errors import OrbitalError
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Answer, Cone, Query
from orbital_widgets.selection import Selection

WIDER = (4.0, 16.0, 64.0)
"""Radii about an empty cone in which rows are looked for, in its own radius."""
WIDEST_ARCMIN = 10_800.0
MOST_ROWS = 10_000


def reason(
    selection: Selection, fetch: Callable[[Query], Answer], stale: Callable[[], bool]
) -> str:
    """Return sentences: which limits no row is within, and how far a row is."""
    tables = " or ".join(
        f"{name}.{selection.table}" for name in selection.observatories
    )
    limits = _limits(selection)
    if not limits:
        return f"{tables} has no rows: ingest files first."
    text = f"No row of {tables} is {' and '.join(limits)}."
    cone = selection.cone
    if cone is None:
        return f"{text} Clear one of these, or widen it."
    return f"{text} {_around(selection, cone, limits, fetch, stale)}"


def _limits(selection: Selection) -> list[str]:
    """Return the limits of a selection as parts of a sentence."""
    parts = []
    if selection.cone is not None:
        parts.append(
            f"within {selection.radius_arcmin:g}′ of RA {selection.ra:.5f}°, "  # noqa: RUF001
            f"Dec {selection.dec:+.5f}°"
        )
    if selection.start or selection.stop:
        parts.append(_ends(selection.start or None, selection.stop or None))
    parts += [
        f"of {word} {', '.join(names)}"
        for word, names in (
            ("band", selection.bands),
            ("instrument", selection.instruments),
        )
        if names
    ]
    parts += [
        f"of {name} {_ends(*(None if end is None else f'{end:g}' for end in ends))}"
        for name, ends in selection.ranges.items()
    ]
    parts += [f"of {name} with {text!r}" for name, text in selection.contains.items()]
    return parts


def _ends(low: str | None, high: str | None) -> str:
    """Return the ends of a range as part of a sentence."""
    ends = (("from", low), ("to", high))
    return " ".join(f"{word} {end}" for word, end in ends if end is not None)


def _around(
    selection: Selection,
    cone: Cone,
    limits: list[str],
    fetch: Callable[[Query], Answer],
    stale: Callable[[], bool],
) -> str:
    """Return how far a row of any other value is from the centre of a cone."""
    radius = cone.radius_arcmin
    for factor in WIDER:
        radius = min(factor * cone.radius_arcmin, WIDEST_ARCMIN)
        wide = Cone(cone.ra, cone.dec, radius)
        found: list[tuple[float, str]] = []
        for name in selection.observatories:
            if stale():
                return ""
            table = f"{name}.{selection.table}"
            query = Query(table, ("ra", "dec"), cone=wide, limit=MOST_ROWS)
            try:
                frame = fetch(query).frame
            except OrbitalError:
                continue  # the selection's own question has said what is wrong
            found += [(_nearest_arcmin(cone, frame), table)] if len(frame) else []
        if found:
            apart, table = min(found)
            if len(limits) == 1:
                return f"The nearest row, of {table}, is {apart:.3g}′ from there."  # noqa: RUF001
            return f"Without the other limits, a row of {table} is {apart:.3g}′ from there."  # noqa: RUF001
    return f"No row is within {radius:g}′ of it either."  # noqa: RUF001


def _nearest_arcmin(cone: Cone, frame: pl.DataFrame) -> float:
    apart = separation_deg(cone.ra, cone.dec, frame["ra"], frame["dec"])
    return 60 * float(pl.Series(apart).min())  # type: ignore[arg-type]
