"""Drafted mappings: guesses with reasons, blanks that are refused, rows that ingest."""
# ruff: noqa: RUF001  published tables have dashes where signs should be

import json
import tomllib

import pytest
from click.testing import CliRunner

from orbital_kernel.__main__ import cli
from orbital_kernel.archives.mapped.draft import draft
from orbital_kernel.archives.mapped.layout import layout
from orbital_kernel.errors import MappingError
from orbital_kernel.ingest.mappings import Mappings

AFTERGLOW = """mjd,Flux (10^-13 erg cm^-2 s^-1),err,obsid,upper limit flag,note
56409.5,2.0,0.5,007104,0,first
56410.0,1.1,0.4,020356,0,
56412.0,0.6,0.1,020357,1,limit
"""


def filled(text, **answers):
    """Return the draft with its blanks filled, each by its key."""
    for key, answer in answers.items():
        assert f'{key} = "FILL IN"' in text, (key, text)
        text = text.replace(f'{key} = "FILL IN"', f"{key} = {json.dumps(answer)}", 1)
    return text


def drafted(tmp_path, content, name="afterglow.csv", table=None):
    (tmp_path / name).write_text(content)
    return draft(tmp_path / name, table)


def checked(tmp_path, text, path):
    (tmp_path / "m.toml").write_text(text)
    return Mappings().check(tmp_path / "m.toml", path)


def test_what_the_table_says_is_in_the_draft(tmp_path):
    mapping = tomllib.loads(drafted(tmp_path, AFTERGLOW))

    assert ("photometry", "csv") == (mapping["table"], mapping["format"])
    assert {
        "time": "mjd",
        "value": "Flux (10^-13 erg cm^-2 s^-1)",
        "value_err": "err",
        "obs_id": "obsid",
    } == mapping["columns"]
    assert "mjd" == mapping["time"]["format"]
    assert "1e-13 erg / (s cm2)" == mapping["unit"]["value"]
    assert {"convention": "flag", "column": "upper limit flag"} == mapping["limit"]


def test_each_guess_has_its_reason_beside_it(tmp_path):
    lines = drafted(tmp_path, AFTERGLOW).splitlines()
    entries = [line for line in lines if " = " in line and not line.startswith("#")]
    paired = {"names", "delimiter", "convention", "values"}

    assert [] == [
        e for e in entries if "  # " not in e and e.split(" = ")[0] not in paired
    ]


def test_a_draft_with_blanks_is_refused_and_names_them(tmp_path):
    text = drafted(tmp_path, AFTERGLOW)

    with pytest.raises(
        MappingError, match=r"observatory.*constants\.object.*time\.scale.*band\.kev"
    ):
        checked(tmp_path, text, tmp_path / "afterglow.csv")


def test_a_draft_with_its_blanks_filled_reads_the_table(tmp_path):
    text = filled(
        drafted(tmp_path, AFTERGLOW),
        observatory="chandra",
        object="GRB 130427A",
        scale="utc",
        kev=[0.3, 10.0],
    )
    table = checked(tmp_path, text, tmp_path / "afterglow.csv").tables[0]

    assert ("chandra.photometry", 3) == (table.name, table.rows)
    assert [2e-13, 1.1e-13, 6e-14] == pytest.approx([r["value"] for r in table.first])
    assert ["007104", "020356", "020357"] == [r["obs_id"] for r in table.first]
    assert [False, False, True] == [r["is_limit"] for r in table.first]
    assert "2013-04-27T12:00:00.000" == table.first[0]["time"]


def test_an_exposure_in_kiloseconds_is_never_taken_for_seconds(tmp_path):
    content = "mjd,rate,exposure_ks\n56409.5,2.0,20.1\n56410.5,2.0,20.1\n"
    mapping = tomllib.loads(drafted(tmp_path, content))
    unknown = content.replace("exposure_ks", "exposure")

    assert "ks" == mapping["unit"]["columns"]["exposure_s"]
    assert "exposure_s" not in tomllib.loads(drafted(tmp_path, unknown))["columns"]


def test_codes_of_missing_values_are_named(tmp_path):
    content = "mjd,flux\n56409.5,2.0\n56410.5,-9.990E+02\n"

    assert [-999] == tomllib.loads(drafted(tmp_path, content))["missing"]


def test_a_log_of_observations_is_no_catalogue(tmp_path):
    content = "obsid,name,ra,dec,start,exposure (s)\n4,Crab,83.6,22.0,2000-01-01T00:00:00,1000\n5,Crab,83.6,22.0,2000-01-02T00:00:00,1000\n"
    mapping = tomllib.loads(drafted(tmp_path, content))

    assert "observations" == mapping["table"]
    assert "exposure (s)" == mapping["columns"]["exposure_s"]


def test_the_error_of_another_quantity_is_not_the_values(tmp_path):
    content = (
        "mjd,mag,dmag,flux,dflux\n56409,18.1,0.2,3.0,0.4\n56410,18.2,0.2,2.0,0.4\n"
    )
    columns = tomllib.loads(drafted(tmp_path, content))["columns"]

    assert ("flux", "dflux") == (columns["value"], columns["value_err"])


