"""Notices: schema versions, tests that are no bursts, hostile XML, OTTER's shapes."""

import base64
import json

import numpy as np
import pytest
from archive_files import bat_lightcurve, rows_of

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso

GUANO = {
    "$schema": "https://gcn.nasa.gov/schema/v2.0.0/gcn/notices/swift/bat/guano/alert.schema.json",
    "mission": "Swift", "instrument": "BAT-GUANO", "record_number": 3,
    "alert_datetime": "2023-01-01T05:33:01Z", "alert_type": "update",
    "trigger_time": "2022-12-31T21:46:05.13Z", "ra": 336.26, "dec": 25.139,
    "ra_uncertainty": [0.05], "containment_probability": 0.95, "rate_snr": 15.8,
    "image_snr": 13.94, "classification": {"GRB": 0.9, "other": 0.1}, "id": [694215995],
}  # fmt: skip

VOEVENT = """<?xml version='1.0'?>
<voe:VOEvent ivorn="ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_1125809-092" role="{role}"
  version="2.0" xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0">
  <Who><Date>2022-09-30T11:12:15</Date></Who>
  <What><Param name="TrigID" value="1125809"/><Param name="Image_Signif" value="7.33"/></What>
  <WhereWhen><ISOTime>2022-09-30T11:11:52.12</ISOTime><C1>12.5</C1><C2>-3.5</C2>
  <Error2Radius>0.05</Error2Radius></WhereWhen>{citations}
</voe:VOEvent>"""


def notice(tmp_path, **changes):
    path = tmp_path / "notice.json"
    path.write_text(json.dumps(GUANO | changes))
    return rows_of(path)


def event(tmp_path, *, role="observation", citations=""):
    path = tmp_path / "event.xml"
    path.write_text(VOEVENT.format(role=role, citations=citations))
    return rows_of(path)


def test_a_notice_gives_its_time_place_and_sender(tmp_path):
    row = notice(tmp_path)[0]["notices"]

    assert row["kind"].to_pylist() == ["swift.bat.guano"]
    assert to_utc_iso(row["time"].to_numpy()) == ["2022-12-31T21:46:05.130"]
    assert to_utc_iso(row["time_sent"].to_numpy()) == ["2023-01-01T05:33:01.000"]
    assert row["error_radius_arcsec"].to_pylist() == [pytest.approx(180)]
    assert row["error_confidence"].to_pylist() == [0.95]
    assert row["significance"].to_pylist() == [13.94]
    assert row["classification"].to_pylist() == ["GRB"]
    assert row["role"].to_pylist() == ["observation"]


@pytest.mark.parametrize(
    "written",
    [
        *("2022-12-31T21:46:05.13+00:00", "2022-12-31T23:46:05.13+02:00"),
        *("2022-12-31 21:46:05.13 UTC", "2022:365:21:46:05.13", "20221231T214605.13Z"),
    ],
)
def test_a_notice_may_write_its_offset_from_utc_and_the_day_of_the_year(
    tmp_path, written
):
    row = notice(tmp_path, trigger_time=written, alert_datetime=written)[0]["notices"]
    path = tmp_path / "event.xml"
    path.write_text(
        VOEVENT.format(role="observation", citations="").replace(
            "2022-09-30T11:11:52.12", written
        )
    )
    event_row = rows_of(path)[0]["notices"]

    for time in (row["time"], row["time_sent"], event_row["time"]):
        assert to_utc_iso(time.to_numpy()) == ["2022-12-31T21:46:05.130"]


@pytest.mark.parametrize("instrument", ["xrt", "uvot"])
def test_notices_of_a_follow_up_give_the_start_of_the_observation(tmp_path, instrument):
    schema = f"https://gcn.nasa.gov/schema/main/gcn/notices/swift/{instrument}/position.schema.json"
    content = GUANO | {"$schema": schema, "instrument": instrument.upper()}
    content |= {"observation_start": "2024-09-12T01:48:25.200Z"}
    del content["trigger_time"]
    path = tmp_path / "notice.json"
    path.write_text(json.dumps(content))

    tables, account = rows_of(path)

    time = tables["notices"]["time"].to_numpy()
    assert to_utc_iso(time) == ["2024-09-12T01:48:25.200"]
    assert tables["notices"]["kind"].to_pylist() == [f"swift.{instrument}.position"]
    assert account.understood == [
        "no trigger time: time is the start of the observation"
    ]


def test_the_time_of_the_trigger_precedes_that_of_the_observation(tmp_path):
    row, account = notice(tmp_path, observation_start="2022-12-31T21:50:00Z")

    assert to_utc_iso(row["notices"]["time"].to_numpy()) == ["2022-12-31T21:46:05.130"]
    assert account.understood == []


@pytest.mark.parametrize("id_", ["694215995", ["694215995"], [694215995]])
def test_ids_of_every_schema_version_are_one_text(tmp_path, id_):
    assert notice(tmp_path, id=id_)[0]["notices"]["trigger_id"].to_pylist() == [
        "694215995"
    ]


