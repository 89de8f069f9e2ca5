"""GCN Classic notices as text: trigger, time, position and error, in every unit."""

import pytest
from archive_files import rows_of

from orbital_kernel.archives import detect
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso, tt_from_utc

BAT = """\
TITLE:           GCN/SWIFT NOTICE
NOTICE_DATE:     Sat 11 Dec 21 13:10:00 UT
NOTICE_TYPE:     Swift-BAT GRB Position
TRIGGER_NUM:     1088940,   Seg_Num: 0
GRB_RA:          212.272d {+14h 09m 05s} (J2000),
                 212.501d {+14h 10m 00s} (current),
                 211.721d {+14h 06m 53s} (1950)
GRB_DEC:         +27.884d {+27d 53' 01"} (J2000),
                 +27.781d {+27d 46' 52"} (current),
                 +28.121d {+28d 07' 16"} (1950)
GRB_ERROR:       3.00 [arcmin radius, statistical only]
GRB_DATE:        19559 TJD;   345 DOY;   21/12/11
GRB_TIME:        47399.65 SOD {13:09:59.65} UT
RATE_SIGNIF:     31.81 [sigma]
IMAGE_SIGNIF:    17.02 [sigma]
COMMENTS:        SWIFT-BAT GRB Coordinates.
"""
GBM = """\
TITLE:           GCN/FERMI NOTICE
NOTICE_DATE:     Sat 11 Dec 21 13:10:40 UT
NOTICE_TYPE:     Fermi-GBM Flight Position
RECORD_NUM:      44
TRIGGER_NUM:     660921004
GRB_RA:          212.530d {+14h 10m 07s} (J2000)
GRB_DEC:         +27.720d {+27d 43' 11"} (J2000)
GRB_ERROR:       1.00 [deg radius, statistical only]
DATA_SIGNIF:     49.70 [sigma]
GRB_DATE:        19559 TJD;   345 DOY;   21/12/11
GRB_TIME:        47399.65 SOD {13:09:59.65} UT
"""


def notices(tmp_path, *texts):
    path = tmp_path / "notice.txt"
    path.write_text("".join(texts))
    assert detect(path).name == "gcn-text"
    return rows_of(path)


def test_a_bat_notice_gives_trigger_time_j2000_position_and_error(tmp_path):
    row = notices(tmp_path, BAT)[0]["swift.notices"]
    first = row.to_pylist()[0]

    assert to_utc_iso(row["time"].to_numpy()) == ["2021-12-11T13:09:59.650"]
    assert to_utc_iso(row["time_sent"].to_numpy()) == ["2021-12-11T13:10:00.000"]
    assert (first["kind"], first["trigger_id"]) == ("swift.bat_grb_pos", "1088940")
    assert (first["ra"], first["dec"]) == (212.272, 27.884)
    assert (first["error_radius_arcsec"], first["error_confidence"]) == (180.0, 0.9)
    assert (first["significance"], first["role"]) == (17.02, "observation")


def test_several_notices_of_two_observatories_go_to_each(tmp_path):
    tables, account = notices(tmp_path, BAT, "/////\n", GBM)
    fermi = tables["fermi.notices"].to_pylist()[0]

    assert account.observatory == "swift"
    assert len(tables["swift.notices"]) == 1
    assert (fermi["kind"], fermi["trigger_id"]) == ("fermi.gbm_flt_pos", "660921004")
    assert (fermi["error_radius_arcsec"], fermi["error_confidence"]) == (3600.0, 0.683)
    assert fermi["file_row"] == 1


def test_a_stated_containment_precedes_the_usual_one(tmp_path):
    xrt = BAT.replace("BAT GRB", "XRT").replace(
        "3.00 [arcmin radius, statistical only]",
        "4.9 [arcsec radius, statistical plus systematic, 95% containment]",
    )
    first = notices(tmp_path, xrt)[0]["swift.notices"].to_pylist()[0]

    assert first["kind"] == "swift.xrt_pos"
    assert (first["error_radius_arcsec"], first["error_confidence"]) == (4.9, 0.95)


