"""One list per observatory: rows of several releases and observations that are one source.

Rows become one source if they have the same name within a minute of arc, or if they are
from different lists (catalogue and ObsID), each the other's best within the combined
errors, and chance puts fewer than a tenth of a source as near. The most precise row of a
source, those of single observations last, represents it; its members are kept. Two rows
of one list are two sources, whatever joins them. What becomes of a row depends on the
rows within a few error radii only, and not on their order.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand, fill
from orbital_kernel.science.matching.density import (
    cell_arcsec2,
    counts_around,
)
from orbital_kernel.science.matching.errorcircles import mean_sigma
from orbital_kernel.science.matching.joining import Places, joined, places
from orbital_kernel.science.matching.skyjoin import apart_deg

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

N_SIGMA = 4.0
MOST_BY_CHANCE = 0.1
SAME_NAME_ARCSEC = 60.0
SHORTEST_NAME = 8
"""Shorter names, such as numbers, are not of one source everywhere."""
COARSEST = 8


def one_list(rows: pl.DataFrame) -> Ints:
    """Return for each row the row that represents its source.

    Parameters
    ----------
    rows
        Rows of `sources`, all with a position and an error: catalog, source_id and obs_id
        if known.
    """
    demand(rows, "ra", "dec", subject="sources of one observatory")
    if not rows.height:
        return np.empty(0, np.int64)
    rows = fill(rows, dict.fromkeys(("catalog", "source_id", "obs_id"), pl.String()))
    several = rows.select(pl.struct("catalog", "obs_id").n_unique()).item() > 1
    names = _names(rows)
    if not several and names.drop_nulls().is_unique().all():
        return np.arange(rows.height)
    place = places(rows, "these")
    rank = _rank(rows, mean_sigma(place.covariance))
    named = _by_name(names, place, rank)
    if not several:
        return named
    lists = _numbered(rows.select("catalog", "obs_id"))
    parent = _parents(place, rank, lists, named)
    return _separated(_roots(parent)[named], named, place, rank, lists)


def _rank(rows: pl.DataFrame, sigma: Reals) -> Ints:
    """Return each row's place in the order of precision; no two are equal."""
    order = rows.select(
        pl.col("obs_id").is_not_null().alias("_of_one"),
        pl.Series("_sigma", sigma).round_sig_figs(6),
        *("catalog", "source_id", "obs_id", "ra", "dec"),
    ).with_row_index("_row")
    names = [name for name in order.columns if name != "_row"]
    rank = np.empty(rows.height, np.int64)
    rank[order.sort(names, nulls_last=True)["_row"].to_numpy()] = np.arange(rows.height)
    return rank


def _numbered(columns: pl.DataFrame) -> Ints:
    """Return a number per distinct row of the columns."""
    struct = columns.select(pl.struct(pl.all()).rank("dense").alias("n"))["n"]
    return struct.cast(pl.Int64).to_numpy() - 1


def _names(rows: pl.DataFrame) -> pl.Series:
    """Return the names that are of one source everywhere; null for others."""
    name = pl.col("source_id").str.strip_chars().str.to_lowercase()
    usable = name.str.len_chars() >= SHORTEST_NAME
    return rows.select(pl.when(usable).then(name)).to_series()


def _by_name(names: pl.Series, place: Places, rank: Ints) -> Ints:
    """Return each row's most precise namesake within SAME_NAME_ARCSEC; itself if none."""
    itself = np.arange(names.len())
    first = (
        pl.DataFrame({"name": names, "row": itself, "rank": rank})
        .drop_nulls("name")
        .with_columns(pl.col("row").sort_by("rank").first().over("name").alias("first"))
    )
    of = itself.copy()
    of[first["row"].to_numpy()] = first["first"].to_numpy()
    vectors = place.directions.vectors
    moved = np.flatnonzero(of != itself)
    far = apart_deg(vectors[moved], vectors[of[moved]]) * 3600 > SAME_NAME_ARCSEC
    of[moved[far]] = moved[far]
    return of


def _parents(place: Places, rank: Ints, lists: Ints, named: Ints) -> Ints:
    """Return each row's most precise best match of another list; itself if none."""
    heads = np.flatnonzero(named == np.arange(named.size))
    head = place.some(heads)
    pairs = joined(head, head, n_sigma=N_SIGMA)
    i, j = heads[pairs.of_left], heads[pairs.of_right]
    keep = (i != j) & ~_shares_a_list(i, j, lists, named)
    keep &= _by_chance(place, i, pairs.apart) < MOST_BY_CHANCE
    links = pl.DataFrame(
        {
            "i": i[keep],
            "j": j[keep],
            "bayes": pairs.bayes[keep],
            "rank_i": rank[i[keep]],
            "rank_j": rank[j[keep]],
            "list_i": lists[i[keep]],
            "list_j": lists[j[keep]],
        }
    )
    best = pl.col("bayes").round(9).rank("dense", descending=True)
    mutual = links.filter(best.over("i", "list_j") == 1, best.over("j", "list_i") == 1)
    up = (
        mutual.filter(pl.col("rank_j") < pl.col("rank_i"))
        .sort("rank_j")
        .unique("i", keep="first", maintain_order=True)
    )
    parent = np.arange(named.size)
    parent[up["i"].to_numpy()] = up["j"].to_numpy()
    return parent


def _shares_a_list(i: Ints, j: Ints, lists: Ints, named: Ints) -> Flags:
    """Return whether two names have rows in one list: they are two sources there."""
    most = int(lists.max()) + 1
    held = np.unique(named * most + lists)
    return np.isin(i * most + lists[j], held) | np.isin(j * most + lists[i], held)


def _by_chance(place: Places, i: Ints, apart: Reals) -> Reals:
    """Return how many rows chance puts as near, by the density in the cell around."""
    sources, back = np.unique(i, return_inverse=True)
    positions = place.cells[sources]
    count, order = counts_around(positions, place.sorted_cells, coarsest=COARSEST)
    others = np.maximum(count - 2, 0)  # besides the two that may be one
    return others[back] / cell_arcsec2(order[back]) * np.pi * apart**2


def _roots(parent: Ints) -> Ints:
    """Return the last ancestor of each row."""
    while True:
        above = parent[parent]
        if np.array_equal(above, parent):
            return parent
        parent = above


def _separated(root: Ints, named: Ints, place: Places, rank: Ints, lists: Ints) -> Ints:
    """Return the roots with every second name of one list, or too far, on its own."""
    vectors = place.directions.vectors
    apart = apart_deg(vectors, vectors[root]) * 3600
    sigma = np.hypot(*(mean_sigma(place.covariance[x]) for x in (slice(None), root)))
    head = named == np.arange(named.size)
    away = head & (apart > N_SIGMA * 1.5 * sigma)
    rows = pl.DataFrame(
        {
            "row": np.arange(root.size),
            "root": root,
            "list": lists,
            "named": named,
            "nearness": np.where(named == root, -1.0, (apart / sigma)[named]),
            "rank": rank[named],
        }
    )
    second = (
        rows.sort("nearness", "rank")
        .with_columns(pl.col("named").first().over("root", "list").alias("kept"))
        .filter(pl.col("named") != pl.col("kept"))["named"]
        .unique()
        .to_numpy()
    )
    alone = away.copy()
    alone[second] = True
    return np.where(alone[named], named, root)
