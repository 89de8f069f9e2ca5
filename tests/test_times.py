"""Times: golden values of both observatories, and the readings that look right."""

import csv
import re

import numpy as np
import pytest
from astropy.time import Time

from orbital_kernel.model.times import (
    TIME_RULES,
    met_utcf,
    parse_utc,
    to_tt,
    to_utc_iso,
    tt_from_utc,
    utc_from_tt,
)

MICROSECOND = np.timedelta64(1000, "ns")

# GRB, trigger MET, UTCFINIT of the light curve, trigger UTC of the BAT catalogue
SWIFT_TRIGGERS = [
    ("050416A", 135342283.968, 0.52036, "2005-04-16T11:04:44.488360"),
    ("090424", 262275134.016, -4.68578, "2009-04-24T14:12:09.330200"),
    ("100621A", 298782218.752, -5.91184, "2010-06-21T03:03:32.840140"),
    ("110715A", 332428438.144, -7.15908, "2011-07-15T13:13:50.984920"),
    ("130427A", 388741688.000, -10.48836, "2013-04-27T07:47:57.511640"),
]


@pytest.mark.parametrize(("grb", "met", "utcf", "utc"), SWIFT_TRIGGERS)
def test_swift_clock_with_its_correction_gives_the_catalogue_utc(grb, met, utcf, utc):
    error = to_tt("swift-met-utcf", [met], utcf_s=utcf) - tt_from_utc([utc])

    assert abs(error[0]) < np.timedelta64(500_000, "ns")


def test_swift_clock_read_as_tt_is_wrong_by_23_s_in_2021():
    met, utcf = 660920961.0, -27.2
    naive = to_tt("mjd-tt", [51910 + 0.00074287037 + met / 86400])

    wrong = (naive - to_tt("swift-met-utcf", [met], utcf_s=utcf))[0]

    assert np.timedelta64(22, "s") < wrong < np.timedelta64(24, "s")


def test_swift_uncorrected_clock_agrees_with_its_published_test_vector():
    """MET 600000000 is 2020-01-06 10:40:00 of Swift's own (uncorrected) clock."""
    tt = to_tt("swift-met-utcf", [600_000_000.0])

    assert ["2020-01-06T10:40:00.000"] == to_utc_iso(tt)


def test_qdp_t0_line_gives_the_same_correction_as_the_fits_header():
    utc = parse_utc("2013-04-27 07:47:57.512")

    assert met_utcf(388741688.0, utc) == pytest.approx(-10.488, abs=1e-6)


def test_chandra_epoch_is_tt():
    """cxotime: 2022-01-01T00:00:00.123 UTC is 757382469.307 s."""
    tt = to_tt("chandra-tt", [757382469.307])

    assert ["2022-01-01T00:00:00.123"] == to_utc_iso(tt)
    assert abs(tt - tt_from_utc(["2022-01-01T00:00:00.123"]))[0] < MICROSECOND


def test_chandra_barycentric_times_leave_tdb():
    seconds = np.linspace(1e8, 8e8, 50)
    expected = Time(50814.0, seconds / 86400, format="mjd", scale="tdb").tt

    got = to_tt("chandra-tdb", seconds)
    error = got - expected.to_value("datetime64")

    assert np.all(np.abs(error) < MICROSECOND)
    assert np.max(np.abs(got - to_tt("chandra-tt", seconds))) > np.timedelta64(1, "ms")


@pytest.mark.parametrize("scale", ["utc", "tt", "tdb"])
def test_mjd_agrees_with_astropy(scale):
    days = np.linspace(50814.1, 62000.7, 100)
    expected = Time(days, format="mjd", scale=scale).tt.to_value("datetime64")

    assert np.all(np.abs(to_tt(f"mjd-{scale}", days) - expected) < MICROSECOND)


def test_utc_agrees_with_astropy_around_every_leap_second():
    eves = np.array(
        ["2005-12-31", "2008-12-31", "2012-06-30", "2015-06-30", "2016-12-31"]
    )
    texts = [f"{eve}T23:59:59.5" for eve in eves]
    texts += [str(np.datetime64(eve) + 1) + "T00:00:00.25" for eve in eves]
    expected = Time(texts, scale="utc").tt.to_value("datetime64")

    assert np.all(np.abs(tt_from_utc(texts) - expected) < np.timedelta64(2, "ns"))


