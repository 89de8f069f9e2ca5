"""The same kinds of file as others write them: other years, columns, units and tools.

Each form here is one that a public file of its kind has; none of them reads right by the
rules that the first files seen would suggest.
"""

import gzip
import json

import numpy as np
import pytest
from archive_files import SWIFT, bat_lightcurve, chandra_gti, rows_of, table, write
from astropy.io import fits
from test_archives_catalogs import CHANMASTER
from test_archives_chandra import events
from test_archives_notices import GUANO, OTTER
from test_archives_xrt import UKSSDC

from orbital_kernel.archives import detect
from orbital_kernel.archives.formats import free_intervals
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso, tt_from_utc


def read(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return rows_of(path)[0]


# XRT light curves


def test_errors_may_be_symmetric_in_time_and_not_in_flux(tmp_path):
    points = read(
        tmp_path,
        "nova_fluxlc.qdp",
        "READ SERR 1\nREAD TERR 2\n"
        "2.0711\t0.0027\t6.02e-13\t1.75e-13\t-1.25e-13\n"
        "2.6196\t0.0028\t2.50e-13\t1.25e-13\t-7.52e-14\n",
    )["photometry"]

    assert points["value"].to_pylist() == [6.02e-13, 2.50e-13]
    assert points["value_err_plus"].to_pylist() == [1.75e-13, 1.25e-13]
    assert points["value_err_minus"].to_pylist() == [1.25e-13, 7.52e-14]
    assert points["time_err_plus_s"].null_count == 2


ALL_COLUMNS = (
    "!Time\tT_+ve\tT_-ve\tRate\tRatepos\tRateneg\tFracExp\tBGrate\tBGerr\tCorrFact\t"
    "CtsInSrc\tBGInSrc\tExposure\tSigma\tSNR\tObsID\n"
)
ALL_CELLS = (
    "996.779\t996.8\t-996.8\t3.1e-02\t5.5e-03\t-5.4e-03\t0.99\t8.6e-04\t6.1e-05\t1.8\t"
    "36\t1.7\t1975.75\t285.7\t5.7\t::ObsID=00030083001\n"
)


@pytest.mark.parametrize("mark", ["", "#"])
def test_the_full_table_of_a_curve_keeps_exposure_and_the_rest(tmp_path, mark):
    content = f"{mark}READ TERR 1 2\n{mark}READ SERR 4\n{mark}{ALL_COLUMNS}{ALL_CELLS}"

    (row,) = read(tmp_path, "ulx.qdp", content)["photometry"].to_pylist()

    assert (row["value"], row["value_err_minus"]) == (3.1e-2, 5.4e-3)
    assert row["exposure_s"] == 1975.75
    assert row["obs_id"] == "00030083001"
    assert json.loads(row["extra"])["SNR"] == 5.7


def test_a_no_among_numbers_is_missing_and_a_line_of_them_a_break(tmp_path):
    points = read(
        tmp_path,
        "a.qdp",
        "READ SERR 1 2\nLAB T a plot\n@curve.pco\n! WT data\n"
        "1.0 0.5 2.0 NO\nno no no no\n3.0 0.5 4.0 0.2\n",
    )["photometry"]

    assert points["value"].to_pylist() == [2.0, 4.0]
    assert points["value_err_plus"].to_pylist() == [None, 0.2]


def test_hardness_is_not_a_brightness_and_hard_is_not_the_total_band(tmp_path):
    content = UKSSDC.replace("! WT data", "! WT -- hardness ratio").replace(
        "! PC data", "! PC -- hard data"
    )
    content = content.replace("! Data covers 0.3-10 keV\n", "")

    points = read(tmp_path, "GRB171205A_hr.qdp", content)["photometry"]

    assert points["mode"].to_pylist() == ["PC", "PC"]
    assert points["band"].to_pylist()[0] == "hard"
    assert points["band_low_kev"].to_pylist()[0] is None


def test_windows_line_ends_blanks_and_gzip_change_nothing(tmp_path):
    plain = read(tmp_path, "GRB171205A_flux.qdp", UKSSDC)["photometry"]
    packed = tmp_path / "GRB171205A_flux.qdp.gz"
    written = "\ufeff" + UKSSDC.replace("\n", "   \r\n") + "\r\n\r\n"
    packed.write_bytes(gzip.compress(written.encode()))

    assert rows_of(packed)[0]["photometry"].equals(plain)


def test_a_json_curve_may_have_no_points_and_its_folder_may_name_the_mode(tmp_path):
    nothing = {name: {} for name in ("Time", "TimePos", "TimeNeg", "Rate", "RatePos")}
    written = {
        "Time": {"0": 19821.019},
        "Rate": {"0": 0.0476},
        "Exposure": {"0": 401.1},
    }

    empty = read(tmp_path, "WT_incbad/GRB 041218.json", json.dumps(nothing))
    curve = read(tmp_path, "PC_incbad/GRB 041218.json", json.dumps(written, indent=1))

    assert len(empty["photometry"]) == 0
    assert curve["photometry"]["mode"].to_pylist() == ["PC"]
    assert curve["photometry"]["object"].to_pylist() == ["GRB 041218"]


# BAT light curves and clocks


def test_bins_of_equal_signal_have_each_their_own_width(tmp_path):
    path = tmp_path / "sw00554620000b_1chan_sn5.lc"
    bins = table(
        "RATE",
        [
            fits.Column("TIME", "D", "s", array=388741449.0 + np.array([0.0, 4.0])),
            fits.Column("TIMEDEL", "D", "s", array=np.array([4.0, 0.5])),
            fits.Column("RATE", "D", "count/s", array=np.array([0.1, 2.0])),
            fits.Column("ERROR", "D", "count/s", array=np.array([0.02, 0.4])),
        ],
        keywords=SWIFT
        | {"HDUCLAS2": "NET", "TIMEPIXR": 0.5, "E_MIN": 15, "E_MAX": 350},
    )

    rates = rows_of(write(path, bins))[0]["rates"]

    assert detect(path).name == "swift-bat-lightcurve"
    assert rates["bin_s"].to_pylist() == [4.0, 0.5]
    assert np.diff(rates["met_s"].to_numpy()) == pytest.approx([5.75])


@pytest.mark.parametrize(
    ("keywords", "utc", "utcf"),
    [
        ({}, "2013-04-27T07:43:58.511640", -10.48836),
        ({"CLOCKAPP": True}, "2013-04-27T07:44:06.000000", None),
        ({"TIMESYS": "TDB"}, "2013-04-27T07:44:06.000000", None),
    ],
)
def test_corrected_and_barycentred_clocks_are_not_corrected_again(
    tmp_path, keywords, utc, utcf
):
    path = bat_lightcurve(tmp_path / "a.lc", np.ones(2), np.ones(2), **keywords)

    tables = rows_of(path)[0]

    for name in ("rates", "intervals"):
        offset = tables[name]["time"].to_numpy()[0] - tt_from_utc([utc])[0]
        assert abs(offset) < np.timedelta64(2, "ms")
        assert tables[name]["utcf_s"].to_pylist()[0] == utcf


def test_text_light_curves_may_begin_with_comments(tmp_path):
    cells = "-1.0 1 .1 2 .1 3 .1 4 .1 10 .2"
    rates = read(
        tmp_path,
        "GRB070809_64ms_lc_ascii.dat",
        f"# time rate error\n{cells}\n{cells.replace('-1.0', '0.0')}\n",
    )

    assert len(rates["photometry"]) == 2 * 5


# Chandra


def test_a_gti_named_with_its_chip_is_one(tmp_path):
    chip = chandra_gti(3, [0.0], [9.0])
    chip.name = "GTI3"

    tables = rows_of(events(tmp_path / "evt2.fits", gtis=[chip]))[0]

    assert len(tables["intervals"]) == 1


def test_a_table_without_rows_is_a_file_without_rows(tmp_path):
    path = bat_lightcurve(tmp_path / "a.lc", np.ones(1), np.ones(1))
    with fits.open(path) as file:
        file["RATE"].data = file["RATE"].data[:0]
        file.writeto(tmp_path / "none.lc", checksum=True)

    tables, account = rows_of(tmp_path / "none.lc")

    assert account.observatory == "swift"
    assert set(tables) == {"intervals"}


# Observation logs

CHASER = (
    "Row,Seq Num,Obs ID,Instrument,Grating,Appr Exp,Exposure,Target,PI Name,RA,Dec,Status,"
    "Data Mode,Exp Mode,Start Date,Public Release Date,Type,Science Category\n"
    "3,502942,19294,ACIS-S,NONE,50,49.41,GRB170817A,Troja,13 09 48.09,-23 22 53.35,archived,"
    'VFAINT,TE,8/6/2017 10:32,11/28/2017 5:31,GO,"SN, SNR AND ISOLATED NS"\n'
)


def test_chasers_exposure_is_in_ks_and_its_dates_are_american(tmp_path):
    (row,) = read(tmp_path, "chandraObs.csv", CHASER)["observations"].to_pylist()

    assert row["obs_id"] == "19294"
    assert row["exposure_s"] == pytest.approx(49410.0)
    assert to_utc_iso(np.datetime64(row["time"])) == ["2017-08-06T10:32:00.000"]
    assert row["ra"] == pytest.approx(197.450375)
    assert (row["instrument"], row["object"]) == ("ACIS-S", "GRB170817A")
    assert row["category"] == "SN, SNR AND ISOLATED NS"


BROWSED_CHANDRA = """Results from heasarc_chanmaster: Chandra Observations
Coordinate system:  Equatorial
|OBSID|STATUS  |NAME |RA         |DEC        |TIME               |DETECTOR|GRATING|EXPOSURE|
| 6269|archived|M 83 |13 37 00.00|-29 51 58.0|2011-05-09 03:33:10|ACIS-S  |NONE   |  186360|
|99999|observed|Moon |           |           |55690.25           |ACIS-S  |NONE   |       0|
|12992|unobserved|M 83|13 37 00.00|-29 51 58.0|0                 |ACIS-S  |NONE   |  188000|

Total of 3 rows
"""
BROWSED_SWIFT = """Results from heasarc_swiftmastr: Swift Master Catalog
Coordinate system:  Equatorial
|name  |obsid      |ra         |dec        |start_time         |xrt_exposure|bat_exposure|
|SS433 |00035190001|19 11 49.56|+04 58 57.9|2005-07-30 13:23:02|    95.00000|  95.0000000|
|M 31  |00035336001|00 42 44.30|+41 16 09.0|53571.5            |       0    |            |
"""


def test_logs_as_w3browse_prints_them_are_read_like_any_other(tmp_path):
    chandra = read(tmp_path, "chandra.txt", BROWSED_CHANDRA)["observations"]
    swift = read(tmp_path, "swift.txt", BROWSED_SWIFT)["observations"]

    assert chandra["obs_id"].to_pylist() == ["6269", "99999", "12992"]
    assert to_utc_iso(chandra["time"].to_numpy(), unit="s") == [
        "2011-05-09T03:33:10",
        "2011-05-09T06:00:00",
        None,
    ]
    assert chandra["healpix"].null_count == 1
    assert swift["target_id"].to_pylist() == ["35190", "35336"]
    assert to_utc_iso(swift["time"].to_numpy(), unit="s") == [
        "2005-07-30T13:23:02",
        "2005-07-20T12:00:00",
    ]


def test_a_browsed_log_cut_within_a_row_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="line 5 has 2 cells"):
        read(tmp_path, "swift.txt", BROWSED_SWIFT[: BROWSED_SWIFT.index("00 42")])


