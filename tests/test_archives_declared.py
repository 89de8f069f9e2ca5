"""Declared tables: a mapping says what columns mean, and a wrong one is named."""
# ruff: noqa: RUF001  published tables have dashes where signs should be

import json

import pytest
from archive_files import table, write
from astropy.io import fits
from astropy.table import Table
from numpy import array

from orbital_kernel.archives import open_source
from orbital_kernel.archives.mapped.reader import declared_reader
from orbital_kernel.archives.reading import Account
from orbital_kernel.errors import ArchiveError, MappingError
from orbital_kernel.model import schema
from orbital_kernel.model.times import to_utc_iso

MAPPING = """
table = "photometry"
format = "csv"
observatory = "chandra"
[columns]
time = "t"
value = "flux"
value_err = "err"
obs_id = "id"
[constants]
object = "GRB 130427A"
[time]
format = "mjd"
scale = "utc"
[unit]
value = "1e-13 erg / (cm2 s)"
[band]
kev = [0.3, 10.0]
"""
ROWS = "t,flux,err,id,note\n56409.5,2.0,0.5,007104,first\n56410.0,,,20356,\n"


def declared(tmp_path, mapping, content, name="t.csv"):
    (tmp_path / "m.toml").write_text(mapping)
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content)
    account = Account("")
    batches = dict(
        declared_reader(tmp_path / "m.toml").read(open_source(path), account)
    )
    return {n: schema.conform(b, schema.table(n)) for n, b in batches.items()}, account


def points(tmp_path, mapping=MAPPING, content=ROWS):
    return declared(tmp_path, mapping, content)[0]["chandra.photometry"]


