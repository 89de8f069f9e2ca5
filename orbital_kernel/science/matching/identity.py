"""Which catalogue rows are one object: rows of cross.objects and cross.associations.

Sources become one object by accepted matches and as components of a blend, never by
name. The id is the registered one of the members, if any is registered.
"""

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import healpix
from orbital_kernel.model.spelling import normalised
from orbital_kernel.science.columns import fill
from orbital_kernel.science.matching.errorcircles import (
    sigmas_in_radius,
)
from orbital_kernel.science.matching.links import (
    accepted,
    blends,
)
from orbital_kernel.science.matching.members import (
    group_numbers,
    grouped,
    linked,
    members_of,
    ordered,
)
from orbital_kernel.science.matching.registry import NO_EVENTS, identified
from orbital_kernel.science.matching.skyjoin import apart_deg, unit_vectors

Ints = NDArray[np.int64]
Matches = Iterable[tuple[str, str, pl.DataFrame]]
"""Left table, right table, and what cross_match returned for them."""

METHOD = "mutual best, match probability >= {:g} (Budavari & Szalay 2008)"
BLEND = "component of a blend: probable candidates of one source, none of them sure"
OF_LINKS = frozenset(
    (
        *("left_row", "right_row", "normalised_separation", "chance_probability"),
        *("p_any", "p_i", "match_probability", "p_any_right", "p_i_right", "mutual"),
    )
)
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
    where: pl.Expr | None = None,
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
    where
        Condition of ra, dec and healpix of the objects that are returned; all by default.

    Returns
    -------
    Identity
        objects: object_id, name, ra and dec (deg; mean weighted by 1/sigma²), healpix,
        error_radius_arcsec (95 %, arcsec), kind, observatories, blend, simulated.
        associations: object_id, table, catalog, key, obs_id, role, separation_arcsec,
        normalised_separation, chance_probability, p_any, p_i, method, healpix (of the
        object), simulated; and cell (HEALPix index of the member, if its table has it)
        and founder (whether the object's name is the member's; of several, the first).
        events: object_id, event (merged or split), other_id.
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
        catalogues, links = linked(catalogues, links)
    members = grouped(members_of(catalogues), links, singles=singles)
    groups, events = _registered(members, _objects(members), known)
    if where is not None:
        chosen = groups.select(where).to_series()
        of = group_numbers(members["group"].to_numpy())
        members = members.filter(chosen.gather(of))
        groups = groups.filter(chosen)
        events = events.join(groups, on="object_id", how="semi")
    return Identity(
        _object_rows(groups), _association_rows(members, groups, at_least), events
    )


def plain(name: str) -> str:
    """Return a name as names are compared: 'V404_Cyg' is 'v404cyg'."""
    return normalised(name)


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
        used = pairs.select(name for name in pairs.columns if name in OF_LINKS)
        parts.append(_numbered(accepted(used, at_least=at_least), offsets))
        blended = blends(used)
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
    group, component = (members[name].to_numpy() for name in ("group", "component"))
    start = np.flatnonzero(np.diff(group, prepend=-1))
    weight = np.where(component, 0.0, 1 / members["sigma"].to_numpy() ** 2)

    def summed(values: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(values, start) if start.size else values[:0]

    total = summed(weight)
    x, y, z = (summed(vectors[:, axis] * weight) / total for axis in range(3))
    ra, dec = (
        np.degrees(np.arctan2(y, x)) % 360,
        np.degrees(np.arctan2(z, np.hypot(x, y))),
    )
    name = pl.col("table"), pl.col("catalog"), pl.col("key")
    first = members[start].select(
        "group",
        pl.col("key").alias("name"),
        pl.concat_str(name, separator=":", ignore_nulls=True).alias("anchor"),
    )
    ids = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in first["anchor"]]
    return first.with_columns(
        pl.Series("sigma", 1 / np.sqrt(total)),
        _of_group(members, "kind", pl.col("kind").drop_nulls().first()),
        _observatories(members, start),
        pl.Series("blend", summed(component) > 0),
        _of_group(members, "simulated", pl.col("simulated").max()),
        pl.Series("new_id", ids, dtype=pl.String),
        pl.Series("ra", ra),
        pl.Series("dec", dec),
        pl.Series("healpix", healpix(ra, dec)),
    )


