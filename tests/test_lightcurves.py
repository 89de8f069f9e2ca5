"""Joint light curves, photons into bins, bins into wider ones."""

import json
import re
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError, SchemaMismatch
from orbital_kernel.model.times import to_tt, tt_from_utc
from orbital_kernel.science.counting import poisson_bounds
from orbital_kernel.science.lightcurves import (
    CountsToFlux,
    PowerLaw,
    bin_events,
    gather,
    joint,
    left_out,
    live_seconds,
    merged,
    merged_by,
    overlaps,
    points_of_rates,
    rebin,
)
from orbital_kernel.science.on_off import on_off_bounds

T0 = datetime(2013, 4, 27, 7, 49, 4)  # noqa: DTZ001 - TT has no zone
NS = pl.Datetime("ns")


def after(*seconds):
    return pl.Series([T0 + timedelta(seconds=s) for s in seconds], dtype=NS)


def points(**changes):
    base = {
        "time": after(0, 86400),
        "value": [2e-12, 1e-12],
        "value_err_plus": [2e-13, 2e-13],
        "value_err_minus": [1e-13, 3e-13],
        "is_limit": [False, False],
        "unit": ["erg / (cm2 s)"] * 2,
        "band_low_kev": [0.3, 0.3],
        "band_high_kev": [10.0, 10.0],
        "instrument": ["XRT"] * 2,
        "mode": ["PC"] * 2,
    }
    return pl.DataFrame(base | changes)


def test_points_of_both_observatories_come_in_order_of_time():
    swift, chandra = points(), points(time=after(3600, 10))
    curve = joint(gather({"swift": swift, "chandra": chandra}))

    assert ["swift", "chandra", "chandra", "swift"] == curve["observatory"].to_list()
    assert [0.0, 10.0, 3600.0, 86400.0] == curve["since_s"].to_list()
    assert "2013-04-27T07:47:56.816" == curve["utc"][0]


def test_asymmetric_errors_and_limits_survive_a_band_conversion():
    csc = points(
        band_low_kev=[0.5] * 2,
        band_high_kev=[7.0] * 2,
        is_limit=[False, True],
        value_err_plus=[2e-13, None],
        value_err_minus=[1e-13, None],
    )
    curve = joint(csc, model=PowerLaw(2.0, 0.3))
    factor = np.log(10 / 0.3) / np.log(14)

    assert pytest.approx([2e-12 * factor, 1e-12 * factor]) == curve["value"].to_list()
    assert (
        pytest.approx(2.0) == curve["value_err_plus"][0] / curve["value_err_minus"][0]
    )
    assert [False, True] == curve["is_limit"].to_list()
    assert curve["value_err_plus"][1] is None
    assert pytest.approx([factor] * 2) == curve["factor"].to_list()
    assert pytest.approx(2e-12 * curve["factor_err"][0]) == curve["value_err_model"][0]
    assert curve["factor_err"].min() > 0
    assert [2e-12, 1e-12] == curve["given_value"].to_list()
    assert [(0.3, 10.0)] * 2 == curve.select("band_low_kev", "band_high_kev").rows()
    assert [(0.5, 7.0)] * 2 == curve.select(
        "given_band_low_kev", "given_band_high_kev"
    ).rows()


LEFT_OUT = [
    ({"unit": ["cerg/cm^2/sec"] * 2}, "fraction of an erg"),
    ({"unit": ["ct / s"] * 2}, "stated counts_to_flux"),
    ({"unit": ["mag"] * 2}, "is a flux density at its wavelength"),
    ({"unit": [None, None]}, "no unit is given"),
    ({"band_low_kev": [None, None]}, "no edges in keV"),
    ({"band_low_kev": [float("nan")] * 2}, "no edges in keV"),
    ({"band_low_kev": [0.0] * 2}, "0 < low <= high"),
    ({"time": pl.Series([None, None], dtype=NS)}, "no absolute time"),
    ({"value": [None, float("nan")]}, "no value"),
]


