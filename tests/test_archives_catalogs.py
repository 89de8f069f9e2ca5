"""Catalogues and logs: text where numbers should be, dates of two countries, limits."""

import csv
import json
import re

import numpy as np
import pytest
from archive_files import rows_of, table, write
from astropy.io import fits

from orbital_kernel.archives.formats.log_dates import AMERICAN, EUROPEAN, log_date
from orbital_kernel.archives.swift.grb_table import (
    FLUENCE,
    INDEX,
    REDSHIFT,
    T90,
    burst_date,
    marked_number,
)
from orbital_kernel.archives.swift.sources import SDS82, SDS82_ERROR
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.redshifts import agreed_redshift
from orbital_kernel.model.times import to_utc_iso

GRB_COLUMNS = [
    "GRB", "Time [UT]", "Trigger Number", "BAT RA (J2000)", "BAT Dec (J2000)",
    "BAT 90% Error Radius [arcmin]", T90, FLUENCE, INDEX, "XRT RA (J2000)",
    "XRT Dec (J2000)", "XRT 90% Error Radius [arcsec]", "Other", REDSHIFT, "Comments",
]  # fmt: skip


def grb_table(tmp_path, *rows):
    path = tmp_path / "swift_grbs.txt"
    lines = [column.encode() for column in ("\t".join(GRB_COLUMNS),)]
    path.write_bytes(b"\n".join([*lines, *rows]) + b"\n")
    return rows_of(path)[0]["grbs"]


def test_one_file_may_mix_utf8_and_latin1(tmp_path):
    utf8 = "230101A\t01:00:00\t1\t1\t1\t1\t1\t1\t1, PL\tn/a\tn/a\tn/a\tD\u00ec\t\tx".encode()
    latin = b"230102A\t01:00:00\t1\t1\t1\t1\t1\t1\t1, PL\tn/a\tn/a\tn/a\tD\xec\t\tx"

    bursts = grb_table(tmp_path, utf8, latin)

    others = [json.loads(extra)["Other"] for extra in bursts["extra"].to_pylist()]
    assert others == ["D\u00ec", "D\u00ec"]


def test_inch_signs_do_not_swallow_rows_and_short_rows_are_whole(tmp_path):
    first = b'230101A\t01:00:00\t1\t1\t1\t1\t1\t1\t1, PL\tn/a\tn/a\tn/a\tTHO (16")'
    second = b"230102A\t01:00:00\t1\t1\t1\t1\t1\t1\t1, PL"

    assert grb_table(tmp_path, first, second)["name"].to_pylist() == [
        "GRB 230101A",
        "GRB 230102A",
    ]


def test_the_date_comes_from_the_name_and_the_fluence_has_its_power(tmp_path):
    row = b"110328A\t4:00:27\tBAT/GUANO\t226.796\t-41.356\t2.0\t>300\t12.0\t1.26, PL"

    bursts = grb_table(tmp_path, row)

    assert to_utc_iso(bursts["time"].to_numpy()) == ["2011-03-28T04:00:27.000"]
    assert bursts["fluence_erg_cm2"].to_pylist() == [pytest.approx(1.2e-6)]
    assert bursts["trigger_id"].to_pylist() == ["BAT/GUANO"]
    assert bursts["t90_s"].to_pylist() == [300.0]
    assert bursts["t90_limit"].to_pylist() == [">"]
    assert bursts["photon_index"].to_pylist() == [1.26]
    assert bursts["error_radius_arcsec"].to_pylist() == [120.0]


