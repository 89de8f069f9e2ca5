"""The light curve of one object, from the photometry and rates of all observatories."""

import time as clock
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError, did_you_mean, shortened
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.model.spelling import normalised
from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.query.given import given_separation
from orbital_kernel.questions import catalogued, detections
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.curve import NEIGHBOURS, LightCurve
from orbital_kernel.questions.curve_reading import Reading
from orbital_kernel.questions.curve_scale import Scale
from orbital_kernel.questions.object_rates import (
    NET,
    Subject,
    monitor_names,
    of_subject,
)
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.questions.unbinned import WITHIN_ARCMIN, unbinned
from orbital_kernel.science import lightcurves, precedence
from orbital_kernel.science.columns import TT, fill
from orbital_kernel.science.lightcurves.assembly import NOT_OF_OBJECT, prepared

REFERENCE = "$.reference"
BY_CALLER = "the caller"


def assembled(
    orbital: Session,
    subject: Subject,
    scale: Scale,
    *,
    redshift: float | None,
    t0: datetime | None,
    within_arcsec: float,
    background: bool,
) -> LightCurve:
    """Return the light curve of a subject; see `Objects.light_curve`."""
    given_separation("within_arcsec", within_arcsec, "arcsec")
    start = clock.perf_counter()
    answers: list[Answer] = []

    def ask(query: Query) -> pl.DataFrame:
        answer = orbital.query(query, kind="object")
        answers.append(answer)
        return answer.frame

    cone = subject.cone(within_arcsec)
    names = tuple(observatories())
    parts = partial(_of_observatory, ask, subject, cone)
    frames = side_by_side(partial(parts, background=background), names)
    points = lightcurves.gather(dict(zip(names, frames, strict=True)))
    points, others = _without_neighbours(points, subject, cone)
    if not len(points):
        raise _nothing(orbital, subject)
    points = _with_references(ask, points)
    row = _row_used(subject, precedence.TIME.name)
    trigger, source = (None, None) if row is None else (row["time"], row["catalog"])
    points = _dated(points, trigger, source, t0)
    redshift, redshift_source = _redshift(subject, redshift)
    position = _position(points) if cone is None else (cone.ra, cone.dec)
    reading = Reading(
        subject.text,
        prepared(points, position),
        position=position,
        t0=t0 or trigger,
        t0_source=None if t0 else source,
        redshift=redshift,
        redshift_source=redshift_source,
        neighbours=_neighbours(ask, subject, cone, others),
        answers=tuple(replace(a, frame=a.frame.clear()) for a in answers),
        seconds=clock.perf_counter() - start,
    )
    return reading.curve(scale)


def _of_observatory(
    ask: Callable[[Query], pl.DataFrame],
    subject: Subject,
    cone: Cone | None,
    observatory: str,
    *,
    background: bool,
) -> pl.DataFrame:
    """Return the points that a file names so, those within the cone, and the rates."""
    table = f"{observatory}.photometry"
    names = subject.spellings
    frames = []
    if names:
        frames.append(ask(Query(table, sets={"object": names})))
    if cone is not None:
        near = [ask(Query(table, cone=cone))]
        if table == detections.CURVES:
            near += detections.curves_within(ask, cone)
        is_named = pl.col("object").is_in(names).fill_null(value=False)
        frames += [frame.filter(~is_named) for frame in near]
    if not frames:
        frames.append(ask(Query(table, limit=0)))
    rates = of_subject(ask, subject, observatory, _trigger_time(subject))
    if len(rates):
        points = lightcurves.points_of_rates(rates, empty=True)
        frames.append(_of_rates(points, background=background))
    return pl.concat(frames, how="diagonal_relaxed")


def _of_rates(points: pl.DataFrame, *, background: bool) -> pl.DataFrame:
    """Return points of rates with mode and exposure; raw ones are excluded."""
    raw = pl.col("kind") != NET
    fraction = pl.col("exposure_fraction")
    return points.with_columns(
        pl.col("kind").alias("mode"),
        (2 * pl.col("time_err_plus_s") * fraction).alias("exposure_s"),
        pl.when(raw & pl.lit(not background))
        .then(pl.lit(NOT_OF_OBJECT))
        .alias("excluded"),
    )


def _trigger_time(subject: Subject) -> datetime | None:
    """Return the time (TT) of a burst in catalogues; None for other objects."""
    row = _row_used(subject, precedence.TIME.name)
    time = None if row is None else row["time"]
    return time if isinstance(time, datetime) else None


