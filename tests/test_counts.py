"""Counts from events: as dmextract counts them, in regions, and in bins of every kind."""

import json

import numpy as np
import polars as pl
import pytest
from archive_files import CHANDRA, SWIFT, chandra_gti, table, write
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from click.testing import CliRunner

from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.science import shape
from orbital_kernel.science.aperture import Aperture, pixel_arcsec
from orbital_kernel.science.on_off import on_off_bounds

BAND = (2.0, 8.0)
SGRA = {
    "circle": "circle(4071.4,4059.27,2.0)",
    "ring": "annulus(4071.4,4059.27,2.0,2.54)",
}


@pytest.fixture(scope="module")
def night(real, archive):
    """Return the session with three of Sgr A*'s event lists."""
    folder = archive / "chandra" / "sgra_evt2"
    files = [folder / f"{n}_sgra_evt2.fits" for n in ("01561", "16218", "10556")]
    assert () == real.ingest(*files).in_state("refused")
    return real


@pytest.mark.parametrize("obs_id", ["1561", "16218"])
@pytest.mark.parametrize("band", [(2, 4), (4, 8)])
def test_bins_are_those_of_dmextract(night, archive, obs_id, band):
    name = f"{obs_id}_sgra_{band[0]}-{band[1]}keV_lc300.fits"
    with fits.open(archive / "chandra" / "sgra_lightcurves" / name) as file:
        curve = file["LIGHTCURVE"].data
        exposed = curve[curve["EXPOSURE"] > 0]

    bins = night.counts("chandra", obs_id, band_kev=band, bin_s=300)

    assert (
        pytest.approx(exposed["TIME_MIN"].tolist(), abs=1e-5)
        == bins["start_s"].to_list()
    )
    assert exposed["COUNTS"].tolist() == bins["counts"].to_list()
    assert pytest.approx(exposed["EXPOSURE"].tolist(), rel=1e-6) == (
        bins["exposure_s"].to_list()
    )


def test_only_the_photons_of_one_observation_are_read(night):
    answer = night.questions.counts("chandra", "01561", band_kev=BAND, bin_s=300)

    assert any("obs_id" in text for text in answer.how.pushed)
    assert any("chandra.events: time" in text for text in answer.how.pushed)
    assert answer.how.rows_fetched <= 954 + 6


def test_a_bin_without_photons_shows_its_limit(night):
    bins = night.counts("chandra", "1561", band_kev=(2, 4), bin_s=300)
    empty = bins.filter(pl.col("counts") == 0)

    assert (empty["is_limit"]).all()
    assert pytest.approx((5.9146 / empty["exposure_s"]).to_list(), rel=1e-4) == (
        empty["rate"].to_list()
    )
    assert empty["rate_err_plus"].is_null().all()
    seen = bins.filter(~pl.col("is_limit"))
    assert (seen["counts"] / seen["exposure_s"]).to_list() == pytest.approx(
        seen["rate"].to_list()
    )


def test_regions_of_source_and_background_are_counted_with_their_areas(night, archive):
    answer = night.questions.counts(
        "chandra",
        "16218",
        band_kev=BAND,
        bins="observation",
        region=SGRA["circle"],
        background=SGRA["ring"],
    )
    with fits.open(archive / "chandra/sgra_evt2/16218_sgra_evt2.fits") as file:
        events = file["EVENTS"].data
        good = file["GTI"].data
        pixel = 3600 * file["EVENTS"].header["TCDLT12"]
    seen = (events["time"] >= good["START"][0]) & (events["time"] < good["STOP"][0])
    seen &= (events["energy"] >= 2000) & (events["energy"] < 8000)
    apart = np.hypot(events["x"] - 4071.4, events["y"] - 4059.27)[seen]
    row = answer.frame.row(0, named=True)

    assert ((apart < 2).sum(), ((apart >= 2) & (apart < 2.54)).sum()) == (
        row["counts"],
        row["background_counts"],
    )
    assert pytest.approx(4 / (2.54**2 - 4)) == answer.backscale
    assert pytest.approx(np.pi * 4 * pixel**2, rel=1e-4) == answer.area_arcsec2
    low, high = on_off_bounds(row["counts"], row["background_counts"], answer.backscale)
    assert pytest.approx(float(high - low) / row["exposure_s"]) == (
        row["rate_err_plus"] + row["rate_err_minus"]
    )


