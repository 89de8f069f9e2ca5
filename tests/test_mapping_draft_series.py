"""Drafted mappings of several value columns, and of times on an observatory's clock."""

import json
import tomllib

import numpy as np
import pytest
from archive_files import table, write
from astropy.io import fits

from orbital_kernel.archives.mapped.draft import draft
from orbital_kernel.ingest.mappings import Mappings

FILTERS = ("UVW2", "UVM2", "UVW1", "U", "B", "V")
SPELLINGS = ("{}", "{}_mag", "mag_{}", "{} (mag)")
ERRORS = {"{}": "e_{}", "{}_mag": "{}_mag_err", "mag_{}": "magerr_{}", "{} (mag)": "{}_err"}  # fmt: skip


def drafted(path, content):
    path.write_text(content)
    return draft(path)


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_six_filters_in_six_columns_are_six_series(tmp_path, spelled):
    names = [f"{spelled.format(f)},{ERRORS[spelled].format(f)}" for f in FILTERS]
    cells = [f"15.{k},0.{k + 1}" for k in range(6)]
    text = drafted(
        tmp_path / "uvot_SN2020abc.csv",
        f"MJD,{','.join(names)}\n58900.5,{','.join(cells)}\n58901.5,{','.join(cells)}\n",
    )
    series = tomllib.loads(text)["series"]

    assert [spelled.format(f) for f in FILTERS] == [s["value"] for s in series]
    assert [ERRORS[spelled].format(f) for f in FILTERS] == [s["value_err"] for s in series]  # fmt: skip
    assert list(FILTERS) == [s["band"]["filter"] for s in series]


def test_a_filled_draft_of_six_filters_stores_six_points_a_line(tmp_path):
    names = ",".join(f"{f},e_{f}" for f in FILTERS)
    path = tmp_path / "uvot_SN2020abc.csv"
    cells = "15.1,.1,15.2,.1,15.3,.1,,,16.1,.1,>17.5,"
    full = cells.replace(",,,", ",15.9,.1,")
    text = drafted(path, f"MJD,{names}\n58900.5,{cells}\n58901.5,{full}\n")
    text = text.replace('scale = "FILL IN"', 'scale = "utc"')
    (tmp_path / "m.toml").write_text(text.replace('"FILL IN"', '"mag(Vega)"'))

    checked = Mappings().check(tmp_path / "m.toml", path)

    assert {"swift.photometry"} == {t.name for t in checked.tables}
    assert 11 == sum(t.rows for t in checked.tables)
    assert {"U without a value": 1} == checked.skipped


def test_bands_in_columns_are_series_with_their_edges(tmp_path):
    text = drafted(
        tmp_path / "xrt.csv",
        "time,flux_0.5-2keV,flux_0.5-2keV_err,flux_2-10keV,flux_2-10keV_err,soft_flux\n"
        "2020-01-01,1e-13,1e-14,2e-13,1e-14,3e-13\n",
    )
    series = tomllib.loads(text)["series"]

    assert [[0.5, 2.0], [2.0, 10.0], "FILL IN"] == [s["band"]["kev"] for s in series]
    assert ["flux_0.5-2keV_err", "flux_2-10keV_err", None] == [s.get("value_err") for s in series]  # fmt: skip


def test_flags_and_units_of_each_series_are_its_own(tmp_path):
    text = drafted(
        tmp_path / "uvot.csv",
        "date,uvw1 flux (mJy),uvw1_ul,uvw2 flux (mJy),uvw2_ul\n2020-01-01,1.0,0,2.0,1\n",
    )
    first, second = tomllib.loads(text)["series"]

    assert ["mJy", "mJy"] == [first["unit"], second["unit"]]
    assert {"convention": "flag", "column": "uvw2_ul"} == second["limit"]


@pytest.mark.parametrize(
    "header", ["mjd,flux,err", "mjd,flux,u", "l,b,flux,mjd", "mjd,mag,dmag,flux,dflux"]
)
def test_one_value_or_letters_of_other_things_are_no_series(tmp_path, header):
    width = header.count(",")
    cells = ",".join(["56409.5", *["1.5"] * width]) if header.startswith("mjd") else "1,2,3,56409.5"  # fmt: skip
    text = drafted(tmp_path / "t.csv", f"{header}\n{cells}\n{cells}\n")

    assert "series" not in tomllib.loads(text)


def test_several_values_without_bands_are_named(tmp_path):
    content = "mjd,mag,flux\n56409,18.1,3.0\n56410,18.2,2.0\n"

    assert "write a [[series]] for each" in drafted(tmp_path / "t.csv", content)


