"""What a table says of its frame, clock, scale and nulls, against the mapping."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable, Table
from astropy.time import Time
from test_mapping_language import FLUX, read

from orbital_kernel.errors import ArchiveError, MappingError
from orbital_kernel.model.angles import parse_dec, parse_ra

PLACES = """
table = "sources"
observatory = "chandra"
format = "csv"
columns = { source_id = "n", ra = "RA", dec = "DE" }
"""
NAMED = "n,RA,DE\nA,10.0,-1.0\n"
FK4 = SkyCoord(10.0, -1.0, unit="deg", frame="fk4", equinox="B1950").icrs
OF_2020 = SkyCoord(10.0, -1.0, unit="deg", frame="fk5", equinox="J2020").icrs
GALACTIC = SkyCoord(10.0, -1.0, unit="deg", frame="galactic").icrs
VOTABLE = """<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>
<COOSYS ID="place" {frame}/><TIMESYS ID="time" refposition="TOPOCENTER" {clock}/>
<TABLE><FIELD name="n" datatype="char" arraysize="*"/>
<FIELD name="RA" datatype="double" unit="deg" ref="place"/>
<FIELD name="DE" datatype="double" unit="deg" ref="place"/>
<FIELD name="name" datatype="char" arraysize="*"/>
<FIELD name="t" datatype="double" unit="d" ref="time"/>
<FIELD name="flux" datatype="double"/><FIELD name="e" datatype="double"/>
<DATA><TABLEDATA><TR><TD>A</TD><TD>10.0</TD><TD>-1.0</TD><TD>A</TD><TD>57000.5</TD>
<TD>2</TD><TD>1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


def place_of(rows):
    return pytest.approx((rows[0]["ra"], rows[0]["dec"]), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "ra", "dec"),
    [
        ("05 34 31", 83.629166667, 5.575277778),
        ("5d34m31s", 5.575277778, 5.575277778),
        ("5°34′31″", 5.575277778, 5.575277778),  # noqa: RUF001
        ("−00 12 03", -3.0125, -0.200833333),  # noqa: RUF001
        ("\u22122.5", -2.5, -2.5),
        ("5h34m31s", 83.629166667, None),
    ],
)
def test_angles_follow_the_signs_behind_their_numbers(text, ra, dec):
    assert pytest.approx(parse_ra(text)) == ra
    if dec is None:
        with pytest.raises(ValueError, match="in hours"):
            parse_dec(text)
    else:
        assert pytest.approx(parse_dec(text)) == dec


@pytest.mark.parametrize(
    ("unit", "degrees"),
    [("hr", 150.0), ("hour", 150.0), ("arcmin", 1 / 6), ("rad", None), ("s", None)],
)
def test_an_angle_has_the_unit_that_the_mapping_states(tmp_path, unit, degrees):
    mapping = f'{PLACES}unit = {{ columns = {{ ra = "{unit}" }} }}\n'
    if degrees is None:
        with pytest.raises(MappingError, match=r"not a unit of angle|not the ra"):
            read(tmp_path, mapping, NAMED)
    else:
        rows, _ = read(tmp_path, mapping, NAMED)
        assert pytest.approx(rows[0]["ra"]) == degrees


@pytest.mark.parametrize(
    ("names", "icrs"),
    [
        (("glon", "glat"), GALACTIC),
        (("RA1950", "DE1950"), FK4),
        (("RAB1950", "DEB1950"), FK4),
        (("RAJ2000", "DEJ2000"), None),
    ],
)
def test_names_of_columns_name_the_frame(tmp_path, names, icrs):
    mapping = PLACES.replace('"RA"', f'"{names[0]}"').replace('"DE"', f'"{names[1]}"')
    rows, account = read(tmp_path, mapping, f"n,{','.join(names)}\nA,10.0,-1.0\n")

    assert place_of(rows) == ((icrs.ra.deg, icrs.dec.deg) if icrs else (10, -1))
    assert (icrs is not None) == ("positions converted" in " ".join(account.understood))


@pytest.mark.parametrize(
    ("frame", "icrs"),
    [
        ('system="eq_FK4" equinox="B1950"', FK4),
        ('system="galactic"', GALACTIC),
        ('system="eq_FK5" equinox="J2020"', OF_2020),
        ('system="eq_FK5" equinox="J2000"', None),
        ('system="ICRS"', None),
    ],
)
def test_a_votables_frame_is_obeyed(tmp_path, frame, icrs):
    content = VOTABLE.format(frame=frame, clock='timescale="UTC"')
    rows, _ = read(tmp_path, PLACES.replace('"csv"', '"votable"'), content, "t.vot")

    assert place_of(rows) == ((icrs.ra.deg, icrs.dec.deg) if icrs else (10, -1))


