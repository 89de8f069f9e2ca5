"""Everything known at a position: every table of every observatory, in one call."""

import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from orbital_kernel.model.observatory import Observatory, observatories
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.query import Answer, Cone, Explain, Query
from orbital_kernel.questions import detections
from orbital_kernel.questions.asking import Asks, joint_explain, together
from orbital_kernel.questions.fields import field_of
from orbital_kernel.questions.looks import is_look
from orbital_kernel.science.columns import simulated

POINT_ARCMIN = 1e-3
LONGEST_EXPOSURE = timedelta(days=4)
NEAR = {
    "sources": "position within the radius, or within its own error of it",
    "photometry": "position within the radius, or points of an object at that position",
    "events": "photons within the radius, of the observations that cover the position",
    "observations": "exposed, and the instrument's field of view contains the position",
    "grbs": "the error circle contains the position",
    "notices": "the error circle contains the position",
    "objects": "position within the radius, or within its error of it",
}
WIDEST_SOURCE_ERROR_ARCMIN = 10.0
WIDE_CIRCLE_ARCMIN = 60.0
"""Error circles of bursts and notices up to here are found by place, wider ones by error."""
_NOT_OF_FILE = pl.col("place_source").is_not_null() | pl.col("ra").is_null()
ERRORS = ("error_radius_arcsec", "error_major_arcsec")


@dataclass(frozen=True)
class Known:
    """What is known at a position.

    Parameters
    ----------
    ra, dec : float
        The position, ICRS deg.
    radius_arcmin : float
        The radius around it, arcmin.
    tables : mapping of str to polars.DataFrame
        Rows by full table name, each with separation_arcmin (arcmin), nearest first; of
        `events` one row per observation with the number of photons, `events`.
    how : Explain
        How the rows were found.
    position_catalog : str or None
        The source of the position, if the place was given as a name.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> known = orbital.known_at("SIM GRB 120102S", radius_arcmin=1)
    >>> "swift.grbs" in known.tables
    True
    """

    ra: float
    dec: float
    radius_arcmin: float
    tables: Mapping[str, pl.DataFrame]
    how: Explain
    position_catalog: str | None = None

    @property
    def summary(self) -> pl.DataFrame:
        """One row per table: rows, nearest_arcmin (arcmin), rule and simulated."""
        return pl.DataFrame(
            [
                {
                    "table": name,
                    "rows": frame["events"].sum()
                    if name.endswith(".events")
                    else len(frame),
                    "nearest_arcmin": frame["separation_arcmin"].min(),
                    "rule": NEAR[name.partition(".")[2]],
                    "simulated": simulated(frame),
                }
                for name, frame in self.tables.items()
            ],
            schema={
                "table": pl.String,
                "rows": pl.Int64,
                "nearest_arcmin": pl.Float64,
                "rule": pl.String,
                "simulated": pl.Boolean,
            },
        )

    def __str__(self) -> str:
        """Return the summary in lines."""
        return "\n".join(
            f"{row['table']}: {row['rows']:,}"
            f"{' simulated' if row['simulated'] else ''} ({row['rule']})"
            for row in self.summary.to_dicts()
        )


def known_at(orbital: Asks, ra: float, dec: float, *, radius_arcmin: float) -> Known:
    """Return everything the database has at a position.

    All tables are queried side by side; photons in a second round, of the observations
    that cover the position.
    """
    start = clock.perf_counter()
    cone = Cone(ra, dec, radius_arcmin)
    by_name = observatories()
    queries = [query for o in by_name.values() for query in _queries(o, cone)]
    queries.append(_wide("cross.objects", cone, WIDEST_SOURCE_ERROR_ARCMIN))
    first = together(orbital, queries, kind="place")
    frames: dict[str, list[pl.DataFrame]] = {}
    for query, answer in zip(queries, first, strict=True):
        frames.setdefault(query.table, []).append(answer.frame)
    near = {
        name: _near(name, _distinct(parts), cone, by_name)
        for name, parts in frames.items()
    }
    second = _second_round(orbital, near, cone)
    rows = {
        **near,
        **{
            name: _added(name, frame, near, cone) for name, (_, frame) in second.items()
        },
    }
    order = [n for n in sorted(rows) if len(rows[n])]
    answers = [*first, *(a for given, _ in second.values() for a in given)]
    how = joint_explain(
        answers,
        sum(len(rows[name]) for name in order),
        [f"{n}: {rule}" for n, rule in NEAR.items()],
        start,
    )
    return Known(ra, dec, radius_arcmin, {name: rows[name] for name in order}, how)