@pytest.mark.parametrize(("changes", "reason"), LEFT_OUT)
def test_a_point_that_cannot_be_compared_is_kept_without_value_and_with_a_reason(
    changes, reason
):
    curve = joint(points(**{"unit": pl.Series(["erg / (cm2 s)"] * 2)} | changes))

    assert [None, None] == curve["value"].to_list()
    assert all(reason in text for text in curve["left_out"])
    assert 2 == left_out(curve)["points"].sum()


def test_count_rates_convert_by_the_factor_of_their_instrument_and_mode():
    stated = {
        "XRT/WT": CountsToFlux(3e-11, (0.3, 10), "WT spectrum"),
        "XRT": CountsToFlux(4e-11, (0.3, 10), "PC spectrum"),
    }
    rates = points(unit=["ct / s"] * 2, mode=["WT", "PC"], value=[1.0, 1.0])
    curve = joint(rates, counts_to_flux=stated)

    assert pytest.approx([3e-11, 4e-11], rel=1e-12) == curve["value"].to_list()
    assert "WT spectrum" in curve["conversion"][0]


def test_a_frame_without_value_or_unit_is_refused():
    with pytest.raises(SchemaMismatch, match="points need the columns unit"):
        joint(points().drop("unit"))


def test_a_unit_that_is_no_flux_is_refused_as_target():
    with pytest.raises(QueryError, match="neither an energy flux"):
        joint(points(), unit="m / s")


def test_no_points_give_an_empty_curve_with_all_its_columns():
    curve = joint(points().clear())

    assert 0 == curve.height
    assert "left_out" in curve.columns


def test_t0_moves_the_elapsed_time_only():
    curve = joint(points(), t0=T0 - timedelta(seconds=100))

    assert [100.0, 86500.0] == curve["since_s"].to_list()


def intervals(*spans):
    return pl.DataFrame(
        {
            "time": after(*(a for a, _ in spans)),
            "time_stop": after(*(b for _, b in spans)),
        }
    )


def test_good_times_that_touch_or_overlap_become_one():
    good = merged(intervals((50, 60), (0, 10), (10, 20), (5, 12), (70, 70)))

    assert intervals((0, 20), (50, 60)).rows() == good.rows()


def test_good_times_of_many_observations_are_each_observations_union():
    rng = np.random.default_rng(17)
    starts = rng.integers(0, 300, 400)
    spans = zip(
        starts.tolist(), (starts + rng.integers(0, 9, 400)).tolist(), strict=True
    )
    rows = intervals(*spans).with_columns(
        obs_id=pl.Series(rng.choice(["b", "a", ""], 400)).replace("", None),
        instrument=pl.Series(rng.choice(["XRT", "BAT"], 400)),
    )

    good = merged_by(rows, "obs_id", "instrument")

    groups = good.partition_by("obs_id", "instrument", as_dict=True)
    assert 6 == len(groups)
    for (obs_id, instrument), united in groups.items():
        of_group = pl.col("obs_id").eq_missing(pl.lit(obs_id))
        group = rows.filter(of_group, instrument=instrument)
        assert merged(group).rows() == united.select("time", "time_stop").rows()


def test_good_times_of_several_ccds_are_not_mixed():
    mixed = intervals((0, 10), (0, 12)).with_columns(
        instrument=pl.Series(["ACIS-6", "ACIS-7"])
    )

    with pytest.raises(QueryError, match="ACIS-6, ACIS-7"):
        merged(mixed)


