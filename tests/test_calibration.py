"""Cross-calibration: pairs of good time, one robust constant, scatter, trends, outliers."""

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import healpix
from orbital_kernel.science.crosscal import constants, robust_line

START = datetime(2016, 1, 1)  # noqa: DTZ001 - TT
RATIO = 0.9


def pairs(rng, number=60, scatter=0.1, error=0.05, trend=0.0, outliers=0):
    """Return pairs of 20 objects with a known constant."""
    flux = 10 ** rng.uniform(-13, -11, number)
    years = rng.uniform(0, 10, number)
    offset = rng.normal(0, scatter, number) + trend * (years - 5)
    offset[:outliers] += 2.0
    a = flux * RATIO * np.exp(offset) * (1 + rng.normal(0, error, number))
    b = flux * (1 + rng.normal(0, error, number))
    return pl.DataFrame(
        {
            "kind": "XRT / ACIS",
            "object": [f"S{k % 20}" for k in range(number)],
            "time": [START + timedelta(days=365.25 * y) for y in years],
            "flux_a": a,
            "flux_a_err": a * error,
            "flux_b": b,
            "flux_b_err": b * error,
        },
        schema_overrides={"time": pl.Datetime("ns")},
    )


def test_the_constant_and_its_scatter_are_found_in_spite_of_outliers():
    summary, rows = constants(
        pairs(np.random.default_rng(1), outliers=4), bootstraps=100
    )
    row = summary.row(0, named=True)

    assert row["constant"] == pytest.approx(RATIO, abs=0.05)
    assert row["scatter"] == pytest.approx(0.1, abs=0.05)
    assert row["constant_low"] < row["constant"] < row["constant_high"]
    assert set(range(4)) <= set(np.flatnonzero(rows["is_outlier"].to_numpy()))
    assert row["outliers"] == rows["is_outlier"].sum() <= 6


def test_a_trend_is_measured_and_none_is_invented():
    with_trend, _ = constants(
        pairs(np.random.default_rng(2), trend=-0.05), bootstraps=100
    )
    without, _ = constants(pairs(np.random.default_rng(3)), bootstraps=100)

    assert with_trend["trend_per_year"][0] == pytest.approx(-0.05, abs=0.02)
    assert with_trend["trend_high"][0] < 0
    assert abs(without["trend_per_year"][0]) < 0.02


def test_the_interval_of_the_constant_covers_as_claimed():
    rng = np.random.default_rng(4)
    held = 0
    for seed in range(30):
        summary, _ = constants(pairs(rng, number=40), bootstraps=40, seed=seed)
        held += summary["constant_low"][0] <= RATIO <= summary["constant_high"][0]

    assert 13 <= held <= 27


def test_the_robust_line_without_outliers_is_least_squares():
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    y = 2 + 0.5 * x + rng.normal(0, 0.1, 400)
    slope, centre = np.polyfit(x, y, 1)
    line = robust_line(x, y, np.full(400, 0.1))

    assert line.centre == pytest.approx(centre, abs=0.01)
    assert line.slope == pytest.approx(slope, abs=0.01)
    assert line.scatter < 0.05


def test_few_pairs_have_no_constant():
    summary, rows = constants(pairs(np.random.default_rng(6), number=2))

    assert [None] == summary["constant"].to_list()
    assert [2, 2] == [summary["pairs"][0], len(rows)]


@pytest.fixture(scope="module")
def both_looked(orbital, holding):
    """Return a session where two observatories measured one source, in good time and not.

    Chandra's point of 10 ks has good time only in its first 2 ks; of Swift's points one
    is in that, one in the rest, and one at the barycentre.
    """

    def point(offset, flux, observatory, **more):
        half = 5_000.0 if observatory == "chandra" else 500.0
        return {
            "object": "Calibrator",
            "obs_id": more.pop("obs_id"),
            "time": START + timedelta(seconds=offset),
            "time_err_plus_s": half,
            "time_err_minus_s": half,
            "ra": 150.0,
            "dec": 20.0,
            "healpix": int(healpix([150.0], [20.0])[0]),
            "value": flux,
            "value_err_plus": flux / 10,
            "value_err_minus": flux / 10,
            "is_limit": False,
            "unit": "erg / (cm2 s)",
            "band_low_kev": 0.5,
            "band_high_kev": 7.0,
            "instrument": "ACIS-S" if observatory == "chandra" else "XRT",
            "time_rule": "swift-met-utcf",
            "simulated": True,
        } | more

    def table(rows):
        return pl.DataFrame(
            rows, schema_overrides={"time": pl.Datetime("ns")}
        ).to_arrow()

    swift = [
        point(1_000, 9e-12, "swift", obs_id="cal1"),
        point(8_000, 5e-12, "swift", obs_id="cal2"),
        point(1_500, 7e-12, "swift", obs_id="cal3", time_rule="chandra-tdb"),
        point(1_500, 1.0, "swift", obs_id="cal4", unit="count / s"),
    ]
    chandra = [point(5_000, 1e-11, "chandra", obs_id="cal9")]
    good = {
        "obs_id": "cal9",
        "time": START,
        "time_stop": START + timedelta(seconds=2_000),
        "kind": "gti",
        "instrument": "ACIS",
        "time_rule": "chandra-tt",
    }
    with (
        holding("swift.photometry", table(swift), "obs_id"),
        holding("chandra.photometry", table(chandra), "obs_id"),
        holding("chandra.intervals", table([good]), "obs_id"),
    ):
        yield orbital


def test_pairs_are_of_good_time_in_one_band_and_each_point_counts_once(both_looked):
    answer = both_looked.calibration(subject=(150.0, 20.0), within_days=1)
    (row,) = answer.pairs.to_dicts()

    assert ("cal1", "cal9") == (row["obs_id_a"], row["obs_id_b"])
    assert row["ratio"] == pytest.approx(0.9)
    assert row["shared_s"] == pytest.approx(1_000.0)
    assert 0.0 == row["gap_s"]
    assert 1 == answer.excluded["swift: time of arrival at another place"]
    assert any("count rate" in why for why in answer.excluded)


def test_a_point_outside_good_time_is_near_but_not_simultaneous(both_looked):
    answer = both_looked.calibration(subject=(150.0, 20.0), at_least_s=1_001)

    assert 0 == len(answer.pairs)
    assert 0 == len(answer.constants)


def test_the_command_prints_constants_pairs_and_what_is_excluded(
    both_looked, home, monkeypatch
):
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    arguments = ["calibration", "swift", "chandra", "--object", "Calibrator", "--json"]
    document = json.loads(CliRunner().invoke(cli, arguments).stdout)

    assert [0.5, 7.0] == document["band_kev"]
    assert 1 == len(document["pairs"]) == document["constants"][0]["pairs"]
    assert document["excluded"]


def test_a_calibration_needs_two_observatories(orbital):
    with pytest.raises(QueryError, match="two different"):
        orbital.calibration("swift", "swift")
    with pytest.raises(QueryError, match="no table has a position"):
        orbital.calibration(subject="no such object")
