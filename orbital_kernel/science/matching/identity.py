"""Which catalogue rows are one object: rows of cross.objects and cross.associations.

Sources become one object by accepted matches only, never by name.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import healpix
from orbital_kernel.model.spelling import normalised
from orbital_kernel.science.columns import demand, fill, finite
from orbital_kernel.science.matching.errorcircles import (
    covariances,
    mean_sigma,
    sigmas_in_radius,
)
from orbital_kernel.science.matching.skyjoin import apart_deg, unit_vectors

Ints = NDArray[np.int64]
Matches = Iterable[tuple[str, str, pl.DataFrame]]
"""Left table, right table, and what cross_match returned for them."""

METHOD = "mutual best, match probability >= {:g} (Budavari & Szalay 2008)"


class Identity(NamedTuple):
    """Rows of cross.objects, and of cross.associations."""

    objects: pl.DataFrame
    associations: pl.DataFrame


def objects(
    catalogues: Mapping[str, pl.DataFrame],
    matches: Matches,
    *,
    at_least: float = 0.5,
    singles: bool = True,
) -> Identity:
    """Return the objects of several catalogues, and which rows belong to each.

    Parameters
    ----------
    catalogues
        Frames by full table name ('chandra.sources'): source_id, ra and dec (deg, ICRS),
        position error.
    matches
        Left table, right table, and what `cross_match` returned for them.
    at_least
        Least match probability. Pairs that are each other's best with this probability
        are one object, also if they are linked through several pairs.
    singles
        Whether sources without a match are objects too.

    Returns
    -------
    Identity
        objects: object_id, name, ra and dec (deg; mean weighted by 1/sigma²), healpix,
        error_radius_arcsec (95 %, arcsec), kind, observatories, simulated.
        associations: object_id, table, key, separation_arcsec, normalised_separation,
        chance_probability, method, simulated. The id is a hash of table and key of the
        most precise member, so it does not change when further catalogues join.

    Raises
    ------
    QueryError
        If matches of a table are given that is not among the catalogues.

    References
    ----------
    Budavári & Szalay 2008, ApJ 679, 301.
    """
    members = _members(catalogues)
    links = _links(members, matches, at_least)
    members = members.with_columns(
        pl.Series(
            "group",
            _components(members.height, links["a"].to_numpy(), links["b"].to_numpy()),
        )
    )
    surest = _surest_links(links)
    members = members.join(surest, on="member", how="left").filter(
        pl.col("ra").is_not_null()
    )
    if not singles:
        members = members.filter(pl.len().over("group") > 1)
    grouped = _objects(members)
    return Identity(
        _object_rows(grouped), _association_rows(members, grouped, at_least)
    )


def plain(name: str) -> str:
    """Return a name as names are compared: 'V404_Cyg' is 'v404cyg'."""
    return normalised(name)


def _members(catalogues: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    frames = [_member(name, frame) for name, frame in catalogues.items()]
    return pl.concat(frames).with_columns(pl.int_range(pl.len()).alias("member"))


def _member(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    demand(frame, "source_id", "ra", "dec", subject=f"members of {table}")
    named = fill(frame, {"kind": pl.String(), "simulated": pl.Boolean()})
    placed = named.select(
        pl.lit(table).alias("table"),
        pl.int_range(pl.len()).alias("row"),
        pl.col("source_id").cast(pl.String).alias("key"),
        finite("ra") % 360,
        finite("dec"),
        pl.col("kind").cast(pl.String),
        "simulated",
    )
    placed_rows = placed.select(
        pl.col("ra").is_not_null() & pl.col("dec").is_not_null()
    )
    mask = placed_rows.to_series()
    sigma = np.full(placed.height, np.nan)
    sigma[mask.to_numpy()] = mean_sigma(covariances(frame.filter(mask), side=table))
    return placed.with_columns(pl.Series("sigma", sigma))


def _links(members: pl.DataFrame, matches: Matches, at_least: float) -> pl.DataFrame:
    shape = {
        "a": pl.Int64,
        "b": pl.Int64,
        "normalised": pl.Float64,
        "chance": pl.Float64,
    }
    first = dict(members.group_by("table").agg(pl.col("member").min()).rows())
    parts = [pl.DataFrame(schema=shape)]
    for left_table, right_table, pairs in matches:
        missing = {left_table, right_table} - set(first)
        if missing:
            raise QueryError(
                f"matches of {', '.join(sorted(missing))} are given, but not its rows;"
                f" there are {', '.join(first)}"
            )
        parts.append(
            pairs.filter("mutual", pl.col("match_probability") >= at_least).select(
                (pl.col("left_row") + first[left_table]).alias("a"),
                (pl.col("right_row") + first[right_table]).alias("b"),
                pl.col("normalised_separation").alias("normalised"),
                pl.col("chance_probability").alias("chance"),
            )
        )
    return pl.concat(parts)


def _components(size: int, a: Ints, b: Ints) -> Ints:
    """Return the smallest member number each member is linked with, by propagation."""
    label = np.arange(size)
    while True:
        low = np.minimum(label[a], label[b])
        new = label.copy()
        np.minimum.at(new, a, low)
        np.minimum.at(new, b, low)
        if np.array_equal(new, label):
            return label
        label = new


def _surest_links(links: pl.DataFrame) -> pl.DataFrame:
    """Return the link of each linked member with the smallest chance probability."""
    ends = [links.rename({side: "member"}).drop(other) for side, other in ("ab", "ba")]
    return (
        pl.concat([end.select("member", "normalised", "chance") for end in ends])
        .sort("chance")
        .unique("member", keep="first", maintain_order=True)
    )


def _objects(members: pl.DataFrame) -> pl.DataFrame:
    vectors = unit_vectors(members["ra"].to_numpy(), members["dec"].to_numpy())
    weighted = members.with_columns(
        (1 / pl.col("sigma") ** 2).alias("w"),
        *(pl.Series(axis, vectors[:, k]) for k, axis in enumerate("xyz")),
    ).sort("group", "sigma", "table", "key")
    observatory = pl.col("table").str.split(".").list.first()
    grouped = weighted.group_by("group", maintain_order=True).agg(
        *((pl.col(axis) * pl.col("w")).sum() / pl.col("w").sum() for axis in "xyz"),
        (1 / pl.col("w").sum().sqrt()).alias("sigma"),
        (pl.col("table").first() + ":" + pl.col("key").first()).alias("anchor"),
        pl.col("key").first().alias("name"),
        pl.col("kind").drop_nulls().first().alias("kind"),
        observatory.unique().sort().str.join(",").alias("observatories"),
        pl.col("simulated").max(),
    )
    x, y, z = (grouped[axis].to_numpy() for axis in "xyz")
    ids = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in grouped["anchor"]]
    return grouped.with_columns(
        pl.Series("object_id", ids, dtype=pl.String),
        pl.Series("ra", np.degrees(np.arctan2(y, x)) % 360),
        pl.Series("dec", np.degrees(np.arctan2(z, np.hypot(x, y)))),
    )


def _object_rows(grouped: pl.DataFrame) -> pl.DataFrame:
    ra, dec = grouped["ra"].to_numpy(), grouped["dec"].to_numpy()
    radius = grouped["sigma"].to_numpy() * sigmas_in_radius(np.array(0.95))
    return grouped.with_columns(
        pl.Series("healpix", healpix(ra, dec)),
        pl.Series("error_radius_arcsec", radius),
        pl.col("kind").fill_null("source"),
    ).select(
        *("object_id", "name", "ra", "dec", "healpix", "error_radius_arcsec"),
        *("kind", "observatories", "simulated"),
    )


def _association_rows(
    members: pl.DataFrame, grouped: pl.DataFrame, at_least: float
) -> pl.DataFrame:
    centre = grouped.select(
        "group", "object_id", pl.col("ra").alias("ra0"), pl.col("dec").alias("dec0")
    )
    rows = members.join(centre, on="group", how="left", maintain_order="left")
    places = [
        unit_vectors(rows[r].to_numpy(), rows[d].to_numpy())
        for r, d in (("ra", "dec"), ("ra0", "dec0"))
    ]
    method = pl.when(pl.col("chance").is_null()).then(pl.lit("only member"))
    return rows.with_columns(
        pl.Series("separation_arcsec", apart_deg(*places) * 3600),
        method.otherwise(pl.lit(METHOD.format(at_least))).alias("method"),
    ).select(
        *("object_id", "table", "key", "separation_arcsec"),
        pl.col("normalised").alias("normalised_separation"),
        pl.col("chance").alias("chance_probability"),
        *("method", "simulated"),
    )
