"""Sources of two catalogues that may be one, with the probability of each match.

Each source has its own position error. A pair has its separation in units of the
combined error, the chance of an unrelated source as near (p-statistic, Downes et al.
1986, MNRAS 218, 31), and the Bayes factor of Budavári & Szalay 2008 (ApJ 679, 301). The
match probability weighs all candidates of a source against each other and against none
of them (as NWAY, Salvato et al. 2018, MNRAS 473, 4937), with the local density of the
second catalogue as prior, or with priors measured around the sources (priors.py). No
candidate is dropped; `rank` orders them. Positions are compared as given: motion.py
brings them to one epoch.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import either
from orbital_kernel.science.matching.density import (
    SKY_ARCSEC2,
    density_arcsec2,
)
from orbital_kernel.science.matching.errorcircles import mean_sigma
from orbital_kernel.science.matching.fineness import fineness_class, size_class
from orbital_kernel.science.matching.joining import (
    Joined,
    Places,
    joined,
    places,
    position_angle,
)
from orbital_kernel.science.matching.priors import (
    Priors,
    density_class,
    odds_of,
)

__all__ = ["cross_match", "density_arcsec2", "posterior"]

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

N_SIGMA = 5.0
"""How far candidates reach, in combined errors."""
ITERATIONS = 100
CONVERGED = 1e-5


def cross_match(
    left_sources: pl.DataFrame,
    right_sources: pl.DataFrame,
    *,
    n_sigma: float = 5.0,
    within_arcsec: float | None = None,
    completeness: float | None = None,
) -> pl.DataFrame:
    """Return all candidate pairs of two catalogues, for each left source the best first.

    Parameters
    ----------
    left_sources, right_sources
        Rows of `sources`: ra and dec (deg, ICRS), error_radius_arcsec or error_major_arcsec,
        error_minor_arcsec and error_angle_deg (east of north), error_confidence; if
        known source_id. Sources without a position have no pairs.
    n_sigma
        Largest separation in combined errors; 5 by default, beyond which true pairs are
        negligible (3.7e-6).
    within_arcsec
        Largest separation, arcsec; unlimited by default.
    completeness
        Prior share of left sources with a counterpart. By default it is estimated from
        the data, self-consistently.

    Returns
    -------
    polars.DataFrame
        left_row, right_row, left_id, right_id; separation_arcsec, position_angle_deg (east
        of north, left to right), normalised_separation (combined sigma),
        density_per_arcmin2 (right catalogue, local), chance_probability,
        log10_bayes_factor, p_any (probability that the left source has any counterpart),
        p_i (that it is this one, if any; sums to 1), match_probability (p_any x p_i), rank
        (among the left source's candidates), rank_right (among the right source's),
        mutual (both first), simulated (of either source, if known).

    Raises
    ------
    QueryError
        If a position error or its confidence is missing (`assume_errors` states one), or
        a parameter is out of range.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel.science.matching import cross_match
    >>> place = {"ra": 83.63, "dec": 22.01, "error_radius_arcsec": 1.0}
    >>> catalogue = pl.DataFrame([place | {"error_confidence": 0.9}])
    >>> pairs = cross_match(catalogue, catalogue)
    >>> pairs["separation_arcsec"].to_list(), pairs["mutual"].to_list()
    ([0.0], [True])

    References
    ----------
    Budavári & Szalay 2008, ApJ 679, 301: eq. 16 (Bayes factor), section 4.2 (completeness).
    Downes et al. 1986, MNRAS 218, 31 (chance_probability). Salvato et al. 2018, MNRAS 473,
    4937 (match_probability).
    """
    if not n_sigma > 0 or (completeness is not None and not 0 < completeness < 1):
        raise QueryError(
            f"matching needs n_sigma > 0 and a completeness in (0, 1); got {n_sigma}"
            f" and {completeness}"
        )
    a, b = places(left_sources, "left"), places(right_sources, "right")
    most = np.inf if within_arcsec is None else within_arcsec
    pairs = joined(a, b, n_sigma=n_sigma, most_arcsec=most)
    sources, back = np.unique(pairs.of_left, return_inverse=True)
    density = density_arcsec2(a.ra[sources], a.dec[sources], b.ra, b.dec)[back]
    odds = np.exp(np.clip(pairs.bayes, -700, 700)) / (density * SKY_ARCSEC2)
    share = _share(pairs, odds, a.rows.size, completeness)
    p_any, p_i = posterior(pairs.of_left, odds, np.full(odds.size, share))
    frame = pair_frame(a, b, pairs, density).with_columns(
        pl.Series("p_any", p_any),
        pl.Series("p_i", p_i),
        pl.Series("match_probability", p_any * p_i),
    )
    return ranked(_with_names(frame, left_sources, right_sources))


def posterior(of: Ints, odds: Reals, share: Reals) -> tuple[Reals, Reals]:
    """Return p_any and p_i of each pair.

    A source has a counterpart with prior c, and then it is any one of the N = 4 pi density
    sources with 1 / N each: P_j ~ (c / N_j) B_j, none ~ 1 - c (Salvato et al. 2018,
    appendix B5). `odds` is B_j / N_j.

    Parameters
    ----------
    of
        The source that each pair is of.
    odds, share
        B_j / N_j, and c, of each pair.
    """
    if not of.size:
        return np.empty(0), np.empty(0)
    sums = np.bincount(of, odds)[of]
    total = share * sums
    return total / (1 - share + total), odds / np.where(sums > 0, sums, 1.0)


def with_priors(
    a: Places, b: Places, pairs: Joined, forth: Priors, back: Priors
) -> pl.DataFrame:
    """Return pairs with posteriors by priors of both directions.

    `p_any`, `p_i` and `match_probability` are of the left source; `p_any_right` and
    `p_i_right` are those of the right source.
    """
    density, p_any, p_i = _one_way(a, b, pairs, forth)
    _, any_right, i_right = _one_way(b, a, pairs.turned(), back)
    frame = pair_frame(a, b, pairs, density).with_columns(
        pl.Series("p_any", p_any),
        pl.Series("p_i", p_i),
        pl.Series("match_probability", p_any * p_i),
        pl.Series("p_any_right", any_right),
        pl.Series("p_i_right", i_right),
    )
    return ranked(frame)


def _one_way(
    a: Places, b: Places, pairs: Joined, priors: Priors
) -> tuple[Reals, Reals, Reals]:
    counts = np.bincount(pairs.of_left, minlength=a.ra.size)
    sources = np.flatnonzero(counts)
    back, own = (np.cumsum(counts > 0) - 1)[pairs.of_left], counts[sources]
    classes = density_class(a.cells[sources], b.sorted_cells, own)
    covariance, sigma = a.covariance[sources], a.sigma[sources]
    by_source, share = priors.of(classes, size_class(sigma))
    area = np.pi * (N_SIGMA * mean_sigma(covariance)) ** 2
    density = (by_source * priors.crowding(by_source, area, own))[back]
    odds = odds_of(pairs.bayes, density) * priors.weights(
        classes[back],
        fineness_class(sigma)[back],
        fineness_class(b.sigma)[pairs.of_right],
    )
    odds = odds * priors.brightness(b.brightness, pairs.of_right)
    p_any, p_i = posterior(pairs.of_left, odds, share[back])
    return density, p_any, p_i


def pair_frame(a: Places, b: Places, pairs: Joined, density: Reals) -> pl.DataFrame:
    """Return the geometry of pairs, with the rows of both frames that they are of."""
    area = np.pi * pairs.apart**2
    return pl.DataFrame(
        {
            "left_row": a.rows[pairs.of_left],
            "right_row": b.rows[pairs.of_right],
            "separation_arcsec": pairs.apart,
            "position_angle_deg": position_angle(a, b, pairs.of_left, pairs.of_right),
            "normalised_separation": pairs.normalised,
            "density_per_arcmin2": density * 3600,
            "chance_probability": -np.expm1(-density * area),
            "log10_bayes_factor": pairs.bayes / np.log(10),
        }
    )


def _share(pairs: Joined, odds: Reals, lefts: int, completeness: float | None) -> float:
    """Return the share of left sources with a counterpart: given, or self-consistent."""
    if completeness is not None or not odds.size:
        return completeness or 0.5
    total = np.bincount(pairs.of_left, odds)
    share = 0.5
    for _ in range(ITERATIONS):
        expected = (share * total / (1 - share + share * total)).sum() / lefts
        before, share = share, float(np.clip(expected, 1e-9, 1 - 1e-9))
        if abs(share - before) < CONVERGED * before:
            break
    return share


def _with_names(
    frame: pl.DataFrame, left_sources: pl.DataFrame, right_sources: pl.DataFrame
) -> pl.DataFrame:
    for side, sources in (("left", left_sources), ("right", right_sources)):
        if "source_id" in sources.columns:
            names = sources["source_id"].gather(frame[f"{side}_row"])
            frame = frame.with_columns(names.alias(f"{side}_id"))
    return frame.with_columns(
        **either(left_sources[frame["left_row"]], right_sources[frame["right_row"]])
    )


def ranked(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs, each left source's best first, with ranks of both sides."""
    left, right = (frame[f"{side}_row"].to_numpy() for side in ("left", "right"))
    falling = -frame["match_probability"].to_numpy()
    order = _in_groups(left, right, falling)
    left, right, falling = left[order], right[order], falling[order]
    by_right = _in_groups(right, np.arange(right.size), falling)
    rank, rank_right = _places_in(left), np.empty(order.size, np.int64)
    rank_right[by_right] = _places_in(right[by_right])
    return frame[order].with_columns(
        pl.Series("rank", rank),
        pl.Series("rank_right", rank_right),
        pl.Series("mutual", (rank == 1) & (rank_right == 1)),
    )


def _in_groups(groups: Ints, of: Ints, falling: Reals) -> Ints:
    """Return the order by group, in it by `falling` and `of`: most groups are of one."""
    order = np.argsort(groups, kind="stable")
    in_order = groups[order]
    beside = in_order[1:] == in_order[:-1]
    several = np.zeros(order.size, bool)
    several[1:] |= beside
    several[:-1] |= beside
    some = order[several]
    order[several] = some[np.lexsort((of[some], falling[some], groups[some]))]
    return order


def _places_in(groups: Ints) -> Ints:
    """Return each row's place in its group, from 1; equal groups follow each other."""
    place = np.arange(groups.size)
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    return place - np.repeat(first, np.diff(first, append=groups.size)) + 1