def test_utc_and_tt_invert_each_other_to_the_nanosecond():
    utc = np.array(
        ["1998-01-01T00:00:00.000000001", "2016-12-31T23:59:59.999999999", "NaT"]
    )
    utc = utc.astype("datetime64[ns]")

    assert np.array_equal(utc, utc_from_tt(tt_from_utc(utc)), equal_nan=True)


def test_missing_clock_values_stay_missing():
    for name in TIME_RULES:
        assert np.isnat(to_tt(name, [np.nan])).tolist() == [True]
    assert to_utc_iso(to_tt("chandra-tt", [np.nan])) == [None]


@pytest.mark.parametrize("value", [1e12, -1e12, np.inf])
def test_impossible_clock_values_are_refused(value):
    with pytest.raises(ValueError, match="not a possible time"):
        to_tt("chandra-tt", [value])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20200809T15:41:26.928", "2020-08-09T15:41:26.928"),
        ("2005-05-25 4:00:27", "2005-05-25T04:00:27"),
        ("2024-09-12T01:46:38Z", "2024-09-12T01:46:38"),
        ("2011-03-28", "2011-03-28T00:00:00"),
        (" n/a ", "NaT"),
        ("2024-01-02T03:00:00.123456+00:00", "2024-01-02T03:00:00.123456"),
        ("2012-05-02T06:05:06+02:00", "2012-05-02T04:05:06"),
        ("2012-05-02 00:05:06.5 -0400", "2012-05-02T04:05:06.5"),
        ("20120502T040506Z", "2012-05-02T04:05:06"),
        ("2012:123:04:05:06.789", "2012-05-02T04:05:06.789"),
        ("2012-123T04:05:06Z", "2012-05-02T04:05:06"),
        ("2012:366", "2012-12-31"),
        ("2011-01-01T24:00:00", "2011-01-02"),
    ],
)
def test_dates_of_the_archives_parse(text, expected):
    assert str(parse_utc(text)) == str(np.datetime64(expected, "ns"))


@pytest.mark.parametrize(
    "text",
    [
        *("03/28/2011", "2011-13-01", "2011-01-01T25:00:00", "T", "2012123"),
        *("2011:366", "2011-01-01T24:00:01", "2011-01-01T00:00:00+15:00"),
    ],
)
def test_other_dates_are_refused(text):
    with pytest.raises(ValueError, match=re.compile(r"date|Month|time|no day|offset")):
        parse_utc(text)


@pytest.mark.parametrize(
    "text",
    [
        *("2016-12-31T23:59:60.25", "2016:366:23:59:60.25", "20161231T235960.25Z"),
        *("2017-01-01T01:59:60.25+02:00", "2016-12-31 18:59:60.25-05:00"),
    ],
)
def test_a_leap_second_is_not_the_second_after_it(text):
    expected = Time("2016-12-31T23:59:60.25", scale="utc").tt.to_value("datetime64")
    after = tt_from_utc(["2017-01-01T00:00:00.25"])[0]

    assert abs(tt_from_utc([text])[0] - expected) < MICROSECOND
    assert after - tt_from_utc([text])[0] == np.timedelta64(1, "s")


def test_all_archive_bursts_agree_with_the_catalogue(archive):
    """Differences over 1 ms are the catalogue's own choice of another trigger time."""
    with (archive / "expected" / "bat_lightcurves_expected.csv").open() as file:
        rows = list(csv.DictReader(file))
    met = np.array([float(row["catalog_met"]) for row in rows])
    utcf = np.array([float(row["utcfinit"]) for row in rows])

    error = to_tt("swift-met-utcf", met, utcf_s=utcf) - tt_from_utc(
        [row["catalog_utc"] for row in rows]
    )

    assert np.all(np.abs(error) < np.timedelta64(1, "ms")), dict(
        zip([row["grb"] for row in rows], error, strict=True)
    )