def test_absent_positions_are_null_and_wild_longitudes_do_no_harm(tmp_path):
    row = notice(tmp_path, ra=None, dec=None, ra_uncertainty=None, longitude=-325.17)[0]

    assert row["notices"]["ra"].to_pylist() == [None]
    assert row["notices"]["error_confidence"].to_pylist() == [None]


def test_test_alerts_are_not_observations(tmp_path):
    tables, account = notice(tmp_path, alert_tense="test")

    assert tables["notices"]["role"].to_pylist() == ["test"]
    assert "role is 'test': no burst" in account.understood


def test_light_curves_inside_a_notice_are_read_and_not_kept_as_text(tmp_path):
    lc = bat_lightcurve(tmp_path / "bat_raw_lc.fits", np.ones(40), np.ones(40))
    inside = {"bat_raw_lc.fits": base64.b64encode(lc.read_bytes()).decode()}
    tables, account = notice(tmp_path, lightcurve_fits_file=inside)

    payload = json.loads(tables["notices"]["payload"][0].as_py())
    assert payload["lightcurve_fits_file"]["bat_raw_lc.fits"].endswith("left out>")
    assert len(tables["notices"]["payload"][0].as_py()) < 2000
    assert account.observatory == "swift"


def test_place_holders_are_not_files(tmp_path):
    tables, account = notice(
        tmp_path, lightcurve_fits_file={"bat_raw_lc.fits": "place holder"}
    )

    assert "rates" not in tables
    assert account.skipped == {"embedded files that are place holders": 1}


@pytest.mark.parametrize("name", ["../../evil.fits", "a/b.fits", "x.sh"])
def test_embedded_files_stay_where_they_belong(tmp_path, name):
    content = base64.b64encode(b"SIMPLE  = " + b" " * 2000).decode()

    with pytest.raises(ArchiveError, match="has the name"):
        notice(tmp_path, lightcurve_fits_file={name: content})


@pytest.mark.parametrize(
    "changes",
    [
        {"ra": "12"},
        {"trigger_time": "soon"},
        {"dec": 123.0},
        {"lightcurve_fits_file": {"a.fits": "%" * 2000}},
    ],
)
def test_senseless_values_are_refused(tmp_path, changes):
    with pytest.raises(ArchiveError, match=r"notice\.json"):
        notice(tmp_path, **changes)


def test_an_event_keeps_its_role_so_that_a_test_is_not_a_burst(tmp_path):
    tables, account = event(tmp_path, role="test")

    assert tables["notices"]["role"].to_pylist() == ["test"]
    assert set(tables) == {"notices"}
    assert account.understood == ["role is 'test': no burst"]


def test_an_event_gives_trigger_place_and_time(tmp_path):
    row = event(tmp_path)[0]["notices"]

    assert row["notice_id"].to_pylist() == [
        "ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_1125809-092"
    ]
    assert row["kind"].to_pylist() == ["swift.bat_grb_pos"]
    assert row["trigger_id"].to_pylist() == ["1125809"]
    assert row["alert_type"].to_pylist() == ["initial"]
    assert row["error_radius_arcsec"].to_pylist() == [pytest.approx(180)]
    assert to_utc_iso(row["time"].to_numpy()) == ["2022-09-30T11:11:52.120"]


def test_retractions_are_marked(tmp_path):
    cites = (
        '<Citations><EventIVORN cite="retraction">ivo://x#1</EventIVORN></Citations>'
    )

    assert event(tmp_path, citations=cites)[0]["notices"]["alert_type"].to_pylist() == [
        "retraction"
    ]


def test_entity_bombs_are_refused_unread(tmp_path):
    path = tmp_path / "bomb.xml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE VOEvent [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        '<VOEvent ivorn="ivo://x#1" role="observation">&b;</VOEvent>'
    )

    with pytest.raises(ArchiveError, match="Entit"):
        rows_of(path)


OTTER = {
    "_key": "1", "_id": "transients/1", "name": {"default_name": "Sw J1644+57"},
    "coordinate": [
        {"ra": "16 44 49.93130", "dec": "+57 34 59.6893", "ra_units": "hourangle",
         "dec_units": "deg", "coordinate_type": "equatorial"}
    ],
    "filter_alias": [{"filter_key": "UVW1", "wave_min": 226.0, "wave_max": 294.0, "wave_units": "nm"}],
    "photometry": [
        {"raw": [0.1, 0.2], "raw_units": ["ct", "ct"], "value": [8.7e-12, 3.05e-15],
         "value_units": ["ergs/cm^2/s"] * 2, "filter_key": ["0.3 - 2.0"] * 2,
         "obs_type": ["xray"] * 2, "date": ["55649.5", "56257.4"], "date_format": "MJD",
         "upperlimit": [False, True], "telescope": "swift"},
        {"raw": [7.82e-13], "raw_err": [9.9e-14], "raw_units": ["erg/s/cm^2"],
         "raw_err_detail": {"upper": [1.0e-13], "lower": [9.8e-14]},
         "filter_key": ["0.5-7 "], "obs_type": "xray", "date": [55424.364],
         "date_format": ["mjd"], "upperlimit": [False], "telescope": "Chandra"},
        {"raw": [19.4], "raw_err": [0], "raw_units": "vega", "filter_key": ["UVW1"],
         "obs_type": "uvoir", "date": ["2011-03-30"], "date_format": "iso",
         "upperlimit": [False], "telescope": "Swift"},
        {"raw": [1.0], "raw_units": "mJy", "filter_key": ["87.0GHz"], "obs_type": "radio",
         "date": [55649], "date_format": "mjd", "upperlimit": [False], "telescope": "SMA"},
    ],
}  # fmt: skip


