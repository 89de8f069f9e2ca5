"""Chandra files: gaps that look like zeros, chips' good times, clocks, sky pixels."""

import json

import numpy as np
import polars as pl
import pytest
from archive_files import CHANDRA, chandra_gti, rows_of, table, write
from astropy.io import fits
from astropy.wcs import WCS

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_tt, to_utc_iso
from orbital_kernel.science.quality import Clocks

WCS_KEYS = {
    "TCTYP2": "RA---TAN", "TCRVL2": 53.118, "TCRPX2": 4096.5, "TCDLT2": -0.492 / 3600,
    "TCTYP3": "DEC--TAN", "TCRVL3": -27.799, "TCRPX3": 4096.5, "TCDLT3": 0.492 / 3600,
}  # fmt: skip


def lightcurve(path, *, net=True, **keywords):
    start = np.array([1000.0, 1010.0, 1020.0])
    columns = [
        fits.Column("TIME_MIN", "1D", array=start),
        fits.Column("TIME", "1D", array=start + 5),
        fits.Column("TIME_MAX", "1D", array=start + 10),
        fits.Column("COUNTS", "1J", array=np.array([0, 3, 0])),
        fits.Column("EXPOSURE", "1D", array=np.array([0.0, 9.5, 9.5])),
        fits.Column("COUNT_RATE", "1D", array=np.array([0.0, 0.3, 0.0])),
        fits.Column("COUNT_RATE_ERR", "1D", array=np.array([0.0, 0.2, 0.1])),
    ]
    if net:
        columns += [
            fits.Column("NET_RATE", "1D", array=np.array([0.0, 0.25, -0.01])),
            fits.Column("ERR_RATE", "1D", array=np.array([np.nan, 0.2, 0.05])),
        ]
    about = CHANDRA | {
        "TIMEPIXR": 0.5, "TIMEDEL": 10.0,
        "DSTYP1": "sky(x,y)", "DSVAL1": "Circle(3815.86,3655.55,2.03)",
        "DSTYP2": "energy", "DSVAL2": "500:7000",
    }  # fmt: skip
    light = table("LIGHTCURVE", columns, keywords=about | keywords)
    return write(path, light, chandra_gti(3, [1000.0], [1010.0]), TELESCOP="CHANDRA")


def events(path, gtis=(), **keywords):
    flags = np.zeros((3, 32), dtype=bool)
    flags[1, 0] = flags[2, 31] = True
    columns = [
        fits.Column(
            "time", "1D", array=np.array([339468247.43, 339468248.0, 339468249.0])
        ),
        fits.Column("x", "1E", array=np.array([4096.5, 4433.17, 3949.24])),
        fits.Column("y", "1E", array=np.array([4096.5, 3808.81, 4201.59])),
        fits.Column("ccd_id", "1I", array=np.array([7, 7, 6])),
        fits.Column("pi", "1J", array=np.array([90, 0, 1006]), null=0),
        fits.Column("energy", "1E", array=np.array([1312.3, 20.0, 14679.0])),
        fits.Column("grade", "1I", array=np.array([6, 6, 0])),
        fits.Column("status", "32X", array=flags),
    ]
    listed = table("EVENTS", columns, keywords=CHANDRA | WCS_KEYS | keywords)
    return write(path, listed, *gtis, TELESCOP="CHANDRA")


def test_bins_without_exposure_are_gaps_and_not_zero_rates(tmp_path):
    points = rows_of(lightcurve(tmp_path / "lc.fits"))[0]["photometry"]

    assert points["value"].to_pylist() == [None, 0.25, -0.01]
    assert points["value_err_plus"].to_pylist() == [None, 0.2, 0.05]
    assert points["exposure_s"].to_pylist() == [0.0, 9.5, 9.5]


def test_total_rates_are_used_if_no_background_was_subtracted(tmp_path):
    points = rows_of(lightcurve(tmp_path / "lc.fits", net=False))[0]["photometry"]

    assert points["value"].to_pylist() == [None, 0.3, 0.0]
    assert json.loads(points["extra"][1].as_py())["rate"] == "total"


def test_time_is_the_middle_of_the_bin_on_chandras_clock(tmp_path):
    points = rows_of(lightcurve(tmp_path / "lc.fits"))[0]["photometry"]

    assert points["met_s"].to_pylist() == [1005.0, 1015.0, 1025.0]
    assert points["time_err_minus_s"].to_pylist() == [5.0] * 3
    assert to_utc_iso(points["time"].to_numpy()[:1]) == ["1998-01-01T00:15:41.816"]
    assert points["time_rule"].to_pylist() == ["chandra-tt"] * 3


@pytest.mark.parametrize("column", ["TIME", "TIME_MIN"])
def test_a_time_that_contradicts_its_bin_is_said_and_found_by_its_clock(
    tmp_path, column
):
    path = lightcurve(tmp_path / "lc.fits")
    with fits.open(path, mode="update") as hdus:
        hdus["LIGHTCURVE"].data[column][2] += 0.3
        if column == "TIME_MIN":
            hdus["LIGHTCURVE"].data["TIME_MAX"][2] += 0.3
    tables, account = rows_of(path)
    frame = pl.from_arrow(tables["photometry"])
    clocks = Clocks("chandra.photometry")
    clocks.take(frame)
    (agrees, _) = clocks.measured()

    assert pytest.approx(0.3, abs=1e-6) == agrees.value
    assert "1 of 3 rows" in agrees.evidence
    assert "1 bins whose TIME contradicts TIME_MIN and TIME_MAX, which are used" in (
        account.understood
    )


