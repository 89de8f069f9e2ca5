"""Event lists as other tools write them: orders, names, units, planes and scalings."""

import numpy as np
import pytest
from archive_files import CHANDRA, SWIFT, rows_of, table, write
from astropy.io import fits
from test_archives_chandra import WCS_KEYS

from orbital_kernel.archives import refusals
from orbital_kernel.archives.reading import open_source
from orbital_kernel.errors import ArchiveError

MET = 388741688.0 + np.arange(3.0)
ENERGY = np.array([500.0, 1500.0, 7000.0])
MISSIONS = {"chandra": CHANDRA, "swift": SWIFT | {"INSTRUME": "XRT"}}


def events(path, mission="chandra", *, unit="s", scale=1.0, first=False, **keywords):
    """Write an event list with one GTI; `columns` and `name` of the table may differ."""
    changed = {c.name: c for c in keywords.pop("columns", ())}
    columns = {
        "time": fits.Column("time", "D", unit, array=MET / scale),
        "x": fits.Column("x", "E", array=np.array([4096.5, 4196.5, 4296.5])),
        "y": fits.Column("y", "E", array=np.array([4096.5, 4146.5, 4196.5])),
        "energy": fits.Column("energy", "E", "eV", array=ENERGY),
        "pi": fits.Column("pi", "J", array=np.array([35, 103, 480])),
    } | changed
    name = keywords.pop("name", "EVENTS")
    header = MISSIONS[mission] | WCS_KEYS | {"HDUCLAS1": "EVENTS"} | keywords
    header = {key: value for key, value in header.items() if value is not None}
    gti = table(
        "GTI",
        [
            fits.Column("START", "D", unit, array=MET[:1] / scale),
            fits.Column("STOP", "D", unit, array=MET[-1:] / scale),
        ],
        keywords={"TIMEUNIT": keywords.get("TIMEUNIT", "s"), "HDUCLAS1": "GTI"},
    )
    listed = table(name, list(columns.values()), keywords=header)
    return write(path, *((gti, listed) if first else (listed, gti)))


def read(path):
    tables, account = rows_of(path)
    return tables["events"], tables["intervals"], account


@pytest.mark.parametrize("mission", MISSIONS)
@pytest.mark.parametrize(
    "form", [{"first": True}, {"name": "EVT2"}, {"name": "STDEVT", "first": True}]
)
def test_photons_are_found_by_class_and_after_their_good_times(tmp_path, mission, form):
    photons, good, _ = read(events(tmp_path / "a.fits", mission, **form))

    assert photons["met_s"].to_pylist() == MET.tolist()
    assert len(good) == 1


@pytest.mark.parametrize("mission", MISSIONS)
@pytest.mark.parametrize(
    ("unit", "scale"), [("ks", 1e3), ("Ms", 1e6), ("ms", 1e-3), ("D", 86400.0)]
)
def test_prefixes_of_seconds_keep_their_case(tmp_path, mission, unit, scale):
    path = events(tmp_path / "a.fits", mission, unit=unit, scale=scale)

    photons, good, _ = read(path)

    assert photons["met_s"].to_numpy() == pytest.approx(MET, abs=1e-6)
    assert good["met_start_s"].to_numpy() == pytest.approx(MET[:1], abs=1e-6)


def test_a_column_of_time_in_no_unit_of_time_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="parsec"):
        read(events(tmp_path / "a.fits", unit="parsec"))


def test_good_times_in_days_are_those_of_their_photons(tmp_path):
    days = {"unit": "d", "scale": 86400.0, "TIMEUNIT": "d"}
    start = MET[0] / 86400.0
    path = events(tmp_path / "a.fits", "swift", **days, TSTART=start)

    photons, good, _ = read(path)

    away = photons["time"].to_numpy()[0] - good["time"].to_numpy()[0]
    assert abs(away) < np.timedelta64(1, "us")


def test_a_corrected_clock_may_be_marked_in_text(tmp_path):
    logical, _, _ = read(events(tmp_path / "a.fits", "swift", CLOCKAPP=True))
    text, _, _ = read(events(tmp_path / "b.fits", "swift", CLOCKAPP="T"))

    assert text["time"].equals(logical["time"])


