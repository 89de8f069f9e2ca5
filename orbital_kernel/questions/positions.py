"""Where an object is: positions that catalogues, notices and light curves give a name."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.observatory import observatories
from orbital_kernel.questions import catalogued
from orbital_kernel.questions.aliases import default_name
from orbital_kernel.questions.asking import read
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.science import precedence
from orbital_kernel.science.columns import fill
from orbital_kernel.science.matching import plain

NEARBY_ARCSEC = 5.0
CURVE = ("object", "ra", "dec", "instrument")
SOURCE_POSITION = ("source_id", "catalog", "ra", "dec", "error_radius_arcsec")


def best_position(
    database: Store, name: str, bursts: pl.DataFrame
) -> dict[str, Any] | None:
    """Return the first position of a name in the one order, given its catalogue rows.

    A name that no table has may be another name of an object with a light curve.
    """
    usable = bursts.filter(pl.col("excluded").is_null())
    typical = catalogued.typical_errors()
    rows = pl.concat([usable, _curves(database, name, typical)], how="diagonal")
    if not len(rows.drop_nulls(["ra", "dec"])):
        rows = _positions(database, "sources", SOURCE_POSITION, name)
    if not len(rows.drop_nulls(["ra", "dec"])) and (
        other := default_name(database, name)
    ):
        rows = _curves(database, other, typical)
    rows = pl.concat([usable.clear(), rows], how="diagonal")
    placed = rows.drop_nulls(["ra", "dec"]).with_columns(pl.lit(name).alias("name"))
    rule = precedence.position(typical)
    first = precedence.chosen(precedence.in_order(placed), rule)
    if first.is_empty():
        return None
    columns = fill(first, {"error_confidence": pl.Float64()})
    row = catalogued.with_errors(columns).row(0, named=True)
    return {
        **{c: row[c] for c in rule.columns},
        rule.source: row["catalog"],
        "error_assumed": row["error_assumed"],
    }


def _curves(database: Store, name: str, typical: Mapping[str, float]) -> pl.DataFrame:
    """Return positions that light curves give; they state no error.

    Without a typical error of the instrument, it is the radius within which points
    count as one object's.
    """
    instrument = pl.col("instrument").str.extract(r"^([A-Za-z]+)")
    is_typical = instrument.str.to_uppercase().is_in([n.upper() for n in typical])
    return _positions(database, "photometry", CURVE, name).with_columns(
        pl.lit("light curve").alias("catalog"),
        instrument.alias("position_instrument"),
        pl.when(~is_typical.fill_null(value=False))
        .then(NEARBY_ARCSEC)
        .alias("error_radius_arcsec"),
    )


def _positions(
    database: Store, table: str, columns: tuple[str, ...], name: str
) -> pl.DataFrame:
    """Return the distinct positions that a table has under a name."""
    label, names = columns[0], tuple(observatories())
    tables = [f"{observatory}.{table}" for observatory in names]
    frames = []
    for observatory, rows in zip(
        names,
        side_by_side(partial(read, database, columns=columns), tables),
        strict=True,
    ):
        spellings = rows[label].drop_nulls().unique()
        same = [text for text in spellings if plain(text) == plain(name)]
        positions = rows.filter(pl.col(label).is_in(same)).unique()
        frames.append(positions.with_columns(observatory=pl.lit(observatory)))
    return pl.concat(frames)