def test_the_better_position_wins_and_hours_are_not_degrees(tmp_path):
    row = (
        b"110328A\tn/a\t1\t20:44:28.52\t-41.356\t2.0\t1\t1\t1, PL"
        b"\t15:07:11.69\t-41:19:48.3\t2"
    )

    bursts = grb_table(tmp_path, row)

    assert bursts["ra"].to_pylist() == [pytest.approx(226.79871, abs=1e-5)]
    assert bursts["error_radius_arcsec"].to_pylist() == [2.0]
    assert bursts["time"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("cell", "value", "mark"),
    [
        (">300", 300, ">"), ("~60", 60, "~"), ("~1.3 to ~3", np.nan, None),
        ("n/a1.5", np.nan, None), ("1.26, PL", 1.26, None), ("1.26 (PL)  ", 1.26, None),
        ("-0.5, CPL", -0.5, None), (None, np.nan, None),
    ],
)  # fmt: skip
def test_numbers_with_marks_keep_both(cell, value, mark):
    got, got_mark = marked_number(cell)

    assert got == pytest.approx(value, nan_ok=True)
    assert got_mark == mark


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("4.41 (Keck: absorption)", 4.41), ("0.076 or 0.459", np.nan), ("0.228?", np.nan),
        ("<3.2", np.nan), ("2.4 (NOT)|2.4 (SAO)", 2.4), ("", np.nan), ("0.248(?)", np.nan),
        ("0.151 (VLT: emission)|0.1505 (GTC: absorption)", 0.1505),
        ("2.366 (GTC: absorption)|Consistent with GTC results (WHT)", 2.366),
        ("3.5 (ESO/MPI: photometric)|3.076 (VLT: absorption)", 3.076),
        ("0.38 (XRT: tentative)|0.81 (Keck)|0.81 (GMG: absorption)", 0.81),
        ("1.19 (UVOT), 1.148 (VLT: absorption)", np.nan),
        ("0.847(arXiv:1302.2352v1)|0.40 (Keck I: emission)", np.nan),
        ("1.036 < z < 2.7 (Gemini-North)", np.nan), ("~4.7 (Keck I: estimate)", np.nan),
        ("2.60 (TNG)|2.63 (NOT)", 2.60), ("2.60 (TNG)|2.64 (NOT)", np.nan),
    ],
)  # fmt: skip
def test_a_redshift_is_a_number_where_measurements_agree_within_a_percent(cell, value):
    assert agreed_redshift(cell) == pytest.approx(value, nan_ok=True)


def test_bursts_without_time_of_day_have_no_time():
    assert "" == burst_date("081024A", "05:53:0")
    assert "" == burst_date("081024A", None)


BAT_HEAD = (
    "## GRBname: name | not the header\n"
    "## GRBname | Trig_ID | Trig_time_met | Trig_time_UTC | RA_ground | DEC_ground | "
    "Image_position_err | Image_SNR | T90 | T90_err | T50 | comment\n"
)


def test_bat_catalogue_copes_with_absent_infinite_and_undashed_values(tmp_path):
    path = tmp_path / "summary.txt"
    path.write_text(
        BAT_HEAD + "GRB200809B | 987745 | 618680486.9 | 20200809T15:41:26.928 | "
        "2.548e+02 | -3.3e+01 | -inf | N/A | N/A | N/A | N/A |   \n"
    )

    bursts = rows_of(path)[0]["grbs"]

    assert to_utc_iso(bursts["time"].to_numpy()) == ["2020-08-09T15:41:26.928"]
    assert bursts["obs_id"].to_pylist() == ["00987745000"]
    assert bursts["error_radius_arcsec"].to_pylist() == [None]
    assert bursts["t90_s"].to_pylist() == [None]
    assert bursts["ra"].to_pylist() == [254.8]


def test_a_trigger_that_is_an_obs_id_stays_one(tmp_path):
    path = tmp_path / "durations.txt"
    path.write_text(
        "## GRBname | Trig_ID | Trig_time_met | T90_start | T90_stop | T50_start | T50_stop\n"
        "GRB151107A | 00036688015 |  | N/A | N/A | N/A | N/A |\n"
        "GRB220715B | 1116441 | 679616711.68 | 0.4 | 40.808 | 3.75 | 18.91 | N/A\n"
    )

    bursts = rows_of(path)[0]["grbs"]

    assert bursts["obs_id"].to_pylist() == ["00036688015", "01116441000"]
    assert bursts["t90_s"].to_pylist() == [None, pytest.approx(40.408)]


CHANMASTER = (
    "satellite\tra\tdec\tobsid\ttime\texposure\tcategory\tname\tstatus\tdetector\t"
    "grating\ttype\tpi\tpublic_date\n"
)