def test_band_and_place_come_from_the_data_subspace_and_not_from_the_target(tmp_path):
    """CDF-S XT1 is at 53.16156, -27.85934, 4' from the field's target."""
    points = rows_of(lightcurve(tmp_path / "lc.fits"))[0]["photometry"]

    assert points["band"].to_pylist()[0] == "0.5-7 keV"
    assert points["band_high_kev"].to_pylist()[0] == 7.0
    assert points["ra"].to_pylist()[0] == pytest.approx(53.16156, abs=2e-4)
    assert points["dec"].to_pylist()[0] == pytest.approx(-27.85934, abs=2e-4)


def test_level_3_light_curves_are_of_a_region_and_not_of_the_field(tmp_path):
    columns = [
        fits.Column("Time", "1D", array=np.array([1005.0])),
        fits.Column("COUNT_RATE", "1D", array=np.array([0.1])),
        fits.Column("COUNT_RATE_ERR", "1D", array=np.array([0.01])),
    ]
    about = CHANDRA | {
        "TIMEDEL": 10.0, "TIMEPIXR": 0.5, "BAND": "broad",
        "STACK_ID": "acisfJ0102564m720056_001", "REGIONID": "0024",
    }  # fmt: skip
    light = table("LIGHTCURVE", columns, keywords=about)
    background = table("BKGLIGHTCURVE", columns, keywords=about)
    path = write(tmp_path / "x_lc3.fits.gz", light, background, TELESCOP="CHANDRA")

    tables, account = rows_of(path)

    points = tables["photometry"]
    assert points["object"].to_pylist() == ["acisfJ0102564m720056_001 region 0024"]
    assert points["ra"].to_pylist() == [None]
    assert points["band"].to_pylist() == ["CSC b"]
    assert account.skipped == {"bins of the background's own light curve": 1}


def test_every_chips_good_times_become_intervals(tmp_path):
    gtis = [chandra_gti(7, [10.0, 30.0], [20.0, 40.0]), chandra_gti(6, [10.0], [40.0])]
    intervals = rows_of(events(tmp_path / "evt2.fits", gtis))[0]["intervals"]

    assert intervals["instrument"].to_pylist() == ["ACIS ccd 7"] * 2 + ["ACIS ccd 6"]
    assert intervals["met_start_s"].to_pylist() == [10.0, 30.0, 10.0]
    assert intervals["obs_id"].to_pylist() == ["16454"] * 3


def test_null_channels_are_null_and_bits_one_number(tmp_path):
    photons = rows_of(events(tmp_path / "evt2.fits"))[0]["events"]

    assert photons["pi"].to_pylist() == [90, None, 1006]
    assert photons["status"].to_pylist() == [0, 2**31, 1]
    assert photons["ccd_id"].to_pylist() == [7, 7, 6]


def test_photons_stand_where_the_wcs_puts_them(tmp_path):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [53.118, -27.799], [4096.5, 4096.5]
    wcs.wcs.cdelt = [-0.492 / 3600, 0.492 / 3600]
    photons = rows_of(events(tmp_path / "evt2.fits"))[0]["events"]
    expected = wcs.wcs_pix2world(
        photons["x_pix"].to_numpy(), photons["y_pix"].to_numpy(), 1
    )

    assert np.allclose(photons["ra"].to_numpy(), expected[0], atol=1e-9)
    assert np.allclose(photons["dec"].to_numpy(), expected[1], atol=1e-9)


def test_barycentred_times_leave_tdb(tmp_path):
    photons = rows_of(events(tmp_path / "evt2.fits", TIMESYS="TDB"))[0]["events"]
    naive = to_tt("chandra-tt", photons["met_s"].to_numpy())

    assert photons["time_rule"].to_pylist()[0] == "chandra-tdb"
    assert np.abs(photons["time"].to_numpy() - naive).max() > np.timedelta64(100, "us")


@pytest.mark.parametrize("keywords", [{"MJDREF": 51910.0}, {"TIMESYS": "UTC"}])
def test_another_clock_is_refused(tmp_path, keywords):
    with pytest.raises(ArchiveError, match=r"MJDREF|TIMESYS"):
        rows_of(events(tmp_path / "evt2.fits", **keywords))


def test_missions_old_name_is_chandra(tmp_path):
    path = events(tmp_path / "evt2.fits", TELESCOP="AXAF")

    assert len(rows_of(path)[0]["events"]) == 3


def test_cut_outs_without_some_columns_leave_them_null(tmp_path):
    columns = [fits.Column("time", "1D", array=np.array([1.0, 2.0]))]
    listed = table("EVENTS", columns, keywords=CHANDRA)
    photons = rows_of(write(tmp_path / "e.fits", listed))[0]["events"]

    assert photons["status"].to_pylist() == [None, None]
    assert photons["ra"].to_pylist() == [None, None]


