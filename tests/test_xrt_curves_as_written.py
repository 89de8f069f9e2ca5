"""XRT light curves: what each file says of limits, axes, units, bands and its instrument."""

import json
from pathlib import Path

import numpy as np
import pytest
from archive_files import rows_of
from astropy.time import Time

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import place_of, to_tt, to_utc_iso

CASES = Path(__file__).parents[2] / "shared/cases/data"
HEAD = "READ TERR 1 2\n"
ROW = "100.0 5.0 -6.0 2.0e-12 5e-13 -4e-13\n"
T0 = (
    "! T0 for this burst is Swift MET=504921500.0 s, = 2016 Dec 31 at 23:58:03.500 UT\n"
)
MILLISECOND = np.timedelta64(1_000_000, "ns")


def read(tmp_path, content, name="GRB161231A_flux.qdp"):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    tables, account = rows_of(path)
    return tables.get("photometry"), account


def json_curve(**columns):
    return {
        name: {str(n): value for n, value in enumerate(values)}
        for name, values in columns.items()
    }


# Limits


@pytest.mark.parametrize(
    ("heading", "mode"),
    [
        *(
            ("PCUL", "PC"),
            ("WTUL", "WT"),
            ("PCUL_incbad", "PC"),
            ("PC Upper limit", "PC"),
        ),
        *(("PC UL", "PC"), ("xrtpcul_incbad", "PC"), ("WT upper limits", "WT")),
    ],
)
def test_blocks_named_for_upper_limits_hold_limits(tmp_path, heading, mode):
    points, _ = read(
        tmp_path,
        f"{HEAD}! PC\n{ROW}NO NO NO\n! {heading}\n200.0 5 -5 7e-13 1e-14 -1e-14\n",
    )

    assert points["is_limit"].to_pylist() == [False, True]
    assert points["value"].to_pylist() == [2.0e-12, 7e-13]
    assert points["value_err_plus"].to_pylist() == [5e-13, None]
    assert points["limit_confidence"].to_pylist() == [None, 0.9973]
    assert points["mode"].to_pylist() == ["PC", mode]


@pytest.mark.parametrize(
    ("errors", "limit", "plus", "minus"),
    [
        ("5e-13 -4e-13", False, 5e-13, 4e-13),
        ("0 0", True, None, None),
        ("0 -4e-13", False, None, 4e-13),
        ("-1 -1", True, None, None),
        ("-4e-13 5e-13", False, 5e-13, 4e-13),
        ("NO NO", False, None, None),
    ],
)
def test_errors_that_are_none_mark_limits(tmp_path, errors, limit, plus, minus):
    points, _ = read(tmp_path, f"{HEAD}! PC\n100 5 -6 2e-12 {errors}\n")

    assert points["is_limit"].to_pylist() == [limit]
    assert points["value"].to_pylist() == [2e-12]
    assert points["value_err_plus"].to_pylist() == [plus]
    assert points["value_err_minus"].to_pylist() == [minus]


def test_a_value_of_zero_without_errors_is_no_measurement(tmp_path):
    points, account = read(tmp_path, f"{HEAD}! PC\n{ROW}200 5 -5 0 0 0\n")

    assert points["value"].to_pylist() == [2e-12, None]
    assert points["is_limit"].to_pylist() == [False, False]
    assert any("no measurement" in text for text in account.understood)


@pytest.mark.parametrize("stem", ["Rate", "Flux"])
def test_a_json_column_of_upper_limits_holds_limits(tmp_path, stem):
    curve = json_curve(
        Time=[2e5], TimePos=[1e3], TimeNeg=[-1e3], UpperLimit=[1.8e-3],
        **{f"{stem}Pos": [0.0], f"{stem}Neg": [0.0]},
    )  # fmt: skip

    points, _ = read(tmp_path, curve, "GRB161231A_PCUL_incbad.json")

    assert points["is_limit"].to_pylist() == [True]
    assert points["value"].to_pylist() == [1.8e-3]
    assert points["value_err_plus"].to_pylist() == [None]
    assert points["mode"].to_pylist() == ["PC"]
    unit = {"Rate": "count / s", "Flux": "erg / (cm2 s)"}[stem]
    assert points["unit"].to_pylist() == [unit]