def test_american_dates_are_not_read_day_first(tmp_path):
    path = tmp_path / "chanmaster.tsv"
    path.write_text(
        CHANMASTER
        + "chandra\t8:39:25.00\t-7:43:06\t 6269\t5/9/2011 3:33:10\t186360\tX\tCrab\t"
        "archived\tACIS-S\tNONE\tGO\tB\t5/13/2011\n"
    )

    observations = rows_of(path)[0]["observations"]

    assert to_utc_iso(observations["time"].to_numpy()) == ["2011-05-09T03:33:10.000"]
    assert observations["obs_id"].to_pylist() == ["6269"]
    assert observations["ra"].to_pylist() == [pytest.approx(129.854167, abs=1e-5)]
    assert observations["mode"].to_pylist() == ["NONE"]


def test_planned_rows_have_no_start_and_placeless_rows_no_place(tmp_path):
    path = tmp_path / "chanmaster.tsv"
    path.write_text(
        CHANMASTER
        + "chandra\t\t\t12992\t8/31/2011\t0\tX\tMoon\tunobserved\tACIS-S\tNONE\tGO\tB\t\n"
    )

    tables, account = rows_of(path)
    row = tables["observations"].to_pylist()[0]

    assert (row["time"], row["ra"], row["healpix"]) == (None, None, None)
    assert json.loads(row["extra"])["planned"] == "8/31/2011"
    assert row["exposure_s"] == 0.0
    assert "1 rows without a position" in account.understood


def test_dates_of_the_other_country_are_refused_not_guessed():
    with pytest.raises(ArchiveError, match="line 7"):
        log_date("31/8/2011 01:00:00", AMERICAN, line=7)
    with pytest.raises(ArchiveError, match="dd/mm/yyyy"):
        log_date("8/31/2011", EUROPEAN, line=7)


def test_swift_log_days_are_day_first_and_obs_ids_get_their_zeros_back(tmp_path):
    path = tmp_path / "swiftmastr.csv"
    path.write_text(
        "NAME,TARGET_ID,RA,DEC,START_TIME,STOP_TIME,OBSID,XRT_EXPOSURE\n"
        "SAFE3-CURR,60002,359.99,0.2784,05/11/2004,06/11/2004,60002000,0\n"
    )

    row = rows_of(path)[0]["observations"]

    assert row["obs_id"].to_pylist() == ["00060002000"]
    assert to_utc_iso(row["time"].to_numpy(), unit="s") == ["2004-11-05T00:00:00"]
    assert to_utc_iso(row["time_stop"].to_numpy(), unit="s") == ["2004-11-07T00:00:00"]
    assert row["exposure_s"].to_pylist() == [0.0]


def test_a_table_cut_within_a_row_is_refused(tmp_path):
    path = tmp_path / "chanmaster.tsv"
    path.write_text(CHANMASTER + "chandra\t8:39:25.00\t-7:4")

    with pytest.raises(ArchiveError, match="line 2 has 3 cells"):
        rows_of(path)


def test_plans_and_flights_are_distinguished(tmp_path):
    head = "Begin Time,End Time,Target Name,Observation Number,Exposure (s)"
    row = "2022-03-28 23:50:00,2022-03-29 00:00:00,OGP_2824,3104295003,600"
    plan, flown = tmp_path / "plan.csv", tmp_path / "flown.csv"
    plan.write_text(f"{head}\n{row}\n")
    flown.write_text(f"{head},Slewtime (s)\n{row},55\n")

    assert rows_of(plan)[0]["intervals"]["kind"].to_pylist() == ["planned"]
    assert rows_of(flown)[0]["intervals"]["kind"].to_pylist() == ["snapshot"]
    assert rows_of(plan)[0]["intervals"]["obs_id"].to_pylist() == ["03104295003"]