def test_live_time_equals_a_count_of_fine_steps():
    rng = np.random.default_rng(5)
    edges = np.sort(rng.integers(0, 1000, 40)).reshape(-1, 2)
    good = merged(intervals(*edges.tolist()))
    origin = np.datetime64(T0, "ns").astype(np.int64)
    starts = origin + np.arange(0, 1000, 37) * 10**9
    live = live_seconds(good, starts, starts + 37 * 10**9)
    steps = np.arange(0, 1036)
    on = np.any((edges[:, :1] <= steps) & (steps < edges[:, 1:]), axis=0)
    expected = [on[i : i + 37].sum() for i in range(0, 1000, 37)]

    assert expected == live.tolist()


def test_photons_are_counted_in_good_time_only_and_rates_follow_the_exposure():
    events = pl.DataFrame({"time": after(1, 2, 12, 14, 33)})
    curve = bin_events(events, intervals((0, 13), (30, 40)), 10.0)

    assert after(0, 10, 30).to_list() == curve["time"].to_list()
    assert [2.0, 1.0, 1.0] == curve["counts"].to_list()
    assert [1.0, 0.3, 1.0] == curve["exposure_fraction"].to_list()
    assert pytest.approx([0.2, 1 / 3, 0.1]) == curve["rate"].to_list()
    low, high = (float(bound) for bound in poisson_bounds(1.0))
    assert pytest.approx((high - 1) / 3) == curve["rate_err_plus"][1]
    assert pytest.approx((1 - low) / 3) == curve["rate_err_minus"][1]
    assert not curve["is_limit"].any()


def test_years_between_two_exposures_cost_no_bins():
    year = 3.2e7
    curve = bin_events(
        pl.DataFrame({"time": after(0.5)}),
        intervals((0, 1), (20 * year, 20 * year + 1)),
        0.1,
    )

    assert 20 == curve.height


def test_a_background_is_scaled_by_area_and_adds_its_error():
    source = pl.DataFrame({"time": after(*range(10))})
    empty = pl.DataFrame({"time": after(*(0.1 * i for i in range(100)))})
    net = bin_events(source, intervals((0, 10)), 10, background=empty, backscale=0.05)

    assert pytest.approx(0.5) == net["rate"][0]
    low, high = (float(bound) for bound in on_off_bounds(10, 100, 0.05))
    assert pytest.approx((high - low) / 2 / 10) == net["rate_err"][0]
    assert "net" == net["kind"][0]


def test_photons_are_selected_by_energy_and_the_band_is_stated():
    events = pl.DataFrame(
        {"time": after(1, 2, 3), "energy_ev": [400.0, 2000.0, 9000.0]}
    )
    curve = bin_events(events, intervals((0, 10)), 10, band_kev=(0.5, 7.0))

    assert (1.0, 0.5, 7.0) == curve.select(
        "counts", "band_low_kev", "band_high_kev"
    ).row(0)


@pytest.mark.parametrize("bin_s", [0.0, -1.0, np.inf])
def test_bins_without_width_are_refused(bin_s):
    with pytest.raises(QueryError, match="width > 0"):
        bin_events(pl.DataFrame({"time": after(1)}), intervals((0, 10)), bin_s)


def test_a_bin_without_photons_is_a_limit_of_stated_confidence():
    events = pl.DataFrame({"time": after(1)})
    curve = bin_events(events, intervals((0, 20)), 10, limit_confidence=0.95)

    assert [False, True] == curve["is_limit"].to_list()
    assert pytest.approx(-np.log(0.05) / 10) == curve["rate_limit"][1]


@pytest.mark.parametrize("background", [False, True])
def test_rebinned_errors_are_those_of_bins_counted_at_once(background):
    rng = np.random.default_rng(11)
    events = pl.DataFrame({"time": after(*np.sort(rng.uniform(0, 6000, 240)))})
    around = pl.DataFrame({"time": after(*np.sort(rng.uniform(0, 6000, 500)))})
    extra = {"background": around, "backscale": 0.1} if background else {}
    fine = bin_events(events, intervals((0, 6000)), 5.0, **extra)
    coarse = bin_events(events, intervals((0, 6000)), 600.0, **extra)
    curve = rebin(fine, width_s=600.0)

    for name in ("rate", "rate_err", "rate_err_plus", "rate_err_minus", "rate_limit"):
        assert pytest.approx(coarse[name].to_list()) == curve[name].to_list()
    assert coarse["is_limit"].to_list() == curve["is_limit"].to_list()


