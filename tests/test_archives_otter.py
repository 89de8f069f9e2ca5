"""Points of OTTER records: whose they are, their errors, models and other names."""

import json

import pytest
from archive_files import rows_of

RECORD = {
    "_key": "1",
    "_id": "transients/1",
    "name": {
        "default_name": "Sw J1644+57",
        "alias": [{"value": "GRB 110328A"}, {"value": "Sw J1644+57"}],
    },
    "coordinate": [{"ra": "251.2", "dec": "57.58", "coordinate_type": "equatorial"}],
    "filter_alias": [],
}
MODEL = {"model_name": "Powerlaw", "param_names": ["photonindex"],
         "param_values": ["1.56"], "min_energy": 0.3, "max_energy": 2, "energy_units": "keV"}  # fmt: skip
XRAY = {"raw": [0.02, 0.5], "raw_err": [0.005, 0.1], "raw_units": "ct",
        "value": [4e-14, 3e-12], "value_units": "ergs/cm^2/s", "obs_type": "xray",
        "filter_key": "0.3 - 2.0", "date": [55327.6, 55794.2], "date_format": "mjd",
        "upperlimit": [False, False], "telescope": "Swift",
        "xray_model": [MODEL, {**MODEL, "param_values": ["0.63"]}]}  # fmt: skip
UVOT = {"raw": [4.67e-4, 1e-4], "raw_err": [1.7e-5, 2e-5], "raw_units": "Jy",
        "filter_key": ["UVW2.uvot", "W1.wise"], "obs_type": "uvoir",
        "date": [57197.09, 57198.0], "date_format": "mjd",
        "upperlimit": [False, False]}  # fmt: skip


def points(tmp_path, *blocks, **changes):
    path = tmp_path / "record.json"
    path.write_text(json.dumps(RECORD | {"photometry": blocks} | changes))
    tables, account = rows_of(path)
    return tables["swift.photometry"].to_pylist(), account


def test_a_record_as_it_is_submitted_has_no_keys_of_the_database(tmp_path):
    path = tmp_path / "record.json"
    submitted = {n: v for n, v in RECORD.items() if not n.startswith("_")}
    expected, _ = points(tmp_path, XRAY)
    path.write_text(json.dumps(submitted | {"photometry": [XRAY]}))

    assert expected == rows_of(path)[0]["swift.photometry"].to_pylist()


def test_raw_errors_become_errors_of_the_converted_value(tmp_path):
    rows, account = points(tmp_path, XRAY)

    assert [row["value"] for row in rows] == [4e-14, 3e-12]
    assert [row["value_err_plus"] for row in rows] == pytest.approx([1e-14, 6e-13])
    assert [row["value_err_minus"] for row in rows] == pytest.approx([1e-14, 6e-13])
    assert account.understood == [
        "2 errors converted from raw errors by the ratio value / raw"
    ]


def test_each_point_keeps_its_own_spectral_model_and_raw_error_as_json(tmp_path):
    extras = [json.loads(row["extra"]) for row in points(tmp_path, XRAY)[0]]

    assert [e["xray_model"]["param_values"] for e in extras] == [["1.56"], ["0.63"]]
    assert [e["raw_err"] for e in extras] == [0.005, 0.1]


def test_a_models_energies_are_the_band_of_a_filter_without_edges(tmp_path):
    rows, _ = points(tmp_path, XRAY | {"filter_key": "soft"})

    assert {(row["band_low_kev"], row["band_high_kev"]) for row in rows} == {(0.3, 2.0)}


def test_a_filter_names_swifts_uvot_where_no_telescope_is_given(tmp_path):
    rows, account = points(tmp_path, UVOT)

    assert [
        (r["instrument"], r["unit"], r["value"], r["value_err_plus"], r["band_low_nm"])
        for r in rows
    ] == [("UVOT", "Jy", 4.67e-4, 1.7e-5, 160.0)]
    assert account.skipped == {"points of unknown": 1}


@pytest.mark.parametrize("name", ["Swift/UVOT", "swift-uvot", "UVOT", "Swift"])
def test_telescopes_are_swift_in_every_spelling(tmp_path, name):
    rows, _ = points(tmp_path, UVOT | {"telescope": name})

    assert [row["instrument"] for row in rows] == ["UVOT", "UVOT"]


def test_two_errors_of_zero_are_no_errors_beside_a_flag_that_says_no(tmp_path):
    rows, account = points(tmp_path, UVOT | {"telescope": "Swift", "raw_err": [0, -1]})

    assert [(r["value_err_plus"], r["is_limit"]) for r in rows] == [(None, False)] * 2
    assert account.noted == {
        "values with two errors of 0, kept without errors": 1,
        "values with a negative error, kept without it": 1,
    }


def test_a_negative_error_without_a_flag_is_a_limit(tmp_path):
    block = {k: v for k, v in UVOT.items() if k != "upperlimit"}
    rows, _ = points(tmp_path, block | {"telescope": "Swift", "raw_err": [1e-5, -1]})

    assert [row["is_limit"] for row in rows] == [False, True]


def test_the_other_names_are_kept_once(tmp_path):
    extras = [json.loads(row["extra"]) for row in points(tmp_path, XRAY)[0]]

    assert [e.get("aliases") for e in extras] == [["GRB 110328A"], None]