@pytest.mark.parametrize(
    ("words", "icrs"),
    [
        ({"RADECSYS": "FK4", "EQUINOX": 1950.0}, FK4),
        ({"EQUINOX": 1950.0}, FK4),
        ({"RADESYS": "FK5", "EQUINOX": 2000.0}, None),
        ({"RADESYS": "ICRS", "EQUINOX": 2000.0}, None),
    ],
)
def test_a_headers_frame_is_obeyed(tmp_path, words, icrs):
    content = Table({"n": ["A"], "RA": [10.0], "DE": [-1.0]}, meta=words)
    content.write(tmp_path / "t.fits")
    rows, _ = read(tmp_path, PLACES.replace('"csv"', '"fits"'), None, "t.fits")

    assert place_of(rows) == ((icrs.ra.deg, icrs.dec.deg) if icrs else (10, -1))


def test_objects_of_ecsv_are_read_by_their_frame_and_scale(tmp_path):
    place = SkyCoord([10.0] * u.deg, [-1.0] * u.deg, frame="fk4")
    QTable({"n": ["A"], "c": place}).write(tmp_path / "p.ecsv")
    mapping = PLACES.replace('"RA"', '"c.ra"').replace('"DE"', '"c.dec"')
    rows, _ = read(tmp_path, mapping.replace('"csv"', '"ecsv"'), None, "p.ecsv")
    assert place_of(rows) == (FK4.ra.deg, FK4.dec.deg)

    when = Time(["2015-01-01T00:00:00"], scale="tdb")
    QTable({"name": ["A"], "t": when, "flux": [2.0], "e": [1.0]}).write(
        tmp_path / "t.ecsv"
    )
    mapping = FLUX.replace('"csv"', '"ecsv"').replace('"mjd"', '"iso"')
    with pytest.raises(MappingError, match="the file states the scale TDB"):
        read(tmp_path, mapping, None, "t.ecsv")
    rows, _ = read(tmp_path, mapping.replace('"utc"', '"tdb"'), None, "t.ecsv")
    assert "2015-01-01 00:00:00.000" == str(rows[0]["time"])[:23]


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ('timescale="TCB"', "the file states the scale TCB"),
        ('timescale="TAI"', "the file states the scale TAI"),
        ('timescale="UTC" timeorigin="2455197.5"', "the file counts from 2455197.5"),
        ('timescale="UTC" timeorigin="JD-origin"', "the file counts from"),
    ],
)
def test_a_votables_scale_and_origin_contradict_the_mapping(tmp_path, clock, words):
    content = VOTABLE.format(frame='system="ICRS"', clock=clock)
    with pytest.raises(MappingError, match=words):
        read(tmp_path, FLUX.replace('"csv"', '"votable"'), content, "t.vot")


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("MJD (TT)", "names TT"),
        ("BJD_TDB", "names TDB"),
        ("log t", "a logarithm"),
        ("lg(t)", "a logarithm"),
    ],
)
def test_a_heading_contradicts_the_mapping(tmp_path, heading, words):
    mapping = FLUX.replace('"t"', f'"{heading}"')
    content = f"name,{heading},flux,e\nA,57000.5,2,1\n"
    with pytest.raises(MappingError, match=words):
        read(tmp_path, mapping, content)
    override = mapping.replace('s)" }', 's)", override = true }')
    assert 1 == len(read(tmp_path, override, content)[0])


def test_a_heading_names_the_place_of_arrival(tmp_path):
    mapping = FLUX.replace('"t"', '"HJD"').replace('"mjd"', '"jd"')
    rows, _ = read(tmp_path, mapping, "name,HJD,flux,e\nA,2457000.5,2,1\n")

    assert "mjd-utc at heliocentre" == rows[0]["time_rule"]


SWIFT = {"MJDREFI": 51910, "MJDREFF": 7.428703703e-4, "UTCFINIT": -16.5}