def test_an_upper_limit_of_the_csc_is_not_a_flux_of_zero(tmp_path):
    path = tmp_path / "csc.csv"
    path.write_text(
        "name,ra,dec,err_ellipse_r0,err_ellipse_r1,err_ellipse_ang,significance,"
        "flux_aper_b,flux_aper_lolim_b,flux_aper_hilim_b,flux_aper_w,flux_aper_lolim_w,"
        "flux_aper_hilim_w\n"
        "2CXO J110507.4-585105, 11 05 07.45,-58 51 05.47,0.77,0.6,84.8,2.81,"
        "0.0,0.0,1.4e-15,,,\n"
        "2CXO J110507.1-585120,166.2798,-58.8557,0.77,0.76,22.2,4.19,"
        ",,,1.1e-15,8e-16,1.4e-15\n"
    )

    sources = rows_of(path)[0]["sources"]

    assert sources["flux"].to_pylist() == [None, 1.1e-15]
    assert sources["is_limit"].to_pylist() == [True, False]
    assert sources["flux_high"].to_pylist() == [1.4e-15, 1.4e-15]
    assert sources["band"].to_pylist() == ["CSC b", "CSC w"]
    assert sources["band_low_kev"].to_pylist() == [0.5, 0.1]
    assert sources["ra"].to_pylist() == [pytest.approx(166.28104, abs=1e-5), 166.2798]
    assert sources["error_confidence"].to_pylist() == [0.95, 0.95]


def test_the_second_of_two_columns_is_the_observations(tmp_path):
    path = tmp_path / "per_obs.csv"
    path.write_text(
        "name,ra,dec,err_ellipse_r0,flux_aper90_b,obsid,flux_aper90_b\n"
        "2CXO J110507.4-585105,166.2,-58.8,0.77,9e-16, 08941,5e-16\n"
    )

    sources = rows_of(path)[0]["sources"]

    assert sources["flux"].to_pylist() == [5e-16]
    assert sources["obs_id"].to_pylist() == ["8941"]


def test_flux_bounds_and_significance_of_an_observation_come_from_its_own_columns(
    tmp_path,
):
    path = tmp_path / "per_obi.tsv"
    path.write_text(
        "#Column\tname\t2CXO\n"
        "name\tra\tdec\terr_ellipse_r0\tsignificance\tflux_aper_b\tobsid\t"
        "flux_significance_b\tflux_significance_w\tobi_flux_aper_b\t"
        "obi_flux_aper_lolim_b\tobi_flux_aper_hilim_b\tobi_flux_aper_w\t"
        "obi_flux_aper_lolim_w\tobi_flux_aper_hilim_w\n"
        "2CXO J1\t15.9\t-72.0\t0.7\t54.9\t1.7e-13\t1541\t21.8\tNaN\t2.1e-12\t"
        "2.0e-12\t2.2e-12\tNaN\tNaN\tNaN\n"
        "2CXO J1\t15.9\t-72.0\t0.7\t54.9\t1.7e-13\t1542\tNaN\t3.5\tNaN\tNaN\tNaN\t"
        "4.0e-13\t3.0e-13\t5.0e-13\n"
        "2CXO J1\t15.9\t-72.0\t0.7\t54.9\t1.7e-13\t1543\tNaN\tNaN\tNaN\tNaN\tNaN\t"
        "NaN\tNaN\tNaN\n"
    )
    rows = rows_of(path)[0]["sources"].to_pylist()
    columns = ("significance", "flux", "flux_low", "flux_high", "band")

    assert [tuple(row[c] for c in columns) for row in rows] == [
        (21.8, 2.1e-12, 2.0e-12, 2.2e-12, "CSC b"),
        (3.5, 4.0e-13, 3.0e-13, 5.0e-13, "CSC w"),
        (None, None, None, None, None),
    ]
    assert [json.loads(row["extra"])["flux_aper_b"] for row in rows] == ["1.7e-13"] * 3


def test_errors_of_zero_and_negative_ones_of_a_catalogue_are_no_bounds(tmp_path):
    path = tmp_path / "sds82.csv"
    rate, error = SDS82, SDS82_ERROR
    path.write_text(
        f"RA;DEC;{rate};{error};exposure_time(s)\n"
        "00:56:24.480;-01:16:38.317;0.02;0;4572.8\n"
        "00:56:25.480;-01:16:38.317;0.02;-1;4572.8\n"
    )
    tables, account = rows_of(path)
    rows = tables["sources"].to_pylist()

    assert [
        (r["flux"], r["flux_low"], r["flux_high"], r["is_limit"]) for r in rows
    ] == [
        (0.02, None, None, False),
        (None, None, 0.02, True),
    ]
    assert account.noted == {
        "values with two errors of 0, kept without errors": 1,
        "upper limits marked by a negative error": 1,
    }


