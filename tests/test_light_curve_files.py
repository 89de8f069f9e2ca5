"""Light curves of the real files: points and excluded points together are the files'."""

import gzip
import json
import re
from collections import Counter
from hashlib import sha256

import polars as pl
import pytest
from astropy.io import fits
from click.testing import CliRunner

from orbital_kernel import connect, embedded
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model.frames import frame_of
from orbital_kernel.science.matching import plain

FOLDERS = (
    *("swift_bat/catalogs", "swift_bat/grb_lightcurves_1s", "swift_xrt"),
    *("swift_bat/grb_lightcurves_64ms", "swift_bat/grb_lightcurves_ascii"),
    *("chandra/lightcurves", "chandra/csc_lightcurves_lc3", "joint"),
    "chandra/sgra_lightcurves",
)
UKSSDC = (
    *("GRB 051221A", "GRB 060614", "GRB 080319B", "GRB 091127", "GRB 130427A"),
    *("GRB 130603B", "GRB 160314A", "GRB 161219B", "GRB 170714A", "GRB 180404A"),
    *("GRB 190114C", "GRB 221009A"),
)
LEAST_OBJECTS = 54
NUMBERS = re.compile(r"^\s*[-+]?[\d.]+(?:[eE][-+]?\d+)?\s+[-+]?[\d.]")


@pytest.fixture(scope="module")
def session(archive, tmp_path_factory):
    """Return a session that has ingested all files with light curves, and catalogues."""
    home = tmp_path_factory.mktemp("home")
    orbital = connect(home)
    orbital.storage.apply()
    orbital.ingest(*(archive / folder for folder in FOLDERS))
    yield orbital
    embedded.stop(home)


def rows_of(path):
    """Return how many points a file has, read without Orbital; None for other formats."""
    if path.suffix == ".qdp":
        return sum(bool(NUMBERS.match(line)) for line in path.read_text().splitlines())
    if path.suffix == ".json" and "incbad" in path.name:
        return len(json.loads(path.read_text())["Time"])
    if path.suffix in (".fits", ".lc") or path.name.endswith(".fits.gz"):
        with fits.open(path) as file:
            return sum(
                len(hdu.data)
                for hdu in file
                if hdu.name in ("LIGHTCURVE", "RATE") and hdu.data is not None
            )
    return None