def test_units_times_and_ids_come_out_as_orbital_keeps_them(tmp_path):
    rows = points(tmp_path)

    assert rows["value"].to_pylist() == [pytest.approx(2e-13), None]
    assert rows["value_err_plus"].to_pylist() == [pytest.approx(5e-14), None]
    assert rows["unit"].to_pylist() == ["erg / (cm2 s)"] * 2
    assert to_utc_iso(rows["time"].to_numpy()) == [
        "2013-04-27T12:00:00.000",
        "2013-04-28T00:00:00.000",
    ]
    assert rows["obs_id"].to_pylist() == ["007104", "20356"]
    assert rows["band"].to_pylist() == ["0.3-10 keV"] * 2
    assert json.loads(rows["extra"][0].as_py()) == {"note": "first"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('value = "flux"\n', 'value = "flx"\n', "'flx', which the table does not have"),
        ("1e-13 erg / (cm2 s)", "ergs per second", "column 'flux': 'ergs per second' is not a unit"),
        ("1e-13 erg / (cm2 s)", "m", "column 'flux': 'm' is not a flux"),
        ('[unit]\nvalue = "1e-13 erg / (cm2 s)"', "", "'flux' has no unit"),
        ('format = "mjd"', 'format = "mdj"', "time.format is 'mdj'"),
        ('scale = "utc"', "", "time.scale is None"),
        ('observatory = "chandra"', "", "whose data it is"),
        ("[columns]", "[colums]", "'colums'"),
        ("kev = [0.3, 10.0]", "kev = [10.0, 0.3]", "kev is"),
        ("kev = [0.3, 10.0]", 'filter = "UVX"', "filter 'UVX' is not known"),
        ('object = "GRB 130427A"', "", "need `object`"),
        ("table =", "table", "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_names_what_is_wrong(tmp_path, old, new, words):
    assert old in MAPPING
    with pytest.raises(MappingError, match=words.replace("(", r"\(")):
        points(tmp_path, MAPPING.replace(old, new))


def test_a_cell_that_is_not_a_number_is_named_by_row_and_column(tmp_path):
    with pytest.raises(MappingError, match="row 1: flux is 'bright', not a number"):
        points(tmp_path, content="t,flux,err,id\n1,2,3,4\n1,bright,3,4\n")


def test_a_damaged_table_is_an_archive_error(tmp_path):
    with pytest.raises(ArchiveError, match=r"t\.csv"):
        points(tmp_path, content="t,flux,err,id\n1,2\n")


LIMITS = [
    ('convention = "flag"\ncolumn = "id"\nequals = "L"', "55000,5,1,L", [5.0], [None], [True]),
    ('convention = "flag"\ncolumn = "id"\nequals = "L"', "55000,5,1,D", [5.0], [1.0], [False]),
    ('convention = "zero-value"\ncolumn = "id"', "55000,0,0,7", [7.0], [None], [True]),
    ('convention = "zero-value"\ncolumn = "id"', "55000,5,1,7", [5.0], [1.0], [False]),
    ('convention = "zero-error"', "55000,5,0,x", [5.0], [None], [True]),
    ('convention = "negative-error"', "55000,5,-1,x", [5.0], [None], [True]),
    ('convention = "none"', "55000,5,1,x", [5.0], [1.0], [False]),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "row", "value", "error", "is_limit"), LIMITS)
def test_every_way_to_code_a_limit_is_understood(
    tmp_path, limit, row, value, error, is_limit
):
    mapping = MAPPING.replace("1e-13 ", "") + f"[limit]\n{limit}\nconfidence = 0.9\n"
    rows = points(tmp_path, mapping, f"t,flux,err,id\n{row}\n")

    assert rows["value"].to_pylist() == value
    assert rows["value_err_plus"].to_pylist() == error
    assert rows["is_limit"].to_pylist() == is_limit
    assert rows["limit_confidence"].to_pylist() == [0.9 if is_limit[0] else None]


BY_ROW = """
table: photometry
format: tab
columns: {time: time, value: flux, value_err: dflux, instrument: instrument}
constants: {object: GRB 130427A}
time: {format: since, scale: utc, t0: "2013-04-27T07:47:06", unit: s}
unit: {column: flux_units, values: {erg/cm^2/sec: erg / (cm2 s)}}
band: {column: energy_range, values: {"0.3–10keV": {kev: [0.3, 10.0]}}}
limit: {convention: flag, column: flux_limit}
rows: {column: instrument, values: {Chandra: chandra, Swift: swift}}
"""


def by_row(tmp_path, path):
    (tmp_path / "m.yaml").write_text(BY_ROW)
    account = Account("")
    reader = declared_reader(tmp_path / "m.yaml")
    return dict(reader.read(open_source(path), account)), account


def test_rows_go_to_their_observatories_and_strangers_are_counted(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(
        "time\tinstrument\tflux\tflux_limit\tdflux\tflux_units\tenergy_range\n"
        "25060000\tChandra\t1.6e-14\t0\t3e-15\terg/cm^2/sec\t0.3–10keV\n"
        "1380000\tXMM–Newton\t8e-13\t0\t8e-16\terg/cm^2/sec\t0.3–10keV\n"
        "100\tSwift\t8e-9\t1\t8e-16\terg/cm^2/sec\t0.3–10keV\n"
    )

    tables, account = by_row(tmp_path, path)

    assert tables["chandra.photometry"]["since_t0_s"].to_pylist() == [25060000.0]
    assert tables["chandra.photometry"]["band_high_kev"].to_pylist() == [10.0]
    assert tables["chandra.photometry"]["file_row"].to_pylist() == [0]
    assert tables["swift.photometry"]["is_limit"].to_pylist() == [True]
    assert account.skipped == {"rows of XMM–Newton": 1}


def test_a_unit_misspelt_in_one_row_is_an_error(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(
        "time\tinstrument\tflux\tflux_limit\tdflux\tflux_units\tenergy_range\n"
        "25060000\tChandra\t1.6e-14\t0\t3e-15\tcerg/cm^2/sec\t0.3–10keV\n"
    )

    with pytest.raises(MappingError, match="'flux_units': 'cerg/cm"):
        by_row(tmp_path, path)


UVOT = """
table = "photometry"
format = "ecsv"
observatory = "swift"
columns = {time = "t", value = "mag", value_err = "e", instrument = "f"}
constants = {object = "SN 2010jl"}
time = {format = "iso", scale = "utc"}
unit = {value = "mag(AB)"}
band = {column = "f"}
"""


def test_uvot_filters_have_their_wavelengths(tmp_path):
    frame = Table(
        {"t": ["2010-11-05T00:00:00"], "mag": [15.2], "e": [0.1], "f": ["uvw1"]}
    )
    frame.write(tmp_path / "t.ecsv")
    rows = declared(tmp_path, UVOT, None, "t.ecsv")[0]["swift.photometry"]

    assert rows["band_low_nm"].to_pylist() == [226.0]
    assert rows["unit"].to_pylist() == ["mag(AB)"]
    assert rows["value"].to_pylist() == [15.2]


SOURCES = """
table = "sources"
format = "{form}"
observatory = "chandra"
columns = {{source_id = "name", ra = "ra", dec = "dec", value = "f", value_err = "e"}}
unit = {{value = "erg / (cm2 s)"}}
band = {{kev = [0.5, 7.0]}}
limit = {{convention = "zero-error"}}
"""


@pytest.mark.parametrize("form", ["votable", "fits"])
def test_sources_of_votables_and_fits_tables(tmp_path, form):
    path = tmp_path / "t.xml"
    values = {
        "ra": [10.5, 11.0],
        "dec": [-5.0, 1.0],
        "f": [2e-14, 3e-14],
        "e": [1e-15, 0.0],
    }
    if form == "votable":
        Table({"name": ["A", "B"], **values}).write(path, format="votable")
    else:
        columns = [fits.Column("name", "1A", array=array(["A", "B"]))]
        columns += [fits.Column(n, "D", array=array(v)) for n, v in values.items()]
        write(path, table("X", columns, keywords={}))
    rows = declared(tmp_path, SOURCES.format(form=form), None, "t.xml")[0][
        "chandra.sources"
    ]

    assert rows["source_id"].to_pylist() == ["A", "B"]
    assert rows["flux"].to_pylist() == [2e-14, None]
    assert rows["flux_high"].to_pylist() == [pytest.approx(2.1e-14), 3e-14]
    assert rows["is_limit"].to_pylist() == [False, True]
    assert rows["ra"].to_pylist() == [10.5, 11.0]


def test_headerless_text_is_read_by_given_names(tmp_path):
    mapping = MAPPING.replace(
        'format = "csv"',
        'format = "no_header"\nnames = ["o", "id", "t", "flux", "err"]',
    )
    mapping = 'comment = "#"' + mapping.replace(
        'format = "mjd"', 'format = "iso"'
    ).replace("1e-13 ", "")
    rows = points(
        tmp_path,
        mapping,
        " ulx3   00045596001  2011-07-21T09:26:28 7.8E-13 3.6E-13 # XSPEC\n",
    )

    assert rows["obs_id"].to_pylist() == ["00045596001"]
    assert rows["value"].to_pylist() == [7.8e-13]


def test_archive_chandra_points_of_a_burst(tmp_path, archive):
    folder = archive / "joint/GRB130427A-SN2013cq"
    tables, account = by_row(tmp_path, folder / "GRB130427A-SN2013cq_Xray_Master.txt")

    assert tables["chandra.photometry"]["value"].to_pylist() == [1.674e-14, 1.212e-14]
    assert account.skipped == {"rows of XMM–Newton": 5}


def test_freely_written_dates_give_middles_and_half_widths(tmp_path):
    mapping = MAPPING.replace('format = "mjd"', 'format = "interval"')
    rows = "t,flux,err,id\n2007-Mar-17-13:00-15:00,2,1,1\n2010 Nov 5\u201320,2,1,2\n,2,1,3\n"

    table = points(tmp_path, mapping, rows)

    assert to_utc_iso(table["time"].to_numpy(), unit="s") == [
        "2007-03-17T14:00:00",
        "2010-11-13T00:00:00",
        None,
    ]
    assert table["time_err_plus_s"].to_pylist() == [3600.0, 8 * 86_400.0, None]
    with pytest.raises(MappingError, match="row 0: '17/3/2007' is not a date such as"):
        points(tmp_path, mapping, "t,flux,err,id\n17/3/2007,2,1,1\n")
