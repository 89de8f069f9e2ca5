"""The mapping language: every key in every format, and what tables state themselves."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from archive_files import table, write
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital_kernel.archives import open_source
from orbital_kernel.archives.mapped import instants
from orbital_kernel.archives.mapped.language import FORMATS, keys
from orbital_kernel.archives.mapped.mapping import read_mapping, reference
from orbital_kernel.archives.mapped.reader import declared_reader
from orbital_kernel.archives.reading import Account
from orbital_kernel.archives.swift import clock
from orbital_kernel.errors import ArchiveError, MappingError
from orbital_kernel.model import schema

CASES = Path(__file__).resolve().parents[1] / ".." / "shared" / "cases" / "data"
FLUX = """
table = "photometry"
observatory = "swift"
format = "csv"
columns = { object = "name", time = "t", value = "flux", value_err = "e" }
time = { format = "mjd", scale = "utc" }
unit = { value = "1e-13 erg / (cm2 s)" }
"""
LINES = "name,t,flux,e\nA,57000.0,2.0,0.5\nB,57001.0,3.0,0.4\n"


def stored(mapping, path):
    """Return the rows of a file's one table, and the account."""
    account = Account("")
    batches = list(declared_reader(mapping).read(open_source(path), account))
    rows = [
        row
        for name, batch in batches
        for row in schema.conform(batch, schema.table(name)).to_pylist()
    ]
    return rows, account


def read(tmp_path, mapping=FLUX, content=LINES, name="t.csv"):
    (tmp_path / "m.toml").write_text(mapping, encoding="utf-8")
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    return stored(tmp_path / "m.toml", tmp_path / name)


def shared_case(name):
    if not (CASES / name).exists():
        pytest.skip(f"the shared case {name} is not on this machine")
    return CASES / name


HEADLESS = ("no_header", "pasted")
OPTIONS = {
    "names": "['name', 't', 'flux', 'e']",
    "delimiter": '";"',
    "comment": '"#"',
    "skip_lines": "1",
    "extension": "1",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("option", OPTIONS)
def test_every_key_is_taken_by_a_format_or_refused_by_name(tmp_path, form, option):
    formats = {k.name: k.formats for k in keys() if not k.section}[option]
    mapping = FLUX.replace('"csv"', f'"{form}"')
    (tmp_path / "m.toml").write_text(f"{option} = {OPTIONS[option]}\n{mapping}")

    if form not in formats:
        with pytest.raises(
            MappingError, match=rf"m\.toml: `{option}` .* format {form}"
        ):
            read_mapping(tmp_path / "m.toml")
        return
    if form in {"fits", "votable"}:
        content = Table.read(LINES.splitlines(), format="ascii.csv")
        content.write(tmp_path / "t", format=form)
    else:
        separator = {"csv": ",", "tab": "\t", "latex": " & "}.get(form, " ")
        separator = ";" if option == "delimiter" else separator
        lines = LINES.replace(",", separator).splitlines(keepends=True)
        lines = lines[1:] if form in HEADLESS else lines
        if option == "comment":
            lines.insert(1, "# taken by night\n")
        if option == "skip_lines":
            lines.insert(0, "Table 1 of a paper\n")
        (tmp_path / "t").write_text("".join(lines))
        if form in HEADLESS and option != "names":
            names = f"names = {OPTIONS['names']}\n"
            (tmp_path / "m.toml").write_text(
                f"{names}{option} = {OPTIONS[option]}\n{mapping}"
            )

    rows, _ = stored(tmp_path / "m.toml", tmp_path / "t")

    assert ["A", "B"] == [row["object"] for row in rows]
    assert [2e-13, 3e-13] == pytest.approx([row["value"] for row in rows])


def test_the_reference_names_every_key():
    text = reference()

    assert [] == [
        k for k in keys() if f"{k.section}.{k.name}".strip(".") + ":" not in text
    ]
    assert "columns of events" in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("skip_lines = -1", "`skip_lines` is -1; give 0 or more"),
        ("skip_lines = 'two'", "skip_lines is 'two', not a whole number"),
        ("delimiter = ',,'", "`delimiter` is ',,'; give one character"),
        ("comment = 3", "comment is 3, not a text or a list"),
        ("comment = [3]", "`comment` is"),
        ("time.zone = 'UTC'", "'zone'; it may have format, scale, t0, unit"),
        ("limit.side = 'lower'", "no table has a place for lower limits"),
        ("limit.confidence = 90", "limit.confidence is 90, not 0 to 1"),
        ("constants.mode = 4", "constants.mode is 4; it must be a text"),
        ("constants.exposure_s = 'long'", "constants.exposure_s is 'long'"),
        ("constants.object = 'A'", "`object` is in .columns. and in .constants."),
        ("series = [{value = 'flux'}]", "`value` is given by"),
        ("aliases.object = 'A'", "aliases.object is 'A', not a section"),
    ],
)
def test_a_wrong_entry_names_file_key_and_what_is_possible(tmp_path, line, words):
    mapping = FLUX
    if "." in line.split("=")[0] and line.split(".")[0] == "time":
        mapping = FLUX.replace('scale = "utc"', 'scale = "utc", zone = "UTC"')
        line = ""
    with pytest.raises(MappingError, match=rf"m\.toml: .*{words}"):
        read(tmp_path, f"{line}\n{mapping}")


