"""Combinations of three catalogues: Bayes factor, posteriors, and what a third adds."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.science.matching.density import SKY_ARCSEC2
from orbital_kernel.science.matching.joining import places
from orbital_kernel.science.matching.nway import combinations
from orbital_kernel.science.matching.priors import Priors

RADIAN = np.degrees(1) * 3600
DENSITY = 1e-4
SHARE = 0.3
PRIORS = Priors.even(DENSITY, SHARE)


def at(*norths, sigma):
    """Return sources at RA 10 deg, so many arcsec north of the equator."""
    rows = [
        {
            "ra": 10.0,
            "dec": north / 3600,
            "error_radius_arcsec": sigma * 2.145966,
            "error_confidence": 0.9,
        }
        for north in norths
    ]
    return places(pl.DataFrame(rows), "these")


def matched(first, **others):
    return combinations(first, others, dict.fromkeys(others, PRIORS))


def test_the_bayes_factor_of_three_is_equation_18_of_budavari_and_szalay():
    sigma, x = np.array([2.0, 1.0, 0.5]), np.array([0.0, 1.0, -1.5])
    frame = matched(
        at(x[0], sigma=sigma[0]), b=at(x[1], sigma=sigma[1]), c=at(x[2], sigma=sigma[2])
    )
    triple = frame.drop_nulls(["b_row", "c_row"])
    w = (RADIAN / sigma) ** 2
    d2 = ((x[:, None] - x[None]) / RADIAN) ** 2
    exponent = (w[:, None] * w[None] * d2).sum() / 2 / (2 * w.sum())
    expected = np.log10(4 * w.prod() / w.sum()) - exponent / np.log(10)

    assert [expected] == pytest.approx(triple["log10_bayes_factor"].to_list(), abs=1e-6)
    assert 4 == frame.height


def test_two_catalogues_give_the_posterior_of_a_pair():
    frame = matched(at(0, sigma=2.0), b=at(1, 4, sigma=1.0))
    odds = [
        2 / (5 / RADIAN**2) * np.exp(-(d**2) / 10) / (DENSITY * SKY_ARCSEC2)
        for d in (1, 4)
    ]
    total = SHARE * sum(odds)
    best = frame.row(0, named=True)

    assert 0 == best["b_row"]
    assert best["p_any"] == pytest.approx(total / (1 - SHARE + total))
    assert best["p_i"] == pytest.approx(odds[0] / sum(odds))


def test_probabilities_of_some_combination_add_up_to_one():
    frame = matched(
        at(0, 300, sigma=3.0), b=at(1, -2, 301, sigma=1.0), c=at(0.5, 2, sigma=0.5)
    )
    sums = frame.group_by("primary_row").agg(pl.col("p_i").sum())["p_i"]

    assert [1.0, 1.0] == pytest.approx(sums.to_list())
    assert [9, 2] == frame["primary_row"].value_counts().sort("primary_row")[
        "count"
    ].to_list()


def test_a_third_catalogue_decides_between_two_candidates():
    """Both of b are as near to the vague primary; c is where the second one is."""
    vague, both = at(0, sigma=3.0), at(-2, 2, sigma=0.3)
    alone = matched(vague, b=both)
    helped = matched(vague, b=both, c=at(2.1, sigma=0.3))
    second = helped.filter(pl.col("b_row") == 1)["p_i"].sum()

    assert [0.5, 0.5] == pytest.approx(alone["p_i"].drop_nulls().to_list())
    assert second > 0.95


def test_a_source_without_any_candidate_has_no_counterpart():
    frame = matched(at(0, sigma=1.0), b=at(100, sigma=1.0))

    assert [(0, None, 0.0, None)] == frame.select(
        "primary_row", "b_row", "p_any", "p_i"
    ).rows()
