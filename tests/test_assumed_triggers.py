"""Curves that give only seconds since T0 are dated by the best catalogue stored."""

import json
from datetime import datetime, timedelta

import burst_catalogues
import polars as pl
import pytest
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time

from orbital_kernel import connect, embedded
from orbital_kernel.science.lightcurves import dated, gather, joint

BURST = burst_catalogues.NAMES[0]
NS = pl.Datetime("ns")
T0 = datetime(2013, 4, 27, 7, 49, 4, 696000)  # noqa: DTZ001 - TT has no zone
CURVE = (
    "READ TERR 1 2\n! PC\n100 5 -5 2e-12 1e-13 -1e-13\n900 50 -50 1e-12 1e-13 -1e-13\n"
)


def points(**changes):
    base = {
        "time": pl.Series([None, None], dtype=NS),
        "since_t0_s": [100.0, 90000.25],
        "value": [2e-12, 1e-12],
        "unit": ["erg / (cm2 s)"] * 2,
        "band_low_kev": [0.3] * 2,
        "band_high_kev": [10.0] * 2,
        "time_err_plus_s": [5.0, 5.0],
        "time_err_minus_s": [5.0, 5.0],
        "time_rule": pl.Series([None, None], dtype=pl.String),
    }
    return pl.DataFrame(base | changes)


def test_a_point_without_a_time_is_dated_from_the_trigger_and_says_so():
    curve = joint(dated(points(), T0, "some-catalogue"), t0=T0)

    assert curve["since_s"].to_list() == [100.0, 90000.25]
    assert curve["time"].to_list() == [
        T0 + timedelta(seconds=s) for s in (100, 90000.25)
    ]
    assert set(curve["time_rule"]) == {
        "since_t0_s after the trigger of some-catalogue, assumed"
    }
    assert curve["left_out"].null_count() == 2


@pytest.mark.parametrize(
    ("utc_after_whole_second_s", "step"), [(0.0, 1.0), (0.5, 0.1), (0.512, 0.001)]
)
def test_the_error_of_an_assumed_trigger_is_the_step_of_its_decimals(
    utc_after_whole_second_s, step
):
    whole_second = datetime(2013, 4, 27, 7, 49, 4, 184000)  # noqa: DTZ001
    trigger = whole_second + timedelta(seconds=utc_after_whole_second_s)

    assert (
        dated(points(), trigger, "x")["time_assumed_err_s"].to_list()
        == [pytest.approx(step)] * 2
    )


def test_times_of_the_file_are_kept_and_assumed_ones_marked():
    time = pl.Series([T0, None], dtype=NS)
    rows = dated(points(time=time, time_rule=["swift-met-utcf", None]), T0, "x")

    assert rows["time"][0] == T0
    assert rows["time_assumed_err_s"][0] is None
    assert rows["time_rule"][0] == "swift-met-utcf"
    assert rows["time_assumed_err_s"][1] is not None


def test_a_point_that_another_file_dates_is_not_there_twice():
    time = pl.Series([T0, None], dtype=NS)
    twice = points(time=time, since_t0_s=[100.0, 100.0], value=[2e-12, 2e-12])

    curve = joint(dated(twice, T0, "x"))

    assert curve["value"].null_count() == 1
    assert curve["excluded"].to_list() == [None, "repeats another point of the curve"]


def test_without_a_trigger_nothing_is_dated_and_points_count_from_the_files_t0():
    curve = joint(dated(points(), None, None))

    assert curve["time"].null_count() == 2
    assert curve["since_s"].to_list() == [100.0, 90000.25]
    assert set(curve["t0_source"]) == {"the file, without a date"}
    assert set(curve["excluded"]) == {None}


def test_a_point_without_a_time_of_any_kind_is_excluded():
    curve = joint(dated(points(since_t0_s=[None, 5.0]), None, None))

    assert curve["excluded"].to_list() == [
        None,
        "no absolute time, and none since a T0",
    ]


def test_times_of_the_barycentre_are_those_of_the_geocentre_if_the_place_is_known():
    """astropy's light travel time for a place near the ecliptic, 2013-04-27."""
    time = pl.Series([T0, T0], dtype=NS)
    near = points(time=time, time_rule=["swift-met-utcf"] * 2)
    far = points(time=time, time_rule=["chandra-tdb"] * 2)
    source = SkyCoord(266.4168, -29.0078, unit="deg")
    centre = EarthLocation.from_geocentric(0, 0, 0, unit="m")
    local = Time(T0 - timedelta(seconds=352.0), scale="tt", location=centre)
    travel = local.light_travel_time(source, ephemeris="builtin").sec

    mixed = joint(
        gather({"swift": near, "chandra": far}), position=(266.4168, -29.0078), t0=T0
    )
    moved = mixed.filter(observatory="chandra")

    assert abs(travel) > 300
    assert moved["since_s"].to_list() == pytest.approx([-travel] * 2, abs=0.02)
    assert set(moved["time_place"]) == {"geocentre"}
    assert moved["time_err_plus_s"].to_list() == [5.0, 5.0]


def test_times_of_the_barycentre_beside_others_are_marked_and_wider():
    time = pl.Series([T0, T0], dtype=NS)
    near = points(time=time, time_rule=["swift-met-utcf"] * 2)
    far = points(time=time, time_rule=["chandra-tdb"] * 2)

    alone = joint(far)
    both = joint(gather({"swift": near, "chandra": far}))

    assert alone["time_place"].to_list() == ["barycentre"] * 2
    assert alone["time_err_plus_s"].to_list() == [5.0, 5.0]
    widths = dict(both.select("time_place", "time_err_plus_s").iter_rows())
    assert widths == {"spacecraft": 5.0, "barycentre": 505.0}


@pytest.fixture
def session(tmp_path):
    """Return a platform with a curve of the first burst and no catalogue."""
    home = tmp_path / "home"
    orbital = connect(home)
    orbital.storage.apply()
    (tmp_path / "GRB250101S_flux.qdp").write_text(CURVE)
    keys = {"0": 200.0}
    curve = {"Time": keys, "TimePos": {"0": 2.0}, "TimeNeg": {"0": -2.0}}
    curve |= {"Flux": {"0": 4e-12}, "FluxPos": {"0": 1e-13}, "FluxNeg": {"0": -1e-13}}
    (tmp_path / "GRB250101S_WT.json").write_text(json.dumps(curve))
    for name in ("GRB250101S_flux.qdp", "GRB250101S_WT.json"):
        assert orbital.ingest(tmp_path / name).in_state("refused") == ()
    yield orbital
    embedded.stop(home)


def test_a_better_catalogue_dates_the_curve_as_soon_as_it_is_stored(session, tmp_path):
    table, _, _, summary = burst_catalogues.write(tmp_path / "catalogues")
    undated = session.light_curve(BURST)
    session.ingest(table)
    first = session.light_curve(BURST)
    session.ingest(summary)
    second = session.light_curve(BURST)

    assert undated["time"].null_count() == 3
    assert first["utc"][0] == "2025-01-01T07:49:37.000"
    assert set(first["time_assumed_err_s"]) == {1.0}
    assert second["utc"][0] == "2025-01-01T07:49:37.970"
    assert second["since_s"].to_list() == [100.0, 200.0, 900.0]
    assert second["value"].null_count() == 0
    assert set(second["time_rule"]) == {
        "since_t0_s after the trigger of bat-catalog-summary, assumed"
    }