SWIFT = {"TELESCOP": "SWIFT", "MJDREFI": 51910, "MJDREFF": 7.428703703e-4}
CHANDRA = {"TELESCOP": "CHANDRA", "MJDREF": 50814.0, "TIMESYS": "TT"}
CLOCKS = [
    (SWIFT | {"UTCFINIT": -16.5}, {"format": "swift"}, {}),
    (CHANDRA, {"format": "chandra", "scale": "tt"}, {}),
    (CHANDRA | {"TIMESYS": "TDB"}, {"format": "chandra", "scale": "tdb"}, {}),
    ({"MJDREF": 50814.0}, {"format": "chandra", "scale": "tt"}, {}),
    (SWIFT, {"format": "swift"}, {"utcf_s": "FILL IN"}),
    ({"MJDREFI": 51910, "UTCFINIT": -16.5}, {"format": "swift"}, {}),
    ({"TELESCOP": "GLAST", "MJDREFI": 51910}, {"format": "FILL IN", "scale": "FILL IN"}, {}),
    ({}, {"format": "FILL IN", "scale": "FILL IN"}, {}),
]  # fmt: skip


def named(content):
    return {n: v for n, v in content.get("constants", {}).items() if n != "object"}


@pytest.mark.parametrize(("words", "time", "constants"), CLOCKS)
@pytest.mark.parametrize("primary", [False, True])
def test_the_clock_of_a_fits_table_is_that_of_its_header(tmp_path, words, time, constants, primary):  # fmt: skip
    data = [
        fits.Column(n, "D", array=np.array([5e8, 5e8 + 100]))
        for n in ("MET", "RATE", "ERROR")
    ]
    mission = {n: v for n, v in words.items() if primary and n == "TELESCOP"}
    others = {n: v for n, v in words.items() if n not in mission}
    path = write(tmp_path / "x.fits", table("T", data, keywords=others), **mission)

    content = tomllib.loads(draft(path))

    assert (time, constants) == (content["time"], named(content))


@pytest.mark.parametrize(("words", "time", "constants"), CLOCKS)
@pytest.mark.parametrize("sign", ["{} = {}", "{}: {}", "{}={} /"])
def test_the_clock_of_a_text_table_is_that_of_its_comments(tmp_path, words, time, constants, sign):  # fmt: skip
    comments = "".join(f"# {sign.format(n, v)}\n" for n, v in words.items())
    rows = "met rate err\n500000000 1.0 0.1\n500000100 1.5 0.1\n"
    text = drafted(tmp_path / "x.txt", comments + rows)
    content = tomllib.loads(text)
    stated = {"utcf_s": -16.5} if "UTCFINIT" in words else constants

    assert (time, stated) == (content["time"], named(content))


@pytest.mark.parametrize(
    ("heading", "cell", "form", "scale"),
    [
        ("MJD (TT)", "57000.5", "mjd", "tt"),
        ("MJD [TDB]", "57000.5", "mjd", "tdb"),
        ("MJD_UTC", "57000.5", "mjd", "utc"),
        ("JD, UT", "2457000.5", "jd", "utc"),
        ("Date (UT)", "2017 Sep 1.64", "interval", "utc"),
    ],
)
def test_the_scale_behind_a_heading_is_the_scale(tmp_path, heading, cell, form, scale):
    text = drafted(tmp_path / "t.tsv", f"{heading}\tflux\n{cell}\t1.5\n{cell}\t1.5\n")
    content = tomllib.loads(text)

    assert heading == content["columns"]["time"]
    assert {"format": form, "scale": scale} == content["time"]


def test_a_column_of_corrections_needs_no_constant(tmp_path):
    rows = "# TELESCOP = SWIFT\nmet utcf rate\n500000000 -16.5 1.0\n500000100 -16.5 1.2\n"  # fmt: skip
    content = tomllib.loads(drafted(tmp_path / "x.txt", rows))

    assert "utcf" == content["columns"]["utcf_s"]
    assert {} == named(content)


def test_a_filled_draft_of_swifts_clock_has_the_times_of_utcf(tmp_path):
    path = tmp_path / "swift.txt"
    comments = "# TELESCOP = 'SWIFT'\n# UTCFINIT = -16.5\n"
    text = drafted(path, comments + "met rate\n500000000 1.0\n500000100 1.5\n")
    text = text.replace('value = "FILL IN"', 'value = "count / s"')
    text = text.replace('kev = "FILL IN"', f"kev = {json.dumps([0.3, 10.0])}")
    (tmp_path / "m.toml").write_text(text.replace('"FILL IN"', '"X"'))

    rows = Mappings().check(tmp_path / "m.toml", path).tables[0].first

    assert "2016-11-05T00:53:03.500" == rows[0]["time"]
