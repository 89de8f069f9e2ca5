"""The light curve of a picked row, and which rows its points belong to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.plots import theme
from orbital_kernel.query import Cone, Query
from orbital_widgets.curve_look import units_of

NAMED = ("object", "name", "source_id")
NEAR_ARCMIN = 0.2
MOST_POINTS = 10_000
SAME = ("observatory", "time", "value")


@dataclass(frozen=True)
class Subject:
    """What a row is about: a name, '' if it has none, and a position (ICRS deg)."""

    name: str
    ra: float | None = None
    dec: float | None = None


@dataclass(frozen=True, eq=False)
class LinkedCurve:
    """The points of one unit of an object's light curve, and a sentence."""

    subject: Subject
    name: str
    points: pl.DataFrame
    unit: str
    words: str


def subject_of(row: dict[str, Any]) -> Subject:
    """Return what a row is about."""
    name = next((str(row[n]) for n in NAMED if row.get(n)), "")
    return Subject(name, row.get("ra"), row.get("dec"))


def linked(session: Any, subject: Subject) -> LinkedCurve:
    """Return the light curve of a name, else of the object nearest to the position."""
    names = [subject.name] if subject.name else []
    curve = _curve(session, subject.name) if names else None
    name = subject.name
    if curve is None:
        name = _object_near(session, subject)
        curve = _curve(session, name)
    if curve is None:
        raise QueryError(f"no light curve of {name!r} is stored")
    points = curve.points.filter(
        pl.col("time").is_not_null(), pl.col("value").is_not_null()
    )
    if points.is_empty():
        raise QueryError(f"no point of {name!r} has both a time and a value")
    unit = units_of(points)[0]
    shown = points.filter(pl.col("unit").fill_null("") == unit).head(MOST_POINTS)
    words = f"{len(shown):,} points of {name} in {theme.unit_label(unit)}"
    hidden = len(points) - len(shown)
    words += f"; {hidden:,} more in other units or beyond" if hidden else ""
    return LinkedCurve(subject, name, shown, unit, words)


def columns(curve: LinkedCurve, colors: dict[str, str]) -> dict[str, Any]:
    """Return the points as columns of a figure; limits have no error bars."""
    rows = curve.points
    limit = rows["is_limit"].fill_null(value=False)
    value = rows["value"].cast(pl.Float64)
    low = value - rows["value_err_minus"].fill_null(0.0)
    high = value + rows["value_err_plus"].fill_null(0.0)
    hidden = limit.to_numpy()
    return {
        "x": theme.utc_ms(rows["time"]),
        "y": value.to_numpy().copy(),
        "low": np.where(hidden, np.nan, low.to_numpy()),
        "high": np.where(hidden, np.nan, high.to_numpy()),
        "color": [colors.get(name, theme.INK) for name in rows["observatory"]],
        "marker": np.where(hidden, "inverted_triangle", "circle").tolist(),
        "observatory": rows["observatory"].to_list(),
    }


def rows_of(points: pl.DataFrame, frame: pl.DataFrame) -> tuple[int, ...]:
    """Return the rows of an answer that points are, or that were taken at their time."""
    if set(SAME) <= set(frame.columns):
        rows = _timed(frame).with_row_index("row")
        keys = _timed(points).select(SAME).unique()
        return tuple(rows.join(keys, on=SAME, how="semi")["row"])
    if not {"time", "time_stop"} <= set(frame.columns):
        return ()
    first, last, at = (
        column.cast(pl.Datetime("ns")).to_physical().to_numpy()
        for column in (frame["time"], frame["time_stop"], points["time"])
    )
    inside = [
        row
        for row in range(len(frame))
        if bool(((at >= first[row]) & (at <= last[row])).any())
    ]
    same = frame["observatory"].is_in(points["observatory"].unique().implode())
    return tuple(row for row in inside if same[row])


def points_of(points: pl.DataFrame, rows: pl.DataFrame) -> list[int]:
    """Return the places of the points that rows of a light-curve table are."""
    if not set(SAME) <= set(rows.columns):
        return []
    numbered = _timed(points).with_row_index("at")
    keys = _timed(rows).select(SAME).unique()
    return [int(at) for at in numbered.join(keys, on=SAME, how="semi")["at"]]


def _timed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "observatory", pl.col("time").cast(pl.Datetime("ns")), pl.col("value")
    )


def _curve(session: Any, name: str) -> Any:
    try:
        curve = session.light_curve(name)
    except QueryError:
        return None
    return curve if len(curve.points) else None


def _object_near(session: Any, subject: Subject) -> str:
    """Return the object with most points within 12 arcsec; QueryError if there is none."""
    if subject.ra is None or subject.dec is None:
        raise QueryError(f"no light curve of {subject.name!r} is stored")
    cone = Cone(subject.ra % 360, subject.dec, NEAR_ARCMIN)
    frames = [
        session.query(
            Query(f"{name}.photometry", ("object",), cone=cone, limit=MOST_POINTS),
            kind="explorer",
        ).frame
        for name in observatories()
    ]
    counts = pl.concat(frames).drop_nulls().group_by("object").len()
    if counts.is_empty():
        raise QueryError(
            f"no light curve of {subject.name or 'this row'!r}, and none within "
            f"{60 * NEAR_ARCMIN:g} arcsec of it"
        )
    return str(counts.sort(["len", "object"], descending=[True, False])["object"][0])