def test_names_in_capitals_and_another_separator_are_the_same_log(tmp_path):
    cells = (
        "chandra;8:39:25.00;-7:43:06; 6269;5/9/2011 3:33:10;1;X;Crab;archived;A;N;GO;B;"
    )
    content = CHANMASTER.upper().replace("\t", ";") + cells + "\n"

    observations = read(tmp_path, "log.csv", content)["observations"]

    assert observations["obs_id"].to_pylist() == ["6269"]


def test_a_plan_with_counted_rows_is_still_a_plan(tmp_path):
    content = (
        ",Begin Time,End Time,Target Name,Observation Number,Exposure (s)\n"
        "0,2022-03-28 23:50:00,2022-03-29 00:00:00,OGP_2824,3104295003,600\n"
    )

    intervals = read(tmp_path, "plan.csv", content)["intervals"]

    assert intervals["kind"].to_pylist() == ["planned"]
    assert intervals["obs_id"].to_pylist() == ["03104295003"]


# Catalogues


def test_a_grb_table_has_the_columns_somebody_chose(tmp_path):
    content = (
        "GRB\tTime [UT]\tXRT RA (J2000)\tXRT Dec (J2000)\tUVOT Magnitude\tRedshift\n"
        "180602A\t08:14:50\t09:29:19.65\t32:03:60.0\tV>19.0\n"
        "180720B\t14:21:44\t00 02 06.86\t-02:55:08.1\tn/a\t0.654 (VLT: absorption)\n"
    )

    bursts = read(tmp_path, "grb_table_1648223358.txt", content)["grbs"]

    assert to_utc_iso(bursts["time"].to_numpy(), unit="s")[0] == "2018-06-02T08:14:50"
    assert bursts["ra"].to_pylist()[1] == pytest.approx(0.528583, abs=1e-5)
    assert bursts["redshift"].to_pylist() == [None, 0.654]