def test_half_a_background_is_refused():
    events = pl.DataFrame({"time": after(1)})

    with pytest.raises(QueryError, match="backscale"):
        bin_events(events, intervals((0, 10)), 1, background=events)


def rates(starts, values, errors=1.0, bin_s=1.0):
    return pl.DataFrame(
        {
            "series": "sw1",
            "channel": pl.Series([0] * len(starts), dtype=pl.Int16),
            "time": after(*starts),
            "bin_s": bin_s,
            "rate": values,
            "rate_err": errors,
            "unit": "ct / s",
        }
    )


def test_wider_bins_keep_the_counts_and_shrink_the_error():
    curve = rebin(rates(range(8), [float(i) for i in range(8)], 2.0), width_s=4.0)

    assert [1.5, 5.5] == curve["rate"].to_list()
    assert [1.0, 1.0] == curve["rate_err"].to_list()
    assert [4.0, 4.0] == curve["bin_s"].to_list()
    assert [4, 4] == curve["bins"].to_list()


def test_no_bin_reaches_across_a_gap_or_a_missing_value():
    values = [1.0, 1.0, None, 1.0, 1.0, 1.0, 1.0]
    curve = rebin(rates([0, 1, 2, 3, 100, 101, 102], values), width_s=1000.0)

    assert [2, 1, 3] == curve["bins"].to_list()
    assert [2.0, 1.0, 3.0] == curve["bin_s"].to_list()


def test_bins_with_zero_error_are_no_data():
    curve = rebin(rates(range(3), [5.0, 0.0, 7.0], [1.0, 0.0, 1.0]), width_s=1.0)

    assert [5.0, 7.0] == curve["rate"].to_list()


def test_bins_close_when_they_reach_the_signal_to_noise():
    curve = rebin(rates(range(10), [1.0] * 10), snr=2.0)
    snr = curve["rate"] / curve["rate_err"]

    assert [4, 6] == curve["bins"].to_list()
    assert snr.min() >= 2.0


def test_the_signal_to_noise_of_counts_is_that_of_their_sum():
    events = pl.DataFrame({"time": after(*np.arange(0.5, 1000, 10))})
    curve = rebin(bin_events(events, intervals((0, 1000)), 5.0), snr=5.0)

    assert [25.0] * 4 == curve["counts"].to_list()


def test_a_background_is_taken_off_before_the_signal_to_noise():
    raw = rates(range(20), [101.0] * 20).with_columns(background=pl.lit(100.0))

    assert 20 == rebin(raw.drop("background"), snr=2.0).height
    assert [4, 4, 4, 4, 4] == rebin(raw, snr=2.0)["bins"].to_list()


def test_the_width_bounds_a_bin_that_never_reaches_the_signal_to_noise():
    curve = rebin(rates(range(9), [0.0] * 9), snr=5.0, width_s=3.0)

    assert [3, 3, 3] == curve["bins"].to_list()


def test_series_and_channels_are_never_mixed():
    two_series = pl.concat(
        [
            rates(range(4), [1.0] * 4),
            rates(range(4), [9.0] * 4).with_columns(series=pl.lit("sw2")),
        ]
    )
    curve = rebin(two_series.sample(fraction=1, shuffle=True, seed=3), width_s=10.0)

    assert [("sw1", 1.0), ("sw2", 9.0)] == curve.select("series", "rate").rows()


def test_counts_without_errors_get_poisson_errors():
    raw = rates(range(4), [100.0] * 4).with_columns(
        rate_err=pl.lit(None, pl.Float64), counts=pl.lit(100.0)
    )
    curve = rebin(raw, width_s=4.0)

    low, high = (float(bound) for bound in poisson_bounds(400))
    assert pytest.approx((high - low) / 2 / 4) == curve["rate_err"][0]
    assert 400.0 == curve["counts"][0]


