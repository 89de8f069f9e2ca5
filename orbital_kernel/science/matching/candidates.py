"""Sources of two catalogues that may be one, with the probability of each match.

Each source has its own position error. A pair has its separation in units of the
combined error, the chance of an unrelated source as near (p-statistic, Downes et al.
1986, MNRAS 218, 31), and the Bayes factor of Budavári & Szalay 2008 (ApJ 679, 301). The
match probability weighs all candidates of a source against each other and against none
of them (as NWAY, Salvato et al. 2018, MNRAS 473, 4937), with the local density of the
second catalogue as prior. No candidate is dropped; `rank` orders them. Proper motion
between the catalogues' epochs is not accounted for.
"""

import itertools
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import ORDER, healpix
from orbital_kernel.science.columns import demand, either, finite
from orbital_kernel.science.matching.errorcircles import (
    covariances,
    largest_sigma,
)
from orbital_kernel.science.matching.skyjoin import neighbours

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

ARCSEC_PER_RADIAN = np.degrees(1) * 3600
ITERATIONS = 100
CONVERGED = 1e-5


class _Sources(NamedTuple):
    rows: Ints
    ra: Reals
    dec: Reals
    covariance: Reals


class _Candidates(NamedTuple):
    of_left: Ints
    of_right: Ints
    apart: Reals
    normalised: Reals
    bayes: Reals
    density: Reals


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
        log10_bayes_factor, match_probability, rank (among the left source's candidates),
        rank_right (among the right source's), mutual (both first), simulated (of either
        source, if known).

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
    a, b = _sources(left_sources, "left"), _sources(right_sources, "right")
    if not n_sigma > 0 or (completeness is not None and not 0 < completeness < 1):
        raise QueryError(
            f"matching needs n_sigma > 0 and a completeness in (0, 1); got {n_sigma}"
            f" and {completeness}"
        )
    pairs = _candidates(
        a, b, n_sigma, np.inf if within_arcsec is None else within_arcsec
    )
    probability = _probabilities(pairs, a.rows.size, completeness)
    area = np.pi * pairs.apart**2
    frame = pl.DataFrame(
        {
            "left_row": a.rows[pairs.of_left],
            "right_row": b.rows[pairs.of_right],
            "separation_arcsec": pairs.apart,
            "position_angle_deg": _angle(a, b, pairs.of_left, pairs.of_right),
            "normalised_separation": pairs.normalised,
            "density_per_arcmin2": pairs.density * 3600,
            "chance_probability": -np.expm1(-pairs.density * area),
            "log10_bayes_factor": np.log10(np.e) * pairs.bayes,
            "match_probability": probability,
        }
    )
    return _ranked(_with_names(frame, left_sources, right_sources))


def _sources(frame: pl.DataFrame, side: str) -> _Sources:
    demand(frame, "ra", "dec", subject=f"{side} sources")
    numbered = frame.with_row_index("_row").filter(
        finite("ra").is_not_null(), finite("dec").is_not_null()
    )
    return _Sources(
        numbered["_row"].cast(pl.Int64).to_numpy(),
        numbered["ra"].cast(pl.Float64).to_numpy() % 360,
        numbered["dec"].cast(pl.Float64).to_numpy(),
        covariances(numbered, side=side),
    )


def _candidates(
    a: _Sources, b: _Sources, n_sigma: float, most_arcsec: float
) -> _Candidates:
    """Join error classes by octaves, so that one vague source does not widen all."""
    parts = [(np.empty(0, np.int64),) * 2 + (np.empty(0),)]
    octaves = _octaves(a.covariance), _octaves(b.covariance)
    for low, high in itertools.product(*(np.unique(octave) for octave in octaves)):
        i, j = np.flatnonzero(octaves[0] == low), np.flatnonzero(octaves[1] == high)
        radius = n_sigma * np.hypot(2.0 ** (low + 1), 2.0 ** (high + 1))
        radius_deg = min(radius, most_arcsec) / 3600
        x, y, apart = neighbours(a.ra[i], a.dec[i], b.ra[j], b.dec[j], radius_deg)
        parts.append((i[x], j[y], apart * 3600))
    of_left, of_right, apart = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    angle = np.radians(_angle(a, b, of_left, of_right))
    combined = a.covariance[of_left] + b.covariance[of_right]
    normalised, log_det = _mahalanobis(apart, angle, combined)
    near = normalised <= n_sigma
    of_left, of_right, apart = of_left[near], of_right[near], apart[near]
    # Budavári & Szalay 2008 eq. 16, for ellipses: 2 / sqrt(det C), radians.
    bayes = np.log(2) - log_det[near] / 2 + 2 * np.log(ARCSEC_PER_RADIAN)
    bayes -= normalised[near] ** 2 / 2
    sources, back = np.unique(of_left, return_inverse=True)
    density = density_arcsec2(a.ra[sources], a.dec[sources], b.ra, b.dec)[back]
    return _Candidates(of_left, of_right, apart, normalised[near], bayes, density)


def _octaves(covariance: Reals) -> Ints:
    return np.floor(np.log2(largest_sigma(covariance))).astype(np.int64)


def _mahalanobis(apart: Reals, angle: Reals, combined: Reals) -> tuple[Reals, Reals]:
    """Return the separation in combined sigma and the log of the covariance's det."""
    east, north = apart * np.sin(angle), apart * np.cos(angle)
    ee, nn, en = combined.T
    det = ee * nn - en**2
    square = (nn * east**2 - 2 * en * east * north + ee * north**2) / det
    return np.sqrt(np.maximum(square, 0)), np.log(det)


def _angle(a: _Sources, b: _Sources, of_left: Ints, of_right: Ints) -> Reals:
    ra1, dec1, ra2, dec2 = (
        np.radians(x)
        for x in (a.ra[of_left], a.dec[of_left], b.ra[of_right], b.dec[of_right])
    )
    turn = ra2 - ra1
    east = np.cos(dec2) * np.sin(turn)
    north = np.cos(dec1) * np.sin(dec2) - np.sin(dec1) * np.cos(dec2) * np.cos(turn)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360)