BAT_157 = (
    "No|   BAT_NAME|      RA|     DEC|   SNR|    FLUX| FLUX_LO| FLUX_HI|REDSHIFT|TYPE\n"
    "#    |        |     deg|     deg|      |10^-12er|10^-12er|10^-12er|        |\n"
    "1| SWIFT J0001.0-0708|  0.2199| -7.1396|  9.02|   15.63|   12.78|   18.75|  0.0375|Sy1.9\n"
    "11|SWIFT J0023.2+6142|  5.8183| 61.6632|  8.19|   11.33|    8.95|   13.95|     NA |CV\n"
)


@pytest.mark.parametrize("months", ["157", "105"])
def test_a_bat_survey_in_text_is_an_edition_of_its_own(tmp_path, months):
    name = f"swift_bat_{months}_month_catalog.dat"

    sources = read(tmp_path, name, BAT_157)["sources"]

    assert sources["catalog"].to_pylist() == [f"bat-{months}m"] * 2
    assert sources["flux"].to_pylist() == pytest.approx([15.63e-12, 11.33e-12])
    assert "REDSHIFT" not in json.loads(sources["extra"].to_pylist()[1])


def test_serendipitous_sources_have_rates_or_limits(tmp_path):
    content = (
        "LSXPS_ID,IAUName,RA,Decl,Err90,Exposure,Rate_band0,Rate_band0_pos,Rate_band0_neg\n"
        "1,LSXPS J003615.9+185410,9.0664,18.9031,4.2,9000,0.012,0.001,-0.0009\n"
        "2,LSXPS J003616.8+185404,9.0702,18.9013,5.1,9000,0,8.1e-05,0\n"
    )

    sources = read(tmp_path, "lsxps.csv", content)["sources"]

    assert sources["flux"].to_pylist() == [0.012, None]
    assert sources["flux_low"].to_pylist()[0] == pytest.approx(0.0111)
    assert sources["flux_high"].to_pylist() == pytest.approx([0.013, 8.1e-05])
    assert sources["is_limit"].to_pylist() == [False, True]
    assert sources["error_confidence"].to_pylist() == [0.9, 0.9]


