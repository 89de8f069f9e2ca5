"""Which catalogue rows are one object: rows of cross.objects and cross.associations.

Sources become one object by accepted matches and as components of a blend, never by
name. The id is the registered one of the members, if any is registered.
"""

import hashlib
import itertools
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
from orbital_kernel.science.matching.links import (
    accepted,
    blends,
    components,
    surest_links,
)
from orbital_kernel.science.matching.registry import KNOWN, identified
from orbital_kernel.science.matching.skyjoin import apart_deg, unit_vectors

Ints = NDArray[np.int64]
Matches = Iterable[tuple[str, str, pl.DataFrame]]
"""Left table, right table, and what cross_match returned for them."""

METHOD = "mutual best, match probability >= {:g} (Budavari & Szalay 2008)"
BLEND = "component of a blend: probable candidates of one source, none of them sure"
LINK: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("a", "b"), pl.Int64),
    **dict.fromkeys(("normalised", "chance", "p_any", "p_i"), pl.Float64),
    "component": pl.Int64,
}


class Identity(NamedTuple):
    """Rows of cross.objects and of cross.associations, and merges and splits of ids."""

    objects: pl.DataFrame
    associations: pl.DataFrame
    events: pl.DataFrame


def objects(
    catalogues: Mapping[str, pl.DataFrame],
    matches: Matches,
    *,
    at_least: float = 0.5,
    singles: bool = True,
    known: pl.DataFrame | None = None,
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
    known
        Earlier registrations, with the columns of `registry.KNOWN`; none by default.

    Returns
    -------
    Identity
        objects: object_id, name, ra and dec (deg; mean weighted by 1/sigma²), healpix,
        error_radius_arcsec (95 %, arcsec), kind, observatories, blend, simulated.
        associations: object_id, table, catalog, key, obs_id, role, separation_arcsec,
        normalised_separation, chance_probability, p_any, p_i, method, healpix (of the
        object), simulated. events: object_id, event (merged or split), other_id.
        A new id is a hash of the names of the most precise member; a registered one
        stays. The position of a blend is that of the blended source.

    Raises
    ------
    QueryError
        If matches of a table are given that is not among the catalogues.

    References
    ----------
    Budavári & Szalay 2008, ApJ 679, 301.
    """
    links = _links(catalogues, matches, at_least)
    if not singles:
        catalogues, links = _linked(catalogues, links)
    members = _members(catalogues)
    members = members.with_columns(
        pl.Series(
            "group",
            components(members.height, links["a"].to_numpy(), links["b"].to_numpy()),
        ),
        pl.col("member")
        .is_in(links["component"].drop_nulls().implode())
        .alias("component"),
    )
    members = members.join(surest_links(links), on="member", how="left").filter(
        pl.col("ra").is_not_null()
    )
    if not singles:
        members = members.filter(pl.len().over("group") > 1)
    grouped, events = _registered(members, _objects(members), known)
    return Identity(
        _object_rows(grouped), _association_rows(members, grouped, at_least), events
    )


def plain(name: str) -> str:
    """Return a name as names are compared: 'V404_Cyg' is 'v404cyg'."""
    return normalised(name)


def _members(catalogues: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    frames = [_member(name, frame) for name, frame in catalogues.items()]
    return pl.concat(frames).with_columns(pl.int_range(pl.len()).alias("member"))


def _member(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    demand(frame, "source_id", "ra", "dec", subject=f"members of {table}")
    texts = dict.fromkeys(("kind", "catalog", "obs_id"), pl.String())
    named = fill(frame, {**texts, "simulated": pl.Boolean()})
    placed = named.select(
        pl.lit(table).alias("table"),
        pl.int_range(pl.len()).alias("row"),
        pl.col("catalog").cast(pl.String),
        pl.col("source_id").cast(pl.String).alias("key"),
        pl.col("obs_id").cast(pl.String),
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


def _links(
    catalogues: Mapping[str, pl.DataFrame], matches: Matches, at_least: float
) -> pl.DataFrame:
    sizes = [frame.height for frame in catalogues.values()]
    before = itertools.accumulate(sizes, initial=0)
    first = dict(zip(catalogues, before, strict=False))
    parts = [pl.DataFrame(schema=LINK)]
    for left_table, right_table, pairs in matches:
        missing = {left_table, right_table} - set(first)
        if missing:
            raise QueryError(
                f"matches of {', '.join(sorted(missing))} are given, but not its rows;"
                f" there are {', '.join(first)}"
            )
        offsets = first[left_table], first[right_table]
        parts.append(_numbered(accepted(pairs, at_least=at_least), offsets))
        blended = blends(pairs)
        sharper = pl.when(pl.col("centre") == "left").then("b").otherwise("a")
        parts.append(
            _numbered(blended, offsets)
            .with_columns(
                blended["centre"], pl.lit(None, dtype=pl.Int64).alias("component")
            )
            .with_columns(sharper.alias("component"))
            .drop("centre")
        )
    return pl.concat(parts)


def _linked(
    catalogues: Mapping[str, pl.DataFrame], links: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the rows that have a link, and the links of these rows' numbers."""
    numbers = np.unique(np.concatenate([links["a"].to_numpy(), links["b"].to_numpy()]))
    frames, first = {}, 0
    for name, frame in catalogues.items():
        low, high = np.searchsorted(numbers, [first, first + frame.height])
        frames[name] = frame[numbers[low:high] - first]
        first += frame.height
    a, b = (
        pl.Series(np.searchsorted(numbers, links[end].to_numpy())) for end in ("a", "b")
    )
    of_a = pl.col("component") == pl.col("a")
    component = pl.when(of_a).then(a).when(~of_a).then(b).alias("component")
    return frames, links.with_columns(component, a.alias("a"), b.alias("b"))


def _numbered(pairs: pl.DataFrame, offsets: tuple[int, int]) -> pl.DataFrame:
    """Return pairs as links of member numbers."""
    pairs = fill(pairs, dict.fromkeys(("p_any", "p_i"), pl.Float64()))
    return pairs.select(
        (pl.col("left_row") + offsets[0]).alias("a"),
        (pl.col("right_row") + offsets[1]).alias("b"),
        pl.col("normalised_separation").alias("normalised"),
        pl.col("chance_probability").alias("chance"),
        *("p_any", "p_i"),
        pl.lit(None, dtype=pl.Int64).alias("component"),
    )


def _objects(members: pl.DataFrame) -> pl.DataFrame:
    vectors = unit_vectors(members["ra"].to_numpy(), members["dec"].to_numpy())
    weighted = members.with_columns(
        pl.when("component").then(0.0).otherwise(1 / pl.col("sigma") ** 2).alias("w"),
        *(pl.Series(axis, vectors[:, k]) for k, axis in enumerate("xyz")),
    ).sort("group", "component", "sigma", "table", "catalog", "key", "obs_id")
    tables = sorted(weighted["table"].unique())
    names = [pl.lit(None, dtype=pl.String)]
    names += [pl.when(table).then(pl.lit(table.split(".")[0])) for table in tables]
    anchor = (
        pl.when(pl.col("catalog").is_null())
        .then(pl.format("{}:{}", "table", "name"))
        .otherwise(pl.format("{}:{}:{}", "table", "catalog", "name"))
    )
    grouped = weighted.group_by("group", maintain_order=True).agg(
        *((pl.col(axis) * pl.col("w")).sum() / pl.col("w").sum() for axis in "xyz"),
        (1 / pl.col("w").sum().sqrt()).alias("sigma"),
        *(pl.col(column).first() for column in ("table", "catalog")),
        pl.col("key").first().alias("name"),
        pl.col("kind").drop_nulls().first().alias("kind"),
        *((pl.col("table") == table).any().alias(table) for table in tables),
        pl.col("component").any().alias("blend"),
        pl.col("simulated").max(),
    )
    grouped = grouped.select(
        pl.exclude("table", "catalog", *tables),
        anchor.alias("anchor"),
        pl.concat_str(names, separator=",", ignore_nulls=True).alias("observatories"),
    )
    x, y, z = (grouped[axis].to_numpy() for axis in "xyz")
    ids = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in grouped["anchor"]]
    ra, dec = (
        np.degrees(np.arctan2(y, x)) % 360,
        np.degrees(np.arctan2(z, np.hypot(x, y))),
    )
    return grouped.with_columns(
        pl.Series("new_id", ids, dtype=pl.String),
        pl.Series("ra", ra),
        pl.Series("dec", dec),
        pl.Series("healpix", healpix(ra, dec)),
    )