@pytest.mark.parametrize(
    ("content", "form", "header"),
    [
        ("a b\n1 2\n3 4\n", "basic", ("a", "b")),
        ("# a b\n1 2\n3 4\n", "no_header", ("col1", "col2")),
        ("Table 3\n\na;b\n1;2\n", "csv", ("a", "b")),
        ("a & b \\\\\n1 & B\\&C \\\\\n", "latex", ("a", "b")),
        ("2010 Nov 5–20 Swift-XRT (4 ± 1) × 10−13\n2010 Nov 22 XMM, NuSTAR 4 ± 1\n", "pasted", ("col1", "col2", "col3")),
        ("# Subflares,b\n1,2\n", "csv", ("# Subflares", "b")),
        ("x, 1 # one\ny, 2 # two\n", "no_header", ("col1", "col2")),
    ],
)  # fmt: skip
def test_the_layout_of_a_text_is_seen(tmp_path, content, form, header):
    (tmp_path / "t.txt").write_text(content)
    shown = layout(tmp_path / "t.txt")

    assert (form, header) == (shown.format, shown.header)


@pytest.mark.parametrize(
    "content", ["one\ntwo\n", "", '{"a": 1}', "some words\nand many more words\n"]
)
def test_what_is_not_a_table_is_not_drafted(tmp_path, content):
    with pytest.raises(MappingError, match=r"t\.txt"):
        drafted(tmp_path, content, "t.txt")


def test_the_command_never_overwrites(tmp_path):
    (tmp_path / "a.csv").write_text(AFTERGLOW)
    out = tmp_path / "a.toml"
    out.write_text("mine")
    result = CliRunner().invoke(
        cli, ["mapping", "draft", str(tmp_path / "a.csv"), "--out", str(out)]
    )

    assert result.exit_code != 0
    assert "mine" == out.read_text()


def test_check_counts_what_is_not_stored(tmp_path):
    (tmp_path / "a.tsv").write_text(
        "mjd\tflux\twho\n56409.5\t2\tChandra\n56410.5\t3\tXMM\n"
    )
    text = filled(
        draft(tmp_path / "a.tsv"),
        observatory="swift",
        object="X",
        scale="utc",
        value="mJy",
        kev=[1, 2],
    )
    (tmp_path / "a.toml").write_text(
        text + '[rows]\ncolumn = "who"\nvalues = {Chandra = "chandra"}\n'
    )
    command = [
        "mapping",
        "check",
        str(tmp_path / "a.toml"),
        str(tmp_path / "a.tsv"),
        "--json",
    ]
    result = CliRunner().invoke(cli, command)
    document = json.loads(result.stdout)

    assert 0 == result.exit_code
    assert {"rows of XMM": 1} == document["skipped"]
    assert ["chandra.photometry"] == [table["name"] for table in document["tables"]]


REAL = {
    "joint/GRB130427A-SN2013cq/GRB130427A-SN2013cq_Xray_Master.txt": (
        {"scale": "utc", "t0": "2013-04-27T07:47:06"},
        {"chandra.photometry": 2},
    ),
    "joint/GW170817/GRB170817A_chandra_flux.csv": (
        {"scale": "utc", "t0": "2017-08-17T12:41:04", "value": "erg / (cm2 s)"},
        {"chandra.photometry": 7},
    ),
    "chandra/tables/sgra_quiescent_rates.csv": (
        {"object": "Sgr A*", "value": "1e-3 count / s", "kev": [2.0, 8.0]},
        {"chandra.photometry": 170},
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_archive_a_filled_draft_of_a_real_table_reads_it(archive, tmp_path, name):
    answers, rows = REAL[name]
    text = filled(draft(archive / name), **answers).replace(
        '"FILL IN"', '"erg / (cm2 s)"'
    )
    result = checked(tmp_path, text, archive / name)

    assert rows == {table.name: table.rows for table in result.tables}


DATED = "Date,{clock},Target,Rate (ct/s),err\n2023-01-02,{first},X 3,0.5,0.1\n"


@pytest.mark.parametrize(
    ("clock", "first", "instant"),
    [
        ("Time", "12:30:15.5", "2023-01-02T12:30:15.500"),
        ("(UT)", "06:00", "2023-01-02T06:00:00.000"),
        ("n", "12", "2023-01-02T00:00:00.000"),
    ],
)
def test_a_time_of_day_in_the_next_column_is_not_lost(tmp_path, clock, first, instant):
    path = tmp_path / "afterglow.csv"
    text = drafted(tmp_path, DATED.format(clock=clock, first=first))
    (table,) = (
        check := checked(
            tmp_path, filled(text, observatory="swift", kev=[0.3, 10.0]), path
        )
    ).tables

    assert [instant] == [row["time"] for row in table.first]
    assumed = any("without a time of day" in said for said in check.understood)
    assert assumed == (clock == "n")


def test_a_unit_beside_an_energy_in_a_heading_is_not_overruled(tmp_path):
    path = tmp_path / "afterglow.csv"
    text = drafted(tmp_path, "MJD,Flux (1 keV; uJy),err\n59000.5,3.2,0.4\n")
    text = filled(text, observatory="swift", object="X 5", scale="utc", kev=[0.3, 10.0])
    assert "uJy" == tomllib.loads(text)["unit"]["value"]

    check = checked(tmp_path, text.replace('"uJy"', '"mJy"'), path)

    (row,) = check.tables[0].first
    assert (pytest.approx(0.0032), "mJy") == (row["value"], row["unit"])
    assert any("uJy" in said for said in check.understood)