def _distinct(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all parts, each once."""
    rows = [part for part in parts if len(part)]
    return pl.concat(rows).unique(maintain_order=True) if rows else parts[0]


def _queries(observatory: Observatory, cone: Cone) -> list[Query]:
    """Return the queries of one observatory's tables; of errors that are wide, apart."""
    widest = field_of(observatory, None)
    name = observatory.name
    circles = [f"{name}.grbs", f"{name}.notices"]
    beyond = {"error_radius_arcsec": (60 * WIDE_CIRCLE_ARCMIN, None)}
    return [
        _wide(f"{name}.sources", cone, WIDEST_SOURCE_ERROR_ARCMIN),
        Query(f"{name}.photometry", cone=cone),
        _wide(f"{name}.observations", cone, widest),
        *(_wide(table, cone, WIDE_CIRCLE_ARCMIN) for table in circles),
        *(Query(t, ranges=beyond, not_null=("ra", "dec")) for t in circles),
    ]


def observed(orbital: Asks, ra: float, dec: float) -> dict[str, pl.DataFrame]:
    """Return the exposed observations whose field contains a position, by table."""
    by_name = observatories()
    cone = Cone(ra % 360, dec, POINT_ARCMIN)
    queries = [
        _wide(f"{name}.observations", cone, field_of(observatory, None))
        for name, observatory in by_name.items()
    ]
    answers = together(orbital, queries, kind="object")
    return {
        query.table: _near(query.table, answer.frame, cone, by_name)
        for query, answer in zip(queries, answers, strict=True)
    }


def _wide(table: str, cone: Cone, more_arcmin: float) -> Query:
    radius = min(cone.radius_arcmin + more_arcmin, 180 * 60)
    return Query(table, cone=Cone(cone.ra, cone.dec, radius))


def _near(
    name: str, rows: pl.DataFrame, cone: Cone, by_name: Mapping[str, Observatory]
) -> pl.DataFrame:
    """Return the rows whose rule holds, nearest first."""
    observatory, _, table = name.partition(".")
    if rows.is_empty():
        return rows.with_columns(separation_arcmin=pl.lit(None, dtype=pl.Float64))
    apart = 60 * separation_deg(cone.ra, cone.dec, rows["ra"], rows["dec"])
    rows = rows.with_columns(pl.Series("separation_arcmin", apart, dtype=pl.Float64))
    if table == "observations":
        rows = rows.filter(is_look())
    reach: pl.Expr | pl.Series = pl.lit(cone.radius_arcmin)
    if table == "observations":
        pointed = by_name[observatory]
        widths = {i: field_of(pointed, i) for i in rows["instrument"].unique()}
        reach = pl.Series([widths[i] for i in rows["instrument"]], dtype=pl.Float64)
    elif table != "photometry":
        errors = [pl.col(e) for e in ERRORS if e in rows.columns]
        reach = pl.max_horizontal(
            cone.radius_arcmin, *(e.fill_nan(None) / 60 for e in errors)
        )
    return _nearest_first(rows.filter(pl.col("separation_arcmin") <= reach))


def _nearest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows by separation, ties in order of all columns."""
    return rows.sort("separation_arcmin", *rows.columns, nulls_last=True)


def _second_round(
    orbital: Asks, near: Mapping[str, pl.DataFrame], cone: Cone
) -> dict[str, tuple[list[Answer], pl.DataFrame]]:
    """Query photons of the observations that cover it, and points by objects' names.

    Points of the Chandra Source Catalog's curves come by their source's region.
    """
    events = {
        name.replace("observations", "events"): _photons(name, rows, cone)
        for name, rows in near.items()
        if name.endswith(".observations")
    }
    names = _names(near, cone)
    points = {
        name: [Query(name, sets={"object": names}, where=_NOT_OF_FILE)]
        for name in near
        if name.endswith(".photometry") and names
    }
    sources = near[detections.SOURCES]
    curves = detections.curves_of(sources)
    if curves:
        points[detections.CURVES] = points.get(detections.CURVES, []) + curves
    queries_by_table = {**events, **points}
    flat = [query for queries in queries_by_table.values() for query in queries]
    answers = iter(together(orbital, flat, kind="place"))
    second = {}
    for name, queries in queries_by_table.items():
        replies = [next(answers) for _ in queries]
        if replies:
            frames = [answer.frame for answer in replies]
            if curves and name == detections.CURVES:
                frames[-1] = detections.placed(frames[-1], sources)
            is_photons = name in events
            rows = (
                _counted(pl.concat(frames), cone) if is_photons else _distinct(frames)
            )
            second[name] = (replies, rows)
    return second


def _photons(name: str, rows: pl.DataFrame, cone: Cone) -> list[Query]:
    table = name.replace("observations", "events")
    return [
        Query(
            table,
            columns=("obs_id", "ra", "dec", "time", "simulated"),
            cone=cone,
            sets={"obs_id": [row["obs_id"]]},
            ranges={"time": _span(row)},
        )
        for row in rows.filter(
            pl.col("time").is_not_null(), pl.col("exposure_s").fill_null(1) > 0
        ).to_dicts()
    ]


def _span(row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start = row["time"]
    return start - timedelta(days=1), (row["time_stop"] or start) + LONGEST_EXPOSURE


def _names(near: Mapping[str, pl.DataFrame], cone: Cone) -> list[str]:
    """Return the names of objects at the position: targets and points within the radius."""
    columns = {"observations": "object", "photometry": "object", "grbs": "name"}
    given = {
        name
        for table, rows in near.items()
        if (column := columns.get(table.partition(".")[2])) and len(rows)
        for name in rows.filter(pl.col("separation_arcmin") <= cone.radius_arcmin)[
            column
        ]
        if name
    }
    return sorted(given)


def _added(
    name: str, rows: pl.DataFrame, near: Mapping[str, pl.DataFrame], cone: Cone
) -> pl.DataFrame:
    if name.endswith(".events"):
        return rows
    if rows.is_empty():
        return near[name]
    apart = 60 * separation_deg(cone.ra, cone.dec, rows["ra"], rows["dec"])
    separation = pl.Series("separation_arcmin", apart, dtype=pl.Float64).fill_nan(None)
    more = rows.with_columns(separation).select(near[name].columns)
    return pl.concat([near[name], _nearest_first(more)]).unique(maintain_order=True)


def _counted(rows: pl.DataFrame, cone: Cone) -> pl.DataFrame:
    """Return the number of photons by observation, and the smallest separation."""
    apart = 60 * separation_deg(cone.ra, cone.dec, rows["ra"], rows["dec"])
    return (
        rows.with_columns(pl.Series("separation_arcmin", apart, dtype=pl.Float64))
        .group_by("obs_id", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("events"),
            pl.col("time").min().alias("time"),
            pl.col("time").max().alias("time_stop"),
            pl.col("separation_arcmin").min(),
            pl.col("simulated").max(),
        )
        .sort("separation_arcmin", "obs_id", nulls_last=True)
    )
