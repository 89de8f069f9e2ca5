"""Footprints: exact fields, their union, exposure, density inside, and upper limits."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from scipy import stats

from orbital_kernel import plots
from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.questions.footprints import CONFIDENCE
from orbital_kernel.science.count_apertures import (
    APERTURES,
    XRT_ARCSEC,
    XRT_CORE_ARCSEC,
    XRT_SLOPE,
)
from orbital_kernel.science.counting_limits import upper_limit
from orbital_kernel.science.footprints import Footprint, density

RNG_SEED = 4


def circles(ra, dec, exposure, radius=8.5):
    frame = pl.DataFrame({"ra": ra, "dec": dec, "exposure_s": exposure})
    return Footprint("x", frame.with_columns(radius_arcmin=pl.lit(radius)), {})


def square(roll, half=11.8, dec=60.0):
    frame = pl.DataFrame(
        {
            "ra": [359.95],
            "dec": [dec],
            "exposure_s": [100.0],
            "radius_arcmin": [half],
            "half_arcmin": [half],
            "roll_deg": [roll],
        },
        schema_overrides={"roll_deg": pl.Float64},
    )
    return Footprint("x", frame, {})


def test_exposure_is_the_sum_over_the_fields_that_contain_a_place():
    rng = np.random.default_rng(RNG_SEED)
    ra, dec = 359.5 + rng.uniform(0, 1, 300), rng.uniform(69.5, 70.5, 300)
    exposure = rng.uniform(100, 1000, 300)
    places = 359.5 + rng.uniform(0, 1, 200), rng.uniform(69.5, 70.5, 200)
    apart = separation_deg(places[0][:, None], places[1][:, None], ra, dec)
    inside = 60 * apart <= 8.5
    footprint = circles(ra % 360, dec, exposure)

    assert pytest.approx(inside @ exposure) == footprint.exposure_at(*places)
    assert inside.any(axis=1).tolist() == footprint.contains(*places).tolist()
    assert inside[0].sum() == len(footprint.looks_at(places[0][0], places[1][0]))


def test_the_area_of_distinct_and_equal_fields_is_that_of_their_union():
    field = np.pi * (8.5 / 60) ** 2
    apart = circles([10.0, 20.0], [0.0, 50.0], [1.0, 1.0])
    equal = circles([10.0, 10.0], [0.0, 0.0], [1.0, 1.0])

    assert pytest.approx(2 * field, rel=0.05) == apart.area_deg2
    assert pytest.approx(field, rel=0.05) == equal.area_deg2
    assert pytest.approx(field, rel=0.05) == apart.overlap(equal).area_deg2


@pytest.mark.parametrize("roll", [0.0, 30.0, 77.0, 265.0])
def test_a_square_field_turns_with_its_roll(roll):
    field = square(roll)
    turn = np.radians(roll + np.array([0.0, 45.0]))
    away = np.array([11.8 * 1.2, 11.8 * 1.2]) / 60
    ra = 359.95 + np.degrees(np.radians(away * np.sin(turn)) / np.cos(np.radians(60.0)))
    dec = 60.0 + away * np.cos(turn)

    assert [False, True] == field.contains(ra, dec).tolist()
    assert [False, True] == field.coverage.inside(ra, dec).tolist()
    assert pytest.approx((23.6 / 60) ** 2, rel=0.05) == field.area_deg2


def test_a_square_of_unknown_roll_is_the_circle_that_it_surely_covers():
    assert pytest.approx(np.pi * (11.8 / 60) ** 2, rel=0.05) == square(None).area_deg2


def test_density_is_that_inside_the_fields():
    rng = np.random.default_rng(RNG_SEED)
    field = circles([100.0, 220.0], [10.0, -40.0], [1.0, 1.0])
    turn, away = (
        rng.uniform(0, 2 * np.pi, 500),
        8.5 / 60 * np.sqrt(rng.uniform(size=500)),
    )
    ra, dec = (
        100 + away * np.sin(turn) / np.cos(np.radians(10)),
        10 + away * np.cos(turn),
    )
    true = 500 / (np.pi * 8.5**2)
    edge = density([100.0, 100.14], [10.0, 10.0], ra, dec, field)
    empty = density([220.0, 300.0], [-40.0, 0.0], ra, dec, field)

    assert pytest.approx([true, true], rel=0.3) == edge
    assert 0.0 == empty[0]
    assert np.isnan(empty[1])


def test_the_limit_of_no_counts_is_that_of_the_exponential():
    assert pytest.approx(-np.log(0.05)) == upper_limit(0, 0.0, 0.95)
    assert pytest.approx(-np.log(0.05)) == upper_limit(0, 3.0, 0.95)


def test_a_limit_holds_the_stated_part_of_the_posterior():
    counts, background, confidence = 7, 4.2, 0.9973
    limit = upper_limit(counts, background, confidence)
    source = np.linspace(0, 80, 200_001)
    posterior = stats.poisson.pmf(counts, source + background)
    inside = posterior[source <= limit].sum() / posterior.sum()

    assert pytest.approx(confidence, abs=1e-4) == inside


def test_sources_above_the_limit_are_rarely_missed():
    rng = np.random.default_rng(RNG_SEED)
    counts = rng.poisson(12.0 + 3.0, 4000)
    limits = [upper_limit(int(n), 3.0, 0.9) for n in counts]

    assert 0.1 + 3 * np.sqrt(0.09 / 4000) >= np.mean(np.array(limits) < 12.0)


def test_pointings_that_are_no_looks_are_counted_by_reason(orbital, holding):
    rows = [
        ("good", 10.0, 500.0, "target", "archived", "PC"),
        ("zero", 10.0, 0.0, "target", "archived", "PC"),
        ("slew", 10.0, 50.0, "SLEW to target", "archived", "PC"),
        ("idle", 10.0, 50.0, "SAA-COLD-123", "archived", "PC"),
        ("planned", 10.0, 50.0, "target", "scheduled", "PC"),
    ]
    names = ("obs_id", "ra", "exposure_s", "object", "status", "mode")
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        dec=pl.lit(-89.5),
        healpix=pl.lit(0),
        time=pl.lit(datetime(2031, 1, 1)),  # noqa: DTZ001 - TT
        instrument=pl.lit("XRT"),
        log=pl.lit("test"),
        simulated=pl.lit(value=True),
    )
    with holding("swift.observations", frame.to_arrow(), "log"):
        footprint = orbital.footprint("swift", start="2030-12-01", stop="2031-02-01")

        assert ["good"] == footprint.looks["obs_id"].to_list()
        assert [500.0] == footprint.exposure_at(10.0, -89.5).tolist()
        assert {
            "zero exposure": 1,
            "slew or settling": 1,
            "idle (SAA-COLD)": 1,
            "not observed": 1,
        } == footprint.excluded


def test_a_place_that_was_looked_at_and_not_seen_has_a_limit(stocked):
    look = stocked.footprint("chandra").looks.row(0, named=True)
    away = stocked.upper_limit((look["ra"], look["dec"] + 6 / 60), "chandra")
    deeper = stocked.upper_limit(
        (look["ra"], look["dec"] + 6 / 60), "chandra", background=0.0
    )

    assert away.looked
    assert CONFIDENCE == away.confidence
    if not away.seen:
        assert away.rate > 0
        assert deeper.rate <= away.rate
    assert any("vignetting" in text for text in away.assumptions)


def test_a_place_without_a_look_has_no_limit(stocked):
    limit = stocked.upper_limit((0.0, -89.9), "swift")

    assert not limit.looked
    assert limit.rate is None
    assert "has not looked" in str(limit)


def test_a_confidence_of_one_is_refused(stocked):
    with pytest.raises(QueryError, match="between 0 and 1, not 1"):
        stocked.upper_limit((0.0, 0.0), "swift", confidence=1)


def test_a_sky_map_shades_what_was_looked_at():
    positions = pl.DataFrame({"ra": [10.0], "dec": [0.0]})
    looked = circles([10.0, 200.0], [0.0, 40.0], [1.0, 1.0], radius=60.0)
    drawn = plots.sky_map(positions, projection="hammer", coverage={"swift": looked})
    patches = [g for g in drawn.renderers if type(g.glyph).__name__ == "Patches"]

    assert 1 == len(patches[-1:])
    assert 10 < len(patches[-1].data_source.data["xs"])


def test_the_aperture_of_xrt_holds_what_its_king_profile_gives():
    radius = np.linspace(0, 3000, 3_000_001)
    profile = 2 * np.pi * radius * (1 + (radius / XRT_CORE_ARCSEC) ** 2) ** -XRT_SLOPE
    within = np.cumsum(profile)
    beyond = (radius[-1] / XRT_CORE_ARCSEC) ** (2 - 2 * XRT_SLOPE)
    share = within / within[-1] * (1 - beyond)

    assert pytest.approx(0.5, abs=0.01) == np.interp(9.2, radius, share)
    assert pytest.approx(APERTURES["XRT"].fraction, abs=0.001) == np.interp(
        XRT_ARCSEC, radius, share
    )
