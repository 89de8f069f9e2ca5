"""One source in three and more catalogues at once: all combinations, with posteriors.

The Bayes factor of k positions is that of Budavári & Szalay 2008 (ApJ 679, 301), eq. 18,
with ellipses; combinations with and without a counterpart in each catalogue are weighed
against each other as NWAY does (Salvato et al. 2018, MNRAS 473, 4937, appendix B).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.matching.density import SKY_ARCSEC2
from orbital_kernel.science.matching.errorcircles import mean_sigma
from orbital_kernel.science.matching.fineness import fineness_class, size_class
from orbital_kernel.science.matching.joining import (
    ARCSEC_PER_RADIAN,
    Joined,
    Places,
    joined,
    position_angle,
)
from orbital_kernel.science.matching.priors import (
    Priors,
    density_class,
)

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_COMBINATIONS = 20_000_000
ABSENT = -1


class _Other(NamedTuple):
    """One catalogue's candidates of the primary sources, and its priors."""

    pairs: Joined
    offsets: Reals
    covariance: Reals
    logarithm: Reals
    share: Reals


def combinations(
    primary: Places,
    others: Mapping[str, Places],
    priors: Mapping[str, Priors],
    *,
    n_sigma: float = 5.0,
) -> pl.DataFrame:
    """Return every combination of candidates of each primary source.

    Parameters
    ----------
    primary
        The sources whose counterparts are searched.
    others
        The other catalogues by name.
    priors
        By the same names: priors of primary sources having a counterpart there.
    n_sigma
        Largest separation of each candidate from the primary, in combined errors.

    Returns
    -------
    polars.DataFrame
        primary_row, `NAME_row` of each catalogue (null: no counterpart there),
        log10_bayes_factor, p_any (that the primary has a counterpart in any catalogue),
        p_i (that it is this combination, if any; null for none at all), rank. In order of
        primary_row, the most probable combination first.

    Raises
    ------
    QueryError
        If there are more than MOST_COMBINATIONS.
    """
    index = np.arange(primary.ra.size)
    rows: dict[str, Ints] = {}
    weight = _inverse(primary.covariance)
    moment, square = np.zeros((index.size, 2)), np.zeros(index.size)
    size = _log_det(weight) / 2
    prior, present = np.zeros(index.size), np.zeros(index.size, np.int64)
    for name, place in others.items():
        other = _candidates(primary, place, priors[name], n_sigma)
        keep, choice = _expanded(index, other.pairs.of_left)
        index, weight, moment = index[keep], weight[keep], moment[keep]
        rows = {n: column[keep] for n, column in rows.items()}
        square, size = square[keep], size[keep]
        prior, present = prior[keep], present[keep]
        real = choice >= 0
        inverse = np.where(real[:, None], _inverse(other.covariance)[choice], 0.0)
        offset = other.offsets[choice]
        pulled = _times(inverse, offset)
        weight = weight + inverse
        moment = moment + pulled
        square = square + (pulled * offset).sum(axis=1)
        size = size + np.where(
            real, _log_det(_inverse(other.covariance))[choice] / 2, 0
        )
        prior = prior + np.where(
            real, other.logarithm[choice], np.log1p(-other.share[index])
        )
        present = present + real
        chosen = np.append(place.rows, ABSENT)[other.pairs.of_right[choice]]
        rows[name] = np.where(real, chosen, ABSENT)
    bayes = _bayes(weight, moment, square, size, present)
    return _posteriors(primary.rows[index], rows, bayes, prior, present)


