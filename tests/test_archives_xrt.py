"""XRT light curves: blocks, signs of errors, limits, and times the file does not give."""

import csv
import json

import numpy as np
import pytest
from archive_files import rows_of

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso

UKSSDC = """! Swift/XRT lightcurve of trigger: 794972, name: GRB 171205A
! T0 for this burst is Swift MET=534151264.0 s, = 2017 Dec 05 at 07:20:43.893 UT
! Data covers 0.3-10 keV
! The data are in 5 columns:  ! time, time error (+ve), time error (-ve), source flux
READ TERR 1 2
! WT data
!Time    T_+ve   T_-ve   Flux    Fluxpos Fluxneg
134.9   0.3   -0.4   4.2e-09   5.1e-10   -4.9e-10
NO NO NO NO NO
! PC data
!Time    T_+ve   T_-ve   Flux    Fluxpos Fluxneg
4000.0   10.0   -20.0   2.0e-12   5e-13   -4e-13
NO NO NO NO NO NO
! PC Upper limit
!Time    T_+ve   T_-ve   Flux    Fluxpos Fluxneg
8126334.2   979.1   -945967.5   7.3e-14   0   0
"""


@pytest.fixture
def ukssdc(tmp_path):
    path = tmp_path / "GRB171205A_flux.qdp"
    path.write_text(UKSSDC)
    return rows_of(path)[0]["photometry"]


def test_minus_errors_lose_their_sign_and_keep_their_side(ukssdc):
    assert ukssdc["value_err_plus"].to_pylist()[0] == 5.1e-10
    assert ukssdc["value_err_minus"].to_pylist()[0] == 4.9e-10
    assert ukssdc["time_err_plus_s"].to_pylist()[1] == 10.0
    assert ukssdc["time_err_minus_s"].to_pylist()[1] == 20.0


def test_the_upper_limit_block_holds_limits_and_not_exact_values(ukssdc):
    assert ukssdc["is_limit"].to_pylist() == [False, False, True]
    assert ukssdc["value"].to_pylist()[2] == 7.3e-14
    assert ukssdc["value_err_plus"].to_pylist()[2] is None
    assert ukssdc["limit_confidence"].to_pylist() == [None, None, 0.9973]


def test_breaks_of_any_number_of_no_part_modes(ukssdc):
    assert ukssdc["mode"].to_pylist() == ["WT", "PC", "PC"]
    assert ukssdc["object"].to_pylist() == ["GRB 171205A"] * 3
    assert ukssdc["file_row"].to_pylist() == [0, 1, 2]


def test_t0_in_the_comment_gives_absolute_times_and_the_correction(ukssdc):
    assert to_utc_iso(ukssdc["time"].to_numpy()[:1]) == ["2017-12-05T07:22:58.793"]
    assert ukssdc["utcf_s"].to_pylist()[0] == pytest.approx(-20.107, abs=1e-6)
    assert ukssdc["since_t0_s"].to_pylist()[0] == 134.9


@pytest.mark.parametrize(("hour", "told"), [("07", 0), ("10", 1)])
def test_a_t0_whose_ut_is_not_its_met_is_told(tmp_path, hour, told):
    path = tmp_path / "GRB171205A_flux.qdp"
    path.write_text(UKSSDC.replace("at 07:20", f"at {hour}:20"))

    remarks = rows_of(path)[1].understood

    words = "its UT is 10,780 s after its MET"
    assert told == sum(words in remark for remark in remarks)
    assert told == sum("contradicts itself" in remark for remark in remarks)


def test_without_t0_no_absolute_time_is_claimed(tmp_path):
    path = tmp_path / "GRB111209A_flux.qdp"
    path.write_text("READ TERR 1 2\n! WT\n413.4 1.0 -1.1 1.1e-08 8.6e-10 -7.3e-10\n")

    tables, account = rows_of(path)

    assert tables["photometry"]["time"].to_pylist() == [None]
    assert tables["photometry"]["since_t0_s"].to_pylist() == [413.4]
    assert "no T0 in the file: times are relative only" in account.understood


def test_symmetric_files_of_unknown_time_unit_claim_no_seconds(tmp_path):
    path = tmp_path / "nova_RSOph_fluxlc.qdp"
    path.write_text("READ SERR 1 2\n3.175 0.0006 1.2e-09 3.4e-11\n")

    points = rows_of(path)[0]["photometry"]

    assert points["since_t0_s"].to_pylist() == [None]
    assert points["time_err_plus_s"].to_pylist() == [None]
    assert json.loads(points["extra"][0].as_py())["time as written"] == 3.175
    assert points["value_err_minus"].to_pylist() == [3.4e-11]


def test_rows_name_their_obs_id_with_its_zeros(tmp_path):
    path = tmp_path / "AT2018cow_curve.qdp"
    path.write_text(
        "5636.3\t5519.2\t-5519.2\t0.64\t0.037\t-0.037\t::ObsID=00010724002\n" * 3
    )

    points = rows_of(path)[0]["photometry"]

    assert points["obs_id"].to_pylist() == ["00010724002"] * 3
    assert points["unit"].to_pylist() == ["count / s"] * 3


def test_a_file_named_count_rate_holding_fluxes_is_a_flux(tmp_path):
    path = tmp_path / "GRB130427A_count_rate_lc.qdp"
    path.write_text("READ TERR 1 2\n! WT\n144.9 1.0 -1.0 4.5e-07 4.4e-08 -4.4e-08\n")

    assert rows_of(path)[0]["photometry"]["unit"].to_pylist() == ["erg / (cm2 s)"]