SERIES = """
table = "photometry"
observatory = "swift"
format = "csv"
columns = { object = "name", time = "t" }
constants = { instrument = "XRT" }
time = { format = "mjd", scale = "utc" }
[[series]]
value = "u"
value_err = "u_e"
unit = "mag(Vega)"
band = { filter = "U" }
limit = { convention = "flag", column = "u_ul", confidence = 0.99 }
instrument = "UVOT"
[[series]]
value = "soft"
value_err_plus = "plus"
value_err_minus = "minus"
unit = { value = "count / s" }
band = { kev = [0.3, 1.0] }
"""


def test_each_value_column_has_its_own_errors_unit_band_and_limits(tmp_path):
    rows, account = read(
        tmp_path,
        SERIES,
        "name,t,u,u_e,u_ul,soft,plus,minus\nA,57000,15,0.1,F,2,0.5,0.4\n"
        "A,57001,19,0.2,T,,,\n",
    )

    assert [(15.0, "mag(Vega)", "UVOT", "U", 308.0, False)] == [
        (r["value"], r["unit"], r["instrument"], r["band"], r["band_low_nm"], r["is_limit"])
        for r in rows[:1]
    ]  # fmt: skip
    assert (True, None, 0.99, 1) == tuple(
        rows[1][n]
        for n in ("is_limit", "value_err_plus", "limit_confidence", "file_row")
    )
    assert ["count / s", 0.5, 0.4, "XRT", 1.0] == [
        rows[2][n]
        for n in ("unit", "value_err_plus", "value_err_minus", "instrument", "band_high_kev")
    ]  # fmt: skip
    assert 3 == len(rows)
    assert {"soft without a value": 1} == account.skipped


def test_bins_given_by_start_and_stop_have_middles_and_half_widths(tmp_path):
    mapping = FLUX.replace('time = "t",', 'time_start = "a", time_stop = "b",')
    row = read(tmp_path, mapping, "name,a,b,flux,e\nA,57000,57000.5,2,1\n")[0][0]

    assert "2014-12-09 06:01:07.184000" == str(row["time"])
    assert (21600.0, 21600.0) == (row["time_err_plus_s"], row["time_err_minus_s"])
    with pytest.raises(MappingError, match="row 0: time_stop is before time_start"):
        read(tmp_path, mapping, "name,a,b,flux,e\nA,57001,57000.5,2,1\n")


def test_lines_comments_and_codes_that_are_no_data_are_left_out(tmp_path):
    mapping = f"""
skip_lines = 2
comment = ["#", "!"]
missing = {{ "*" = ["INDEF"], flux = [-99, 0] }}
{FLUX}"""
    lines = (
        "A title\nof two lines\n! note\nname,t,flux,e\nA,57000,-99.0,1\n"
        "B,57001,INDEF,1 # cloudy\nC,57002,0.0,1\nD,57003,5,0.1\n"
    )
    rows, account = read(tmp_path, mapping, lines)

    assert [None, None, None, 5e-13] == [
        row["value"] and pytest.approx(row["value"]) for row in rows
    ]
    assert "3 of 4 rows without a value" in account.understood


def test_names_are_made_of_several_columns_and_replaced_by_aliases(tmp_path):
    mapping = FLUX.replace('object = "name"', 'object = ["who", "name"], obs_id = "{name}-{t}"')  # fmt: skip
    rows, _ = read(
        tmp_path,
        f'aliases.object = {{ "B" = "GRB 130427A" }}\nconstants.mode = "{{file}}"\n{mapping}',
    )

    assert ["A", "GRB 130427A"] == [row["object"] for row in rows]
    assert ["A-57000.0", "B-57001.0"] == [row["obs_id"] for row in rows]
    assert {"t"} == {row["mode"] for row in rows}
    with pytest.raises(MappingError, match="'who' or 'nom', which the table does not"):
        read(tmp_path, mapping.replace('"name"]', '"nom"]'))