def _probabilities(pairs: _Candidates, lefts: int, completeness: float | None) -> Reals:
    """Return each candidate's probability against all others and against none.

    A left source has a counterpart with prior c, and then it is any one of the
    N = 4 pi density sources with 1 / N each: P_j ~ (c / N_j) B_j, none ~ 1 - c.
    """
    if not pairs.of_left.size:
        return np.empty(0)
    odds = np.exp(np.clip(pairs.bayes, -700, 700)) / (pairs.density * SKY_ARCSEC2)
    share = 0.5 if completeness is None else completeness
    for _ in range(ITERATIONS):
        weight = share * odds
        total = np.bincount(pairs.of_left, weight)[pairs.of_left]
        probability = weight / (1 - share + total)
        expected = float(np.clip(probability.sum() / lefts, 1e-9, 1 - 1e-9))
        if completeness is not None or abs(expected - share) < CONVERGED * share:
            break
        share = expected
    return np.asarray(probability)


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


def _ranked(frame: pl.DataFrame) -> pl.DataFrame:
    order = frame.sort(
        "left_row", "match_probability", "right_row", descending=[False, True, False]
    )
    rank = pl.col("match_probability").rank("ordinal", descending=True).cast(pl.Int64)
    ranked = order.with_columns(
        rank.over("left_row").alias("rank"), rank.over("right_row").alias("rank_right")
    )
    return ranked.with_columns(
        ((pl.col("rank") == 1) & (pl.col("rank_right") == 1)).alias("mutual")
    )


SKY_ARCSEC2 = 4 * np.pi * np.degrees(1) ** 2 * 3600**2
DEEPEST = 14
ENOUGH = 30


def density_arcsec2(
    ra: Reals, dec: Reals, catalogue_ra: Reals, catalogue_dec: Reals
) -> Reals:
    """Return sources per square arcsecond around each position.

    Each position takes the smallest HEALPix cell around it (orders 0-14) that holds at
    least ENOUGH catalogue sources, so crowded fields count as crowded and the empty
    sky between two pointings does not dilute them. Poisson error about 20 %; where
    the whole catalogue is smaller, its mean over a twelfth of the sky.
    """
    stored = np.sort(healpix(catalogue_ra, catalogue_dec))
    stored = stored[np.searchsorted(stored, 0) :]
    positions = healpix(ra, dec)
    in_order = np.argsort(positions)  # bisection is four times faster in order
    cells = positions[in_order]
    density = np.zeros(cells.size)
    open_rows = np.arange(cells.size)
    for order in range(DEEPEST, -1, -1):
        shift = 2 * (ORDER - order)
        cell = cells[open_rows] >> shift
        first = np.searchsorted(stored, cell << shift)
        count = np.searchsorted(stored, (cell + 1) << shift) - first
        density[open_rows] = np.maximum(count, 1) * (12 * 4.0**order) / SKY_ARCSEC2
        open_rows = open_rows[count < ENOUGH]
    unsorted = np.empty_like(density)
    unsorted[in_order] = density
    return unsorted