def test_vizier_names_and_blank_bands_are_understood(tmp_path):
    path = tmp_path / "vizier.csv"
    path.write_text(
        "2CXO,RAICRS,DEICRS,r0,r1,PA,Favgb,Favgw,S/N,ExpAC,Class\n"
        "J050003.9-031921,75.0163,-3.3225,1.189,0.856,92.85,5.3e-15,,3.0,9934.1,LM-STAR\n"
        "J050004.0-031922,75.0163,-3.3225,1.189,0.856,92.85,,4e-15,3.0,,\n"
    )

    sources = rows_of(path)[0]["sources"]

    assert sources["source_id"].to_pylist()[0] == "2CXO J050003.9-031921"
    assert sources["band"].to_pylist() == ["CSC b", "CSC w"]
    assert sources["flux_high"].to_pylist() == [None, None]
    assert sources["is_limit"].to_pylist() == [False, False]


def test_minus_999_is_missing(tmp_path):
    path = tmp_path / "sds82.csv"
    path.write_text(
        "RA;DEC;countrates_0.3-10keV(ph.s-1);countrates_error_0.3-10keV(ph.s-1);"
        "exposure_time(s)\n00:56:24.480;-01:16:38.317;-9.990E+02;-999;4572.8\n"
    )

    sources = rows_of(path)[0]["sources"]

    assert sources["flux"].to_pylist() == [None]
    assert sources["flux_high"].to_pylist() == [None]
    assert sources["ra"].to_pylist() == [pytest.approx(14.102, abs=1e-6)]
    assert sources["dec"].to_pylist() == [pytest.approx(-1.277310, abs=1e-6)]


def test_a_limit_in_the_error_column_is_a_limit(tmp_path):
    names = ["RA", "DEC", "FLUX", "FLUX_ERROR", "SB_FLUX", "HB_FLUX", "SNR"]
    values = [150.1, 2.4, 0.0, 7.13e-15, 1.0, 1.0, 0.0]
    columns = [
        fits.Column("NAME", "21A", array=np.array(["CXOC J100036.9+022614"])),
        *(fits.Column(n, "D", array=np.array([v])) for n, v in zip(names, values, strict=True)),
    ]  # fmt: skip
    path = write(tmp_path / "cosmos.fits", table("CHANDRA", columns, keywords={}))

    sources = rows_of(path)[0]["sources"]

    assert sources["is_limit"].to_pylist() == [True]
    assert sources["flux"].to_pylist() == [None]
    assert sources["flux_high"].to_pylist() == [7.13e-15]


def bat_70m(tmp_path):
    values = {
        "RA": 0.26, "DEC": -7.1, "SNR": 6.1, "FLUX": 13.03, "FLUX_LO": 9.05,
        "FLUX_HI": 17.56, "REDSHIFT": 0.0, "LUM": -np.inf,
    }  # fmt: skip
    columns = [
        fits.Column("BAT_NAME", "19A", array=np.array(["SWIFT J0001.0-0708"])),
        *(fits.Column(n, "D", array=np.array([v])) for n, v in values.items()),
    ]
    return write(tmp_path / "bat.fits", table("", columns, keywords={"TDISP2": "f7.3"}))


def test_units_hidden_in_tunit_are_applied_and_unknown_redshifts_are_absent(tmp_path):
    sources = rows_of(bat_70m(tmp_path))[0]["sources"]
    extra = json.loads(sources["extra"][0].as_py())

    assert sources["flux"].to_pylist() == [pytest.approx(13.03e-12)]
    assert sources["flux_unit"].to_pylist() == ["erg / (cm2 s)"]
    assert "REDSHIFT" not in extra
    assert "LUM" not in extra