def test_rates_become_points_in_mid_bin():
    curve = points_of_rates(rates([0], [3.0], 0.5, bin_s=10.0))

    assert (after(5)[0], 5.0, 3.0, 0.5) == curve.select(
        "time", "time_err_plus_s", "value", "value_err_minus"
    ).row(0)


def test_overlaps_are_those_of_brute_force():
    rng = np.random.default_rng(7)
    a, b = (np.sort(rng.integers(0, 500, (60, 2)), axis=1) for _ in range(2))
    shared = overlaps(intervals(*a.tolist()), intervals(*b.tolist()))
    expected = {
        (i, j, min(a[i, 1], b[j, 1]) - max(a[i, 0], b[j, 0]))
        for i in range(60)
        for j in range(60)
        if max(a[i, 0], b[j, 0]) < min(a[i, 1], b[j, 1])
    }

    assert expected == set(shared.select("row_a", "row_b", "overlap_s").rows())
    assert len(expected) == shared.height


def test_overlaps_can_ask_for_the_same_field():
    first = intervals((0, 10), (0, 10)).with_columns(
        ra=pl.Series([10.0, 40.0]),
        dec=pl.Series([0.0, 0.0]),
        obs_id=pl.Series(["1", "2"]),
    )
    second = intervals((5, 20)).with_columns(
        ra=pl.Series([10.1]), dec=pl.Series([0.0]), obs_id=pl.Series(["9"])
    )
    shared = overlaps(first, second, within_arcmin=12.0)

    assert [("1", "9", 5.0)] == shared.select(
        "obs_id_a", "obs_id_b", "overlap_s"
    ).rows()
    assert pytest.approx(6.0) == shared["separation_arcmin"][0]


GRB_T0_UTC = "2013-04-27T07:47:57.512"


def qdp_points(path):
    rows = [
        [float(x) for x in line.split()]
        for line in path.read_text().splitlines()
        if re.match(r"\s*[0-9.]", line)
    ]
    data = np.array([row for row in rows if len(row) == 6])
    t0 = tt_from_utc(GRB_T0_UTC)[0]
    return pl.DataFrame(
        {
            "time": pl.Series(t0 + (data[:, 0] * 1e9).astype("timedelta64[ns]")).cast(
                NS
            ),
            "value": data[:, 3],
            "value_err_plus": data[:, 4],
            "value_err_minus": -data[:, 5],
            "unit": "erg / (cm2 s)",
            "band_low_kev": 0.3,
            "band_high_kev": 10.0,
            "instrument": "XRT",
        }
    )


def master_points(path, instrument):
    table = pl.read_csv(path, separator="\t").filter(pl.col("instrument") == instrument)
    t0 = tt_from_utc(GRB_T0_UTC)[0]
    times = t0 + (table["time"].to_numpy() * 1e9).astype("timedelta64[ns]")
    return pl.DataFrame(
        {
            "time": pl.Series(times).cast(NS),
            "value": table["flux"],
            "value_err_plus": table["dflux"],
            "value_err_minus": table["dflux"],
            "unit": table["flux_units"],
            "band_low_kev": 0.3,
            "band_high_kev": 10.0,
            "instrument": instrument,
        }
    )