UNITS = [
    ("flux [mJy]", "Jy", 2.0, "mJy", "as the table states, and converted"),
    ("flux [mJy]", "mJy", 2.0, "mJy", None),
    ("flux (uJy)", None, 2e-3, "mJy", "as the table states"),
    ("flux (10^-12 erg/cm2/s)", "1e-12 erg / (cm2 s)", 2e-12, "erg / (cm2 s)", None),
    ("flux (10^-12 erg/cm2/s)", None, 2e-12, "erg / (cm2 s)", "as the table states"),
    ("flux (×10⁻¹² erg cm⁻² s⁻¹)", None, 2e-12, "erg / (cm2 s)", "as the table"),  # noqa: RUF001
    ("flux [erg cm^-2 s^-1]", "erg / (cm2 s)", 2.0, "erg / (cm2 s)", None),
    ("flux (counts/sec)", None, 2.0, "count / s", "as the table states"),
    ("flux (V)", "mag(Vega)", 2.0, "mag(Vega)", None),
    ("flux (mag)", "mag(AB)", 2.0, "mag(AB)", None),
    ("flux", "1e40 erg / s", 2e40, "erg / s", None),
    ("flux", "count / (cm2 s)", 2.0, "count / (cm2 s)", None),
]


@pytest.mark.parametrize(("heading", "stated", "value", "unit", "words"), UNITS)
def test_a_unit_in_a_heading_is_held_against_the_mapping(
    tmp_path, heading, stated, value, unit, words
):
    mapping = FLUX.replace(
        'unit = { value = "1e-13 erg / (cm2 s)" }',
        f'unit = {{ value = "{stated}" }}' if stated else "",
    )
    content = LINES.replace("flux", heading)
    rows, account = read(tmp_path, mapping, content)

    assert value == pytest.approx(rows[0]["value"])
    assert 0.25 * value == pytest.approx(rows[0]["value_err_plus"])
    assert unit == rows[0]["unit"]
    assert bool(words) == any(words in text for text in account.understood if words)


@pytest.mark.parametrize(
    ("heading", "stated"),
    [
        ("flux [mJy]", "erg / (cm2 s)"),
        ("flux [Jy]", "mag(AB)"),
        ("flux (count/s)", "ph / (cm2 s)"),
        ("flux (erg/s)", "erg / (cm2 s)"),
        ("flux (AB mag)", "mag(Vega)"),
        ("flux (erg/cm2/s)", "1e-13 erg / (cm2 s)"),
    ],
)
def test_a_unit_that_contradicts_the_table_is_an_error(tmp_path, heading, stated):
    mapping = FLUX.replace("1e-13 erg / (cm2 s)", stated)
    with pytest.raises(MappingError, match=r"t\.csv: column .* the table states") as e:
        read(tmp_path, mapping, LINES.replace("flux", heading))
    assert f"'{stated}'" in str(e.value)
    assert "unit.override" in str(e.value)
    override = mapping.replace(f'"{stated}" }}', f'"{stated}", override = true }}')
    assert 2 == len(read(tmp_path, override, LINES.replace("flux", heading))[0])


@pytest.mark.parametrize("form", ["fits", "votable", "ecsv"])
def test_units_of_columns_are_read_in_every_format(tmp_path, form):
    content = Table(
        {
            "name": ["A"],
            "t": [57000.0],
            "flux": [2.0],
            "e": [500.0],
            "exp": [1.5],
            "te": [2.0],
        }
    )
    for name, unit in {"flux": "Jy", "e": "mJy", "exp": "ks", "te": "min"}.items():
        content[name].unit = unit
    content.write(tmp_path / "t", format="ascii.ecsv" if form == "ecsv" else form)
    mapping = FLUX.replace('"csv"', f'"{form}"').replace("1e-13 erg / (cm2 s)", "mJy")
    mapping = mapping.replace(
        'value_err = "e"', 'value_err = "e", exposure_s = "exp", time_err = "te"'
    )

    rows, account = read(tmp_path, mapping, None, "t")

    assert (2000.0, 500.0, 1500.0, 120.0) == pytest.approx(
        tuple(rows[0][n] for n in ("value", "value_err_plus", "exposure_s", "time_err_plus_s"))
    )  # fmt: skip
    assert 4 <= len(account.understood)


