import numpy as np
import polars as pl
import pytest
from burst_series import net, raw

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts import Settings, scan
from orbital_kernel.science.bursts.calibration import (
    DEFAULT_PER_DAY,
    KINDS,
    SHAPES,
    Pulse,
    completeness,
    exposure_s,
    false_alarms,
    inject,
    inverted,
    noise_series,
    not_catalogued,
    packaged,
    place,
    quiet,
    threshold_for,
    truth,
)
from orbital_kernel.science.counting import poisson_interval, wilson_interval


def test_poisson_intervals_are_garwoods():
    assert poisson_interval(0) == pytest.approx((0.0, 2.9957), abs=1e-3)
    assert poisson_interval(5) == pytest.approx((1.9701, 10.5130), abs=1e-3)


def test_a_share_of_all_keeps_an_interval():
    low, high = wilson_interval(20, 20)
    assert 0.85 < low < 0.9
    assert high == 1.0


def test_false_alarms_fall_with_the_threshold_and_state_their_exposure():
    series = [inverted(net(seed=k)) for k in range(10)]
    alarms = false_alarms(series, (3.5, 4.5, 6.0))
    assert alarms["alarms"].to_list() == sorted(alarms["alarms"], reverse=True)
    assert alarms["alarms"][0] > 0
    assert alarms["alarms"][-1] == 0
    assert alarms["days"][0] == pytest.approx(12_000 / 86_400)
    assert (alarms["low"] <= alarms["per_day"]).all()
    assert (alarms["high"] > alarms["per_day"]).all()


def test_the_threshold_is_the_lowest_that_keeps_the_rate():
    alarms = pl.DataFrame({"threshold": [4.0, 5.0, 6.0], "per_day": [9.0, 0.5, 0.0]})
    assert threshold_for(alarms, 1.0) == 5.0
    with pytest.raises(QueryError, match="higher"):
        threshold_for(alarms.filter(pl.col("threshold") < 5), 1.0)


@pytest.mark.parametrize("make", [net, raw])
def test_bright_bursts_are_complete_and_absent_ones_are_never_found(make):
    series = [make(seed=k) for k in range(3)]
    shares = completeness(series, [Pulse(10.0, 20.0), Pulse(10.0, 0.1)], tries=6)
    assert [1.0, 0.0] == shares["share"].to_list()
    assert abs(shares["offset_s"][0]) < 3.0
    assert 0.7 < shares["t90_ratio"][0] < 1.4
    for name in ("offset_s", "t90_ratio"):
        assert shares[f"{name}_low"][0] <= shares[name][0] <= shares[f"{name}_high"][0]
    assert 0.5 < shares["t90_near"][0] <= 1.0
    assert shares["t90_ratio"][1] is None


def test_an_injected_burst_has_the_requested_fluence():
    before, pulse = raw(seed=5), Pulse(20.0, 30.0)
    after = inject(before, before["met_s"][400], pulse, seed=1)
    expected = 30.0 * (6500 * 20.0) ** 0.5
    assert after["counts"].sum() - before["counts"].sum() == pytest.approx(
        expected, rel=0.2
    )


def test_quiet_rows_exclude_excursions():
    series = net((300.0, 20.0, 10.0))
    quiet_rows = quiet(series, scan(series))
    assert quiet_rows.height < series.height - 100
    assert 0 == scan(quiet_rows).height
    assert exposure_s(quiet_rows) == quiet_rows.height


def test_false_alarms_exclude_only_catalogued_bursts():
    series = net((300.0, 20.0, 10.0), (900.0, 20.0, 10.0))
    excursions = scan(series).with_columns(
        matches=pl.Series(['[{"name": "GRB"}]', "[]"])
    )
    counted = false_alarms([not_catalogued(series, excursions)], (5.6,))
    assert [1] == counted["alarms"].to_list()
    assert [0] == false_alarms([quiet(series, excursions)], (5.6,))["alarms"].to_list()


def test_raw_counts_cannot_be_turned_upside_down():
    with pytest.raises(QueryError, match="raw"):
        inverted(raw())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("lasts", "bin_s", "channels"),
    [
        (0.064, 0.064, 4),
        (0.5, 0.064, 4),
        (8.0, 0.064, 4),
        (8.0, 1.0, 1),
        (32.0, 1.0, 1),
    ],
)
def test_bursts_injected_at_random_times_are_found_with_their_length(
    shape, lasts, bin_s, channels
):
    rng = np.random.default_rng(len(shape))
    pulse = Pulse(lasts, 25.0 if lasts < 1 else 40.0, shape)
    for series in noise_series("raw", bin_s, 1500 / 86_400, channels=channels, seed=3):
        start = place(series, pulse, rng, edge_s=200.0)
        excursions = scan(inject(series, start, pulse, seed=1))
        assert ["burst"] == excursions["cause"].to_list()
        true = truth(pulse, start)
        allowed = max(0.25 * true.t90_s, 2 * bin_s)
        assert abs(excursions["t90_s"][0] - true.t90_s) <= allowed


def test_zero_filled_bins_are_not_exposure():
    series = raw(bins=1000).with_columns(
        pl.when(pl.int_range(pl.len()) < 400).then(0.0).otherwise(pl.col(n)).alias(n)
        for n in ("rate", "counts")
    )
    assert 600.0 == exposure_s(series)


@pytest.mark.parametrize("kind", KINDS)
def test_thresholds_rise_as_fewer_false_alarms_are_allowed(kind):
    chosen = [packaged().sigma_for(kind, rate) for rate in (10.0, 1.0, 0.1, 0.01)]
    assert sorted(chosen) == chosen
    assert chosen[0] < chosen[-1]
    rate = packaged().rate_at(kind, chosen[-1])
    assert rate == pytest.approx(0.01, rel=0.05)


def test_the_default_thresholds_are_those_of_the_packages_calibration():
    chosen = packaged().settings_for(DEFAULT_PER_DAY)
    used = Settings()
    assert used.net_sigma == pytest.approx(chosen.net_sigma, abs=0.1)
    assert used.raw_burst_sigma == pytest.approx(chosen.raw_burst_sigma, abs=0.1)
    assert used.raw_sigma == pytest.approx(chosen.raw_sigma, abs=0.1)


def test_a_rate_of_zero_false_alarms_is_refused():
    with pytest.raises(QueryError, match="above 0"):
        packaged().sigma_for("raw 1 s", 0.0)
