"""Where an object is: positions that catalogues, notices and light curves give a name."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.spelling import normalised, variants
from orbital_kernel.query import Query
from orbital_kernel.questions import spellings
from orbital_kernel.questions.asks import Asks, together
from orbital_kernel.questions.typical import typical_errors, with_errors
from orbital_kernel.science import precedence
from orbital_kernel.science.columns import fill

NEARBY_ARCSEC = 5.0
CURVE = ("object", "ra", "dec", "instrument", "place_source")
SOURCE_POSITION = ("source_id", "catalog", "ra", "dec", "error_radius_arcsec")


def best_position(
    orbital: Asks,
    name: str,
    bursts: pl.DataFrame,
    *,
    names: pl.DataFrame | None = None,
) -> dict[str, Any] | None:
    """Return the first position of a name in the one order, given its catalogue rows.

    Source catalogues are searched if no burst catalogue, notice and light curve has a
    position of the name; then places that points have from observations of that target.
    """
    if names is None:
        names = spellings.named(orbital, name)
    usable = bursts.filter(pl.col("excluded").is_null())
    typical = typical_errors()
    curves = _curves(orbital, name, names, typical)
    rows = pl.concat([usable, curves], how="diagonal")
    if not len(rows.drop_nulls(["ra", "dec"])):
        rows = _sources(orbital, name)
    if not len(rows.drop_nulls(["ra", "dec"])):
        rows = _given(names)
    rows = pl.concat([usable.clear(), rows], how="diagonal")
    placed = rows.drop_nulls(["ra", "dec"]).with_columns(pl.lit(name).alias("name"))
    rule = precedence.position(typical)
    first = precedence.chosen(precedence.in_order(placed), rule)
    if first.is_empty():
        return None
    columns = fill(first, {"error_confidence": pl.Float64()})
    row = with_errors(columns).row(0, named=True)
    return {
        **{c: row[c] for c in rule.columns},
        rule.source: row["catalog"],
        "error_assumed": row["error_assumed"],
    }


def _curves(
    orbital: Asks, name: str, names: pl.DataFrame, typical: Mapping[str, float]
) -> pl.DataFrame:
    """Return positions that light curves give; they state no error.

    Without a typical error of the instrument, it is the radius within which points
    count as one object's.
    """
    objects_ = names.filter(pl.col("kind") == "object")
    rows = objects_.filter(pl.col("place_source").is_null()).select(
        "observatory", "ra", "dec", "instrument"
    )
    if objects_.is_empty():
        rows = _unregistered(orbital, name)
    instrument = pl.col("instrument").str.extract(r"^([A-Za-z]+)")
    is_typical = instrument.str.to_uppercase().is_in([n.upper() for n in typical])
    return rows.with_columns(
        pl.lit("light curve").alias("catalog"),
        instrument.alias("position_instrument"),
        pl.when(~is_typical.fill_null(value=False))
        .then(NEARBY_ARCSEC)
        .alias("error_radius_arcsec"),
    )


def _unregistered(orbital: Asks, name: str) -> pl.DataFrame:
    """Return positions of points whose name is not registered but spelled so."""
    every = tuple(observatories())
    queries = [
        Query(
            f"{observatory}.photometry",
            columns=CURVE,
            sets={"object": variants(name)},
            not_null=("ra", "dec"),
            limit=spellings.MANY,
        )
        for observatory in every
    ]
    answers = together(orbital, queries, kind="position")
    return pl.concat(
        answer.frame.filter(pl.col("place_source").is_null())
        .drop("object", "place_source")
        .unique()
        .with_columns(pl.lit(observatory).alias("observatory"))
        for observatory, answer in zip(every, answers, strict=True)
    )


def _sources(orbital: Asks, name: str) -> pl.DataFrame:
    """Return the positions that source catalogues have under an identifier."""
    every = tuple(observatories())
    queries = [
        Query(
            f"{observatory}.sources",
            columns=SOURCE_POSITION,
            sets={"source_id": variants(name)},
        )
        for observatory in every
    ]
    answers = together(orbital, queries, kind="position")
    return pl.concat(
        answer.frame.filter(
            pl.col("source_id").map_elements(normalised, return_dtype=pl.String)
            == normalised(name)
        )
        .unique()
        .with_columns(pl.lit(observatory).alias("observatory"))
        for observatory, answer in zip(every, answers, strict=True)
    )


def _given(names: pl.DataFrame) -> pl.DataFrame:
    """Return places of points, and of targets, that no catalogue and no curve states."""
    targets = names.filter(pl.col("kind").is_in(["object", "target"]))
    return targets.select(
        "observatory",
        "ra",
        "dec",
        pl.lit("target of observations").alias("catalog"),
        pl.lit(None, dtype=pl.Float64).alias("error_radius_arcsec"),
    )