# Notices and records


def test_a_notice_in_groups_is_the_same_notice(tmp_path):
    notice = {
        k: GUANO[k] for k in ("$schema", "classification", "rate_snr", "image_snr")
    }
    grouped = notice | {
        "alert_reporter": {"mission": "Swift", "instrument": "BAT-GUANO", "record_number": 3},
        "alert_info": {k: GUANO[k] for k in ("alert_datetime", "alert_type")},
        "event_info": {"event_id": "694215995"},
        "datetime": {"trigger_time": GUANO["trigger_time"]},
        "localization": {
            k: GUANO[k]
            for k in ("ra", "dec", "ra_uncertainty", "containment_probability")
        },
    }  # fmt: skip

    flat = read(tmp_path, "flat.json", json.dumps(GUANO))["notices"]
    notices = read(tmp_path, "grouped.json", json.dumps(grouped))["notices"]

    assert notices.drop_columns("payload").equals(flat.drop_columns("payload"))


def test_embedded_files_other_than_light_curves_are_counted(tmp_path):
    path = tmp_path / "sper.json"
    path.write_text(json.dumps(GUANO | {"sper_fits_file": {"a.fits": "A" * 2000}}))

    assert rows_of(path)[1].skipped == {"embedded a.fits: no light curve": 1}