def _registered(
    members: pl.DataFrame, grouped: pl.DataFrame, known: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the groups with their ids, and merges and splits."""
    claimed = members.join(
        grouped.select("group", "new_id", "anchor"), on="group", how="left"
    )
    ids, events = identified(
        claimed, pl.DataFrame(schema=KNOWN) if known is None else known
    )
    return grouped.join(ids, on="group", how="left", maintain_order="left"), events


def _object_rows(grouped: pl.DataFrame) -> pl.DataFrame:
    radius = grouped["sigma"].to_numpy() * sigmas_in_radius(np.array(0.95))
    return grouped.with_columns(
        pl.Series("error_radius_arcsec", radius),
        pl.col("kind").fill_null("source"),
    ).select(
        *("object_id", "name", "ra", "dec", "healpix", "error_radius_arcsec"),
        *("kind", "observatories", "blend", "simulated"),
    )


def _association_rows(
    members: pl.DataFrame, grouped: pl.DataFrame, at_least: float
) -> pl.DataFrame:
    centre = grouped.select(
        *("group", "object_id", "healpix"),
        pl.col("ra").alias("ra0"),
        pl.col("dec").alias("dec0"),
    )
    rows = members.join(centre, on="group", how="left", maintain_order="left")
    places = [
        unit_vectors(rows[r].to_numpy(), rows[d].to_numpy())
        for r, d in (("ra", "dec"), ("ra0", "dec0"))
    ]
    method = (
        pl.when(pl.col("chance").is_null())
        .then(pl.lit("only member"))
        .when("component")
        .then(pl.lit(BLEND))
        .otherwise(pl.lit(METHOD.format(at_least)))
    )
    role = pl.when("component").then(pl.lit("component")).otherwise(pl.lit("source"))
    return rows.with_columns(
        pl.Series("separation_arcsec", apart_deg(*places) * 3600),
        method.alias("method"),
        role.alias("role"),
    ).select(
        *("object_id", "table", "catalog", "key", "obs_id", "role"),
        "separation_arcsec",
        pl.col("normalised").alias("normalised_separation"),
        pl.col("chance").alias("chance_probability"),
        *("p_any", "p_i", "method", "healpix", "simulated"),
    )
