"""The detector on light curves of many shapes: found once, nowhere else, T90 near."""

import numpy as np
import pytest
from burst_shapes import (
    HARD,
    SHAPES,
    SOFT,
    judged,
    limb,
    net_case,
    raw_case,
    saa,
    turn_on,
)

from orbital_kernel.science.bursts import scan

BRIEF = ("spike", "short")
MINUTES_APART = ("episodes",)
"""Their pauses may be longer than the detector waits: found in pieces, and linked."""


def net_of(shape, seed, **given):
    return net_case(shape, seed, bin_s=0.064 if shape in BRIEF else 1.0, **given)


def judged_scan(case):
    return judged(case, scan(case.series))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_a_net_burst_of_any_shape_is_found_and_nothing_else(shape, seed):
    result = judged_scan(net_of(shape, seed))
    assert 0 == result["elsewhere"]
    if shape in MINUTES_APART:
        assert result["pieces"] >= 1
    else:
        assert 1 == result["pieces"]


def test_t90_of_bright_net_bursts_is_near_the_true_one():
    shapes = [s for s in SHAPES if s not in {*MINUTES_APART, "tailed"}]
    result = [judged_scan(net_of(s, k, sigma=70.0)) for s in shapes for k in range(4)]
    assert np.mean([m["t90_ok"] for m in result]) >= 0.9


def test_a_precursor_and_its_burst_have_one_t90():
    result = [judged_scan(net_of("precursor", k, sigma=60.0)) for k in range(6)]
    assert [1] * 6 == [m["pieces"] for m in result]
    assert [True] * 6 == [m["t90_ok"] for m in result]


@pytest.mark.parametrize("seed", range(12))
def test_slews_offsets_and_holes_of_a_net_series_hold_no_burst(seed):
    holes = ((-100.0, -90.0), (10.0, 60.0), (300.0, 302.0))
    assert 0 == scan(net_case(None, seed, missing=holes).series).height


@pytest.mark.parametrize("spectrum", [SOFT, HARD], ids=["soft", "hard"])
@pytest.mark.parametrize("shape", ["fred", "short", "extended"])
def test_a_burst_of_any_colour_is_found_in_four_channels(shape, spectrum):
    result = judged_scan(net_of(shape, 1, channels=4, spectrum=spectrum))
    assert (1, 0) == (result["pieces"], result["elsewhere"])


@pytest.mark.parametrize(
    "given",
    [
        {"span": (-240.0, 6.0)},
        {"span": (0.0, 900.0)},
        {"span": (-5.0, 40.0)},
        {"missing": ((-200.0, -3.0), (60.0, 200.0), (400.0, 405.0))},
        {"missing": ((3.0, 9.0),)},
    ],
    ids=["ends in it", "begins with it", "short", "gaps around it", "gap in it"],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_net_burst_is_found_whatever_is_missing(given, seed):
    result = judged_scan(net_case("fred", seed, sigma=60.0, **given))
    assert (1, 0) == (result["pieces"], result["elsewhere"])


@pytest.mark.parametrize("shape", ["fred", "pulses", "tailed"])
@pytest.mark.parametrize("seed", range(3))
def test_a_raw_burst_is_found_and_nothing_else(shape, seed):
    result = judged_scan(raw_case(shape, seed, sigma=40.0))
    assert (1, 0) == (result["pieces"], result["elsewhere"])


@pytest.mark.parametrize("shape", ["spike", "short"])
@pytest.mark.parametrize("seed", range(2))
def test_a_short_raw_burst_is_found_in_64_ms(shape, seed):
    case = raw_case(shape, seed, sigma=30.0, bin_s=0.064, channels=4, lasts_s=500.0)
    result = judged_scan(case)
    assert (1, 0) == (result["pieces"], result["elsewhere"])


@pytest.mark.parametrize("start", [34.0, 40.0, 46.0])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_burst_soon_after_a_turn_on_is_found(start, seed):
    case = raw_case("fred", seed, sigma=60.0, start=start, added=(turn_on,))
    rows = scan(case.series)
    assert "turn-on" in rows["cause"].to_list()
    assert (1, 0) == (judged(case, rows)["pieces"], judged(case, rows)["elsewhere"])


@pytest.mark.parametrize(
    ("added", "causes"),
    [((), set()), ((turn_on,), {"turn-on"}), ((saa,), {"saa"}), ((limb,), set())],
    ids=["orbit", "turn-on", "saa", "limb"],
)
@pytest.mark.parametrize("seed", range(8))
def test_effects_of_orbit_and_instrument_on_raw_counts_are_recognised(
    added, causes, seed
):
    rows = scan(raw_case(None, seed, added=added).series)
    assert causes == set(rows["cause"])


@pytest.mark.parametrize("seed", [9, 11, 27])
def test_a_particle_hit_beside_a_high_bin_of_noise_is_a_glitch(seed):
    rows = scan(raw_case(None, seed, glitches=3).series)
    assert {"glitch"} == set(rows["cause"])