def test_pcul_blocks_of_the_archive_are_limits():
    path = CASES / "01_pcul_limits/SN2006aj_flux_cut.qdp"
    if not path.exists():
        pytest.skip(f"{path} is missing")

    points = rows_of(path)[0]["photometry"]

    assert points["is_limit"].to_pylist() == [False] * 11 + [True] * 3
    assert points["value"].to_pylist()[-1] == 4.07904e-14
    assert points["value_err_plus"].to_pylist()[-3:] == [None] * 3


# Axes


def test_seconds_since_t0_elapse_across_a_leap_second(tmp_path):
    points, _ = read(tmp_path, f"{T0}{HEAD}! PC\n{ROW}{ROW.replace('100.0', '300.0')}")
    tt = Time("2016-12-31T23:58:03.5", scale="utc").tt.to_value("datetime64")
    time = points["time"].to_numpy()

    assert abs(time[0] - tt - np.timedelta64(100, "s")) < MILLISECOND
    assert abs(time[1] - tt - np.timedelta64(300, "s")) < MILLISECOND
    assert to_utc_iso(time) == ["2016-12-31T23:59:43.500", "2017-01-01T00:03:02.500"]
    assert np.diff(points["utcf_s"].to_numpy()) == pytest.approx([-1.0])
    again = to_tt("swift-met-utcf", points["met_s"], utcf_s=points["utcf_s"].to_numpy())
    assert np.all(abs(again - time) < MILLISECOND)


MJD = [57945.873326, 0.068862, -0.068862]
JD = [2457946.373326, 0.068862, -0.068862]
AXES = [
    *(("Time (MJD)", MJD, "mjd-utc"), ("MJD", MJD, "mjd-utc"), ("JD", JD, "mjd-utc")),
    *(("Time[JD]", JD, "mjd-utc"), ("TDB", MJD, "mjd-tdb"), ("BJD", JD, "mjd-tdb")),
    *(("Time (TDB)", MJD, "mjd-tdb"), ("Time(BJD)", JD, "mjd-tdb")),
    *(
        ("MJD (TDB)", MJD, "mjd-tdb"),
        ("JD(TT)", JD, "mjd-tt"),
        ("MJD_TDB", MJD, "mjd-tdb"),
    ),
    ("Time (MJD, TT)", MJD, "mjd-tt"),
    ("HJD", JD, "mjd-utc at heliocentre"),
]


@pytest.mark.parametrize(
    "end", ["T_+ve T_-ve Rate Ratepos Rateneg", "Err(pos) Err(neg) Rate"]
)
@pytest.mark.parametrize(("axis", "cells", "rule"), AXES)
def test_an_axis_of_dates_gives_dates_and_widths_in_seconds(
    tmp_path, axis, cells, rule, end
):
    row = " ".join(map(str, cells))
    points, _ = read(tmp_path, f"{HEAD}! PC data\n!{axis} {end}\n{row} 0.7 0.1 -0.1\n")

    assert abs(points["time"].to_numpy()[0] - to_tt(rule, [MJD[0]])[0]) < MILLISECOND
    assert points["time_rule"].to_pylist() == [rule]
    assert points["since_t0_s"].to_pylist() == [None]
    assert points["time_err_plus_s"].to_pylist() == [pytest.approx(5949.6768)]


def test_barycentric_axes_are_marked(tmp_path):
    points, account = read(
        tmp_path,
        f"{HEAD}! PC\n!Time (TDB) T_+ve T_-ve Rate\n57945.8 .1 -.1 .7 .1 -.1\n",
    )

    assert place_of(points["time_rule"][0].as_py()) == "barycentre"
    assert "times are TDB, of arrival at the barycentre" in account.understood


def test_a_label_of_the_plot_names_the_axis_too(tmp_path):
    points, _ = read(
        tmp_path, f"{HEAD}lab x Time (MJD)\n! PC\n57945.8 .1 -.1 .7 .1 -.1\n"
    )

    assert points["time_rule"].to_pylist() == ["mjd-utc"]