def _of_group(members: pl.DataFrame, column: str, value: pl.Expr) -> pl.Series:
    """Return a value of each group, cheaply if the column is the same everywhere."""
    values = members[column]
    if values.n_unique() <= 1:
        groups = members["group"].n_unique()
        return pl.Series(column, [values.first()], values.dtype).new_from_index(
            0, groups
        )
    by_group = members.group_by("group", maintain_order=True)
    return by_group.agg(value.alias(column))[column]


def _observatories(members: pl.DataFrame, start: Ints) -> pl.Series:
    """Return the names of each group's observatories, sorted, comma-separated."""
    tables = sorted(members["table"].unique())
    bits = np.zeros(members.height, np.int64)
    for number, table in enumerate(tables):
        bits[(members["table"] == table).to_numpy()] = 1 << number
    of_group = np.bitwise_or.reduceat(bits, start) if start.size else bits[:0]
    words = [
        ",".join(t.split(".")[0] for n, t in enumerate(tables) if kind >> n & 1)
        for kind in range(1 << len(tables))
    ]
    return pl.Series("observatories", words, pl.String).gather(of_group)


def _registered(
    members: pl.DataFrame, groups: pl.DataFrame, known: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the groups with their ids, and merges and splits."""
    if known is None or known.is_empty():
        return groups.with_columns(pl.col("new_id").alias("object_id")), NO_EVENTS
    claimed = members.join(
        groups.select("group", "new_id", "anchor"), on="group", how="left"
    )
    ids, events = identified(claimed, known)
    return groups.join(ids, on="group", how="left", maintain_order="left"), events


def _object_rows(groups: pl.DataFrame) -> pl.DataFrame:
    radius = groups["sigma"].to_numpy() * sigmas_in_radius(np.array(0.95))
    return groups.with_columns(
        pl.Series("error_radius_arcsec", radius),
        pl.col("kind").fill_null("source"),
    ).select(
        *("object_id", "name", "ra", "dec", "healpix", "error_radius_arcsec"),
        *("kind", "observatories", "blend", "simulated"),
    )


def _association_rows(
    members: pl.DataFrame, groups: pl.DataFrame, at_least: float
) -> pl.DataFrame:
    of = group_numbers(members["group"].to_numpy())
    vectors = [
        unit_vectors(frame["ra"].to_numpy(), frame["dec"].to_numpy())
        for frame in (members, groups)
    ]
    method = (
        pl.when(pl.col("chance").is_null())
        .then(pl.lit("only member"))
        .when("component")
        .then(pl.lit(BLEND))
        .otherwise(pl.lit(METHOD.format(at_least)))
    )
    role = pl.when("component").then(pl.lit("component")).otherwise(pl.lit("source"))
    return members.with_columns(
        *(groups[name].gather(of) for name in ("object_id", "healpix")),
        pl.Series("separation_arcsec", apart_deg(vectors[0], vectors[1][of]) * 3600),
        _founders(members, groups["name"].gather(of), of),
        method.alias("method"),
        role.alias("role"),
    ).select(
        *("object_id", "table", "catalog", "key", "obs_id", "role"),
        "separation_arcsec",
        pl.col("normalised").alias("normalised_separation"),
        pl.col("chance").alias("chance_probability"),
        *("p_any", "p_i", "method", "healpix", "simulated", "cell", "founder"),
    )


def _founders(members: pl.DataFrame, names: pl.Series, of: Ints) -> pl.Series:
    """Return which members their objects are named by: the first of those of that name."""
    possible = (members["key"] == names) & ~members["component"]
    some = np.flatnonzero(possible.fill_null(value=False).to_numpy())
    tables = members["table"][some].rank("dense").to_numpy()
    some = some[ordered(members[some], tables, of[some])]
    founder = np.zeros(of.size, bool)
    founder[some[np.flatnonzero(np.diff(of[some], prepend=-1))]] = True
    return pl.Series("founder", founder)