def test_archive_logs_have_each_obs_id_once(archive):
    logs = archive / "chandra/obs_logs"
    first = rows_of(logs / "chanmaster_2011-08.tsv")[0]["observations"]
    second = rows_of(logs / "chanmaster_2011-08-12_with_planned.tsv")[0]["observations"]

    assert (len(first), len(second)) == (11447, 12792)
    assert len(set(second["obs_id"].to_pylist())) == 12792
    assert set(first["obs_id"].to_pylist()) <= set(second["obs_id"].to_pylist())
    assert first["ra"].null_count == 2
    assert first["time"].null_count == 0
    assert sum(e == 0 for e in first["exposure_s"].to_pylist()) == 6


def moments(rows):
    """Return trigger times by burst name."""
    times = rows["time"].to_numpy()
    pairs = zip(rows["name"].to_pylist(), times, strict=True)
    return {name: time for name, time in pairs if not np.isnat(time)}


def test_archive_burst_dates_agree_with_the_bat_catalogue(archive):
    """Of 1,500 bursts in both a handful were triggered by others, minutes apart."""
    folder = archive / "swift_bat/catalogs"
    ours = moments(rows_of(folder / "swift_grb_table_to_230911C.tsv")[0]["grbs"])
    bat = moments(rows_of(folder / "bat_catalog_summary_general.txt")[0]["grbs"])
    common = ours.keys() & bat.keys()
    far = [n for n in common if abs(ours[n] - bat[n]) > np.timedelta64(2, "m")]

    assert len(common) > 1450
    assert len(far) < 15, far


def test_archive_csc_fluxes_agree_with_the_csv_module(archive):
    path = archive / "chandra/catalogs/csc2_vizier_3008.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    sources = rows_of(path)[0]["sources"]
    expected = [
        float(r["Favgb"]) if r["Favgb"] and float(r["Favgb"]) > 0
        else float(r["Favgw"]) if r["Favgw"] and float(r["Favgw"]) > 0 else None
        for r in rows
    ]  # fmt: skip

    assert sources["flux"].to_pylist() == expected
    assert sources["ra"].to_pylist() == [float(r["RAICRS"]) for r in rows]


def test_archive_cscli_search_gives_a_row_an_observation(archive):
    path = archive / "chandra/catalogs/csc2_search_2CXOJ010337_per_obi.tsv"
    lines = [line for line in path.read_text().splitlines() if line.startswith("1.28")]
    sources = rows_of(path)[0]["sources"]

    assert len(sources) == len(lines)
    assert sources["obs_id"].to_pylist()[0] == re.split(r"\t\s*", lines[0])[26]


def test_empty_slots_of_the_on_board_catalogue_are_no_sources_at_the_pole(tmp_path):
    names = ["AutoGRBa", "AutoGRBb", "Crab", "Cyg_X-2", "Cyg_X-2"]
    columns = [
        fits.Column("NAME", "15A", array=names),
        fits.Column("CATNUM", "1J", array=np.array([1, 2, 10001, 10080, 20080])),
        fits.Column("SRC_TYPE", "1I", array=np.array([2, 2, 6, 4, 16])),
        fits.Column("MERIT", "1I", array=np.full(5, 100)),
        fits.Column("RA_OBJ", "1E", array=np.array([9.93, 0, 83.633, 326.17, 326.17])),
        fits.Column(
            "DEC_OBJ", "1E", array=np.array([-40.9, 89.9, 22.01, 38.32, 38.32])
        ),
        fits.Column("THRESHOLD", "1E", array=np.zeros(5)),
    ]
    listed = table("TRIG_SOURCE", columns, keywords={"TELESCOP": "SWIFT"})

    tables, account = rows_of(write(tmp_path / "bcttb.fits.gz", listed))

    entries = tables["sources"]
    assert {"bat-trigger-catalogue"} == set(entries["catalog"].to_pylist())
    assert ["AutoGRBa", "Crab", "Cyg_X-2", "Cyg_X-2 20080"] == entries[
        "source_id"
    ].to_pylist()
    assert {"empty slots of the on-board list, no sources": 1} == account.skipped
