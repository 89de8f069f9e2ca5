import polars as pl
import pytest
from burst_series import net, raw

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts import scan
from orbital_kernel.science.calibration import (
    Pulse,
    completeness,
    exposure_s,
    false_alarms,
    inject,
    inverted,
    poisson_interval,
    quiet,
    threshold_for,
    wilson_interval,
)


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
def test_bright_bursts_are_complete_and_no_burst_is_never_found(make):
    series = [make(seed=k) for k in range(3)]
    shares = completeness(series, [Pulse(10.0, 20.0), Pulse(10.0, 0.1)], tries=6)
    assert [1.0, 0.0] == shares["share"].to_list()
    assert abs(shares["offset_s"][0]) < 3.0
    assert 0.7 < shares["t90_ratio"][0] < 1.4


def test_an_injected_burst_has_the_fluence_asked_for():
    before, pulse = raw(seed=5), Pulse(20.0, 30.0)
    after = inject(before, before["met_s"][400], pulse, seed=1)
    expected = 30.0 * (6500 * 20.0) ** 0.5
    assert after["counts"].sum() - before["counts"].sum() == pytest.approx(
        expected, rel=0.2
    )


def test_quiet_rows_leave_out_what_was_found():
    series = net((300.0, 20.0, 10.0))
    rest = quiet(series, scan(series))
    assert rest.height < series.height - 100
    assert 0 == scan(rest).height
    assert exposure_s(rest) == rest.height


def test_raw_counts_cannot_be_turned_upside_down():
    with pytest.raises(QueryError, match="raw"):
        inverted(raw())
