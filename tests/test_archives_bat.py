"""BAT light curves and rates: what looks like a measurement and is none."""

import numpy as np
import pyarrow.compute as pc
import pytest
from archive_files import SWIFT, bat_lightcurve, bat_rates, rows_of, table, write
from astropy.io import fits

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso

LIGHT_CURVES = ["grb_lightcurves_1s", "grb_lightcurves_64ms"]


def column(rows, name):
    return rows[name].to_numpy(zero_copy_only=False)


def test_rate_and_error_of_zero_mean_missing_data_not_zero_flux(tmp_path):
    path = bat_lightcurve(
        tmp_path / "a.lc", np.array([0.1, 0.0, -0.2]), np.array([0.01, 0.0, 0.02])
    )

    rates = rows_of(path)[0]["rates"]

    assert rates["rate"].to_pylist() == [0.1, None, -0.2]
    assert rates["rate_err"].to_pylist() == [0.01, None, 0.02]
    assert rates["exposure_fraction"].to_pylist() == [1.0, 1.0, 1.0]


def test_time_follows_the_correction_and_not_mjdref(tmp_path):
    path = bat_lightcurve(
        tmp_path / "a.lc", np.ones(1), np.ones(1), met=np.array([388741688.0])
    )

    rates = rows_of(path)[0]["rates"]

    assert to_utc_iso(rates["time"].to_numpy()) == ["2013-04-27T07:47:57.512"]
    assert rates["met_s"].to_pylist() == [388741688.0]
    assert rates["utcf_s"].to_pylist() == [-10.48836]
    assert rates["time_rule"].to_pylist() == ["swift-met-utcf"]


