import numpy as np
import polars as pl
import pytest
from burst_series import MET, frame, net, raw

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts import scan


def bursts(excursions):
    return excursions.filter(pl.col("cause") == "burst")


@pytest.mark.parametrize("seed", range(6))
def test_a_quiet_net_series_holds_nothing(seed):
    assert 0 == scan(net(seed=seed)).height


@pytest.mark.parametrize("seed", range(4))
def test_quiet_raw_counts_hold_no_burst(seed):
    assert 0 == bursts(scan(raw(seed=seed))).height


@pytest.mark.parametrize(
    ("start", "lasts", "sigma"),
    [(300.0, 1.0, 9.0), (300.0, 10.0, 4.0), (300.0, 64.0, 2.0), (300.0, 400.0, 1.0)],
)
def test_a_net_burst_of_any_length_is_found_where_it_is(start, lasts, sigma):
    excursions = scan(net((start, lasts, sigma)))
    assert ["burst"] == excursions["cause"].to_list()
    first = excursions["met_s"][0] - MET
    assert first < start + lasts
    assert first + excursions["timescale_s"][0] > start


def test_a_burst_shorter_than_a_bin_is_a_burst_in_a_net_series():
    excursions = scan(net((500.0, 1.0, 15.0)))
    assert [("burst", 1.0)] == list(
        excursions.select("cause", "timescale_s").iter_rows()
    )


def test_a_burst_of_128_ms_is_found_in_64_ms_bins():
    excursions = scan(net((100.032, 0.128, 8.0), bins=8000, bin_s=0.064))
    assert ["burst"] == excursions["cause"].to_list()
    assert abs(excursions["met_s"][0] - MET - 100.032) < 0.2


def test_t90_of_a_flat_pulse_is_nine_tenths_of_it():
    excursions = scan(net((300.0, 50.0, 20.0)))
    assert abs(excursions["t90_s"][0] - 45.0) < 3.0
    assert abs(excursions["t50_s"][0] - 25.0) < 2.0
    assert 0.0 < excursions["t90_err_s"][0] < 3.0


def test_t90_of_emission_that_continues_to_the_end_of_the_data_is_a_lower_limit():
    cut_off, complete = scan(net((900.0, 300.0, 5.0))), scan(net((600.0, 300.0, 5.0)))
    assert "T90 is a lower limit" in cut_off["evidence"][0]
    assert "T90 is a lower limit" not in complete["evidence"][0]


def test_rows_channel_by_channel_bin_by_bin_and_shuffled_are_the_same_series():
    series = raw((150.0, 4.0, 900.0), bins=4000, bin_s=0.064, channels=4)
    expected = scan(series)
    assert expected.height > 0
    assert expected.equals(scan(series.sort("met_s", "channel")))
    assert expected.equals(scan(series.sort("channel", descending=True)))
    assert expected.equals(scan(series.sample(fraction=1.0, shuffle=True, seed=2)))


def test_episodes_close_together_are_one_burst_and_far_apart_two():
    near = scan(net((300.0, 20.0, 10.0), (330.0, 20.0, 10.0)))
    far = scan(net((200.0, 20.0, 10.0), (800.0, 20.0, 10.0)))
    assert 1 == near.height
    assert 2 == far.height


def test_missing_bins_neither_hide_a_burst_nor_make_one():
    gaps = ((0, 100), (250, 290), (320, 330), (900, 1200))
    assert 0 == scan(net(missing=gaps)).height
    excursions = scan(net((300.0, 40.0, 5.0), missing=gaps))
    assert ["burst"] == excursions["cause"].to_list()


def test_errors_that_are_too_small_are_mended_by_the_scatter():
    series = net(seed=4).with_columns(pl.col("rate_err") * 0.5)
    assert 0 == scan(series).height


def test_bands_are_searched_each_and_together():
    parts = [net((300.0, 10.0, 3.0), seed=k).with_columns(channel=k) for k in range(4)]
    excursions = scan(pl.concat(parts))
    assert [("burst", "sum")] == list(excursions.select("cause", "band").iter_rows())
    lone = [net(*([(300.0, 10.0, 5.0)] if k == 2 else []), seed=k) for k in range(4)]
    excursions = scan(pl.concat(p.with_columns(channel=k) for k, p in enumerate(lone)))
    assert ["channel 2"] == excursions["band"].to_list()


def test_doubled_and_shuffled_rows_change_nothing():
    series = net((300.0, 10.0, 5.0))
    messy = pl.concat([series, series[100:200]]).sample(
        fraction=1.0, shuffle=True, seed=3
    )
    assert scan(series).equals(scan(messy))


def test_a_raw_burst_is_a_burst_with_its_counts():
    excursions = bursts(scan(raw((500.0, 20.0, 800.0))))
    assert 1 == excursions.height
    assert abs(excursions["met_s"][0] - MET - 500.0) < 5.0
    assert abs(excursions["fluence"][0] - 16_000.0) < 2_500.0
    assert abs(excursions["background"][0] - 6500.0) < 400.0


def test_a_raw_burst_is_found_in_64_ms_by_four_channels():
    excursions = bursts(
        scan(raw((150.0, 4.0, 900.0), bins=5000, bin_s=0.064, channels=4))
    )
    assert 1 == excursions.height
    assert "sum" == excursions["band"][0]


def test_one_high_bin_of_raw_counts_is_a_glitch():
    excursions = scan(raw((500.0, 1.0, 3000.0)))
    assert [("glitch", MET + 500.0)] == list(
        excursions.select("cause", "met_s").iter_rows()
    )


def test_a_plateau_after_a_gap_is_a_turn_on():
    first, second = raw(seed=1), raw((3.0, 14.0, 4000.0), seed=2)
    later = second.with_columns(pl.col("met_s") + 5000.0)
    excursions = scan(pl.concat([first, later]))
    assert ["turn-on"] == excursions["cause"].to_list()
    assert MET + 5000.0 <= excursions["met_s"][0] < MET + 5008.0


def test_a_climb_into_the_saa_is_not_a_burst():
    def passage(t):
        return 6000.0 + 200_000.0 * np.exp(-0.5 * ((t - 700.0) / 150.0) ** 2)

    excursions = scan(raw(shape=passage))
    assert {"saa"} == set(excursions["cause"])


def test_zero_filled_bins_are_gaps():
    series = raw(bins=1500).with_columns(
        pl.when(pl.int_range(pl.len()).is_between(600, 900))
        .then(0.0)
        .otherwise(pl.col(name))
        .alias(name)
        for name in ("rate", "counts")
    )
    assert 0 == bursts(scan(series)).height


def test_a_rate_that_scatters_wildly_is_one_unknown_stretch():
    rng = np.random.default_rng(2)
    counts = rng.normal(7000.0, 700.0, 1000)
    excursions = scan(frame(MET + np.arange(1000.0), 1.0, counts, kind="raw"))
    assert ["unknown"] == excursions["cause"].unique().to_list()
    assert excursions["timescale_s"].max() > 900.0


def test_no_rows_hold_nothing():
    assert 0 == scan(net()[:0]).height


def test_a_frame_without_rates_is_refused_by_name():
    with pytest.raises(QueryError, match="rate"):
        scan(net().drop("rate"))


def test_two_kinds_in_one_series_are_refused():
    with pytest.raises(QueryError, match="one kind"):
        scan(pl.concat([net(), raw()]))