def _candidates(a: Places, b: Places, priors: Priors, n_sigma: float) -> _Other:
    """Return candidates with one more at the end that stands for none."""
    pairs = joined(a, b, n_sigma=n_sigma)
    own = np.bincount(pairs.of_left, minlength=a.ra.size)
    classes = density_class(a.cells, b.sorted_cells, own)
    density, share = priors.of(classes, size_class(a.sigma))
    area = np.pi * (n_sigma * mean_sigma(a.covariance)) ** 2
    density = density * priors.crowding(density, area, own)
    angle = np.radians(position_angle(a, b, pairs.of_left, pairs.of_right))
    offsets = pairs.apart[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    weight = priors.weights(
        classes[pairs.of_left],
        fineness_class(a.sigma)[pairs.of_left],
        fineness_class(b.sigma)[pairs.of_right],
    )
    weight = weight * priors.brightness(b.brightness, pairs.of_right)
    logarithm = np.log(
        share[pairs.of_left] * weight / (density[pairs.of_left] * SKY_ARCSEC2)
    )
    none = Joined(
        pairs.of_left, np.append(pairs.of_right, 0), *pairs[2:]
    )  # index -1 is the last
    return _Other(
        none,
        np.concatenate([offsets, np.zeros((1, 2))]),
        np.concatenate([b.covariance[pairs.of_right], [[1.0, 1.0, 0.0]]]),
        np.append(logarithm, 0.0),
        share,
    )


def _expanded(index: Ints, of_left: Ints) -> tuple[Ints, Ints]:
    """Return combinations with each candidate of their primary, and with none (-1)."""
    first = np.searchsorted(of_left, index, side="left")
    count = np.searchsorted(of_left, index, side="right") - first + 1
    if count.sum() > MOST_COMBINATIONS:
        raise QueryError(
            f"{count.sum():,} combinations of candidates are over {MOST_COMBINATIONS:,}: "
            "match a smaller region, or two observatories at a time"
        )
    keep = np.repeat(np.arange(index.size), count)
    step = np.arange(keep.size) - np.repeat(np.cumsum(count) - count, count)
    return keep, np.where(step == 0, ABSENT, first[keep] + step - 1)


def _bayes(
    weight: Reals, moment: Reals, square: Reals, size: Reals, present: Ints
) -> Reals:
    """Return ln B of each combination; positions are relative to the primary's."""
    centre = _times(_inverse(weight), moment)
    misfit = square - (centre * moment).sum(axis=1)
    areas = 2 * present * np.log(ARCSEC_PER_RADIAN)
    return np.asarray(
        present * np.log(2) + areas + size - _log_det(weight) / 2 - misfit / 2
    )


def _posteriors(
    primary: Ints, rows: Mapping[str, Ints], bayes: Reals, prior: Reals, present: Ints
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "primary_row": primary,
            **{f"{name}_row": column for name, column in rows.items()},
            "log10_bayes_factor": bayes / np.log(10),
            "weight": bayes + prior,
            "some": present > 0,
        }
    ).with_columns(
        pl.when(pl.col(f"{name}_row") >= 0)
        .then(pl.col(f"{name}_row"))
        .alias(f"{name}_row")
        for name in rows
    )
    top = pl.col("weight").max().over("primary_row")
    weighed = frame.with_columns((pl.col("weight") - top).exp())
    of_some = pl.when("some").then("weight").otherwise(0.0)
    total = of_some.sum().over("primary_row")
    every = pl.col("weight").sum().over("primary_row")
    return (
        weighed.with_columns(
            (total / every).alias("p_any"),
            pl.when(pl.col("some") & (total > 0))
            .then(pl.col("weight") / total)
            .alias("p_i"),
        )
        .sort("primary_row", "weight", descending=[False, True], maintain_order=True)
        .with_columns(pl.int_range(1, pl.len() + 1).over("primary_row").alias("rank"))
        .drop("weight", "some")
    )


def _inverse(covariance: Reals) -> Reals:
    """Return inverses of symmetric matrices given as east-east, north-north, east-north."""
    ee, nn, en = covariance.T
    det = ee * nn - en**2
    return np.stack([nn / det, ee / det, -en / det], axis=1)


def _log_det(matrix: Reals) -> Reals:
    ee, nn, en = matrix.T
    return np.asarray(np.log(ee * nn - en**2))


def _times(matrix: Reals, vector: Reals) -> Reals:
    ee, nn, en = matrix.T
    east, north = vector.T
    return np.stack([ee * east + en * north, en * east + nn * north], axis=1)