def test_blocks_without_flux_are_skipped_and_counted(tmp_path):
    path = tmp_path / "GRB070809_raw.csv"
    path.write_text(
        "READ TERR 1 2\n! xrtpcgamma_incbad\n126.6 99.1 -46.2 1.62 0.43 -0.31\n"
        "NO NO NO NO NO NO\n! xrtpcflux_incbad\n126.6 99.1 -46.2 1e-12 1e-13 -1e-13\n"
    )

    tables, account = rows_of(path)

    assert tables["photometry"]["value"].to_pylist() == [1e-12]
    assert tables["photometry"]["file_row"].to_pylist() == [1]
    assert account.skipped == {"'xrtpcgamma_incbad' is neither a flux nor a rate": 1}


def test_columns_headed_mjd_are_dates(tmp_path):
    path = tmp_path / "source.qdp"
    path.write_text(
        "READ TERR 1 2\n!MJD T_+ve T_-ve Rate Ratepos Rateneg\n58119.5 0.1 -0.2 3 1 -1\n"
    )

    points = rows_of(path)[0]["photometry"]

    assert to_utc_iso(points["time"].to_numpy()) == ["2018-01-01T12:00:00.000"]
    assert points["time_err_plus_s"].to_pylist() == [8640.0]
    assert points["unit"].to_pylist() == ["count / s"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("READ TERR 1 2\n1 2 3 4 5 6\n1 2 x 4 5 6\n", "line 3"),
        ("READ TERR 1 2\n1 2 3 4 5 6\n1 2 3\n", "cut short"),
        ("READ TERR 1 2\n! WT\n", "without a single row"),
    ],
)
def test_damaged_rows_are_refused_with_their_line(tmp_path, text, words):
    path = tmp_path / "x.qdp"
    path.write_text(text)

    with pytest.raises(ArchiveError, match=words):
        rows_of(path)


def test_a_line_without_end_is_refused_before_it_is_searched(tmp_path):
    path = tmp_path / "a.qdp"
    path.write_text(f"READ SERR 1 2\n! {'1' * 900_000}\n1 2 3 4\n")

    with pytest.raises(ArchiveError, match="line 2 has more than 4,000 characters"):
        rows_of(path)


def test_json_rows_go_by_number_and_missing_cells_are_null(tmp_path):
    keys = [str(n) for n in range(12)]
    columns = {
        "Time": {k: float(k) for k in keys},
        "TimePos": dict.fromkeys(keys, 1.0),
        "TimeNeg": dict.fromkeys(keys, -2.0),
        "Rate": {k: 10.0 + float(k) for k in keys if k != "3"},
        "RatePos": dict.fromkeys(keys, 0.5),
        "RateNeg": dict.fromkeys(keys, -0.25),
    }
    path = tmp_path / "GRB060614_PC_incbad.json"
    path.write_text(json.dumps(columns))

    points = rows_of(path)[0]["photometry"]

    assert points["since_t0_s"].to_pylist() == [float(n) for n in range(12)]
    assert points["value"].to_pylist()[2:5] == [12.0, None, 14.0]
    assert points["value_err_minus"].to_pylist()[0] == 0.25
    assert points["time_err_minus_s"].to_pylist()[0] == 2.0
    assert points["mode"].to_pylist()[0] == "PC"
    assert points["time"].null_count == 12


def numbers_of(path):
    """Count the rows of a QDP file without the reader."""
    with path.open() as file:
        return sum(
            bool(line.strip()) and line.split()[0][0] in "0123456789" for line in file
        )


def test_archive_qdp_files_give_every_row(archive):
    for path in sorted((archive / "swift_xrt").rglob("*.qdp")):
        points = rows_of(path)[0]["photometry"]

        assert len(points) == numbers_of(path), path.name
        for side in ("value_err_plus", "value_err_minus", "time_err_minus_s"):
            values = points[side].drop_null().to_numpy()
            assert (values >= 0).all(), (path.name, side)


def test_archive_json_files_give_every_row(archive):
    for path in sorted((archive / "swift_xrt/xrt_grb_json").glob("*.json")):
        expected = json.loads(path.read_text())["Rate"]
        points = rows_of(path)[0]["photometry"]

        assert np.allclose(points["value"].to_numpy(), list(expected.values()))


def test_the_uk_file_and_the_fits_header_agree_on_the_clock(archive):
    qdp = rows_of(archive / "swift_xrt/xrt_grb_flux_qdp/GRB130427A_flux.qdp")[0]
    fits = rows_of(archive / "swift_bat/grb_lightcurves_1s/grb_130427A_1chan_1s.lc")[0]

    assert qdp["photometry"]["utcf_s"][0].as_py() == pytest.approx(
        fits["rates"]["utcf_s"][0].as_py(), abs=0.001
    )


def test_the_archive_light_curve_types_keep_names_other_than_grbs(archive):
    path = archive / "swift_xrt/xrt_grb_json/GRBtable.csv"
    with path.open() as file:
        expected = [row["GRB"] for row in csv.DictReader(file, delimiter=";")]
    bursts = rows_of(path)[0]["grbs"]

    assert bursts["name"].to_pylist() == expected
    assert bursts["redshift"].to_pylist()[:3] == [0.354, None, None]