@pytest.mark.parametrize(("unit", "scale"), [("keV", 1e3), ("MeV", 1e6), (None, 1.0)])
def test_energies_are_kept_in_ev_whatever_their_unit(tmp_path, unit, scale):
    energy = fits.Column("energy", "D", unit, array=ENERGY / scale)
    photons, _, account = read(events(tmp_path / "a.fits", columns=[energy]))

    assert photons["energy_ev"].to_numpy() == pytest.approx(ENERGY)
    assumed = "energy without a unit: taken as eV" in account.understood
    assert assumed == (unit is None)


def test_energies_in_another_unit_are_refused(tmp_path):
    energy = fits.Column("energy", "D", "chan", array=ENERGY)

    with pytest.raises(ArchiveError, match="not a unit of energy"):
        read(events(tmp_path / "a.fits", columns=[energy]))


def scaled(path, scale):
    events(path, columns=[fits.Column("pi", "J", array=np.array([70, 206, 961]))])
    fits.setval(path, "TSCAL5", value=scale, ext=1)
    return path


def test_scaled_channels_are_scaled_and_fractions_of_one_refused(tmp_path):
    doubled, _, _ = read(scaled(tmp_path / "a.fits", 2.0))
    assert doubled["pi"].to_pylist() == [140, 412, 1922]

    with pytest.raises(ArchiveError, match="fractions"):
        read(scaled(tmp_path / "b.fits", 0.5))


def test_cells_of_variable_length_are_not_read_as_numbers(tmp_path):
    cells = np.array([np.array([p], np.int32) for p in (35, 103, 480)], dtype=object)
    pi = fits.Column("pi", "PJ()", array=cells)

    with pytest.raises(ArchiveError, match="pi is of variable length"):
        read(events(tmp_path / "a.fits", columns=[pi]))


@pytest.mark.parametrize("mission", MISSIONS)
@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"TCTYP2": "GLON-TAN", "TCTYP3": "GLAT-TAN"}, "GLON-TAN"),
        ({"TCROT3": 30.0}, "turned"),
        ({"TP2_3": 0.5, "TP3_2": -0.5}, "turned"),
        ({"RADECSYS": "FK4", "EQUINOX": 1950.0}, "FK4 of 1950"),
        ({"TCUNI2": "pixel", "TCUNI3": "pixel"}, "'pixel'"),
    ],
)
def test_pixels_of_an_unread_plane_have_no_place_and_the_account_says_why(
    tmp_path, mission, header, words
):
    photons, _, account = read(events(tmp_path / "a.fits", mission, **header))

    assert photons["healpix"].null_count == 3
    assert any(words in said and "no positions" in said for said in account.understood)


def test_a_plane_in_arcseconds_and_one_by_the_detector_give_the_same_places(tmp_path):
    nominal = {"RA_NOM": WCS_KEYS["TCRVL2"], "DEC_NOM": WCS_KEYS["TCRVL3"]}
    degrees, _, _ = read(events(tmp_path / "a.fits"))
    keys = ("TCRVL2", "TCDLT2", "TCRVL3", "TCDLT3")
    arcsec = {key: WCS_KEYS[key] * 3600 for key in keys}
    units = {"TCUNI2": "arcsec", "TCUNI3": "arcsec"}
    small, _, _ = read(events(tmp_path / "b.fits", **arcsec, **units))
    bare = dict.fromkeys(WCS_KEYS) | nominal
    detector, _, account = read(events(tmp_path / "c.fits", **bare))

    for photons in (small, detector):
        for column in ("ra", "dec"):
            expected = degrees[column].to_numpy()
            assert photons[column].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert any("RA_NOM" in said for said in account.understood)


@pytest.mark.parametrize(
    ("mission", "mode"),
    [("chandra", {"READMODE": "CONTINUOUS"}), ("swift", {"DATAMODE": "WINDOWED"})],
)
def test_a_place_along_one_axis_only_is_said(tmp_path, mission, mode):
    _, _, account = read(events(tmp_path / "a.fits", mission, **mode))

    assert any("along one axis only" in said for said in account.understood)


def test_the_refusal_of_a_kept_missions_list_names_what_it_lacks(tmp_path):
    path = events(tmp_path / "a.fits", "swift")
    with fits.open(path) as file:
        file[1].columns.del_col("x")
        file.writeto(tmp_path / "b.fits")

    reason = refusals.refusal(open_source(tmp_path / "b.fits"), ())

    assert "lacks column X" in reason