def test_a_celestial_region_counts_the_same_photons_as_sky_pixels(night):
    query = night.table("chandra.events", ["x_pix", "y_pix", "ra", "dec", "obs_id"])
    events = query.filter(pl.col("obs_id") == "16218")
    near = events.filter(
        (pl.col("x_pix") - 4071.4).abs() + (pl.col("y_pix") - 4059.27).abs() < 0.2
    )
    place = SkyCoord(near["ra"].mean(), near["dec"].mean(), unit="deg")
    x, y = near["x_pix"].mean(), near["y_pix"].mean()
    size = pixel_arcsec(events)
    pixels = Aperture(f"circle({x},{y},1.5)").contains(events)
    sky = Aperture(
        f'icrs\ncircle({place.ra.deg},{place.dec.deg},{1.5 * size}")'
    ).contains(events)

    assert pytest.approx(0.49563, rel=1e-4) == size
    assert (pixels != sky).mean() < 0.005


@pytest.mark.parametrize(
    "bins", ["counts:25", "snr:5", "snapshots", "observation", "blocks"]
)
def test_bins_of_every_kind_hold_every_photon_and_all_live_time(night, bins):
    fixed = night.counts("chandra", "10556", band_kev=BAND, bin_s=300)
    other = night.counts("chandra", "10556", band_kev=BAND, bins=bins)

    assert fixed["counts"].sum() == other["counts"].sum()
    assert pytest.approx(fixed["exposure_s"].sum()) == other["exposure_s"].sum()
    assert (other["start_s"][1:] >= other["stop_s"][:-1] - 1e-6).all()


def test_bins_close_at_the_requested_counts(night):
    bins = night.counts("chandra", "1561", band_kev=BAND, bins="counts:25")

    assert [25] * (len(bins) - 1) == bins["counts"].to_list()[:-1]
    assert 25 <= bins["counts"][-1] < 50


def test_edges_and_the_first_bin_can_be_given(night):
    first = night.counts(
        "chandra", "1561", band_kev=BAND, bin_s=300, start_s=88985617.3
    )
    edges = night.counts(
        "chandra", "1561", band_kev=BAND, bins=[88985617.3, 88985917.3]
    )

    assert (
        edges["counts"][0] == first.filter(pl.col("start_s") > 88985617.2)["counts"][0]
    )


@pytest.mark.parametrize(
    ("bins", "words"), [(0, "above 0"), ("many", "above 0"), ([3.0, 2.0], "rising")]
)
def test_bins_that_make_no_sense_are_refused(night, bins, words):
    with pytest.raises(QueryError, match=words):
        night.counts("chandra", "1561", band_kev=BAND, bins=bins)


def test_an_observation_without_events_is_named(night):
    with pytest.raises(QueryError, match="no good times of ObsID 999"):
        night.counts("chandra", "999", band_kev=BAND, bin_s=300)


