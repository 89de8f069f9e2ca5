"""Light curves written to files and handed to other libraries come back as they were."""

import sys
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import QTable
from astropy.timeseries import TimeSeries
from numpy.testing import assert_allclose

from orbital_kernel.errors import QueryError
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.science.lightcurves import joint

T0 = datetime(2013, 4, 27, 7, 49, 4, 696000)  # noqa: DTZ001 - TT has no zone
TIMES = [T0 + timedelta(seconds=s) for s in (10.0, 1000.125, 90_000.0)]
FORMULAS = ("=1+1", "+1", "-1", "@x", "\tx")


def rows(**changes):
    base = {
        "observatory": ["swift", "swift", "chandra"],
        "object": ["=HYPERLINK(1)", "plain", "plain"],
        "time": pl.Series(TIMES, dtype=pl.Datetime("ns")),
        "value": [2e-12, 1e-12, 5e-13],
        "value_err_plus": [2e-13, 1e-13, None],
        "value_err_minus": [1e-13, 3e-13, None],
        "time_err_plus_s": [5.0, 50.0, 500.0],
        "time_err_minus_s": [5.0, 50.0, 500.0],
        "is_limit": [False, False, True],
        "unit": ["erg / (cm2 s)"] * 3,
        "band": ["0.3-10 keV"] * 3,
        "band_low_kev": [0.3] * 3,
        "band_high_kev": [10.0] * 3,
        "instrument": ["XRT", "XRT", "ACIS"],
        "mode": ["WT", "PC", None],
    }
    return pl.DataFrame(base | changes)


@pytest.fixture
def curve():
    """Return a curve of two detections and a limit."""
    return LightCurve("GRB 130427A", joint(rows(), t0=T0, t0_source="x"), T0, "x")


def test_a_csv_returns_the_numbers_and_disarms_formulas(curve, tmp_path):
    text = curve.to_csv(tmp_path / "curve.csv")
    read = pl.read_csv(text, try_parse_dates=True)

    assert curve["value"].to_list() == read["value"].to_list()
    assert curve["value_err_plus"].to_list() == read["value_err_plus"].to_list()
    assert curve["time"].to_list() == read["time"].cast(pl.Datetime("ns")).to_list()
    assert "'=HYPERLINK(1)" == read["object"][0]
    assert ["plain"] * 2 == read["object"][1:].to_list()


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_of_a_csv_begins_as_a_formula(formula, tmp_path):
    frame = joint(rows(object=[formula] * 3))
    LightCurve("x", frame).to_csv(tmp_path / "curve.csv")
    read = pl.read_csv(tmp_path / "curve.csv")

    assert {f"'{formula}"} == set(read["object"])


def test_an_ecsv_returns_values_units_masks_and_times(curve, tmp_path):
    table = QTable.read(curve.to_ecsv(tmp_path / "curve.ecsv"), format="ascii.ecsv")

    assert_allclose(curve["value"].to_numpy(), table["value"].value)
    assert "erg / (s cm2)" == table["value"].unit.to_string()
    assert [False, False, True] == table["value_err_plus"].mask.tolist()
    assert "tt" == table["time"].scale
    assert TIMES == [time.datetime for time in table["time"]]
    assert "GRB 130427A" == table.meta["object"]


def test_a_fits_table_returns_values_units_and_times(curve, tmp_path):
    with fits.open(curve.to_fits(tmp_path / "curve.fits")) as file:
        table, header = file["LIGHTCURVE"].data, file["LIGHTCURVE"].header
        mjd = table["time"].copy()
        values, errors = table["value"].copy(), table["value_err_plus"].copy()
        objects_, limits = list(table["object"]), table["is_limit"].tolist()

    assert ("TT", "GRB 130427A") == (header["TIMESYS"], header["OBJECT"])
    assert_allclose(curve["value"].to_numpy(), values)
    assert [False, False, True] == np.isnan(errors).tolist()
    expected = [(t - datetime(1858, 11, 17)) / timedelta(days=1) for t in TIMES]  # noqa: DTZ001
    assert_allclose(mjd, expected, rtol=0, atol=1e-10)
    assert (["=HYPERLINK(1)", "plain", "plain"], [False, False, True]) == (
        objects_,
        limits,
    )


@pytest.mark.filterwarnings("ignore:The unit 'erg' has been deprecated")
def test_a_votable_returns_values_and_units(curve, tmp_path):
    table = parse_single_table(str(curve.to_votable(tmp_path / "curve.vot"))).to_table()

    assert_allclose(curve["value"].to_numpy(), table["value"].data)
    assert table["value"].unit.is_equivalent("erg / (cm2 s)")
    assert ["=HYPERLINK(1)", "plain", "plain"] == list(table["object"])
    assert bool(np.ma.is_masked(table["value_err_plus"][2])) or np.isnan(
        table["value_err_plus"][2]
    )