def test_flux_densities_have_a_wavelength_or_say_that_it_is_lacking(tmp_path):
    mapping = FLUX.replace("1e-13 erg / (cm2 s)", "Jy")
    rows, account = read(tmp_path, mapping)
    radio = read(tmp_path, f"band.ghz = 5\n{mapping}")[0][0]

    assert any("without energy or wavelength" in text for text in account.understood)
    assert (2000.0, "mJy") == (rows[0]["value"], rows[0]["unit"])
    assert ("5 GHz", 59958491.6) == (radio["band"], pytest.approx(radio["band_low_nm"]))
    assert 10.0 == read(tmp_path, f"band.kev = 10\n{mapping}")[0][0]["band_low_kev"]


FLAGS = "convention = 'flag', column = 'ul'"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (f"{FLAGS}, equals = 'yes'", "'x', 'U'"),
        (f"{FLAGS}, equals = 'L'", "'x', 'U'"),
        ("convention = 'zero-error'", "blank"),
        ("convention = 'negative-error'", "0"),
        ("convention = 'zero-value', column = 'e'", "0"),
    ],
)
def test_a_convention_that_fits_no_row_shows_the_values(tmp_path, limit, words):
    flagged = "name,t,flux,e,ul\nA,57000,2,0.5,x\nB,57001,{}\n"
    row = {"blank": "3,,U", "0": "3,0,U"}.get(words, "3,0.5,U")
    row = "0,0,U" if "zero-value" in limit else row
    with pytest.raises(
        MappingError, match=r"fits none of 2 rows; the values .*" + words
    ):
        read(tmp_path, f"limit = {{ {limit} }}\n{FLUX}", flagged.format(row))


def test_detections_alone_are_no_error(tmp_path):
    content = "name,t,flux,e,ul\nA,57000,2,0.5,False\n"
    rows, account = read(tmp_path, f"limit = {{ {FLAGS} }}\n{FLUX}", content)

    assert [False] == [row["is_limit"] for row in rows]
    assert "no limit by convention flag among 1 rows" in account.understood


def test_lower_limits_are_counted_and_never_stored_as_values(tmp_path):
    rows, account = read(
        tmp_path,
        f"limit.convention = 'sign'\n{FLUX}",
        "name,t,flux,e\nA,57000,<2,\nB,57001,> 3,\nC,57002,4,1\n",
    )

    assert [("A", True), ("C", False)] == [(r["object"], r["is_limit"]) for r in rows]
    assert {"lower limits, for which no table has a place": 1} == account.skipped


@pytest.mark.parametrize("suffix", ["bool.csv", "float.csv", "tf.csv"])
def test_shared_flags_in_any_spelling_mark_limits(suffix):
    folder = shared_case("08_limit_flag")
    rows, _ = stored(folder / "flag.toml", folder / f"flag_{suffix}")

    assert [False, True] == [row["is_limit"] for row in rows]
    assert rows[1]["value_err_plus"] is None


@pytest.mark.parametrize(("name", "ending"), [("flagfits", "fits"), ("flagvot", "vot")])
def test_shared_logical_columns_mark_limits(name, ending):
    folder = shared_case("08_limit_flag")
    rows, _ = stored(folder / f"{name}.toml", folder / f"flag_bool.{ending}")

    assert [False, True] == [row["is_limit"] for row in rows]


def test_catalogues_of_one_mapping_are_named_after_their_files(tmp_path):
    mapping = """
table = "sources"
observatory = "chandra"
format = "csv"
columns = { source_id = "id", ra = "ra", dec = "dec" }
constants = { error_confidence = 0.9 }
"""
    names = set()
    for name in ("first", "second"):
        rows, _ = read(tmp_path, mapping, "id,ra,dec\n1,10,20\n", f"{name}.csv")
        names.add(
            (rows[0]["catalog"], rows[0]["source_id"], rows[0]["error_confidence"])
        )
    named = mapping.replace("constants = {", 'constants = { catalog = "mine",')

    assert {("first", "1", 0.9), ("second", "1", 0.9)} == names
    assert "mine" == read(tmp_path, named, "id,ra,dec\n1,10,20\n")[0][0]["catalog"]


MAGHIST = """
table = "photometry"
observatory = "swift"
format = "fits"
columns = { object = "NAME", time_start = "TSTART", time_stop = "TSTOP", value = "MAG" }
time = { format = "swift" }
unit = { value = "mag(Vega)" }
"""
SWIFT = {"TELESCOP": "SWIFT", "TIMESYS": "TT", "UTCFINIT": -16.5, "CLOCKAPP": False}


