"""Which pairs of sources are one object, and which are a blend of several.

A pair is one object if each is the other's best and the match probability is at least
one half from both sides. A source that surely has a counterpart, but no candidate of
which this holds, is a blend of its probable candidates, if there are several: the
sharper observatory resolves what the other does not.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import fill

Ints = NDArray[np.int64]

SURE = 0.5
BLENDED = 0.9
"""Least probability of any counterpart for a blend."""
COMPONENT = 0.1
"""Least p_i of a component of a blend."""
SIDES = (
    ("left_row", "right_row", "p_any", "p_i"),
    ("right_row", "left_row", "p_any_right", "p_i_right"),
)


def accepted(pairs: pl.DataFrame, *, at_least: float = SURE) -> pl.DataFrame:
    """Return the pairs that are one object."""
    enough = pl.col("match_probability") >= at_least
    if "p_any_right" in pairs.columns:
        enough &= pl.col("p_any_right") * pl.col("p_i_right") >= at_least
    return pairs.filter("mutual", enough)


def blends(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of a blend and its components; `centre` is the side of the blend.

    A component belongs to the blend that it is the likeliest candidate of, and to none if
    it is one object with another source.
    """
    if "p_any_right" not in pairs.columns:
        return pairs.clear().with_columns(pl.lit("left").alias("centre"))
    single = accepted(pairs)
    matched = (_among(pairs[s], single[s]) for s in ("left_row", "right_row"))
    free = pairs.filter(pl.Series(~np.logical_or(*matched)))
    found = []
    for of, other, p_any, p_i in SIDES:
        possible = free.filter(pl.col(p_any) >= BLENDED, pl.col(p_i) >= COMPONENT)
        chosen = (
            possible.sort(p_i, of, descending=[True, False])
            .unique(other, keep="first", maintain_order=True)
            .filter(pl.len().over(of) > 1)
        )
        found.append(chosen.with_columns(pl.lit(of[:-4]).alias("centre")))
    left, right = found
    right = (
        right.join(left.select("left_row").unique(), on="left_row", how="anti")
        .join(left.select("right_row").unique(), on="right_row", how="anti")
        .filter(pl.len().over("right_row") > 1)
    )
    return pl.concat([left, right])


def components(size: int, a: Ints, b: Ints) -> Ints:
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


def _among(rows: pl.Series, some: pl.Series) -> NDArray[np.bool_]:
    """Return which rows are among some, by their numbers."""
    numbers = rows.to_numpy()
    flags = np.zeros(numbers.max(initial=-1) + 1, bool)
    flags[some.to_numpy()] = True
    return np.asarray(flags[numbers])


def surest_links(members: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return the members with the link of each that has the least chance probability.

    Null for members without a link.
    """
    columns = ("normalised", "chance", "p_any", "p_i")
    if links.is_empty():
        return fill(members, dict.fromkeys(columns, pl.Float64()))
    ends = np.concatenate([links["a"].to_numpy(), links["b"].to_numpy()])
    twice = pl.concat([links, links]).select(*columns)
    several = (np.bincount(ends, minlength=members.height) > 1)[ends]
    rows = np.flatnonzero(~several)
    if several.any():
        some = np.flatnonzero(several)
        surest = (
            twice[some]
            .with_columns(pl.Series("row", some), pl.Series("member", ends[some]))
            .sort("chance", "normalised", "p_i")
            .unique("member", keep="first", maintain_order=True)
        )
        rows = np.concatenate([rows, surest["row"].to_numpy()])
    place = np.full(members.height, -1)
    place[ends[rows]] = rows
    found = pl.Series(place >= 0)
    return members.with_columns(
        pl.when(found).then(twice[name].gather(np.maximum(place, 0))).alias(name)
        for name in columns
    )