def test_grb_130427a_of_swift_and_chandra_is_one_power_law_over_five_decades(archive):
    """XRT after 1e5 s, extrapolated ~t^-1.3 (De Pasquale et al. 2016), meets Chandra."""
    folder = archive / "joint" / "GRB130427A-SN2013cq"
    master = folder / "GRB130427A-SN2013cq_Xray_Master.txt"
    curve = joint(
        gather(
            {
                "swift": qdp_points(folder / "GRB130427A_swift_xrt_flux.qdp"),
                "chandra": master_points(master, "Chandra"),
                "xmm": master_points(master, "XMM–Newton"),  # noqa: RUF001
            }
        ),
        t0=tt_from_utc(GRB_T0_UTC)[0].astype("datetime64[us]").item(),
    )
    late = curve.filter((pl.col("observatory") == "swift") & (pl.col("since_s") > 1e5))
    slope, level = np.polyfit(np.log10(late["since_s"]), np.log10(late["value"]), 1)
    chandra = curve.filter(pl.col("observatory") == "chandra")
    expected = 10 ** (level + slope * np.log10(chandra["since_s"].to_numpy()))

    assert -1.45 < slope < -1.2
    assert 2 == chandra.height
    assert np.all(np.abs(np.log10(chandra["value"].to_numpy() / expected)) < 0.3)
    assert [("xmm", 1)] == left_out(curve).select("observatory", "points").rows()
    assert curve["time"].is_sorted()


def test_ngc_925_ulx3_shows_swift_and_chandra_limits_as_limits(archive):
    """Rows of the published tables, limits in their own column, as the files code them."""

    def rows(name, width):
        lines = (archive / "joint" / "NGC925_ULX" / name).read_text().splitlines()
        split = [line.split("#")[0].split() for line in lines]
        table = [r for r in split if len(r) >= width and r[0] == "ulx3"]
        flux = [float(r[5]) for r in table]
        limit = [float(r[8]) for r in table]
        return pl.DataFrame(
            {
                "time": pl.Series(tt_from_utc([r[2] for r in table])).cast(NS),
                "obs_id": [r[1] for r in table],
                "value": [f or most for f, most in zip(flux, limit, strict=True)],
                "is_limit": [f == 0 for f in flux],
                "unit": "erg / (cm2 s)",
                "band_low_kev": 0.3,
                "band_high_kev": 10.0,
            }
        )

    swift = rows("NGC925_ULX_swift.txt", 9)
    curve = joint(
        gather({"swift": swift, "chandra": rows("NGC925_ULX_chandra.txt", 9)})
    )

    assert 20 == curve.height
    assert [("chandra", "7104"), ("swift", "00045596001")] == curve.select(
        "observatory", "obs_id"
    ).rows()[:2]
    assert "2005-11-23T07:52:05.000" == curve["utc"][0]
    assert 0 == curve["left_out"].is_not_null().sum()


def test_sw_j1644_of_otter_shows_chandra_limits_below_swift_in_the_xrt_band(archive):
    """Points of 0.3-2 keV in both telescopes, limits flagged, go to 0.3-10 keV."""
    record = json.loads((archive / "joint" / "otter" / "Sw-J1644+57.json").read_text())
    blocks = [
        p for p in record["photometry"] if p["obs_type"] == ["xray"] * len(p["date"])
    ]
    frames = {
        block["telescope"].lower(): pl.DataFrame(
            {
                "time": pl.Series(
                    to_tt("mjd-utc", [float(d) for d in block["date"]])
                ).cast(NS),
                "value": block["value"],
                "is_limit": block["upperlimit"],
                "unit": [text.replace("ergs", "erg") for text in block["value_units"]],
                "band_low_kev": 0.3,
                "band_high_kev": 2.0,
            }
        )
        for block in blocks
        if block["telescope"] in {"Swift", "Chandra"}
    }
    curve = joint(gather(frames), model=PowerLaw(1.7, 0.3))
    limits = curve.filter("is_limit")

    assert [19, 2] == [frames["swift"].height, frames["chandra"].height]
    assert 0 == left_out(curve).height
    assert ["chandra", "chandra"] == limits["observatory"].to_list()
    assert limits["value"].max() < curve.filter(~pl.col("is_limit"))["value"].min()
    assert curve["factor"].n_unique() == 1
    assert curve["factor"][0] > 2
