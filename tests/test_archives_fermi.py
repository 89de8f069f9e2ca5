"""Fermi GBM: the clock, flagged bins, unsigned counts, and what the archive's files say."""

import numpy as np
import pytest
from archive_files import rows_of, table, write
from astropy.io import fits
from astropy.time import Time, TimeDelta

from orbital_kernel.archives import detect
from orbital_kernel.commands.observatory_kit import check, failing
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.observatory import observatory
from orbital_kernel.model.times import to_utc_iso

TRIGGER = 243216766.613542
GBM = {
    "TELESCOP": "GLAST",
    "INSTRUME": "GBM",
    "DETNAM": "NAI_03",
    "OBJECT": "GRB080916009",
    "TIMESYS": "TT",
    "MJDREFI": 51910,
    "MJDREFF": 7.428703703703703e-4,
    "DATE-OBS": "2008-09-16T00:12:46",
}


def offset(name, values):
    """Return a time column stored from the trigger on, as GBM's are."""
    return fits.Column(name, "1D", "s", bzero=TRIGGER, array=TRIGGER + np.array(values))


def bounds():
    return table(
        "EBOUNDS",
        [
            fits.Column("CHANNEL", "1I", array=np.arange(2)),
            fits.Column("E_MIN", "1E", "keV", array=np.array([4.0, 100.0])),
            fits.Column("E_MAX", "1E", "keV", array=np.array([100.0, 2000.0])),
        ],
        keywords=GBM,
    )


def gti():
    columns = [offset("START", [0.0]), offset("STOP", [8.0])]
    return table("GTI", columns, keywords=GBM)


def spectra(path, **keywords):
    """Write three bins: a good one, a flagged one, one of negative exposure."""
    counts = np.array([[40000, 9], [1, 0], [5, 5]], np.uint16)
    rate = table(
        "SPECTRUM",
        [
            fits.Column("COUNTS", "2I", "count", bzero=32768, array=counts),
            fits.Column("EXPOSURE", "1E", "s", array=np.array([3.0, 4.0, -0.0144])),
            fits.Column("QUALITY", "1I", array=np.array([0, 1, 0])),
            offset("TIME", [0.0, 4.0, 8.0]),
            offset("ENDTIME", [4.0, 8.0, 8.002]),
        ],
        keywords=GBM | keywords,
    )
    head = {**GBM, "FILETYPE": "PHAII", "FILENAME": "glg_cspec_n3_bn080916009_v01.pha"}
    return write(path, rate, bounds(), gti(), **head)


def photons(path, channels=(0, 1)):
    events = table(
        "EVENTS",
        [
            offset("TIME", np.arange(len(channels)) * 2e-6),
            fits.Column("PHA", "1I", array=np.array(channels)),
        ],
        keywords=GBM,
    )
    return write(path, bounds(), events, gti(), **GBM, FILETYPE="GBM PHOTON LIST")


def test_time_is_met_less_the_leap_seconds_which_date_obs_leaves_out(tmp_path):
    rates = rows_of(spectra(tmp_path / "a.pha"))[0]["rates"]

    start = to_utc_iso(rates["time"].to_numpy()[:1])[0]
    assert "2008-09-16T00:12:45.614" == start
    assert GBM["DATE-OBS"] > start
    epoch = Time("2001-01-01", scale="utc").tt
    assert (epoch + TimeDelta(TRIGGER, format="sec")).utc.isot == start


def test_counts_are_unsigned_and_rates_are_of_the_live_time(tmp_path):
    rates = rows_of(spectra(tmp_path / "a.pha"))[0]["rates"]

    assert [40000.0, 9.0] == rates["counts"].to_pylist()[:2]
    assert [pytest.approx(40000 / 3), 3.0] == rates["rate"].to_pylist()[:2]
    assert pytest.approx([200 / 3, 1.0]) == rates["rate_err"].to_pylist()[:2]
    assert [4.0, 4.0] == rates["bin_s"].to_pylist()[:2]
    assert [0.75, 0.75] == rates["exposure_fraction"].to_pylist()[:2]
    assert [(4.0, 100.0), (100.0, 2000.0)] == list(
        zip(
            rates["band_low_kev"].to_pylist()[:2],
            rates["band_high_kev"].to_pylist()[:2],
            strict=True,
        )
    )


def test_flagged_and_unexposed_bins_have_no_rate(tmp_path):
    tables, account = rows_of(spectra(tmp_path / "a.pha"))

    assert [None] * 4 == tables["rates"]["rate"].to_pylist()[2:]
    assert [None] * 4 == tables["rates"]["rate_err"].to_pylist()[2:]
    assert "2 bins flagged or unexposed: rate null" in account.understood


def test_a_photon_has_the_energy_of_its_channel(tmp_path):
    events = rows_of(photons(tmp_path / "a.fit.gz"))[0]["events"]

    assert [0, 1] == events["pi"].to_pylist()
    assert pytest.approx([20_000.0, 447_213.6]) == events["energy_ev"].to_pylist()
    assert [TRIGGER] == events["met_s"].to_pylist()[:1]


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"TIMESYS": "TDB"}, "barycentred ones are not read"),
        ({"MJDREFI": 50814}, "not 51910"),
        ({"MJDREFF": 0.0}, "not 51910"),
    ],
)
def test_another_clock_is_refused(tmp_path, keywords, words):
    with pytest.raises(ArchiveError, match=words):
        rows_of(spectra(tmp_path / "a.pha", **keywords))


def test_a_channel_beyond_ebounds_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="outside of the 2 channels"):
        rows_of(photons(tmp_path / "a.fit", channels=(0, 2)))


def test_it_takes_no_targets_and_its_positions_are_degrees():
    fermi = observatory("fermi")

    assert not fermi.pointing.steerable
    assert all(i.position_error.radius_arcsec > 3600 for i in fermi.instruments)


def test_archive_spectra_agree_with_astropy(archive):
    path = archive / "fermi" / "glg_cspec_n3_bn080916009_v01.pha"
    tables, _ = rows_of(path)
    with fits.open(path) as file:
        naive = file["SPECTRUM"].data
        good = (naive["QUALITY"] == 0) & (naive["EXPOSURE"] > 0)
        counts = naive["COUNTS"].astype(float)

    assert "fermi-gbm" == detect(path).name
    assert counts.size == len(tables["rates"])
    assert np.array_equal(counts.ravel(), tables["rates"]["counts"].to_numpy())
    rates = tables["rates"]["rate"].to_numpy().reshape(counts.shape)
    assert np.isnan(rates[~good]).all()
    assert np.isfinite(rates[good]).all()
    assert 2 == np.count_nonzero(~good)
    assert (naive["EXPOSURE"] < 0).any()
    assert 2 == len(tables["intervals"])


def test_archive_photons_go_through_a_platform_and_back(archive):
    path = archive / "fermi" / "glg_tte_n3_bn080916009_v01.fit.gz"

    checks = check("fermi", path)

    assert () == failing(checks)
    evidence = {item.name: item.found for item in checks}
    assert "451,128 fermi.events" in evidence["sample: ingested"]
