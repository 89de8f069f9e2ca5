"""QDP curves by their labels and T0, and clocks by their zero: what else would be silent."""

import numpy as np
import pytest
from archive_files import bat_lightcurve, rows_of
from test_archives_xselect import UTCF, curve, rate_rows

from orbital_kernel.errors import ArchiveError

OPENING = "READ TERR 1 2\n! Swift/XRT light curve\n"
T0 = (
    "! T0 for this burst is Swift MET=388741688.0 s, = 2013 Apr 27 at 07:47:57.512 UT\n"
)
PC = "! PC data\n100 10 -10 1.0 0.2 -0.1\n"


def points(tmp_path, content):
    path = tmp_path / "GRB130427A_curve.qdp"
    path.write_text(content, encoding="utf-8")
    tables, account = rows_of(path)
    frames = tables.get("photometry")
    return ([] if frames is None else frames.to_pylist()), account


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("lab y Count rate (0.3-10 keV) (s\\u-1\\d)", "count / s"),
        ("LABEL Y Flux (0.3-10 keV) (erg cm\\u-2\\d s\\u-1\\d)", "erg / (cm2 s)"),
        ("lab y Flux density (mJy) at 10 keV", "mJy"),
    ],
)
def test_an_axis_of_values_may_name_its_band(tmp_path, label, unit):
    (row,), _ = points(tmp_path, f"{OPENING}{label}\n{PC}")

    assert (unit, False) == (row["unit"], row["is_limit"])


@pytest.mark.parametrize(
    "label",
    [
        "lab x Energy (keV)\nlab y normalized counts s\\u-1\\d keV\\u-1\\d",
        "lab x Channel energy (keV)",
        "lab y keV\\u2\\d (Photons cm\\u-2\\d s\\u-1\\d keV\\u-1\\d)",
    ],
)
def test_a_spectrum_is_not_a_curve(tmp_path, label):
    with pytest.raises(ArchiveError, match="a spectrum plotted as QDP"):
        points(tmp_path, f"{OPENING}{label}\n{PC}")


@pytest.mark.parametrize("label", ["Hardness ratio", "HR", "Photon index (gamma)"])
def test_a_labelled_ratio_is_not_a_brightness(tmp_path, label):
    rows, account = points(tmp_path, f"{OPENING}lab y {label}\n{PC}")

    assert ([], 1) == (rows, sum(account.skipped.values()))


@pytest.mark.parametrize("row", ["100 10 -10 1,0 0,2 -0,1", "1,5 1 -1 2.0 0.2 -0.1"])
def test_a_decimal_comma_is_not_a_separator(tmp_path, row):
    with pytest.raises(ArchiveError, match="write decimal points"):
        points(tmp_path, f"{OPENING}! PC data\n{row}\n")


@pytest.mark.parametrize("row", ["100,10,-10,1.0,0.2,-0.1", "100, 10, -10, 1, 0.2, -0.1"])  # fmt: skip
def test_commas_may_part_columns(tmp_path, row):
    (point,), _ = points(tmp_path, f"{OPENING}! PC data\n{row}\n")

    assert (1.0, 0.2, 0.1) == (
        point["value"],
        point["value_err_plus"],
        point["value_err_minus"],
    )


@pytest.mark.parametrize(
    "comment",
    [
        T0,
        "! T0 = 388741688.0 Swift MET, = 2013 Apr 27 07:47:57.512 UT\n",
        "! T0: MET 388741688.0 (2013-04-27T07:47:57.512 UTC)\n",
    ],
)
def test_t0_is_read_however_a_comment_writes_it(tmp_path, comment):
    (row,), _ = points(tmp_path, OPENING + comment + PC)

    assert "2013-04-27 07:50:44.696" == str(row["time"])[:23]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ({"MJDREFI": 50814.0, "MJDREFF": 0.0}, True),
        ({"MJDREFI": 51544.0, "MJDREFF": 0.5}, True),
        ({"MJDREFF": 0.0}, False),
        ({}, False),
    ],
)
def test_a_raw_clock_of_another_zero_is_refused(tmp_path, words, refused):
    path = tmp_path / "sw00554620000b_1chan_1s.lc"
    bat_lightcurve(path, np.full(3, 0.1), np.full(3, 0.01), **words)
    if refused:
        with pytest.raises(ArchiveError, match="Swift's clock starts at"):
            rows_of(path)
    else:
        assert 3 == len(rows_of(path)[0]["rates"])


def test_bins_across_a_leap_second_are_as_far_apart_as_their_clock(tmp_path):
    new_year = (np.datetime64("2017-01-01") - np.datetime64("2001-01-01")) / np.timedelta64(1, "s")  # fmt: skip
    path = curve(tmp_path / "a.lc", TIMEZERO=new_year - 12.0 - UTCF, TSTART=new_year - 17.0 - UTCF)  # fmt: skip
    first, second, third = (row["time"] for row in rate_rows(path))

    assert (10.0, 10.0) == (
        (second - first).total_seconds(),
        (third - second).total_seconds(),
    )
    assert "2017-01-01 00:00:56.184000" == str(first)