def test_an_otter_records_default_place_is_taken_and_strange_units_left_out(tmp_path):
    record = json.loads(json.dumps(OTTER))
    record["coordinate"] += [
        {"ra": "22h50m16.09153704s", "dec": "-44d51m53.50214628s", "ra_units": "hour",
         "coordinate_type": "equatorial", "default": True}
    ]  # fmt: skip
    record["photometry"][2]["raw_units"] = "furlong"
    path = tmp_path / "AT2018fyk.json"
    path.write_text(json.dumps(record))

    tables, account = rows_of(path)

    points = tables["swift.photometry"]
    assert points["ra"].to_pylist()[0] == pytest.approx(342.567048, abs=1e-5)
    assert points["file_row"].to_pylist() == [0, 1]
    assert account.skipped["unit 'furlong' of an OTTER point is not known"] == 1


# Freely written dates


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("2007-Mar-17-13:02-14:54", "2007-03-17T13:02", "2007-03-17T14:54"),
        ("2007-Mar-17-23:02-01:54", "2007-03-17T23:02", "2007-03-18T01:54"),
        ("2007-Dec-29.75-30.25", "2007-12-29T18:00", "2007-12-30T06:00"),
        ("2017-Dec-9.5", "2017-12-09T12:00", "2017-12-09T12:00"),
        ("2010 Nov 5\u201320", "2010-11-05T00:00", "2010-11-21T00:00"),
        ("2010 Nov 23\u2013Dec 5", "2010-11-23T00:00", "2010-12-06T00:00"),
        ("2013 Dec 30-Jan 2", "2013-12-30T00:00", "2014-01-03T00:00"),
        ("2010 Nov 22", "2010-11-22T00:00", "2010-11-23T00:00"),
        ("2007-Mar-17 01:02+02:00", "2007-03-16T23:02", "2007-03-16T23:02"),
        ("2007-Mar-17 13:02 UTC-05:00", "2007-03-17T18:02", "2007-03-17T18:02"),
        ("2007-Mar-17 13:02Z", "2007-03-17T13:02", "2007-03-17T13:02"),
        ("2016 Dec 31 23:59:60", "2016-12-31T23:59:60", "2016-12-31T23:59:60"),
        ("2016 Dec 31 23:59:60.5", "2016-12-31T23:59:60.5", "2016-12-31T23:59:60.5"),
        ("2016-Dec-31 23:59:59-23:59:60", "2016-12-31T23:59:59", "2016-12-31T23:59:60"),
        ("2017-Jan-01 01:59:60+02:00", "2016-12-31T23:59:60", "2016-12-31T23:59:60"),
        ("2016 Dec 31 23:59-00:01", "2016-12-31T23:59", "2017-01-01T00:01"),
        ("2016 Dec 31", "2016-12-31T00:00", "2017-01-01T00:00"),
        ("2018-01-28", "2018-01-28T00:00", "2018-01-29T00:00"),
        ("2018-01-28 12:30+02:00", "2018-01-28T10:30", "2018-01-28T10:30"),
    ],
)
def test_free_dates_are_instants_or_intervals(text, start, stop):
    assert tuple(tt_from_utc([start, stop])) == free_intervals.interval(text)


@pytest.mark.parametrize("text", ["2010 Nuv 5", "17 Mar 2007", "2010 Nov 20-5", "2010"])
def test_free_dates_of_no_such_form_are_refused(text):
    with pytest.raises(ValueError, match=r"is no|before it begins"):
        free_intervals.interval(text)
