"""Variability of few counts: exact chances, uniform under the null, never too small."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest, kstest

from orbital_kernel.science import rarity
from orbital_kernel.science.lowcounts import constancy, whole_counts


def test_two_bins_equal_the_exact_binomial_test():
    rng = np.random.default_rng(1)
    result = constancy(np.array([9, 1]), np.array([1.0, 1.0]), rng)

    assert result.p_value == pytest.approx(binomtest(9, 10).pvalue, abs=0.003)


def test_randomised_chances_of_constant_sources_are_uniform_and_reported_ones_not_small():
    rng = np.random.default_rng(2)
    exposures = rng.uniform(500, 2000, 12)
    results = [
        constancy(rng.poisson(exposures * 1e-3), exposures, rng) for _ in range(250)
    ]
    reported = np.array([r.p_value for r in results])

    assert kstest([r.randomised for r in results], "uniform").pvalue > 0.01
    for level in (0.05, 0.2, 0.5):
        bound = level + 3 * np.sqrt(level * (1 - level) / 250)
        assert np.mean(reported <= level) <= bound


def test_a_flare_of_few_counts_is_found():
    counts = np.array([0, 1, 0, 0, 9, 1, 0, 0, 1, 0])

    assert constancy(counts, np.ones(10), np.random.default_rng(3)).p_value < 1e-3


def test_rates_that_are_no_whole_counts_are_not_taken_for_counts():
    exposures = np.array([1000.0, 2000.0])

    assert [3, 8] == list(whole_counts(np.array([0.003, 0.004]), exposures))
    assert whole_counts(np.array([0.0034, 0.004]), exposures) is None
    assert whole_counts(np.array([-0.003, 0.004]), exposures) is None


def test_curves_of_few_counts_are_tested_exactly_or_not_at_all():
    rng = np.random.default_rng(5)
    counts = rng.poisson(2.0, 20)
    shape = {"observatory": "chandra", "instrument": "ACIS", "band": "broad"}
    shape |= {"is_limit": False, "exposure_s": 1000.0}
    points = pl.concat(
        pl.DataFrame(
            {
                "object": name,
                "value": values,
                "value_err_plus": errors,
                "value_err_minus": errors,
                "unit": unit,
                **shape,
            }
        )
        for name, values, errors, unit in (
            ("counts", counts / 1000, (1 + np.sqrt(counts + 0.75)) / 1000, "count / s"),
            ("fluxes", counts * 1e-14, np.sqrt(counts + 1) * 1e-14, "erg / (cm2 s)"),
        )
    )
    rows = {row["object"]: row for row in rarity.variable(points).to_dicts()}

    assert "Poisson" == rows["counts"]["test"]
    assert rows["counts"]["p_value"] > 0.001
    assert rows["counts"]["mean"] == pytest.approx(counts.mean() / 1000)
    assert rows["counts"]["expected"] == rows["counts"]["p_value"]
    assert rows["fluxes"]["p_value"] is None