def test_the_command_prints_one_document(night, home, monkeypatch):
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    monkeypatch.setenv("ORBITAL_DATABASE", "real")
    words = ["counts", "chandra", "1561", "--band", "2", "8", "--bin", "300", "--json"]
    reply = CliRunner().invoke(cli, words, catch_exceptions=False)
    document = json.loads(reply.output)

    keys = {"start_s", "stop_s", "counts", "exposure_s", "rate", "rate_err_plus"}
    assert keys | {"rate_err_minus", "is_limit"} <= set(document["bins"][0])
    assert 835 == sum(row["counts"] for row in document["bins"])
    assert 0 == CliRunner().invoke(cli, words[:-1], catch_exceptions=False).exit_code


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("circle(10,10,2)", np.pi * 4),
        ("physical\nannulus(10,10,1,2)", np.pi * 3),
        ("ellipse(10,10,1,2,30)", np.pi * 2),
        ("rotbox(10,10,3,4,20)", 12.0),
        ("polygon(0,0,4,0,4,4)", 8.0),
        ("circle(10,10,2)\n-circle(10,10,1)", np.pi * 3),
        ("circle(10,10,2)\ncircle(30,10,2)", np.pi * 8),
    ],
)
def test_areas_of_regions_are_those_of_geometry(text, area):
    assert pytest.approx(area, rel=4e-3) == Aperture(text).area(pixel_arcsec=1.0)


def test_a_circle_on_the_sky_holds_what_is_nearer_than_its_radius():
    centre = SkyCoord(359.999, -29.0, unit="deg")
    rng = np.random.default_rng(1)
    offsets = rng.uniform(-90, 90, (2, 4000)) * u.arcsec
    places = centre.spherical_offsets_by(*offsets)
    text = "# Region file format: DS9\nglobal color=green\nicrs\n"
    text += 'circle(23:59:59.76,-29:00:00,60") # text={a}'
    events = pl.DataFrame({"ra": places.ra.deg, "dec": places.dec.deg})

    near = places.separation(centre) < 60 * u.arcsec
    assert near.tolist() == Aperture(text).contains(events).tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image\ncircle(1,2,3)", "image"),
        ("pie(1,2,3,4,5,6)", "use circle"),
        ("-circle(1,2,3)", "includes nothing"),
        ("", "no shape"),
        ("circle(1,2)", "region"),
        ("fk5\nphysical\ncircle(1,2,3)", "mixes"),
    ],
)
def test_regions_that_cannot_be_tested_are_refused(text, words):
    with pytest.raises(QueryError, match=words):
        Aperture(text)


TABLE = "chandra/tables/sgra_flares_pipeline.csv"


@pytest.fixture(scope="module")
def nights(night, archive):
    """Return the session with all of Sgr A*'s event lists, and their ObsIDs."""
    files = sorted((archive / "chandra" / "sgra_evt2").glob("*.fits"))
    assert () == night.ingest(*files).in_state("refused")
    return night, [path.name[:5].lstrip("0") for path in files]


def test_every_flare_of_the_published_table_is_found_once_and_one_more(nights, archive):
    """ObsID 14702 is of May 2013, when the magnetar 2.4 arcsec away was in outburst."""
    session, obs_ids = nights
    table = pl.read_csv(archive / TABLE, infer_schema_length=None)
    seen, extra = 0, []
    for obs_id in obs_ids:
        published = table.filter(pl.col("obs_id") == int(obs_id))
        flares = session.flares("chandra", obs_id).with_columns(
            start=pl.col("time").dt.epoch("ns") / 86400e9 + 40587,
            last=(pl.col("stop_s") - pl.col("start_s")) / 86400,
        )
        for row in flares.iter_rows(named=True):
            overlap = (published["start_mjd"] < row["start"] + row["last"]) & (
                published["end_mjd"] > row["start"]
            )
            seen += int(overlap.sum())
            extra += [obs_id] * (not overlap.any())

    assert (24, ["14702"]) == (seen, extra)


def test_counts_and_rates_of_flares_are_those_of_the_table(nights, archive):
    session, _ = nights
    flares = session.flares("chandra", "3392")

    assert [66, 66, 29] == flares["counts"].to_list()
    assert (
        pytest.approx([0.0218, 0.0123, 0.0275], abs=2e-4)
        == (flares["counts"] / (flares["stop_s"] - flares["start_s"])).to_list()
    )
    assert (flares["excess_err_minus"] > 0).all()