def test_archive_event_lists_agree_with_astropy(archive):
    for path in sorted(archive.glob("chandra/*evt2/*.fits")):
        photons = rows_of(path)[0]["events"]
        with fits.open(path) as file:
            data = file["EVENTS"].data
            assert np.array_equal(photons["met_s"].to_numpy(), data["time"])
            assert np.allclose(photons["energy_ev"].to_numpy(), data["energy"])
            if "status" in data.names:
                weights = 1 << np.arange(31, -1, -1, dtype=np.int64)
                assert np.array_equal(
                    photons["status"].to_numpy(), data["status"] @ weights
                )


def test_archive_gtis_are_all_there(archive):
    for path in sorted(archive.glob("chandra/sgra_evt2/*.fits")):
        with fits.open(path) as file:
            expected = sum(len(hdu.data) for hdu in file if hdu.name == "GTI")

        assert len(rows_of(path)[0]["intervals"]) == expected, path.name


def test_archive_sgr_a_light_curves_are_at_sgr_a(archive):
    for path in sorted(archive.glob("chandra/sgra_lightcurves/*.fits")):
        points = rows_of(path)[0]["photometry"]
        with fits.open(path) as file:
            gaps = int((file["LIGHTCURVE"].data["EXPOSURE"] == 0).sum())

        assert points["ra"][0].as_py() == pytest.approx(266.41684, abs=5e-4), path.name
        assert points["dec"][0].as_py() == pytest.approx(-29.00781, abs=5e-4), path.name
        assert points["value"].null_count == gaps


def test_archive_index_file_is_one_observation(archive):
    observations = rows_of(archive / "chandra/oif.fits")[0]["observations"]

    assert observations["obs_id"].to_pylist() == ["1561"]
    assert observations["exposure_s"].to_pylist() == [49300.0]
    assert to_utc_iso(observations["time"].to_numpy(), unit="s") == [
        "2000-10-26T19:06:56"
    ]


@pytest.mark.parametrize(
    ("detector", "middle"),
    [("ACIS-S", 4096.5), ("HRC-I", 16384.5), ("HRC-S", 32768.5)],
)
def test_each_detector_has_a_sky_plane_of_its_own(tmp_path, detector, middle):
    path = lightcurve(
        tmp_path / "lc.fits",
        INSTRUME=detector[:-2],
        DETNAM=detector,
        DSVAL1=f"circle({middle},{middle},30)",
    )

    points = rows_of(path)[0]["photometry"]

    assert points["ra"].to_pylist()[0] == pytest.approx(CHANDRA["RA_NOM"])
    assert points["dec"].to_pylist()[0] == pytest.approx(CHANDRA["DEC_NOM"])


@pytest.mark.parametrize(
    ("region", "has_place"),
    [
        ("ellipse(4096.5,4096.5,5,3,20)", True),
        ("Annulus(4096.5,4096.5,4,30)", True),
        ("rotbox(4096.5,4096.5,20,10,45)", True),
        ("box(4096.5, 4096.5, 20, 10)", True),
        ("+circle(4096.5,4096.5,30)&!circle(4200,4200,5)", True),
        ('circle(161.26,59.68,5")', False),
        ("!circle(4096.5,4096.5,30)", False),
        ("field()", False),
    ],
)
def test_the_place_is_the_middle_of_the_region_whatever_its_shape(
    tmp_path, region, has_place
):
    path = lightcurve(tmp_path / "lc.fits", DSVAL1=region)
    middle = pytest.approx(CHANDRA["RA_NOM"]) if has_place else None

    assert middle == rows_of(path)[0]["photometry"]["ra"].to_pylist()[0]


def test_an_hrc_that_is_not_named_has_no_place(tmp_path):
    path = lightcurve(tmp_path / "lc.fits", INSTRUME="HRC", DETNAM="HRC")

    assert rows_of(path)[0]["photometry"]["ra"].null_count == 3


def test_the_sky_columns_of_the_file_come_before_the_detectors_plane(tmp_path):
    path = lightcurve(tmp_path / "lc.fits", DSVAL1="circle(100,200,5)")
    plane = {
        "TCTYP2": "RA---TAN", "TCRVL2": 10.0, "TCRPX2": 100.0, "TCDLT2": -0.001,
        "TCTYP3": "DEC--TAN", "TCRVL3": 20.0, "TCRPX3": 200.0, "TCDLT3": 0.001,
    }  # fmt: skip
    columns = [
        fits.Column("SHAPE", "6A", array=["circle"]),
        fits.Column("X", "1D", array=np.array([100.0])),
        fits.Column("Y", "1D", array=np.array([200.0])),
    ]
    with fits.open(path) as file:
        file.append(table("REGION", columns, keywords=plane))
        file.writeto(tmp_path / "region.fits", checksum=True)

    points = rows_of(tmp_path / "region.fits")[0]["photometry"]

    assert (10.0, 20.0) == (points["ra"].to_pylist()[0], points["dec"].to_pylist()[0])