def maghist(tmp_path, keywords=SWIFT, mapping=MAGHIST):
    columns = [
        fits.Column("NAME", "1A", array=np.array(["A"])),
        fits.Column("TSTART", "D", array=np.array([499999950.0]), unit="s"),
        fits.Column("TSTOP", "D", array=np.array([500000050.0]), unit="s"),
        fits.Column("MAG", "D", array=np.array([15.2]), unit="mag"),
        fits.Column("UTCF", "D", array=np.array([-20.0])),
    ]
    write(tmp_path / "m.fits", table("MAGHIST", columns, keywords=keywords))
    return read(tmp_path, mapping, None, "m.fits")


def test_swifts_clock_is_corrected_by_the_header_or_a_column(tmp_path):
    row = maghist(tmp_path)[0][0]
    by_column = MAGHIST.replace("columns = {", 'columns = { utcf_s = "UTCF",')
    by_constant = f"constants = {{ utcf_s = -16.5 }}\n{MAGHIST}"

    assert "2016-11-05 00:54:11.684000" == str(row["time"])
    assert (5e8, -16.5, "swift-met-utcf", 50.0) == (
        row["met_s"], row["utcf_s"], row["time_rule"], row["time_err_plus_s"],
    )  # fmt: skip
    assert "00:54:08.184000" in str(maghist(tmp_path, {}, by_column)[0][0]["time"])
    assert "00:54:11.684000" in str(maghist(tmp_path, {}, by_constant)[0][0]["time"])


def test_swifts_clock_without_its_correction_is_refused(tmp_path):
    since = MAGHIST.replace(
        '"swift" }', '"since", scale = "utc", t0 = "2001-01-01", unit = "s" }'
    )
    barycentred = SWIFT | {"TIMESYS": "TDB"}

    for keywords, mapping, words in (
        ({}, MAGHIST, "time.format is 'swift', but neither the column"),
        (SWIFT, since, "set time.format = 'swift'"),
        (barycentred, MAGHIST, "TIMESYS = 'TDB': set scale to 'tdb'"),
    ):
        with pytest.raises(MappingError, match=words):
            maghist(tmp_path, keywords, mapping)


def test_swifts_clock_follows_the_rules_of_its_own_readers():
    assert (clock.RULE, clock.CORRECTIONS, clock.CORRECTED) == (
        instants.RULE, instants.CORRECTIONS, instants.CORRECTED,
    )  # fmt: skip


def test_shared_maghist_is_read_by_swifts_clock(tmp_path):
    folder = shared_case("18_uvot_maghist")
    mapping = MAGHIST.replace("NAME", "name")
    (tmp_path / "m.toml").write_text(mapping)
    rows, _ = stored(tmp_path / "m.toml", folder / "maghist.fits")

    assert "2016-11-05 00:54:11.684000" == str(rows[0]["time"])


@pytest.mark.parametrize(
    ("written", "scale", "time"),
    [
        ("2012-05-02T04:05:06+00:00", "utc", "04:06:12.184000"),
        ("2012-05-02T06:05:06+02:00", "utc", "04:06:12.184000"),
        ("2012-05-01 23:05:06.5-0500", "utc", "04:06:12.684000"),
        ("2012:123:04:05:06.789", "utc", "04:06:12.973000"),
        ("2012-123T04:05:06", "utc", "04:06:12.184000"),
        ("2012-05-02T04:05:06", "tt", "04:05:06"),
        ("2012-05-02T04:05:06", "tdb", "04:05:05.998"),
    ],
)
def test_dates_have_offsets_days_of_the_year_and_scales(tmp_path, written, scale, time):
    mapping = FLUX.replace('"mjd", scale = "utc"', f'"iso", scale = "{scale}"')
    row = read(tmp_path, mapping, f"name,t,flux,e\nA,{written},2,1\n")[0][0]

    assert f"2012-05-02 {time}" in str(row["time"])


@pytest.mark.parametrize(
    "written", ["2013:366:00:00:00", "2012-05-02T04:05:06Z", "May"]
)
def test_a_date_that_cannot_be_meant_is_named_by_row_and_column(tmp_path, written):
    mapping = FLUX.replace('"mjd", scale = "utc"', '"iso", scale = "tt"')
    with pytest.raises(MappingError, match=rf"t\.csv: row 0: t is '{written}'"):
        read(tmp_path, mapping, f"name,t,flux,e\nA,{written},2,1\n")


@pytest.mark.parametrize("name", ["iso_tz.csv", "doy.csv"])
def test_shared_dates_are_read(name):
    folder = shared_case("22_iso_offset")
    rows, _ = stored(folder / "iso.toml", folder / name)

    assert "2012-05-02 04:06:12" in str(rows[0]["time"])