@pytest.fixture(scope="module")
def counts(session, archive):
    """Return the number of points by object, counted in the files or in the ledger."""
    ledger = frame_of(session.store.read("ops.files"))
    rows = dict(ledger.select("sha256", "tables").iter_rows())
    paths = {}
    for folder in FOLDERS:
        for path in sorted((archive / folder).rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                if path.suffix == ".gz":
                    content = gzip.decompress(content)
                paths[sha256(content).hexdigest()] = path
    number = Counter()
    for table in ("photometry", "rates"):
        for observatory in ("swift", "chandra"):
            name = f"{observatory}.{table}"
            stored = session.table(name, ["object", "file_sha256"])
            files = stored.group_by("file_sha256").agg(
                pl.col("object").unique(), pl.len()
            )
            for digest, objects_, written in files.iter_rows():
                counted = rows_of(paths[digest])
                if counted is not None:
                    assert [written, 1] == [counted, len(objects_)], paths[digest]
                else:
                    entry = json.loads(rows[digest])[name]
                    assert written == entry["inserted"] + entry["unchanged"]
            for label, many in stored.group_by("object").len().iter_rows():
                number[plain(label)] += many
    return number


def with_times(session):
    """Return the objects whose photometry has times or times since T0."""
    frames = [
        session.table(f"{o}.photometry", ["object", "time", "since_t0_s"])
        for o in ("swift", "chandra")
    ]
    rows = pl.concat(frames).filter(
        pl.col("time").is_not_null() | pl.col("since_t0_s").is_not_null()
    )
    labels = rows["object"].drop_nulls().unique().sort().to_list()
    return {plain(label): label for label in labels}


def test_points_and_excluded_points_of_every_object_are_those_of_its_files(
    session, counts
):
    objects_ = with_times(session)
    curves = {key: session.light_curve(label) for key, label in objects_.items()}
    usable = [key for key, curve in curves.items() if len(curve.points)]

    assert LEAST_OBJECTS <= len(objects_)
    assert {
        key: sum(counts[name] for name in {plain(text) for text in curve.names})
        for key, curve in curves.items()
    } == {key: len(curve.points) + len(curve.excluded) for key, curve in curves.items()}
    assert len(usable) == len(objects_)
    assert all(
        curve.excluded["excluded"].null_count() == 0 for curve in curves.values()
    )


@pytest.mark.parametrize("name", UKSSDC)
def test_bursts_of_ukssdc_are_usable_with_times_since_the_trigger(session, name):
    rates = session.light_curve(name).points.filter(
        pl.col("unit") == "count / s", pl.col("instrument") == "XRT"
    )

    assert len(rates) > 10
    assert 0 == rates["since_s"].null_count()
    assert rates["since_s"].min() > 0
    assert {"WT", "PC"} >= set(rates["mode"])


def test_the_command_gives_the_same_curve_in_json(session, monkeypatch):
    monkeypatch.setenv("ORBITAL_HOME", str(session.home))
    curve = session.light_curve("GRB 130427A")
    reply = CliRunner().invoke(cli, ["curve", "GRB 130427A", "--json"])
    document = json.loads(reply.stdout)
    point = document["points"][-1]

    assert ("GRB 130427A", curve.t0_utc) == (document["object"], document["t0_utc"])
    assert "2013-04-27T07:47:57.512" == document["t0_utc"]
    assert len(curve) == len(document["points"])
    assert ("chandra", 36_310_000.0) == (point["observatory"], point["since_s"])
    assert {
        *("observatory", "instrument", "mode", "time_utc", "since_s", "value"),
        *("value_err_plus", "value_err_minus", "unit", "band", "band_low_kev"),
        *("band_high_kev", "is_limit", "exposure_s", "reference", "excluded"),
    } <= set(point)


def test_a_unit_converts_what_can_be_and_says_why_of_the_others(session):
    curve = session.light_curve("GRB 130427A", unit="erg / (cm2 s)")
    reasons = " ".join(curve.reasons["excluded"])

    assert {"erg / (s cm2)"} == set(curve.points["unit"])
    assert {"XRT", "Chandra"} == set(curve.points["instrument"])
    assert "stated counts_to_flux" in reasons
    assert "is a flux density at its wavelength" in reasons


def test_two_releases_of_one_xrt_curve_count_once(session):
    """A paper's table and UKSSDC's QDP have the same photons of XRT in other bins."""
    curve = session.light_curve("GRB 130427A").only(unit="erg / (cm2 s)")
    fluxes = curve.points.filter(pl.col("instrument") == "XRT")
    (reason,) = curve.excluded["excluded"].unique()

    assert (558, 1116) == tuple(
        fluxes["mode"].value_counts().sort("mode")["count"].to_list()
    )
    assert 1657 == len(curve.excluded)
    assert reason.endswith("that count: its own file dates it")
    assert "GRB130427A" in reason


def test_optical_points_are_flux_densities_and_x_rays_are_at_one_energy(session):
    curve = session.light_curve("GRB 130427A", unit="mJy")
    optical = curve.points.filter(pl.col("instrument") == "UVOT")
    first = optical.filter(pl.col("given_unit") == "mag(AB)").row(0, named=True)

    assert {"mJy"} == set(curve.points["unit"])
    assert len(optical) > 100
    assert first["value"] == pytest.approx(3631e3 * 10 ** (-0.4 * first["given_value"]))
    assert {"1-1 keV"} == set(
        curve.points.filter(pl.col("instrument") == "XRT")["band"]
    )


def test_a_source_that_states_its_spectrum_is_converted_by_it(session):
    """0.3-2 keV to 0.3-10 keV under the index of each point, integrated by hand."""
    curve = session.light_curve("IGR J17361-4441", unit="erg / (cm2 s)").points
    index = curve["conversion"].str.extract(r"photon index ([\d.]+)").cast(pl.Float64)
    power = 2 - index
    expected = (10**power - 0.3**power) / (2**power - 0.3**power)

    assert curve["factor"].to_list() == pytest.approx(expected.to_list(), rel=1e-9)
    assert {0.63, 0.638, 3.78} <= set(index)
    assert curve["value_err_model"].null_count() == len(curve)


def test_neighbours_are_listed_and_not_merged(session):
    curve = session.light_curve("Sgr A*")
    place = session.light_curve((266.4168, -29.0078))

    assert {"SGR A*", "SgrA*", "Sgr A*"} == set(curve["object"])
    assert len(place) == len(curve)
    assert place.object == "RA 266.416800, Dec -29.007800"


def test_the_redshift_is_that_of_the_first_catalogue_or_of_the_caller(session):
    curve = session.light_curve("GRB 130427A", unit="erg / (cm2 s)")
    given = session.light_curve("GRB 130427A", redshift=1.0)

    assert (0.3399, "bat-catalog-redshift") == (curve.redshift, curve.redshift_source)
    assert (1.0, "the caller") == (given.redshift, given.redshift_source)
    assert 0 == curve.points["luminosity_erg_s"].null_count()
    assert curve["rest_s"][-1] == pytest.approx(curve["since_s"][-1] / 1.3399)


def test_the_galactic_column_absorbs_the_spectrum_of_each_point(session):
    curve = session.light_curve(
        "IGR J17361-4441", nh="galactic", absorption="unabsorbed"
    )

    assert {"unabsorbed"} == set(curve.points["absorption"])
    assert curve["conversion"].str.contains("NH 0.2").all()
    assert (curve["factor"] > 1).all()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"nh": 0.02}, "nh is in cm-2"),
        ({"nh": "local"}, "galactic"),
        ({"absorption": "dered"}, "absorbed, unabsorbed"),
        ({"nh": "galactic"}, "no table has a position"),
    ],
)
def test_a_column_that_cannot_be_used_is_refused(session, options, reason):
    with pytest.raises(QueryError, match=reason):
        session.light_curve("NGC 925 ULX-3", **options)
