"""The real readers read the sample and see its truth: counts, times, fluxes, faults."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from astropy.io import fits

from orbital_kernel import archives, sample
from orbital_kernel.archives.reading import Account, open_source

UTC_1970_TO_2001_S = 978_307_200
TT_MINUS_UTC_2001_S = 64.184
Read = Callable[[str, str], pl.DataFrame]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> sample.Truth:
    return sample.write(tmp_path_factory.mktemp("sky"))


@pytest.fixture(scope="module")
def read(truth: sample.Truth) -> Read:
    """Return read(file, table): one table of one file as its detected reader gives it."""
    paths = dict(truth.files.select("file", "path").iter_rows())

    def frame(file: str, table: str) -> pl.DataFrame:
        parts = rows_of(truth.archive / paths[file])
        return pl.concat([pl.from_arrow(part) for name, part in parts if name == table])

    return frame


def rows_of(path: Path) -> list[tuple[str, pa.Table]]:
    account = Account("swift")
    return list(archives.detect(path).read(open_source(path), account))


def utc_s(frame: pl.DataFrame, leaps: int) -> np.ndarray:
    """Return UTC seconds since 2001 of the TT column, given leap seconds since 2001."""
    tt = frame["time"].to_numpy().astype("datetime64[ns]").astype(np.int64) / 1e9
    return tt - UTC_1970_TO_2001_S - TT_MINUS_UTC_2001_S - leaps


def leaps_at(utc: str) -> int:
    steps = ("2006-01-01", "2009-01-01", "2012-07-01", "2015-07-01", "2017-01-01")
    return sum(utc >= step for step in steps)


def kind(truth: sample.Truth, name: str) -> list[str]:
    return truth.files.filter(pl.col("kind") == name)["file"].to_list()


def test_every_file_is_read_in_full_and_as_simulated(truth: sample.Truth) -> None:
    for path, rows in truth.files.select("path", "rows").iter_rows():
        parts = rows_of(truth.archive / path)
        flags = {flag for _, part in parts for flag in part["simulated"].to_pylist()}
        tables = [part for name, part in parts if name != "intervals"]
        assert flags == {True}, path
        counted = sum(len(part) for part in tables)
        channels = 4 if "brtms" in path else 1
        empty = 0
        if "_lc" in path:
            with fits.open(truth.archive / path) as file:
                empty = int((file["LIGHTCURVE"].data["EXPOSURE"] == 0).sum())
        assert counted in {rows * channels, rows - empty}, path


def test_bat_bins_begin_when_the_truth_says(truth: sample.Truth, read: Read) -> None:
    files = {*kind(truth, "bat light curve"), *kind(truth, "bat rates")}
    seen = truth.bursts.filter(pl.col("file").is_in(list(files)))
    assert len(seen) == 6
    for burst in seen.iter_rows(named=True):
        rates = read(burst["file"], "rates").sort("met_s")
        trigger = (
            np.datetime64(burst["trigger_utc"]) - np.datetime64("2001-01-01")
        ) / np.timedelta64(1, "us")
        at = np.searchsorted(rates["met_s"].to_numpy(), burst["trigger_met"])
        since = rates["met_s"][int(at)] - burst["trigger_met"]
        utc = utc_s(rates[int(at) : int(at) + 1], leaps_at(burst["trigger_utc"]))[0]
        assert utc - trigger / 1e6 == pytest.approx(since, abs=2e-3)


def test_bat_bursts_have_their_fluence_and_peak_place(
    truth: sample.Truth, read: Read
) -> None:
    for burst in truth.bursts.filter(
        pl.col("file").is_in(kind(truth, "bat light curve"))
    ).iter_rows(named=True):
        rates = read(burst["file"], "rates").drop_nulls("rate")
        since = rates["met_s"].to_numpy() - burst["trigger_met"]
        width = rates["bin_s"][0]
        window = (since > -5) & (since < max(60, 6 * burst["t90_stop_s"]))
        rate, error = rates["rate"].to_numpy(), rates["rate_err"].to_numpy()
        total = rate[window].sum() * width
        sigma = np.sqrt((error[window] ** 2).sum()) * width
        assert total == pytest.approx(burst["fluence"], abs=5 * sigma)
        top = since[np.argmax(rate)]
        start, stop = burst["t90_start_s"], burst["t90_stop_s"]
        assert start - width <= top <= stop + width


def test_raw_rates_rise_by_the_burst_and_only_there(
    truth: sample.Truth, read: Read
) -> None:
    for burst in truth.bursts.filter(
        pl.col("file").is_in(kind(truth, "bat rates"))
    ).iter_rows(named=True):
        rates = (
            read(burst["file"], "rates").group_by("met_s").agg(pl.col("counts").sum())
        )
        met, counts = rates.sort("met_s").to_numpy().T
        since = met - burst["trigger_met"]
        length = max(burst["t90_stop_s"], 1.0)
        inside = (since >= -1) & (since < 2 * length + 2)
        adjacent = (np.abs(since - length) < 40 + 4 * length) & ~inside
        line = np.polyfit(since[adjacent], counts[adjacent], 2)
        excess = (counts - np.polyval(line, since))[inside].sum()
        noise = np.sqrt(counts[inside].sum())
        assert excess == pytest.approx(burst["fluence"], abs=6 * noise)


def test_missing_bins_are_null_exactly_where_the_truth_has_them(
    truth: sample.Truth, read: Read
) -> None:
    for file in kind(truth, "bat light curve"):
        rates = read(file, "rates").sort("file_row")
        gone = rates.filter(pl.col("rate").is_null())["file_row"].to_list()
        faults = truth.faults.filter(pl.col("file") == file)
        spans = faults.select("row_start", "row_stop").iter_rows()
        assert gone == [row for begin, end in spans for row in range(begin, end)]


def test_faults_of_raw_rates_are_at_their_rows(truth: sample.Truth, read: Read) -> None:
    checked = set()
    for fault in truth.faults.filter(pl.col("kind") != "missing").iter_rows(named=True):
        frame = read(fault["file"], "rates").sort("file_row")
        series = frame.group_by("file_row", "met_s").agg(pl.col("counts").sum())
        _, met, counts = series.sort("file_row").to_numpy().T
        begin, end = fault["row_start"], fault["row_stop"]
        around = np.median(counts[max(begin - 60, 0) : begin + 60])
        excerpt = counts[begin:end]
        match fault["kind"]:
            case "gap":
                step = met[begin] - met[begin - 1]
                assert step > 80
                assert met[begin] == pytest.approx(fault["met_stop"], abs=1e-6)
            case "zeros":
                # The reader may say null for them: a whole array never counts none.
                assert np.nansum(excerpt) == 0
            case "glitch":
                assert excerpt[0] > around + 15 * np.sqrt(around)
                assert met[begin] == pytest.approx(fault["met_start"], abs=1e-6)
            case "turn-on":
                assert np.median(excerpt) > 1.3 * np.median(counts[end : end + 20])
            case "saa":
                assert excerpt[-1] > 20 * excerpt[0]
        checked.add(fault["kind"])
    assert checked == {"gap", "zeros", "glitch", "turn-on", "saa"}


def test_a_hard_channel_leads_by_the_lag_of_the_truth(
    truth: sample.Truth, read: Read
) -> None:
    lags = truth.lags.filter(pl.col("first").str.contains("brtms"))
    file = lags["first"][0].split()[0]
    burst = truth.bursts.row(by_predicate=pl.col("file") == file, named=True)
    rates = read(file, "rates")
    near = (pl.col("met_s") - burst["trigger_met"]).is_between(-3, 6)
    series = [
        rates.filter(near & (pl.col("channel") == channel)).sort("met_s")["counts"]
        for channel in range(4)
    ]
    centred = [s.to_numpy() - np.median(s.to_numpy()) for s in series]
    for channel, expected in enumerate(lags["lag_s"]):
        overlap = np.correlate(centred[channel], centred[3], "full")
        # Channels of one short pulse: the shift of best overlap, in bins.
        shift = int(np.argmax(overlap)) - (len(centred[3]) - 1)
        assert shift * 0.064 == pytest.approx(expected, abs=0.065)


def test_both_burst_catalogues_list_the_bursts_at_their_times(
    truth: sample.Truth, read: Read
) -> None:
    listed = truth.bursts.filter("listed").unique("name").sort("name")
    general = read("sim_summary_general.txt", "grbs").sort("name")
    table = read("simulated_swift_grb_table.tsv", "grbs").sort("name")
    assert general["name"].to_list() == listed["name"].to_list()
    assert table["name"].to_list() == listed["name"].to_list()
    assert general["met_s"].to_list() == listed["trigger_met"].to_list()
    for column in ("ra", "dec"):
        assert np.allclose(general[column], listed[column], atol=1e-3)
        assert np.allclose(table[column], listed[column], atol=1e-3)
    for row, utc in enumerate(listed["trigger_utc"]):
        moment = (np.datetime64(utc) - np.datetime64("2001-01-01")) / np.timedelta64(
            1, "us"
        )
        leaps = leaps_at(utc)
        assert utc_s(general[row : row + 1], leaps)[0] == pytest.approx(
            moment / 1e6, abs=2e-3
        )
        assert utc_s(table[row : row + 1], leaps)[0] == pytest.approx(
            moment / 1e6, abs=1.0
        )
    assert np.allclose(general["t90_s"], listed["t90_s"], rtol=1e-5)


def test_afterglow_fluxes_are_the_power_law_within_errors(
    truth: sample.Truth, read: Read
) -> None:
    glow = truth.photometry.row(by_predicate=pl.col("kind") == "afterglow", named=True)
    file = next(name for name in kind(truth, "xrt qdp") if "GRB" in name)
    points = read(file, "photometry")
    assert points["object"].unique().to_list() == [glow["object"]]
    detections = points.filter(~pl.col("is_limit"))
    model = (
        glow["at_1ks"] * (detections["since_t0_s"].to_numpy() / 1000) ** -glow["index"]
    )
    error = detections["value_err_plus"].to_numpy()
    pull = (detections["value"].to_numpy() - model) / error
    assert np.std(pull) == pytest.approx(1.0, abs=0.25)
    assert abs(np.mean(pull)) < 0.3
    limits = points.filter("is_limit")
    late = glow["at_1ks"] * (limits["since_t0_s"].to_numpy() / 1000) ** -glow["index"]
    assert len(limits) == 1
    assert (limits["value"].to_numpy() > late).all()
    assert set(points["mode"]) == {"WT", "PC"}


def test_the_chandra_points_of_the_afterglow_lie_on_the_same_power_law(
    truth: sample.Truth, read: Read
) -> None:
    glow = truth.photometry.row(by_predicate=pl.col("kind") == "afterglow", named=True)
    burst = truth.bursts.row(
        by_predicate=(pl.col("object") == glow["object"])
        & pl.col("file").str.ends_with("1s.lc"),
        named=True,
    )
    points = read(f"sim_{glow['chandra_obs_id']}_lc500.fits", "photometry")
    full = points.filter(pl.col("exposure_s") > 400)
    trigger = (
        np.datetime64(burst["trigger_utc"]) - np.datetime64("2001-01-01")
    ) / np.timedelta64(1, "us")
    since = utc_s(full, leaps_at(burst["trigger_utc"])) - trigger / 1e6
    assert since.min() > 4 * 86400
    flux = glow["at_1ks"] * (since / 1000) ** -glow["index"]
    rate = flux * glow["share_05_7_of_03_10"] / glow["erg_per_count_05_7"]
    pull = (full["value"].to_numpy() - rate) / full["value_err_plus"].to_numpy()
    assert abs(np.mean(pull)) < 4 / np.sqrt(len(pull))
    assert np.std(pull) == pytest.approx(1.0, abs=0.45)


def test_events_are_where_the_target_is_and_as_many_as_the_light_curve_counts(
    truth: sample.Truth, read: Read
) -> None:
    for target in truth.photometry.iter_rows(named=True):
        obs_id = target["chandra_obs_id"]
        events = read(f"sim_acisf{obs_id}N001_evt2.fits", "events")
        east = (events["ra"] - target["ra"]) * np.cos(np.radians(target["dec"]))
        north = (events["dec"] - target["dec"]).to_numpy()
        away = np.hypot(east.to_numpy(), north) * 3600
        band = events["energy_ev"].is_between(500, 7000).to_numpy()
        light = kind(truth, "chandra light curve")
        name = next(file for file in light if obs_id in file)
        with fits.open(next(truth.archive.rglob(name))) as file:
            counted = int(file["LIGHTCURVE"].data["COUNTS"].sum())
        assert ((away < 8 * 0.492) & band).sum() == pytest.approx(counted, abs=5)


def test_the_agn_lags_by_what_the_truth_says(truth: sample.Truth, read: Read) -> None:
    lag = truth.lags.row(by_predicate=pl.col("object") == "SIM AGN 1", named=True)
    first = read(lag["first"], "photometry").sort("time")
    second = read(lag["second"], "photometry").filter(pl.col("exposure_s") > 200)
    early, late = utc_s(first, 3), utc_s(second.sort("time"), 3)
    counts = second.sort("time")["value"].to_numpy()
    shifts = np.arange(-6000, 6001, 100)
    seen = [
        np.corrcoef(first["value"], np.interp(early + shift, late, counts))[0, 1]
        for shift in shifts
    ]
    assert shifts[int(np.argmax(seen))] == pytest.approx(lag["lag_s"], abs=300)
    assert max(seen) > 0.7


def test_source_catalogues_say_what_the_truth_says(
    truth: sample.Truth, read: Read
) -> None:
    swift = read("simulated_swift_deepsky_countrates.csv", "sources")
    located = truth.sources.drop_nulls("swift_ra")
    assert np.allclose(swift["ra"], located["swift_ra"], atol=1e-5)
    assert np.allclose(swift["dec"], located["swift_dec"], atol=1e-6)
    chandra = read("sim_csc2.tsv", "sources").unique("source_id", maintain_order=True)
    located = truth.sources.drop_nulls("chandra_ra")
    away = np.abs(chandra["ra"].to_numpy() - located["chandra_ra"].to_numpy())
    assert np.all(np.minimum(away, 360 - away) < 1e-4)
    radius = 2.448 * located["chandra_sigma_arcsec"].to_numpy()
    assert np.allclose(chandra["error_radius_arcsec"], radius, atol=0.006)


def test_the_logs_list_every_observation_once(truth: sample.Truth, read: Read) -> None:
    log = read("simulated_chanmaster.tsv", "observations")
    for row in truth.photometry.iter_rows(named=True):
        entry = log.row(
            by_predicate=pl.col("obs_id") == row["chandra_obs_id"], named=True
        )
        assert entry["object"] == row["object"]
        assert entry["ra"] == pytest.approx(row["ra"], abs=1e-4)
    swift = read("simulated_swiftmastr.csv", "observations")
    listed = truth.bursts.filter("listed").unique("obs_id")["obs_id"].to_list()
    assert set(listed) <= set(swift["obs_id"])
