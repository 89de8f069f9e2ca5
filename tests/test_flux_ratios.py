"""Flux ratios of matched pairs: alarms as stated, changes found where scatter is known."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.science.flux_ratios import flux_ratios


@pytest.mark.parametrize("degrees", [3.0, 100.0])
def test_flux_ratios_of_any_tails_have_no_more_alarms_than_stated(degrees):
    alarms = low = rows = 0
    for seed in range(12):
        rng = np.random.default_rng([10, seed])
        off = np.exp(0.3 * rng.standard_t(degrees, 400))
        frame = pl.DataFrame({"kind": "a", "flux_a": 1e-14, "flux_b": 1e-14 * off})
        ranked = flux_ratios(frame)
        alarms += ranked["expected"].le(0.1).sum()
        low += ranked["p_value"].le(0.05).sum()
        rows += len(ranked)

    assert alarms <= 1.2 + 3 * np.sqrt(1.2)
    assert 0.05 == pytest.approx(low / rows, abs=0.01)


def known_scatter(rng, changed):
    """Return 400 pairs of which errors of flux or epochs state how much they scatter."""
    half = np.arange(400) < 200
    error = np.where(half, 0.2 * np.exp(0.8 * rng.normal(size=400)), 0.0)
    own = np.where(half, np.hypot(error, 0.1), 0.2 * np.sqrt(3 / rng.chisquare(3, 400)))
    squares = (own / np.log(10)) ** 2 * rng.chisquare(8, 400)
    return pl.DataFrame(
        {
            "kind": np.where(half, "errors", "epochs"),
            "flux_a": np.exp(own * rng.normal(size=400)),
            "flux_b": np.where(np.arange(400) % 100 == 0, 1 / changed, 1),
            "error_a": error,
            "error_b": 0.0,
            "epochs": np.where(half, 0, 8),
            "epoch_scatter": squares,
            "x": np.arange(400) % 100 == 0,
        }
    ).with_columns(pl.col("error_a") * pl.col("flux_a"))


def test_pairs_are_judged_by_the_scatter_that_is_known_of_each():
    alarms, found, blind = [], [], []
    for seed in range(12):
        rows = known_scatter(np.random.default_rng([12, seed]), 1.0)
        alarms.append(flux_ratios(rows)["expected"].le(0.1).sum())
        changed = known_scatter(np.random.default_rng([13, seed]), 5.0)
        for part, counts in (
            (changed, found),
            (changed.select("kind", "flux_a", "flux_b", "x"), blind),
        ):
            counts.append(flux_ratios(part).filter("x")["expected"].le(0.1).sum())

    assert sum(alarms) <= 1.2 + 3 * np.sqrt(1.2)
    assert sum(found) > 0.4 * 48
    assert sum(blind) < 0.2 * 48


def test_a_few_changed_pairs_do_not_hide_each_other():
    rng = np.random.default_rng(11)
    flux = np.exp(0.2 * rng.normal(size=400)) * np.where(np.arange(400) < 4, 10, 1)
    ranked = flux_ratios(pl.DataFrame({"kind": "a", "flux_a": 1.0, "flux_b": flux}))

    assert 4 == ranked["expected"].le(0.01).sum()


def by_flux(rng, changed=1.0):
    """Return 400 pairs that scatter more the fainter they are, one in 100 changed."""
    flux = 1e-14 * (1 - rng.uniform(size=400)) ** -0.7
    own = np.hypot(0.1, 0.6 * (flux / 1e-14) ** -0.5)
    rare = np.arange(400) % 100 == 0
    off = own * rng.normal(size=400) + np.where(rare, np.log(changed), 0)
    other = flux * np.exp(off)
    columns = {"kind": "a", "flux_a": flux, "flux_b": other, "changed": rare}
    return pl.DataFrame(columns)


def test_pairs_that_scatter_more_if_faint_do_not_hide_a_change_of_bright_ones():
    alarms = low = rows = hits = 0
    for seed in range(5):
        usual = flux_ratios(by_flux(np.random.default_rng([12, seed])))
        alarms += usual["expected"].le(0.1).sum()
        low += usual["p_value"].le(0.05).sum()
        rows += len(usual)
        ranked = flux_ratios(by_flux(np.random.default_rng([13, seed]), 10.0))
        hits += ranked.filter("changed")["expected"].le(0.1).sum()

    assert alarms <= 0.5 + 3 * np.sqrt(0.5)
    assert 0.05 == pytest.approx(low / rows, abs=0.02)
    assert hits >= 10