def test_a_file_without_a_correction_is_refused_rather_than_read_as_tt(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc", np.ones(2), np.ones(2), UTCFINIT=None)

    with pytest.raises(ArchiveError, match="UTCFINIT"):
        rows_of(path)


def test_centred_bins_are_moved_to_their_start(tmp_path):
    path = bat_lightcurve(
        tmp_path / "a.lc", np.ones(2), np.ones(2), TIMEPIXR=0.5, TIMEDEL=2.0
    )

    assert rows_of(path)[0]["rates"]["met_s"].to_pylist() == [388741448.0, 388741449.0]


def test_four_channels_give_a_row_a_bin_and_channel_with_its_band(tmp_path):
    rate = np.arange(8.0).reshape(2, 4) + 1
    path = bat_lightcurve(tmp_path / "four.lc", rate, rate / 10)

    rates = rows_of(path)[0]["rates"]

    assert rates["rate"].to_pylist() == list(np.arange(1.0, 9.0))
    assert rates["channel"].to_pylist() == [0, 1, 2, 3] * 2
    assert rates["band"].to_pylist()[:4] == [
        "15-25 keV",
        "25-50 keV",
        "50-100 keV",
        "100-350 keV",
    ]
    assert rates["file_row"].to_pylist() == [0] * 4 + [1] * 4


def test_identity_keeps_its_zeros_and_the_series_is_the_files_stem(tmp_path):
    path = bat_lightcurve(tmp_path / "grb_x_1chan_1s.lc.gz", np.ones(1), np.ones(1))

    tables, account = rows_of(path)

    assert tables["rates"]["obs_id"].to_pylist() == ["00554620000"]
    assert tables["rates"]["series"].to_pylist() == ["grb_x_1chan_1s"]
    assert tables["intervals"]["obs_id"].to_pylist() == ["00554620000"]
    assert tables["intervals"]["kind"].to_pylist() == ["gti"]
    assert account.observatory == "swift"


def test_a_numeric_obs_id_gets_its_zeros_back(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc", np.ones(1), np.ones(1), OBS_ID=554620000)

    assert rows_of(path)[0]["rates"]["obs_id"].to_pylist() == ["00554620000"]


def test_mask_weighted_rates_are_per_detector_and_raw_ones_are_not(tmp_path):
    net = rows_of(bat_lightcurve(tmp_path / "a.lc", np.ones(1), np.ones(1)))[0]["rates"]
    raw = rows_of(bat_rates(tmp_path / "b.lc", np.array([6000], np.int32)))[0]["rates"]

    assert (net["unit"][0].as_py(), net["kind"][0].as_py()) == (
        "count / (s det)",
        "net",
    )
    assert (raw["unit"][0].as_py(), raw["kind"][0].as_py()) == ("count / s", "raw")


def test_only_files_that_say_so_are_simulated(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc", np.ones(1), np.ones(1))
    real = rows_of(path)[0]["rates"]["simulated"].to_pylist()
    with fits.open(path, mode="update") as file:
        file[0].header["SIMULATE"] = True

    assert real == [False]
    assert rows_of(path)[0]["rates"]["simulated"].to_pylist() == [True]


def test_raw_counts_shifted_by_tzero_are_counts(tmp_path):
    counts = np.array([[90, 100, 80, 40], [40_000, 100, 80, 40]], np.uint16)
    rates = rows_of(bat_rates(tmp_path / "b.lc", counts, TIMEDEL=0.064))[0]["rates"]

    assert rates["counts"].to_pylist() == counts.ravel().astype(float).tolist()
    assert rates["rate"][4].as_py() == pytest.approx(40_000 / 0.064)
    assert rates["rate_err"][4].as_py() == pytest.approx(200 / 0.064)


def test_zero_filled_bins_of_the_array_are_missing_but_a_silent_channel_is_not(
    tmp_path,
):
    counts = np.array([[0, 0, 0, 0], [5, 0, 3, 2]], np.uint16)
    rates = rows_of(bat_rates(tmp_path / "b.lc", counts))[0]["rates"]

    assert rates["rate"].to_pylist() == [None] * 4 + [5.0, 0.0, 3.0, 2.0]


def tdrss(path, **keywords):
    lightcurve = table(
        "TDRSS_LC",
        [
            fits.Column("TIME", "1D", "s", array=747798433.344 + np.array([0, 1.6])),
            fits.Column("TIMEDEL", "1D", "s", array=np.array([1.6, 0.064])),
            fits.Column(
                "RAW_COUNTS", "4J", array=np.array([[9, 8, 7, 6], [-1] * 4]), null=-1
            ),
            fits.Column("RATE", "4E", array=np.ones((2, 4))),
            fits.Column("ERROR", "4E", array=np.ones((2, 4))),
        ],
        keywords=SWIFT | {"TIMEPIXR": 0.0, "UTCFINIT": 0.0, "TSTART": 7.4e8} | keywords,
    )
    return write(path, lightcurve, TELESCOP="SWIFT", INSTRUME="BAT", UTCFINIT=-34.1587)


def test_tdrss_bins_have_each_their_own_width(tmp_path):
    rates = rows_of(tdrss(tmp_path / "t.fits"))[0]["rates"]

    assert rates["bin_s"].to_pylist() == [1.6] * 4 + [0.064] * 4
    assert rates["counts"].to_pylist() == [9, 8, 7, 6, None, None, None, None]


def test_a_correction_of_zero_in_a_tdrss_table_yields_to_the_primary_header(tmp_path):
    """The GCN notice of this trigger gives 2024-09-12T01:46:39.18."""
    rates = rows_of(tdrss(tmp_path / "t.fits"))[0]["rates"]

    assert to_utc_iso(rates["time"].to_numpy()[:1]) == ["2024-09-12T01:46:39.185"]


def test_text_light_curves_keep_relative_times_and_claim_no_others(tmp_path):
    path = tmp_path / "GRB070809_1s_lc_ascii.dat"
    path.write_text(
        "-239.02 -0.002925 0.005164 0.004871 0.005267 0.000864 0.004806 "
        "-0.000151 0.004434 2.658850e-03 9.857748e-03\n"
        "-238.02 0 0 0 0 0 0 0 0 0 0\n"
    )

    points = rows_of(path)[0]["photometry"]

    assert points["time"].null_count == 10
    assert points["since_t0_s"].to_pylist()[:2] == [-238.52, -237.52]
    assert points["object"].to_pylist()[0] == "GRB 070809"
    assert points["value"].to_pylist()[:2] == [-0.002925, None]
    assert set(points["band"].to_pylist()) == {
        "15-25 keV",
        "25-50 keV",
        "50-100 keV",
        "100-350 keV",
        "15-350 keV",
    }


@pytest.mark.parametrize("folder", LIGHT_CURVES)
def test_archive_light_curves_agree_with_astropy_bin_by_bin(archive, folder):
    for path in sorted((archive / "swift_bat" / folder).iterdir()):
        rates = rows_of(path)[0]["rates"]
        with fits.open(path) as file:
            data = file["RATE"].data
            empty = data["ERROR"] == 0
            expected = np.where(empty, np.nan, data["RATE"])

        assert np.array_equal(column(rates, "rate"), expected, equal_nan=True)
        assert np.array_equal(column(rates, "met_s"), np.asarray(data["TIME"], float))
        assert rates["rate"].null_count == empty.sum()


def test_archive_rates_agree_with_astropy_count_by_count(archive):
    for folder in ("rates_1s", "rates_64ms"):
        for path in sorted((archive / "swift_bat" / folder).iterdir()):
            rates = rows_of(path)[0]["rates"]
            with fits.open(path) as file:
                counts = np.asarray(file["RATE"].data["COUNTS"], float)
            counts = counts.reshape(len(counts), -1)
            silent = counts.sum(axis=1) == 0
            expected = np.where(silent[:, None], np.nan, counts).ravel()

            assert np.array_equal(column(rates, "counts"), expected, equal_nan=True)


def test_the_archive_has_bins_that_a_naive_reading_would_call_zero(archive):
    path = archive / "swift_bat/grb_lightcurves_1s/grb_211211A_1chan_1s.lc"
    rates = rows_of(path)[0]["rates"]

    assert rates["rate"].null_count > 0
    assert pc.all(pc.greater(pc.drop_null(rates["rate_err"]), 0)).as_py()


def test_the_embedded_and_the_decoded_tdrss_light_curve_are_the_same(archive):
    notice = archive / "gcn/gcn_kafka_json/bat.lightcurve.initial.with_fits.json"
    decoded = archive / "gcn/gcn_embedded_fits/trig1253910_bat_raw_lc.fits"
    inside, alone = rows_of(notice)[0]["rates"], rows_of(decoded)[0]["rates"]

    assert inside.drop_columns("series") == alone.drop_columns("series")
