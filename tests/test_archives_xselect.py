"""XRT light curves of XSELECT: TIMEZERO, Swift's clock, FRACEXP, bands, empty bins."""

import numpy as np
import pytest
from astropy.io import fits
from test_archives_votable import rows_of

from orbital_kernel.archives import Account, detect, open_source
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times

MET = 500_000_000.0
UTCF = -16.5


def curve(path, *, checksum=False, **changes):
    columns = {
        "TIME": [0.0, 10.0, 20.0],
        "RATE": [2.0, 0.0, 5.0],
        "ERROR": [0.5, 0.0, 1.0],
        "FRACEXP": [1.0, 0.5, 0.0],
    }
    table = fits.BinTableHDU.from_columns(
        [fits.Column(n, "D", array=np.array(v)) for n, v in columns.items()],
        name="RATE",
    )
    header = {
        "TELESCOP": "SWIFT", "INSTRUME": "XRT", "DATAMODE": "WINDOWED",
        "OBJECT": "Mkn 421", "OBS_ID": "00035014061", "TIMESYS": "TT",
        "MJDREFI": 51910, "MJDREFF": 7.428703703703703e-4, "TIMEZERO": MET,
        "UTCFINIT": UTCF, "CLOCKAPP": False, "TIMEDEL": 10.0, "TIMEPIXR": 0.5,
        "HDUCLAS1": "LIGHTCURVE", "HDUCLAS2": "TOTAL", "PHALCUT": 30, "PHAHCUT": 1000,
    }  # fmt: skip
    for name, value in {**header, **changes}.items():
        if value is not None:
            table.header[name] = value
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, checksum=checksum)
    return path


def rate_rows(path):
    name, tables, _ = rows_of(path)
    assert "swift-xrt-lightcurve" == name
    return tables["photometry"]


def test_times_count_from_timezero_on_swifts_clock(tmp_path):
    first, *_ = rate_rows(curve(tmp_path / "a.lc"))
    (expected,) = times.to_tt("swift-met-utcf", np.array([MET]), utcf_s=UTCF)

    assert (MET, UTCF, 5.0) == (
        first["met_s"],
        first["utcf_s"],
        first["time_err_plus_s"],
    )
    assert np.datetime64(first["time"], "ns") == expected


@pytest.mark.parametrize(
    ("changes", "shift"),
    [
        ({"TIMEPIXR": 0.0}, 5.0),
        ({"TIMEPIXR": 1.0}, -5.0),
        ({"TIMEPIXR": None}, 0.0),
        ({"TIMEZERO": None, "TIMEZERI": 500_000_000, "TIMEZERF": 0.25}, 0.25),
    ],
)
def test_the_middle_of_a_bin_is_by_timepixr_and_timezero(tmp_path, changes, shift):
    first, *_ = rate_rows(curve(tmp_path / "a.lc", **changes))

    assert MET + shift == first["met_s"]


def test_fracexp_is_exposure_and_zero_of_it_is_no_data(tmp_path):
    rows = rate_rows(curve(tmp_path / "a.lc"))

    assert [2.0, 0.0, None] == [row["value"] for row in rows]
    assert [0.5, None, None] == [row["value_err_plus"] for row in rows]
    assert [10.0, 5.0, 0.0] == [row["exposure_s"] for row in rows]
    assert {("count / s", "WT", 0.3, 10.0)} == {
        (r["unit"], r["mode"], r["band_low_kev"], r["band_high_kev"]) for r in rows
    }


def test_a_curve_in_days_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="TIMEUNIT is 'd'"):
        rate_rows(curve(tmp_path / "a.lc", TIMEUNIT="d"))


def test_a_curve_rewritten_without_its_checksum_is_refused_or_accepted(tmp_path):
    """astropy keeps DATASUM when it writes other rows."""
    path = curve(tmp_path / "a.lc", checksum=True)
    content = bytearray(path.read_bytes())
    content[-2880 + 1] ^= 1
    path.write_bytes(content)
    accepted = Account("", accept_checksums=True)

    with pytest.raises(ArchiveError, match=r"rewritten by a tool .* or damaged"):
        rate_rows(path)
    rows = list(detect(path).read(open_source(path), accepted))

    assert "photometry" == rows[0][0]
    assert "DATASUM of RATE does not fit the data: accepted" in accepted.understood[0]
