"""Intervals of counts: against tables, astropy, brute force, and how often they cover."""

import doctest

import numpy as np
import pytest
from astropy.stats import poisson_conf_interval
from scipy import integrate, stats

from orbital_kernel.science import counting, on_off
from orbital_kernel.science.counting import (
    SIGMA,
    kraft_bounds,
    poisson_bounds,
    poisson_interval,
    poisson_limit,
    source_bounds,
    source_limit,
)
from orbital_kernel.science.on_off import chance, on_off_bounds, on_off_limit

SEEDS = 1_000
FEW = pytest.mark.parametrize("mean", [0.5, 1.0, 3.0, 10.0, 50.0])
CLAIMS = pytest.mark.parametrize("confidence", [SIGMA, 0.95])


@pytest.mark.parametrize("module", [counting, on_off])
def test_examples_of_counting_are_true(module):
    assert 0 == doctest.testmod(module).failed


def test_exact_bounds_are_those_of_gehrels_tables():
    low, high = poisson_bounds([0, 1, 5, 10, 100])

    assert pytest.approx([0, 0.1728, 2.840, 6.891, 90.02], abs=5e-3) == low
    assert pytest.approx([1.841, 3.300, 8.382, 14.27, 111.0], abs=4e-2) == high
    assert pytest.approx([2.996, 4.744], abs=1e-3) == poisson_limit([0, 1], 0.95)


def test_shortest_bounds_are_those_of_astropy():
    counts, background = np.array([2, 4, 10, 30]), [2, 1.5, 1.5, 12.0]
    low, high = kraft_bounds(counts, background, 0.95)
    expected = poisson_conf_interval(
        counts,
        interval="kraft-burrows-nousek",
        background=np.array(background),
        confidence_level=0.95,
    )

    assert pytest.approx(expected[0], abs=2e-3) == low
    assert pytest.approx(expected[1], abs=2e-3) == high


def test_bounds_with_a_counted_background_hold_their_probability():
    for on, off, ratio in [(1, 3, 0.2), (7, 20, 0.1), (40, 100, 0.3), (3, 0, 0.5)]:
        low, high = (float(x) for x in on_off_bounds(on, off, ratio))
        as_high, above = _shares(on, off, ratio, low, high)

        assert pytest.approx((1 - SIGMA) / 2, abs=2e-3) == above
        if low:
            assert pytest.approx((1 - SIGMA) / 2, abs=2e-3) == as_high
        else:
            assert as_high >= (1 - SIGMA) / 2


def _shares(on, off, ratio, low, high):
    """Return P(>= on | low) and the posterior above high, by brute force."""
    background = stats.gamma(off + 1, scale=ratio)
    b = np.linspace(0, background.ppf(1 - 1e-9), 4000)
    weight = background.pdf(b)

    def density(s):
        return integrate.trapezoid(stats.poisson.pmf(on, s + b) * weight, b)

    as_high = integrate.trapezoid(stats.poisson.sf(on - 1, low + b) * weight, b)
    total, part = (
        integrate.quad(density, start, on + 60, limit=200)[0] for start in (0, high)
    )
    return as_high, part / total


def test_without_background_all_bounds_are_the_exact_ones():
    counts = np.arange(30)
    exact = np.stack(poisson_bounds(counts))

    assert pytest.approx(exact, abs=1e-9) == np.stack(source_bounds(counts, 0.0))
    assert pytest.approx(exact, rel=1e-4) == np.stack(on_off_bounds(counts, 0, 1e-6))


def test_much_background_time_is_a_known_background():
    counted = on_off_bounds([0, 6, 30], 200_000, 1e-5)
    constant = source_bounds([0, 6, 30], 2.0)

    assert pytest.approx(np.stack(constant), abs=2e-2) == np.stack(counted)


def test_bounds_of_few_and_of_many_counts_agree_where_they_meet():
    below, above = (np.stack(on_off_bounds([400 + k], 600, 0.2)) - k for k in (0, 1))

    assert pytest.approx(below, abs=0.7) == above


def test_no_counts_give_a_limit_and_a_background_does_not_lower_it():
    assert pytest.approx(-np.log(1 - 0.95)) == float(source_limit(0, 3.0, 0.95))
    assert pytest.approx(-np.log(1 - 0.95), rel=1e-3) == float(
        on_off_limit(0, 30, 0.1, 0.95)
    )


def test_chance_is_the_binomial_one():
    expected = stats.binomtest(8, 8 + 20, 0.1 / 1.1, alternative="greater").pvalue

    assert pytest.approx(expected) == float(chance(8, 20, 0.1))
    assert 1.0 == float(chance(0, 5, 0.1))


def test_bounds_take_arrays_of_any_shape():
    low, high = on_off_bounds(np.arange(12).reshape(3, 4), 20, 0.1)

    assert (3, 4) == low.shape == high.shape
    assert (high > low).all()


@FEW
@CLAIMS
def test_exact_intervals_cover_at_least_as_often_as_they_claim(mean, confidence):
    counts = np.arange(400)
    low, high = poisson_bounds(counts, confidence)
    covered = stats.poisson.pmf(counts, mean)[(low <= mean) & (mean <= high)].sum()

    assert covered >= confidence


@FEW
@CLAIMS
def test_intervals_with_background_cover_about_as_often_as_they_claim(mean, confidence):
    """Counts are discrete: intervals cover more often at few counts, never less."""
    rng = np.random.default_rng(7)
    on = rng.poisson(mean + 2.0, SEEDS)
    off = rng.poisson(20.0, SEEDS)
    error = np.sqrt(confidence * (1 - confidence) / SEEDS)
    for low, high in (
        source_bounds(on, 2.0, confidence),
        on_off_bounds(on, off, 0.1, confidence),
    ):
        covered = ((low <= mean) & (mean <= high)).mean()

        assert covered > confidence - 3 * error
        assert covered < confidence + 0.26


def test_the_interval_of_one_count_is_that_of_the_array():
    assert pytest.approx((0.0, 2.9957), abs=1e-4) == poisson_interval(0)