def _without_neighbours(
    points: pl.DataFrame, subject: Subject, cone: Cone | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the subject's points, and those of objects that have another name.

    Of a place, the nearest object is the subject.
    """
    if cone is None or not len(points):
        return points, points.clear()
    names = _keys(subject)
    every = points["object"].drop_nulls().unique()
    if not names and len(every):
        apart = separation_deg(cone.ra, cone.dec, points["ra"], points["dec"])
        near = points.with_columns(pl.Series("apart", apart, dtype=pl.Float64))
        nearest = near.drop_nulls("object").sort("apart", "object", nulls_last=True)
        names = {normalised(nearest["object"][0])}
    own = [text for text in every if normalised(text) in names]
    is_own = (pl.col("object").is_in(own) | pl.col("object").is_null()).fill_null(
        value=True
    )
    if "kind" in points.columns:
        is_own |= pl.col("kind") == NET  # named by its trigger
    is_own = is_own.fill_null(value=False)
    return points.filter(is_own), points.filter(~is_own)


def _keys(subject: Subject) -> set[str]:
    """Return the normalised names of the subject; none of a place."""
    named = subject.names or subject.aliases or subject.place is not None
    texts = (*subject.names, *subject.aliases, *((subject.text,) if named else ()))
    texts += monitor_names(_trigger_time(subject))
    return {normalised(text) for text in texts}


def _neighbours(
    ask: Callable[[Query], pl.DataFrame],
    subject: Subject,
    cone: Cone | None,
    others: pl.DataFrame,
) -> pl.DataFrame:
    """Return the objects of other names within the cone, nearest first."""
    if cone is None:
        return pl.DataFrame(schema=NEIGHBOURS)
    frames = []
    if len(others):
        frames.append(
            others.group_by("observatory", "object").agg(
                pl.col("ra", "dec").first(), pl.len().cast(pl.Int64).alias("points")
            )
        )
    names = _keys(subject)
    tables = [f"{observatory}.sources" for observatory in observatories()]
    near = side_by_side(
        lambda t: ask(Query(t, columns=detections.SOURCE, cone=cone)), tables
    )
    for observatory, sources in zip(observatories(), near, strict=True):
        if sources.is_empty():
            continue
        listed = sources.select("catalog", "ra", "dec", object="source_id")
        listed = listed.drop_nulls("object")
        listed = listed.filter(
            [normalised(text) not in names for text in listed["object"]]
        )
        frames.append(
            listed.unique(["catalog", "object"], maintain_order=True).with_columns(
                pl.lit(observatory).alias("observatory")
            )
        )
    if not frames:
        return pl.DataFrame(schema=NEIGHBOURS)
    rows = fill(pl.concat(frames, how="diagonal_relaxed"), NEIGHBOURS)
    apart = 3600 * separation_deg(cone.ra, cone.dec, rows["ra"], rows["dec"])
    return (
        rows.with_columns(pl.Series("separation_arcsec", apart, dtype=pl.Float64))
        .select(pl.col(name).cast(kind) for name, kind in NEIGHBOURS.items())
        .sort("separation_arcsec", "object", "catalog", nulls_last=True)
    )


def _dated(
    points: pl.DataFrame,
    trigger: datetime | None,
    catalog: str | None,
    t0: datetime | None,
) -> pl.DataFrame:
    """Return the points dated by the trigger, else by the files' T0, else by the caller."""
    if trigger is not None:
        return lightcurves.dated(points, trigger, catalog)
    start = lightcurves.t0_of_files(points.with_columns(pl.col("time").cast(TT)))
    if start is not None:
        return lightcurves.dated(points, start, "another file of the object")
    return lightcurves.dated(points, t0, BY_CALLER)


def _row_used(subject: Subject, quantity: str) -> dict[str, Any] | None:
    """Return the row of the burst that gives a quantity; None without a burst."""
    if "used" not in subject.bursts.columns:
        return None
    return catalogued.row_used(subject.bursts, quantity)


def _redshift(subject: Subject, given: float | None) -> tuple[float | None, str | None]:
    """Return the redshift and what gives it: the caller, else the first catalogue."""
    if given is not None:
        return given, BY_CALLER
    row = _row_used(subject, precedence.REDSHIFT.name)
    if row is None:
        return None, None
    doubt = ", marked as doubtful there" if row["redshift_doubtful"] else ""
    return row["redshift"], f"{row['catalog']}{doubt}"


def _position(points: pl.DataFrame) -> tuple[float, float] | None:
    """Return a position that the points have, ICRS deg; None without one."""
    if not {"ra", "dec"} <= set(points.columns):
        return None
    placed = points.select("ra", "dec").drop_nulls()
    return placed.row(0) if len(placed) else None


def _with_references(
    ask: Callable[[Query], pl.DataFrame], points: pl.DataFrame
) -> pl.DataFrame:
    """Return the points with `reference`: the paper that the record names, else the file."""
    sums = points["file_sha256"].drop_nulls().unique().sort().to_list()
    query = Query(
        "ops.files", ("sha256", "name"), sets={"sha256": sums}, full_scan=True
    )
    files = ask(query).drop_nulls().sort("sha256", "name")
    names = dict(files.unique("sha256", keep="first", maintain_order=True).iter_rows())
    rows = fill(points, {"extra": pl.String(), "file_row": pl.Int64()})
    paper = (
        pl.col("extra")
        .str.json_path_match(REFERENCE)
        .str.replace_all(r'[\[\]"]', "")
        .str.replace_all(",", ", ")
    )
    path = pl.col("file_sha256").replace_strict(
        names, default=None, return_dtype=pl.String
    )
    return rows.with_columns(
        pl.coalesce(paper, pl.format("{} row {}", path, "file_row"), path).alias(
            "reference"
        )
    )


def _nothing(orbital: Session, subject: Subject) -> QueryError:
    observed = unbinned(orbital, subject.text, subject.cone(60 * WITHIN_ARCMIN))
    if observed is not None:
        return QueryError(observed)
    query = Query(
        "cross.names", ("object_id",), sets={"kind": ["object"]}, full_scan=True
    )
    names = orbital.query(query, kind="names").frame["object_id"]
    objects_ = names.unique().sort().to_list()
    return QueryError(
        f"no photometry of {subject.text!r}{did_you_mean(subject.text, objects_)}; "
        f"objects with photometry: {shortened(objects_) or 'none'}"
    )
