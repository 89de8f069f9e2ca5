"""Which pairs of sources are one object, and which are a blend of several.

A pair is one object if each is the other's best and the match probability is at least
one half from both sides. A source that surely has a counterpart, but no candidate of
which this holds, is a blend of its probable candidates, if there are several: the
sharper observatory resolves what the other does not.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
    found = []
    for of, other, p_any, p_i in SIDES:
        free = pairs.join(single.select(of), on=of, how="anti").join(
            single.select(other), on=other, how="anti"
        )
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


def surest_links(links: pl.DataFrame) -> pl.DataFrame:
    """Return the link of each linked member with the smallest chance probability."""
    ends = [links.rename({side: "member"}).drop(other) for side, other in ("ab", "ba")]
    return (
        pl.concat(
            [
                end.select("member", "normalised", "chance", "p_any", "p_i")
                for end in ends
            ]
        )
        .sort("chance", "normalised", "p_i")
        .unique("member", keep="first", maintain_order=True)
    )
