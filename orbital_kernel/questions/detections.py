"""Sources of the Chandra Source Catalog's light curves, by ObsID, obi and region.

A level-3 curve names its source by stack and region only, and has no position; the
catalogue's table per observation has both. They are joined when they are asked for, so
that the order in which files are ingested does not matter.
"""

from collections.abc import Callable, Sequence

import polars as pl

from orbital_kernel.query import Cone, Query

Ask = Callable[[Query], pl.DataFrame]
"""Answers a query with its rows."""
CURVES, SOURCES = "chandra.photometry", "chandra.sources"
CATALOG = "csc2-observation"
KEYS = ("obs_id", "obi", "region_id")
PLACE = ("ra", "dec", "healpix")
SOURCE = ("catalog", "source_id", "obs_id", *PLACE, "extra")
OF_A_REGION = r"_\d{3} region \d+$"
"""How the object of a level-3 curve ends: its stack and region."""


def curves_within(ask: Ask, cone: Cone) -> list[pl.DataFrame]:
    """Return the points of curves whose source is within the cone, named and placed."""
    sources = ask(Query(SOURCES, columns=SOURCE, cone=cone))
    return [placed(ask(q), sources) for q in curves_of(sources)]


def curves_of(sources: pl.DataFrame) -> list[Query]:
    """Return the query of the points that may be of these sources' regions, if any."""
    listed = sources.filter(pl.col("catalog") == CATALOG)["obs_id"]
    obs_ids = listed.drop_nulls().unique().sort().to_list()
    if not obs_ids:
        return []
    return [Query(CURVES, sets={"obs_id": obs_ids}, null=("ra",))]


def placed(points: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Return the points that are of these sources, with their names and positions."""
    named = _named(points, sources)
    return named.with_columns(
        pl.col("source_id").alias("object"),
        *(pl.col(f"{name}_of").alias(name) for name in PLACE),
    ).select(points.columns)


def sources_of(ask: Ask, objects: Sequence[str]) -> dict[str, str]:
    """Return the source's name by that of a curve's object; only those that are listed."""
    if not objects:
        return {}
    columns = ("object", "obs_id", *PLACE, "extra")
    curves = Query(
        CURVES,
        columns=columns,
        sets={"object": list(objects)},
        null=("ra",),
    )
    points = ask(curves).unique(["object", "obs_id"])
    obs_ids = points["obs_id"].drop_nulls().unique().sort().to_list()
    if not obs_ids:
        return {}
    sets = {"catalog": [CATALOG], "obs_id": obs_ids}
    listed = Query(SOURCES, columns=SOURCE, sets=sets)
    named = _named(points, ask(listed))
    return dict(named.sort("source_id").select("object", "source_id").rows())


def _named(points: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Join points to the sources of their regions; columns of these end with _of."""
    listed = _keyed(sources.filter(pl.col("catalog") == CATALOG))
    of_region = listed.sort("source_id").unique(KEYS, keep="first", maintain_order=True)
    return _keyed(points).join(
        of_region.select(*KEYS, "source_id", *PLACE), on=KEYS, suffix="_of"
    )


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("extra")
        .str.json_path_match(f"$.{name}")
        .cast(pl.Float64, strict=False)
        .cast(pl.Int64)
        .alias(name)
        for name in KEYS[1:]
    )