def test_a_constant_source_has_no_flares():
    blocks = pl.DataFrame(
        {"start_s": [0.0], "stop_s": [9.0], "counts": [5], "exposure_s": [9.0]}
    )

    assert 0 == len(shape.flares(blocks))
    assert 0 == len(shape.flares(blocks.clear()))


def event_file(path, columns, gtis, **keywords):
    """Write a small event list; return the path."""
    kinds = {"ccd_id": "I", "PI": "J"}
    data = [
        fits.Column(name, kinds.get(name, "D"), array=np.array(values))
        for name, values in columns.items()
    ]
    return write(path, table("EVENTS", data, keywords=keywords), *gtis)


def swift_list(path, times, pi, **keywords):
    """Write photons of Swift's XRT in two snapshots."""
    stops = table(
        "GTI",
        [
            fits.Column(
                "START", "D", "s", array=np.array([1000.0, 6000.0]) + 388740000
            ),
            fits.Column("STOP", "D", "s", array=np.array([1100.0, 6050.0]) + 388740000),
        ],
        keywords=SWIFT,
    )
    columns = {
        "TIME": np.array(times) + 388740000,
        "X": np.full(len(times), 500.0),
        "Y": np.arange(len(times), dtype=float),
        "PI": pi,
    }
    more = SWIFT | {"INSTRUME": "XRT", "OBS_ID": "00099999001", "UTCFINIT": -10.5}
    return event_file(path, columns, [stops], **more | keywords)


def test_photons_of_swift_are_counted_by_channel_and_snapshot(real, tmp_path):
    times = [999.0, 1000.5, 1050.0, 1099.0, 1101.0, 6010.0, 6020.0]
    real.ingest(swift_list(tmp_path / "a.evt", times, [50, 29, 30, 999, 50, 1000, 700]))
    answer = real.questions.counts(
        "swift", "00099999001", band_kev=(0.3, 10.0), bins="snapshots"
    )

    assert [2, 1] == answer.frame["counts"].to_list()
    assert [100.0, 50.0] == pytest.approx(answer.frame["exposure_s"].to_list())
    assert "energies are PI channels of 10 eV" in answer.notes


def test_photons_that_two_files_hold_count_once(real, tmp_path):
    times, pi = [1010.0, 1010.0, 1020.0, 6010.0], [100, 100, 200, 300]
    keywords = {"OBS_ID": "00099999002"}
    real.ingest(swift_list(tmp_path / "b.evt", times, pi, **keywords))
    real.ingest(swift_list(tmp_path / "c.evt", times[:3], pi[:3], **keywords))
    answer = real.questions.counts(
        "swift", "00099999002", band_kev=(0.3, 10.0), bins="observation"
    )

    assert 4 == answer.frame["counts"][0]


def test_photons_of_each_chip_count_in_its_own_good_time(real, tmp_path):
    columns = {
        "time": [101.0, 160.0, 102.0, 160.0, 250.0],
        "ccd_id": [7, 7, 7, 6, 7],
        "energy": [2000.0] * 5,
        "x": [1.0, 2.0, 3.0, 4.0, 5.0],
        "y": [1.0] * 5,
    }
    gtis = [
        chandra_gti(7, [100.0, 200.0], [150.0, 300.0]),
        chandra_gti(6, [100.0], [300.0]),
    ]
    keywords = CHANDRA | {"OBS_ID": "99901", "DTCOR": 0.9, "TSTART": 90.0}
    real.ingest(event_file(tmp_path / "evt2.fits", columns, gtis, **keywords))
    answer = real.questions.counts("chandra", "99901", band_kev=(0.5, 7), bin_s=100)

    assert [90.0, 190.0] == answer.frame["start_s"].to_list()[:2]
    assert [3, 1, 0] == answer.frame["counts"].to_list()
    assert pytest.approx([45.0, 81.0, 9.0]) == answer.frame["exposure_s"].to_list()
    assert "live time is that of CCD 7" in answer.notes
    assert any("1 of 5 photons are of other CCDs" in note for note in answer.notes)