def test_a_time_series_has_the_points_with_times_and_the_flux(curve):
    series = curve.to_timeseries()

    assert isinstance(series, TimeSeries)
    assert TIMES == [time.datetime for time in series.time]
    assert_allclose(curve["value"].to_numpy(), series["flux"].value)
    assert "erg / (s cm2)" == series["flux"].unit.to_string()
    assert_allclose([1.5e-13, 2e-13], series["flux_err"].value[:2])
    assert 0 == series.meta["undated"]


def test_a_time_series_without_dates_counts_from_t0():
    undated = rows(time=pl.Series([None] * 3, dtype=pl.Datetime("ns")))
    frame = joint(undated.with_columns(pl.Series("since_t0_s", [1.0, 2.0, 3.0])))
    series = LightCurve("x", frame).to_timeseries()

    assert [1.0, 2.0, 3.0] == series.time.sec.tolist()


def test_a_stingray_light_curve_has_detections_since_t0(curve):
    pytest.importorskip(
        "stingray", reason="stingray is not installed: pip install 'orbital[timing]'"
    )
    light_curve = curve.only(instrument="XRT").to_stingray()

    assert [10.0, 1000.125] == light_curve.time.tolist()
    assert [2e-12, 1e-12] == light_curve.countrate.tolist()
    assert_allclose([1.5e-13, 2e-13], light_curve.countrate_err)
    assert [10.0, 100.0] == light_curve.dt.tolist()


def test_a_lightkurve_light_curve_has_the_detections(curve):
    pytest.importorskip(
        "lightkurve", reason="lightkurve is not installed: pip install lightkurve"
    )
    light_curve = curve.to_lightkurve()

    assert_allclose([2e-12, 1e-12], light_curve.flux.value)
    assert_allclose([1.5e-13, 2e-13], light_curve.flux_err.value)
    expected = np.array(TIMES[:2], dtype="datetime64[ns]")
    apart = light_curve.time.tt.to_value("datetime64") - expected
    assert (np.abs(apart) < np.timedelta64(1, "us")).all()


def test_lightkurve_that_is_not_installed_is_named(curve, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightkurve", None)
    with pytest.raises(QueryError, match="pip install lightkurve"):
        curve.to_lightkurve()


def test_a_stingray_light_curve_is_of_one_instrument():
    frame = joint(rows(is_limit=[False] * 3))
    with pytest.raises(QueryError, match="of one instrument"):
        LightCurve("x", frame).to_stingray()


def test_a_file_of_an_unknown_ending_is_refused(curve, tmp_path):
    with pytest.raises(QueryError, match=r"\.csv, \.ecsv"):
        curve.to_file(tmp_path / "curve.docx")


def test_bins_are_means_by_exposure_with_errors_in_quadrature():
    """Weights do not depend on the values: 1 s and 3 s of exposure at 2 and 6."""
    frame = joint(
        rows(
            is_limit=[False] * 3,
            time=pl.Series(
                [T0 + timedelta(seconds=s) for s in (1.0, 3.0, 101.0)],
                dtype=pl.Datetime("ns"),
            ),
            observatory=["swift"] * 3,
            object=["x"] * 3,
            instrument=["XRT"] * 3,
            mode=["PC"] * 3,
            value=[2.0, 6.0, 4.0],
            value_err_plus=[1.0, 1.0, 1.0],
            value_err_minus=[0.4, 0.4, None],
        ).with_columns(exposure_s=pl.Series([1.0, 3.0, 2.0])),
        unit=None,
        t0=T0,
    )
    binned = LightCurve("x", frame, T0).binned(100.0)

    assert [5.0, 4.0] == binned["value"].to_list()
    assert pytest.approx([np.sqrt(10) / 4, 1.0]) == binned["value_err_plus"].to_list()
    assert [pytest.approx(0.4 * np.sqrt(10) / 4), None] == (
        binned["value_err_minus"].to_list()
    )
    assert [2.5, 101.0] == binned["since_s"].to_list()
    assert [T0 + timedelta(seconds=2.5), T0 + timedelta(seconds=101)] == (
        binned["time"].to_list()
    )
    assert [2, 1] == binned["averaged"].to_list()


@pytest.mark.parametrize("bins", ["often", "log 0", 0.0, [3.0, 1.0], [1.0]])
def test_bins_that_are_none_are_refused(curve, bins):
    with pytest.raises(QueryError, match="bin"):
        curve.binned(bins)


def test_limits_stay_as_they_are_in_bins(curve):
    binned = curve.binned("log 1")

    assert curve.filter("is_limit")["value"].to_list() == (
        binned.filter("is_limit")["value"].to_list()
    )