@pytest.mark.parametrize(
    ("unit", "factor"), [("d", 86400), ("days", 86400), ("ks", 1e3), ("s", 1)]
)
def test_a_unit_of_the_axis_is_obeyed(tmp_path, unit, factor):
    points, _ = read(
        tmp_path, f"{HEAD}! PC\n!Time ({unit}) T_+ve T_-ve Rate\n2.5 .5 -.5 .7 .1 -.1\n"
    )

    assert points["since_t0_s"].to_pylist() == [2.5 * factor]
    assert points["time_err_minus_s"].to_pylist() == [0.5 * factor]


def test_numbers_that_are_no_dates_of_the_axis_claim_no_time(tmp_path):
    points, _ = read(
        tmp_path, f"{HEAD}! PC\n!TDB T_+ve T_-ve Rate\n5.1e8 .1 -.1 .7 .1 -.1\n"
    )

    assert points["time"].to_pylist() == [None]
    assert points["since_t0_s"].to_pylist() == [None]
    assert json.loads(points["extra"][0].as_py())["time as written"] == 5.1e8


def test_the_spacecraft_clock_alone_is_kept_and_no_time_is_claimed(tmp_path):
    line = "!Time (MET) T_+ve T_-ve Rate\n504921600 5 -5 .7 .1 -.1\n"

    bare, account = read(tmp_path, f"{HEAD}! PC\n{line}")
    dated, _ = read(tmp_path, f"{T0}{HEAD}! PC\n{line}")

    assert (bare["time"][0].as_py(), bare["met_s"][0].as_py()) == (None, 504921600.0)
    assert "no correction of Swift's clock: time null, MET kept" in account.understood
    assert dated["since_t0_s"].to_pylist() == [100.0]
    assert to_utc_iso(dated["time"].to_numpy()) == ["2016-12-31T23:59:43.500"]


def test_json_times_that_are_dates_are_not_seconds_since_t0(tmp_path):
    curve = json_curve(
        Time=[57945.9], TimePos=[0.05], TimeNeg=[-0.05], Rate=[0.7], RatePos=[0.1],
        RateNeg=[-0.1], Exposure=[998.0],
    )  # fmt: skip

    points, account = read(tmp_path, curve, "Cyg_X-1_PC.json")

    assert points["since_t0_s"].to_pylist() == [None]
    assert json.loads(points["extra"][0].as_py())["time as written"] == 57945.9
    assert any("no time claimed" in text for text in account.understood)


# Units, bands and comments


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("Flux density (Jy)", 0.012),
        ("Density", 0.012),
        ("Flux_density(mJy)", 1.2e-5),
        ("Density (uJy)", 1.2e-8),
    ],
)
def test_a_flux_density_is_in_millijansky_at_its_energy(tmp_path, words, value):
    points, _ = read(
        tmp_path,
        f"{HEAD}! XRT flux density at 10 keV\n!Time T_+ve T_-ve {words} Fluxpos Fluxneg\n"
        "! WT data\n100 5 -5 1.2e-5 1e-6 -1e-6\nNO NO\n! PC data\n400 5 -5 1.2e-5 1e-6 -1e-6\n",
    )

    assert points["unit"].to_pylist() == ["mJy", "mJy"]
    assert points["value"].to_pylist() == [pytest.approx(value)] * 2
    assert points["band_low_kev"].to_pylist() == [10.0, 10.0]
    assert points["band_high_kev"].to_pylist() == [10.0, 10.0]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("GRB201013A_Density_PC.json", "Flux"),
        ("Density/GRB201013A.json", "Flux"),
        ("GRB201013A.json", "Density"),
    ],
)
def test_a_json_density_is_no_integrated_flux(tmp_path, name, column):
    curve = json_curve(
        Time=[100.0], TimePos=[1.0], TimeNeg=[-1.0], FluxPos=[1e-6], FluxNeg=[-1e-6],
        **{column: [1.2e-5]},
    )  # fmt: skip

    points, account = read(tmp_path, curve, name)

    assert points["unit"].to_pylist() == ["mJy"]
    assert points["value"].to_pylist() == [pytest.approx(0.012)]
    assert points["value_err_plus"].to_pylist() == [pytest.approx(1e-3)]
    assert "flux density in mJy at 10 keV" in account.understood