def test_a_test_notice_and_a_retraction_are_marked(tmp_path):
    test = notices(tmp_path, GBM.replace("Flight", "Test"))[0]["fermi.notices"]
    withdrawn = BAT + "COMMENTS:        This is a RETRACTION: not a burst.\n"
    retraction = notices(tmp_path, withdrawn)[0]["swift.notices"]

    assert test["role"].to_pylist() == ["test"]
    assert retraction["alert_type"].to_pylist() == ["retraction"]


def test_undefined_coordinates_are_no_position(tmp_path):
    lines = [x for x in GBM.splitlines() if not x.startswith(("GRB_RA", "GRB_DEC"))]
    text = "\n".join([*lines, "GRB_RA:          Undefined", "GRB_DEC: Undefined"])
    first = notices(tmp_path, text)[0]["fermi.notices"].to_pylist()[0]

    assert (first["ra"], first["dec"], first["healpix"]) == (None, None, None)


def test_a_trigger_in_a_leap_second_keeps_its_place(tmp_path):
    leaping = BAT.replace("19559 TJD;   345 DOY;   21/12/11", "17753 TJD; 366 DOY; 16/12/31")  # fmt: skip
    rows = notices(tmp_path, leaping.replace("47399.65", "86400.5"))[0]["swift.notices"]

    assert tt_from_utc(["2016-12-31T23:59:60.5"]) == rows["time"].to_numpy()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("21/12/11", "21/12/10", "TJD 19559"), ("Swift-BAT", "INTEGRAL", "INTEGRAL")],
)
def test_a_contradiction_or_another_mission_is_refused_by_name(
    tmp_path, old, new, reason
):
    with pytest.raises(ArchiveError, match=reason):
        notices(tmp_path, BAT.replace(old, new))


XRT = """\
TITLE:           GCN/SWIFT NOTICE
NOTICE_DATE:     Sat 02 Aug 08 15:14:28 UT
NOTICE_TYPE:     Swift-XRT Position
TRIGGER_NUM:     318832,   Seg_Num: 0
GRB_RA:          270.7260d {+18h 02m 54.2s} (J2000),
GRB_DEC:         -32.3319d {-32d 19' 54.8"} (J2000),
GRB_ERROR:       5.0 [arcsec radius, statistical plus systematic, 90% containment]
GRB_INTEN:       1.47e-09 [erg/cm2/sec]
GRB_SIGNIF:      7.14 [sigma]
IMG_START_DATE:  14680 TJD;   215 DOY;   08/08/02
IMG_START_TIME:  54819.69 SOD {15:13:39.69} UT, 54819.7 [sec] since BAT Trigger Time
"""


@pytest.mark.parametrize("kind", ["XRT Position", "UVOT Position", "XRT Nack-Position"])
def test_without_a_trigger_time_the_start_of_the_observation_is_the_time(
    tmp_path, kind
):
    tables, account = notices(tmp_path, XRT.replace("XRT Position", kind))
    row = tables["swift.notices"]

    assert to_utc_iso(row["time"].to_numpy()) == ["2008-08-02T15:13:39.690"]
    assert row["significance"].to_pylist() == [7.14]
    assert any("start of the observation" in said for said in account.understood)


@pytest.mark.parametrize(
    ("kind", "line", "significance"),
    [
        ("GBM Alert", "TRIGGER_SIGNIF:  5.5 [sigma]", 5.5),
        ("LAT Offline GRB Position", "SIGNIFICANCE:    12.1 [sqrt(TS) 2 dof]", 12.1),
        ("GBM Flight Position", "DATA_SIGNIF:     0.00 [sigma]", None),
    ],
)
def test_each_instrument_states_its_significance_by_its_own_name(
    tmp_path, kind, line, significance
):
    text = GBM.replace("GBM Flight Position", kind)
    text = text.replace("DATA_SIGNIF:     49.70 [sigma]", line)
    (row,) = notices(tmp_path, text)[0]["fermi.notices"].to_pylist()

    assert row["significance"] == significance
    assert row["error_confidence"] == (None if "LAT" in kind else 0.683)