@pytest.fixture
def otter(tmp_path):
    path = tmp_path / "Sw-J1644.json"
    path.write_text(json.dumps(OTTER))
    return rows_of(path)


def test_points_go_to_the_observatory_that_took_them(otter):
    tables, account = otter

    assert len(tables["swift.photometry"]) == 3
    assert len(tables["chandra.photometry"]) == 1
    assert account.skipped == {"points of SMA": 1}


def test_otter_limits_errors_bands_and_dates_of_every_shape(otter):
    swift, chandra = otter[0]["swift.photometry"], otter[0]["chandra.photometry"]

    assert swift["is_limit"].to_pylist() == [False, True, False]
    assert swift["value"].to_pylist() == [8.7e-12, 3.05e-15, 19.4]
    assert swift["unit"].to_pylist()[2] == "mag(Vega)"
    assert swift["instrument"].to_pylist() == ["XRT", "XRT", "UVOT"]
    assert swift["value_err_plus"].to_pylist()[2] is None
    assert swift["band_low_nm"].to_pylist()[2] == 226.0
    assert chandra["value_err_plus"].to_pylist() == [1.0e-13]
    assert chandra["value_err_minus"].to_pylist() == [9.8e-14]
    assert chandra["band_low_kev"].to_pylist() == [0.5]
    assert to_utc_iso(swift["time"].to_numpy(), unit="s") == [
        "2011-03-29T12:00:00",
        "2012-11-26T09:36:00",
        "2011-03-30T00:00:00",
    ]


def test_otter_hours_are_not_degrees(otter):
    assert otter[0]["chandra.photometry"]["ra"].to_pylist() == [
        pytest.approx(251.20805, abs=1e-4)
    ]


def test_archive_test_notices_stay_tests(archive):
    for path in sorted((archive / "gcn/voevent").iterdir()):
        row = rows_of(path)[0]["notices"]
        expected = "test" if "test" in path.name else "observation"

        assert row["role"].to_pylist() == [expected], path.name
        assert row["time"].null_count == 0


def test_archive_notices_of_one_trigger_meet(archive):
    folder = archive / "gcn/gcn_kafka_json"
    triggers = [
        rows_of(path)[0]["notices"]["trigger_id"][0].as_py()
        for path in sorted(folder.glob("bat.*.json"))
    ]

    assert triggers.count("1253910") == 4
    assert triggers.count("694215995") == 3


GBM_ALERT = """<?xml version='1.0'?>
<voe:VOEvent ivorn="ivo://nasa.gsfc.gcn/Fermi#GBM_Alert_2026-02-07T05:42:33.65_792135758_1-944"
  role="observation" version="2.0" xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0">
  <Who><Date>2026-02-07T05:42:50</Date></Who>
  <What><Param name="TrigID" value="792135758"/><Param name="Trigger_Signif" value="5.5"/>
  <Param name="Rate_Signif" value="0.00"/>{coords}</What>
  <WhereWhen><ISOTime>2026-02-07T05:42:33.65</ISOTime><C1>{ra}</C1><C2>{dec}</C2>
  <Error2Radius>{radius}</Error2Radius></WhereWhen>
</voe:VOEvent>"""


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"ra": 163.8167, "dec": -35.4, "radius": 13.2667}, (163.8167, -35.4)),
        ({"ra": 0.0, "dec": 0.0, "radius": 0.0}, (None, None)),
        (
            {
                "ra": 45.79,
                "dec": -28.0,
                "radius": 0.001,
                "coords": '<Param name="Coords_String" value="unavailable/inappropriate"/>',
            },
            (None, None),
        ),
    ],
)
def test_a_place_that_is_no_place_is_none_and_errors_are_the_instruments(
    tmp_path, written, place
):
    path = tmp_path / "alert.xml"
    path.write_text(GBM_ALERT.format(**{"coords": ""} | written))
    tables, account = rows_of(path)
    (row,) = tables["notices"].to_pylist()

    assert (row["ra"], row["dec"]) == place
    assert row["error_confidence"] == (None if place[0] is None else 0.683)
    assert row["significance"] == 5.5
    said = any("no position" in line for line in account.understood)
    assert said == (place[0] is None)


def test_several_notices_in_one_file_are_told_apart(tmp_path):
    path = tmp_path / "notices.json"
    path.write_text(f"{json.dumps(GUANO)}\n{json.dumps(GUANO)}\n")

    with pytest.raises(ArchiveError, match="several JSON documents in one file"):
        rows_of(path)