def test_observations_intervals_and_events_are_targets(tmp_path):
    log = """
table = "observations"
observatory = "chandra"
format = "csv"
columns = { obs_id = "id", time_start = "t", exposure_s = "exp [ks]", ra = "ra", dec = "de" }
constants = { instrument = "ACIS", time_public = "2015-01-01" }
time = { format = "iso", scale = "utc" }
"""
    rows, account = read(
        tmp_path, log, "id,t,exp [ks],ra,de\n00123,2012-05-02,20,10,20\n,,,,\n"
    )
    gti = """
table = "intervals"
observatory = "chandra"
format = "csv"
columns = { time_start = "a", time_stop = "b" }
constants = { kind = "gti", obs_id = "16454" }
time = { format = "chandra", scale = "tt" }
"""
    intervals, _ = read(tmp_path, gti, "a,b\n100,200\n")
    photons = gti.replace("intervals", "events").replace("time_start", "time")
    photons = photons.replace('time_stop = "b"', 'energy_ev = "b", ccd_id = "c"')
    photons = photons.replace('kind = "gti", ', "")
    events, _ = read(
        tmp_path, photons, "a,b [keV],c\n100,1.5,7\n".replace("b [keV]", "b")
    )
    in_kev, _ = read(
        tmp_path,
        f"unit.columns = {{ energy_ev = 'keV' }}\n{photons}",
        "a,b,c\n100,1.5,7\n",
    )

    assert ("00123", 20000.0, "ACIS") == tuple(
        rows[0][n] for n in ("obs_id", "exposure_s", "instrument")
    )
    assert "2015-01-01 00:01:07" in str(rows[0]["time_public"])
    assert "1 of 2 rows without an obs_id" in account.understood
    assert (100.0, 200.0, "1998-01-01 00:03:20") == (
        intervals[0]["met_start_s"], intervals[0]["met_stop_s"], str(intervals[0]["time_stop"]),
    )  # fmt: skip
    assert (1.5, 7, 100.0) == (
        events[0]["energy_ev"],
        events[0]["ccd_id"],
        events[0]["met_s"],
    )
    assert 1500.0 == in_kev[0]["energy_ev"]
    with pytest.raises(MappingError, match=r"row 0: c is 1\.5, not a whole number"):
        read(tmp_path, photons, "a,b,c\n100,1.5,1.5\n")


def test_the_first_of_several_tables_is_stated_and_others_are_named(tmp_path):
    columns = [
        fits.Column("NAME", "1A", array=np.array(["A"])),
        fits.Column("T", "D", array=np.array([57000.0])),
        fits.Column("FLUX", "D", array=np.array([2.0])),
        fits.Column("E", "D", array=np.array([1.0])),
    ]
    write(
        tmp_path / "t.fits",
        table("SOFT", columns, keywords={}),
        table("HARD", columns, keywords={}),
    )
    mapping = FLUX.replace('"csv"', '"fits"')
    _, account = read(tmp_path, mapping, None, "t.fits")

    assert "first of 2 tables, SOFT; not HARD" in account.understood
    assert 1 == len(read(tmp_path, f"extension = 'HARD'\n{mapping}", None, "t.fits")[0])
    with pytest.raises(MappingError, match="'X'; the file has the tables SOFT, HARD"):
        read(tmp_path, f"extension = 'X'\n{mapping}", None, "t.fits")