def test_everything_after_an_exclamation_mark_is_a_comment(tmp_path):
    points, _ = read(
        tmp_path,
        "READ TERR 1 ! axis\nREAD SERR 2\n! WT data\n!MJD Err(pos) Err(neg) Rate Error\n"
        "53000.5 0.01 -0.01 1.0 0.1 ! first snapshot\n53001.5 .01 -.01 2.0 .2!second\n",
    )

    assert points["value"].to_pylist() == [1.0, 2.0]
    assert points["value_err_minus"].to_pylist() == [0.1, 0.2]


HARDNESS = """! Swift/XRT hardness ratio of trigger: 123456, name: GRB 161231A
READ TERR 1
READ SERR 2
! {hard}
!Time Err(pos) Err(neg) Rate Error
100 5 -6 0.5 0.1
NO NO NO NO NO
! {soft}
100 5 -6 0.8 0.2
NO NO NO NO NO
! {ratio}
!Time Err(pos) Err(neg) HR Error
100 5 -6 0.6 0.3
"""


@pytest.mark.parametrize(
    ("hard", "soft", "ratio"),
    [
        ("WT -- hard data", "WT -- soft data", "WT -- hardness ratio"),
        ("WTHard", "WTSoft", "WTHR"),
        ("WTHard_incbad", "WTSoft_incbad", "WTHR_incbad"),
    ],
)
def test_hard_and_soft_blocks_keep_band_mode_and_errors(tmp_path, hard, soft, ratio):
    content = HARDNESS.format(hard=hard, soft=soft, ratio=ratio)
    points, account = read(tmp_path, content)

    assert points["band"].to_pylist() == ["hard", "soft"]
    assert points["value_err_plus"].to_pylist() == [0.1, 0.2]
    assert points["time_err_minus_s"].to_pylist() == [6.0, 6.0]
    assert points["mode"].to_pylist() == ["WT", "WT"]
    assert account.skipped == {f"'{ratio}' is neither a flux nor a rate": 1}


def test_json_of_a_hard_band_keeps_its_symmetric_error(tmp_path):
    curve = json_curve(
        Time=[243.5], TimePos=[19.8], TimeNeg=[-22.8], Rate=[1.3], RateErr=[0.27]
    )
    ratio = json_curve(
        Time=[243.5], TimePos=[19.8], TimeNeg=[-22.8], HR=[1.1], HRErr=[0.3]
    )

    points, _ = read(tmp_path, curve, "GRB161231A_PCHard.json")
    nothing, account = read(tmp_path, ratio, "GRB161231A_PCHR.json")

    assert points["value_err_plus"].to_pylist() == [0.27]
    assert points["value_err_minus"].to_pylist() == [0.27]
    assert (points["band"].to_pylist(), points["mode"].to_pylist()) == (
        ["hard"],
        ["PC"],
    )
    assert nothing is None
    assert account.skipped == {"'HR' is neither a flux nor a rate": 1}


# The instrument


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("READ SERR 1 2\n! NICER 0.5-10 keV\n1 .5 2 .1\n", "lc.qdp", "of NICER"),
        ("READ SERR 1 2\n1 .5 2 .1\n", "GRB221009A_nicer_lc.qdp", "of nicer"),
        ("READ SERR 1 2\n! XMM-Newton EPIC pn\n1 .5 2 .1\n", "GRB1_flux.qdp", "of XMM"),
        (
            "READ SERR 1 2\n@spec.pco\n!\n.3 .01 .1 .01 .2\n",
            "spec.qdp",
            "no instrument",
        ),
        (
            "READ SERR 1 2\n! Swift XRT\nlab x Energy (keV)\n.3 .01 .1 .01 .2\n",
            "spectrum.qdp",
            "a spectrum",
        ),
    ],
)
def test_qdp_of_other_instruments_and_spectra_are_refused(
    tmp_path, content, name, words
):
    with pytest.raises(ArchiveError, match=words):
        read(tmp_path, content, name)


def test_points_of_another_instrument_in_a_swift_file_are_skipped(tmp_path):
    points, account = read(
        tmp_path,
        f"! Swift/XRT and NICER\n{HEAD}! PC\n{ROW}NO NO\n! NICER\n{ROW}{ROW}",
    )

    assert len(points) == 1
    assert account.skipped == {"points of NICER": 2}
