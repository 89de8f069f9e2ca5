"""Curves of the BAT transient monitor: days, pointings, and rates per cm2."""

import numpy as np
import pytest
from archive_files import SWIFT, rows_of, table, write
from astropy.io import fits

from orbital_kernel.archives import detect
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import to_utc_iso

PER_CM2 = "count/cm^2/s"
BARE = {k: v for k, v in SWIFT.items() if k != "UTCFINIT"}


def column(name, values, unit=None, form="D"):
    return fits.Column(name, form, unit, array=np.array(values))


def curve(path, *columns, **keywords):
    shared = [
        column("RATE", [0.03, 0.02, 0.0, 0.01], PER_CM2),
        column("ERROR", [0.002, 0.001, 0.0, 0.001], PER_CM2),
        column("YEAR", [2017, 2017, 2017, 2018], form="I"),
        column("DAY", [171, 172, 365, 1], form="I"),
        column("DATA_FLAG", [0, 0, 0, 1], form="I"),
    ]
    keywords = {"OBJECT": "Cen X-3", "E_MIN": 15.0, "E_MAX": 50.0, **keywords}
    return write(
        path, table("RATE", [*columns, *shared], keywords={**BARE, **keywords})
    )


def days(path, mjd=(57924, 57925, 58118, 58119), **keywords):
    exposure = column("TIMEDEL_EXPO", [21600.0] * 4, "s")
    return curve(path, column("TIME", mjd, "d"), exposure, TIMEDEL=1.0, TIMEUNIT="d",
                 TIMEPIXR=0.5, **keywords)  # fmt: skip


def orbits(path, **keywords):
    met = np.array([519635456.0, 519721856.0, 536400000.0, 536500000.0])
    return curve(path, column("TIME", met, "s"), column("TIMEDEL", [800.0] * 4, "s"),
                 column("MJD", 51910.000743 + met / 86400, "d"),
                 TIMEPIXR=0.5, **keywords)  # fmt: skip


@pytest.mark.parametrize("keywords", [{}, {"UTCFINIT": -18.2}])
def test_a_day_is_the_day_of_its_mjd_with_and_without_a_clock_correction(
    tmp_path, keywords
):
    path = days(tmp_path / "CenX-3.lc.fits", **keywords)
    tables, account = rows_of(path)
    rates = tables["rates"]

    assert detect(path).name == "swift-bat-monitor"
    assert to_utc_iso(rates["time"].to_numpy(), unit="s") == [
        *("2017-06-20T00:00:00", "2017-06-21T00:00:00", "2017-12-31T00:00:00"),
        "2018-01-01T00:00:00",
    ]
    assert set(rates["bin_s"].to_pylist()) == {86_400.0}
    assert set(rates["unit"].to_pylist()) == {"count / (cm2 s)"}
    assert rates["rate"].to_pylist() == [0.03, 0.02, None, None]
    assert rates["rate_err"].to_pylist() == [0.002, 0.001, None, None]
    assert set(rates["exposure_fraction"].to_pylist()) == {0.25}
    assert set(rates["object"].to_pylist()) == {"Cen X-3"}
    assert account.noted == {
        "rates with DATA_FLAG set: rate null": 1,
        "rates without an error, which is no data: rate null": 1,
    }


def test_a_day_that_is_not_its_year_and_day_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="not the MJD of YEAR and DAY"):
        rows_of(days(tmp_path / "a.lc.fits", mjd=(57924, 57925, 58118, 58120)))


def test_pointings_begin_half_a_width_before_their_time(tmp_path):
    corrected, _ = rows_of(orbits(tmp_path / "a.orbit.lc.fits", UTCFINIT=-18.2))
    raw, account = rows_of(orbits(tmp_path / "b.orbit.lc.fits"))

    assert to_utc_iso(corrected["rates"]["time"].to_numpy()[:1], unit="s") == [
        "2017-06-20T07:03:58"
    ]
    assert raw["rates"]["bin_s"].to_pylist() == [800.0] * 4
    assert raw["rates"]["series"][0].as_py() == "b.orbit"
    assert account.noted["times by the raw clock, up to 40 s off (no UTCFINIT)"] == 4


TEXT = """\
# Swift/BAT Hard X-ray Transient Monitor
# 15-50 keV
# daily averages
# TIME RATE ERROR YEAR DAY STAT_ERR SYS_ERR DATA_FLAG TIMEDEL_EXPO TIMEDEL_CODED TIMEDEL_DITHERED
# MJD count/cm^2/s count/cm^2/s yr d count/cm^2/s count/cm^2/s - s s s
57924 0.0308 0.0017 2017 171 0.0015 0.0007 0 21600 3000 0
57925 0.0408 0.0019 2017 172 0.0017 0.0008 0 21600 3000 0
"""


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("# ", "")])
def test_the_text_of_a_curve_gives_what_its_fits_gives(tmp_path, text):
    path = tmp_path / "SwiftJ1753.5-0127.lc.txt"
    path.write_text(text)
    rates = rows_of(path)[0]["rates"]

    assert detect(path).name == "swift-bat-monitor"
    assert rates["rate"].to_pylist() == [0.0308, 0.0408]
    assert to_utc_iso(rates["time"].to_numpy()[:1], unit="s") == ["2017-06-20T00:00:00"]
    assert set(rates["object"].to_pylist()) == {"SwiftJ1753.5-0127"}


def test_a_row_cut_short_is_refused_by_its_line(tmp_path):
    path = tmp_path / "a.lc.txt"
    path.write_text(TEXT + "57926 0.02\n")

    with pytest.raises(ArchiveError, match="line 8"):
        rows_of(path)


def test_bat_curves_obey_days_and_per_cm2_and_refuse_other_units(tmp_path):
    def bat(unit, name):
        columns = [column("TIME", [4500.0, 4501.0], "d"),
                   column("RATE", [0.1, 0.2], unit), column("ERROR", [0.01, 0.01], unit)]  # fmt: skip
        keywords = {**SWIFT, "TIMEDEL": 1.0, "TIMEUNIT": "d", "HDUCLAS2": "NET"}
        return rows_of(
            write(tmp_path / name, table("RATE", columns, keywords=keywords))
        )

    rates = bat(PER_CM2, "a.lc")[0]["rates"]

    assert rates["unit"].to_pylist() == ["count / (cm2 s)"] * 2
    assert rates["bin_s"].to_pylist() == [86_400.0] * 2
    assert rates["met_s"].to_pylist() == [4500 * 86_400.0, 4501 * 86_400.0]
    with pytest.raises(ArchiveError, match="'mCrab'"):
        bat("mCrab", "b.lc")