@pytest.mark.parametrize(
    ("form", "scale", "words", "refusal"),
    [
        ("chandra", "tt", {"MJDREF": 50814.0, "TIMESYS": "TT"}, None),
        ("chandra", "tt", {"MJDREFI": 50814, "MJDREFF": 0.0}, None),
        ("chandra", "tt", SWIFT, "whose clock counts from MJD 50814"),
        ("chandra", "tt", {"MJDREF": 51544.5}, "MJDREF = 51544.5"),
        ("chandra", "tt", {"MJDREF": 50814.0, "TIMESYS": "UTC"}, "TIMESYS = 'UTC'"),
        ("swift", "utc", SWIFT, None),
        ("swift", "utc", {**SWIFT, "MJDREFF": 0.0}, None),
        ("swift", "utc", {**SWIFT, "MJDREFI": 50814}, "MJDREF = 50814"),
        ("swift", "tt", {**SWIFT, "MJDREFF": 0.0, "CLOCKAPP": True}, "MJDREF = 51910"),
    ],
)
def test_a_clock_has_the_zero_that_the_header_states(tmp_path, form, scale, words, refusal):  # fmt: skip
    content = Table({"name": ["A"], "t": [5e8], "flux": [2.0], "e": [1.0]}, meta=words)
    content.write(tmp_path / "t.fits")
    mapping = FLUX.replace('"csv"', '"fits"').replace('"mjd"', f'"{form}"')
    mapping = mapping.replace('scale = "utc"', f'scale = "{scale}"')
    if refusal is None:
        assert 1 == len(read(tmp_path, mapping, None, "t.fits")[0])
    else:
        with pytest.raises(MappingError, match=refusal):
            read(tmp_path, mapping, None, "t.fits")


@pytest.mark.parametrize(
    ("cell", "day"),
    [("7000.5", "1878-01-16"), ("0.5", "1858-11-17"), ("99999", "2132")],
)
def test_no_time_is_before_x_ray_astronomy_or_after_this_century(tmp_path, cell, day):
    with pytest.raises(MappingError, match=rf"row 0: t is '{cell}', which is {day}"):
        read(tmp_path, content=f"name,t,flux,e\nA,{cell},2,1\n")
    missing = f"missing = [{cell}]\n{FLUX}"
    rows, _ = read(tmp_path, missing, content=f"name,t,flux,e\nA,{cell},2,1\n")
    assert rows[0]["time"] is None


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        ("-999,1", "mJy"),
        ("2,-9.990E+02", "mJy"),
        ("99.99,0.1", "mag(AB)"),
        ("-99,0.1", "mag(Vega)"),
    ],
)
def test_a_code_of_a_missing_value_is_never_a_measurement(tmp_path, cells, unit):
    mapping = FLUX.replace("1e-13 erg / (cm2 s)", unit)
    with pytest.raises(MappingError, match="a usual code of a missing value"):
        read(tmp_path, mapping, f"name,t,flux,e\nA,57000.0,{cells}\n")
    named = f"missing = [-999, 99.99, -99]\n{mapping}"
    assert 1 == len(read(tmp_path, named, f"name,t,flux,e\nA,57000.0,{cells}\n")[0])


@pytest.mark.parametrize(
    ("kind", "null", "options"),
    [
        (np.int16, -99, {}),
        (np.uint16, 65535, {"bzero": 2**15}),
        (np.uint32, 0, {"bzero": 2**31}),
    ],
)
def test_nulls_of_scaled_fits_columns_are_missing(tmp_path, kind, null, options):
    values = np.array([100, null, 200], dtype=kind)
    stored = null - options.get("bzero", 0)
    columns = [
        fits.Column("name", "1A", array=np.array(["A", "B", "C"])),
        fits.Column("t", "D", array=np.array([57000.0, 57001.0, 57002.0])),
        fits.Column("flux", "I" if values.itemsize == 2 else "J", null=stored, array=values, **options),
        fits.Column("e", "D", array=np.ones(3)),
    ]  # fmt: skip
    hdu = fits.BinTableHDU.from_columns(columns)
    if not options:
        hdu.header["TSCAL3"], hdu.header["TZERO3"] = 0.5, 3.0
    hdu.writeto(tmp_path / "t.fits")
    rows, _ = read(tmp_path, FLUX.replace('"csv"', '"fits"'), None, "t.fits")

    expected = [100e-13, None, 200e-13] if options else [53e-13, None, 103e-13]
    assert expected == [r["value"] and pytest.approx(r["value"]) for r in rows]


def test_a_column_of_several_numbers_in_a_row_is_refused(tmp_path):
    when = Time([57000.5], format="mjd", scale="tdb")
    QTable({"name": ["A"], "t": when, "flux": [2.0], "e": [1.0]}).write(
        tmp_path / "t.fits"
    )
    with pytest.raises(ArchiveError, match="not a number"):
        read(tmp_path, FLUX.replace('"csv"', '"fits"'), None, "t.fits")
