"""Members of objects: rows of catalogues that are linked, group by group."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand, fill, finite
from orbital_kernel.science.matching.errorcircles import ERRORS, covariances, mean_sigma
from orbital_kernel.science.matching.links import components, surest_links
from orbital_kernel.science.matching.registry import MEMBER

Ints = NDArray[np.int64]

USED = frozenset(
    (
        *("source_id", "catalog", "obs_id", "ra", "dec", "healpix", "kind"),
        *("simulated", *ERRORS),
    )
)
"""Columns of sources that objects are made from."""


def linked(
    catalogues: Mapping[str, pl.DataFrame], links: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the rows that have a link, and the links of these rows' numbers."""
    in_link = np.zeros(sum(frame.height for frame in catalogues.values()), bool)
    for end in ("a", "b"):
        in_link[links[end].to_numpy()] = True
    numbers = np.flatnonzero(in_link)
    frames, first = {}, 0
    for name, frame in catalogues.items():
        low, high = np.searchsorted(numbers, [first, first + frame.height])
        used = frame.select(column for column in frame.columns if column in USED)
        frames[name] = used[numbers[low:high] - first]
        first += frame.height
    place = np.cumsum(in_link) - 1
    a, b = (pl.Series(place[links[end].to_numpy()]) for end in ("a", "b"))
    of_a = pl.col("component") == pl.col("a")
    component = pl.when(of_a).then(a).when(~of_a).then(b).alias("component")
    return frames, links.with_columns(component, a.alias("a"), b.alias("b"))


def members_of(catalogues: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all catalogues as members, table by table."""
    return pl.concat(_member(name, frame) for name, frame in catalogues.items())


def _member(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    demand(frame, "source_id", "ra", "dec", subject=f"members of {table}")
    texts = dict.fromkeys(("kind", "catalog", "obs_id"), pl.String())
    named = fill(frame, {**texts, "simulated": pl.Boolean(), "healpix": pl.Int64()})
    placed = named.select(
        pl.lit(table).alias("table"),
        pl.col("catalog").cast(pl.String),
        pl.col("source_id").cast(pl.String).alias("key"),
        pl.col("obs_id").cast(pl.String),
        finite("ra") % 360,
        finite("dec"),
        pl.col("kind").cast(pl.String),
        "simulated",
        pl.col("healpix").alias("cell"),
    )
    mask = placed["ra"].is_not_null() & placed["dec"].is_not_null()
    sigma = np.full(placed.height, np.nan)
    sigma[mask.to_numpy()] = mean_sigma(covariances(frame.filter(mask), side=table))
    return placed.with_columns(pl.Series("sigma", sigma))


def grouped(
    members: pl.DataFrame, links: pl.DataFrame, *, singles: bool
) -> pl.DataFrame:
    """Return the members with a position, group by group: the surest of each first."""
    group = components(members.height, links["a"].to_numpy(), links["b"].to_numpy())
    component = np.zeros(members.height, bool)
    component[links["component"].drop_nulls().to_numpy()] = True
    usable = members["ra"].is_not_null() & members["dec"].is_not_null()
    if not singles:
        usable &= pl.Series(
            np.bincount(group[usable.to_numpy()], minlength=group.size)[group] > 1
        )
    members = surest_links(members, links).with_columns(
        pl.Series("group", group), pl.Series("component", component)
    )
    members = members.filter(usable)
    keys = (members[name].to_numpy() for name in ("sigma", "component", "group"))
    return members[ordered(members, *keys)]


def ordered(members: pl.DataFrame, *keys: NDArray[Any]) -> Ints:
    """Return the order by keys, the last one first; by their names where all are equal."""
    order = np.lexsort(keys)
    same = np.ones(max(order.size - 1, 0), bool)
    for key in keys:
        in_order = key[order]
        same &= in_order[1:] == in_order[:-1]
    equal = np.zeros(order.size, bool)
    equal[order[1:][same]] = equal[order[:-1][same]] = True
    if not equal.any():
        return order
    some = np.flatnonzero(equal)
    named = members[some].select(*MEMBER).with_row_index().sort(*MEMBER)
    rank = np.zeros(order.size, np.int64)
    rank[some[named["index"].to_numpy()]] = np.arange(some.size)
    return np.lexsort((rank, *keys))


def group_numbers(group: Ints) -> Ints:
    """Return the number of each row's group, from 0; equal groups follow each other."""
    return np.cumsum(np.diff(group, prepend=group[:1]) != 0)