REALS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
RECORDS = st.lists(
    st.tuples(
        st.from_regex(r"[A-Z0][A-Za-z0-9]{0,7}", fullmatch=True),
        st.floats(50_000, 60_000).map(lambda x: float(f"{x:.9g}")),
        st.none() | REALS,
        REALS.map(abs).filter(bool),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
ANY = """
table = "photometry"
observatory = "swift"
format = "FORM"
columns = { object = "name", time = "t", value = "flux", value_err = "e" }
time = { format = "mjd", scale = "tdb" }
unit = { value = "1e-13 erg / (cm2 s)" }
limit = { convention = "flag", column = "ul" }
"""


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(RECORDS)
def test_one_table_in_any_format_gives_equal_rows(tmp_path, records):
    flux = [record[2] for record in records]
    content = Table(
        {n: [r[i] for r in records] for n, i in zip("nteu", (0, 1, 3, 4), strict=True)}
    )
    content.rename_columns(["n", "u"], ["name", "ul"])
    content["flux"] = MaskedColumn(
        [math.nan if f is None else f for f in flux], mask=[f is None for f in flux]
    )
    rows = {}
    for form in ("csv", "ecsv", "fits", "votable"):
        path = tmp_path / f"t.{form}"
        named = {"csv": "ascii.csv", "ecsv": "ascii.ecsv"}.get(form, form)
        content.write(path, format=named, overwrite=True)
        rows[form], _ = read(tmp_path, ANY.replace("FORM", form), None, path.name)

    assert len(records) == len(rows["csv"])
    for form in ("ecsv", "fits", "votable"):
        assert rows["csv"] == rows[form], form
    assert [r[4] for r in records] == [row["is_limit"] for row in rows["csv"]]
    assert all(json.loads(row["extra"]) for row in rows["csv"])


def test_a_flag_that_is_neither_true_nor_false_needs_a_value(tmp_path):
    content = "name,t,flux,e,ul\nA,57000,2,0.5,T\nB,57001,3,0.5,maybe\nC,57002,3,1,\n"
    mapping = f"limit = {{ {FLAGS} }}\n{FLUX}"
    with pytest.raises(MappingError, match=r"'ul' has 'maybe', neither true nor false"):
        read(tmp_path, mapping, content)
    stated = mapping.replace("'ul'", "'ul', equals = ['T', 'maybe']")

    rows, _ = read(tmp_path, stated, content)
    signs, _ = read(tmp_path, mapping, content.replace("maybe", "<").replace("T", "="))

    assert [True, True, False] == [row["is_limit"] for row in rows]
    assert [False, True, False] == [row["is_limit"] for row in signs]


def test_a_limit_in_a_column_of_its_own_unit_is_converted(tmp_path):
    mapping = FLUX.replace("1e-13 erg / (cm2 s)", "Jy").replace('"e"', '"e [Jy]"')
    mapping = f"limit = {{ convention = 'zero-value', column = 'ul [mJy]' }}\n{mapping}"
    content = "name,t,flux,e [Jy],ul [mJy]\nA,57000,2,0.5,0\nB,57001,0,,300\n"

    rows, _ = read(tmp_path, mapping, content)

    assert [2000.0, 300.0] == pytest.approx([row["value"] for row in rows])
    with pytest.raises(MappingError, match="limits and values must be of one kind"):
        read(tmp_path, mapping.replace("mJy", "ct/s"), content.replace("mJy", "ct/s"))


def test_errors_of_a_stated_confidence_become_one_sigma(tmp_path):
    mapping = f"constants = {{ error_confidence = 0.9 }}\n{FLUX}"
    rows, account = read(tmp_path, mapping)

    assert 0.5e-13 / 1.644854 == pytest.approx(rows[0]["value_err_plus"])
    assert any("from a confidence of 0.9" in text for text in account.understood)


def test_errors_may_be_constants_and_errors_of_zero_are_none(tmp_path):
    mapping = FLUX.replace(', value_err = "e"', "") + "constants = { value_err = 0.2 }"
    rows, _ = read(tmp_path, mapping)
    zero, account = read(tmp_path, FLUX, "name,t,flux,e\nA,57000,2,0\n")

    assert [2e-14, 2e-14] == pytest.approx([row["value_err_plus"] for row in rows])
    assert (None, False) == (zero[0]["value_err_plus"], zero[0]["is_limit"])
    assert any("two errors of 0, kept without" in text for text in account.understood)


@pytest.mark.parametrize(
    ("heading", "cell", "degrees"),
    [
        ("ra (h)", "1.5", 22.5),
        ("ra (h)", "01:30:00", 22.5),
        ("ra (deg)", "22.5", 22.5),
        ("ra (J2000)", "22.5", 22.5),
        ("ra [rad]", "1.5707963267948966", 90.0),
    ],
)
def test_right_ascensions_follow_their_unit(tmp_path, heading, cell, degrees):
    mapping = FLUX.replace('time = "t"', 'time = "t", ra = "ra", dec = "dec"')
    row = read(
        tmp_path, mapping, f"name,t,flux,e,{heading},dec\nA,57000,2,1,{cell},5\n"
    )[0][0]

    assert (degrees, 5.0) == pytest.approx((row["ra"], row["dec"]))


@pytest.mark.parametrize("heading", ["flux (TT)", "flux (J2000)", "flux (90%)", "flux (h m s)", "flux (0.3-10 keV)", "flux (unabsorbed)", "flux (a)"])  # fmt: skip
def test_brackets_that_are_not_a_unit_of_tables_are_part_of_the_name(tmp_path, heading):
    rows, account = read(tmp_path, FLUX, LINES.replace("flux", heading))

    assert 2e-13 == pytest.approx(rows[0]["value"])
    assert [] == account.understood


def test_sources_that_share_a_name_are_counted(tmp_path):
    mapping = """
table = "sources"
observatory = "chandra"
format = "csv"
columns = { source_id = "id", ra = "ra", dec = "dec" }
"""
    _, account = read(tmp_path, mapping, "id,ra,dec\n1,10,20\n1,11,20\n2,,\n")

    assert any(
        "1 rows repeat catalog, source_id" in text for text in account.understood
    )
    assert "1 of 3 rows without a position" in account.understood


@pytest.mark.parametrize("form", ["fits", "votable", "ecsv"])
def test_a_file_of_another_format_is_refused_with_the_formats(tmp_path, form):
    with pytest.raises(
        ArchiveError, match=rf"t\.csv: .* `format` '{form}': .*; formats"
    ):
        read(tmp_path, FLUX.replace('"csv"', f'"{form}"'))


def test_values_of_rows_without_a_unit_and_tables_without_rows_are_stated(tmp_path):
    mapping = FLUX.replace('value = "1e-13 erg / (cm2 s)" }', 'column = "u" }')
    content = "name,t,flux,e,u\nA,57000,2,1,mJy\nB,57000,2,1,\n"
    rows, account = read(tmp_path, f"band.nm = 500\n{mapping}", content)

    assert [2.0, None] == [row["value"] for row in rows]
    assert ["1 of 2 rows without a unit"] == account.understood
    assert ["the table has no rows"] == read(tmp_path, FLUX, LINES[:14])[1].understood


@pytest.mark.parametrize(
    ("stated", "value", "unit"),
    [
        ("MJy", 2e9, "mJy"),
        ("ABmag", 2.0, "mag(AB)"),
        ("AB mag", 2.0, "mag(AB)"),
        ("count / (s det)", 2.0, "count / (s det)"),
        ("W / m2", 2000.0, "erg / (cm2 s)"),
    ],
)
def test_units_that_look_alike_are_kept_apart(tmp_path, stated, value, unit):
    by_mapping, _ = read(tmp_path, FLUX.replace("1e-13 erg / (cm2 s)", stated))
    mapping = FLUX.replace('unit = { value = "1e-13 erg / (cm2 s)" }', "")
    heading = LINES.replace("flux", f"flux [{stated}]")

    assert (value, unit) == (
        pytest.approx(by_mapping[0]["value"]),
        by_mapping[0]["unit"],
    )
    if "det" not in stated:
        row = read(tmp_path, mapping, heading)[0][0]
        assert (value, unit) == (pytest.approx(row["value"]), row["unit"])


def test_logarithms_are_not_read_as_values(tmp_path):
    content = Table({"name": ["A"], "t": [57000.0], "flux": [44.0], "e": [0.1]})
    content.write(tmp_path / "t.csv", format="ascii.csv")
    with pytest.raises(MappingError, match=r"'dex.erg / s.' is not a flux"):
        read(tmp_path, FLUX.replace("1e-13 erg / (cm2 s)", "dex(erg / s)"), None)
    content["flux"].unit = "dex(erg / s)"
    content.write(tmp_path / "t.ecsv", format="ascii.ecsv")
    mapping = FLUX.replace('"csv"', '"ecsv"').replace("1e-13 erg / (cm2 s)", "erg / s")
    with pytest.raises(MappingError, match=r"'flux' is in dex.erg / s., a logarithm"):
        read(tmp_path, mapping, None, "t.ecsv")


@pytest.mark.parametrize("unit", ["s", "ks", "keV"])
def test_days_in_a_column_of_another_unit_are_refused(tmp_path, unit):
    mapping = FLUX.replace('"t"', f'"t [{unit}]"')
    with pytest.raises(MappingError, match=rf"'t \[{unit}\]' is in {unit}"):
        read(tmp_path, mapping, LINES.replace("t,", f"t [{unit}],"))


def test_time_since_an_event_follows_the_unit_of_its_column(tmp_path):
    mapping = FLUX.replace(
        '"mjd", scale = "utc"', '"since", scale = "utc", t0 = "2013-04-27T07:47:06"'
    )
    rows, account = read(tmp_path, mapping, "name,t [ks],flux,e\nA,1.5,2,0.5\n")

    assert 1500.0 == rows[0]["since_t0_s"]
    assert "2013-04-27 08:13:13.184000" == str(rows[0]["time"])
    assert "t [ks]: converted from ks to s" in account.understood
    with pytest.raises(
        MappingError, match=r"format since needs `t0` \(UTC\) and `unit`"
    ):
        read(tmp_path, mapping, "name,t,flux,e\nA,1.5,2,0.5\n")
