"""Times of FITS tables: TIMEZERO, TIMEUNIT, TIMEREF and UTCF across a leap second."""

import numpy as np
import pytest
from archive_files import (
    CHANDRA,
    SWIFT,
    bat_lightcurve,
    bat_rates,
    rows_of,
    table,
    write,
)
from astropy.io import fits

from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.times import place_of, swift_elapsed, to_tt, to_utc_iso

MET = 388741449.0
SHIFT = 1000.0
MICROSECOND = np.timedelta64(1000, "ns")
XRT = SWIFT | {"INSTRUME": "XRT"}


def columns(header, unit, scale, *more, names=("TIME",)):
    zero = header.get("TIMEZERO", 0.0) * scale
    times = (MET - zero + np.arange(3.0)) / scale
    return [
        *(
            fits.Column(n, "D", unit, array=times + k / scale)
            for k, n in enumerate(names)
        ),
        *(fits.Column(n, "D", array=np.ones(3)) for n in more),
    ]


def gti(header, unit, scale):
    return table(
        "GTI", columns(header, unit, scale, names=("START", "STOP")), keywords=header
    )


def swift_events(path, header, unit, scale):
    data = columns(header, unit, scale, "X", "Y")
    return write(
        path, table("EVENTS", data, keywords=XRT | header), gti(header, unit, scale)
    )


def swift_rates(path, header, unit, scale):
    data = columns(header, unit, scale, "RATE", "ERROR")
    more = SWIFT | {"HDUCLAS2": "NET", "TIMEDEL": 1.0 / scale, "TIMEPIXR": 0.0} | header
    return write(path, table("RATE", data, keywords=more), gti(header, unit, scale))


def swift_xrt_raw(path, header, unit, scale):
    data = columns(header, unit, scale, "RATE")
    data.append(fits.Column("XRTMODE", "J", array=np.full(3, 7)))
    return write(path, table("RATE", data, keywords=XRT | header))


def chandra_events(path, header, unit, scale):
    data = columns(header, unit, scale, "x", "y", names=("time",))
    return write(
        path, table("EVENTS", data, keywords=CHANDRA | header), gti(header, unit, scale)
    )


def chandra_curve(path, header, unit, scale):
    data = columns(header, unit, scale, "COUNT_RATE", "COUNT_RATE_ERR")
    more = CHANDRA | {"TIMEDEL": 1.0 / scale, "TIMEPIXR": 0.5} | header
    return write(
        path, table("LIGHTCURVE", data, keywords=more), gti(header, unit, scale)
    )


WRITERS = [swift_events, swift_rates, swift_xrt_raw, chandra_events, chandra_curve]
KEYS = ("met_s", "met_start_s")


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("header", "unit", "scale"),
    [
        ({"TIMEZERO": SHIFT}, "s", 1.0),
        ({"TIMEUNIT": "d"}, "d", 86400.0),
        ({"TIMEUNIT": "d"}, None, 86400.0),
        ({"TIMEUNIT": "d", "TIMEZERO": 0.5}, "d", 86400.0),
    ],
)
def test_every_reader_obeys_timezero_and_timeunit(
    tmp_path, writer, header, unit, scale
):
    plain, _ = rows_of(writer(tmp_path / "plain.fits", {"TIMEZERO": 0.0}, "s", 1.0))
    tables, _ = rows_of(writer(tmp_path / "other.fits", header, unit, scale))

    assert set(tables) == set(plain)
    for name, rows in tables.items():
        (met,) = [key for key in KEYS if key in rows.column_names]
        assert rows[met].to_numpy() == pytest.approx(MET + np.arange(3), abs=1e-6)
        for column in {"time", "time_stop"} & set(rows.column_names):
            away = rows[column].to_numpy() - plain[name][column].to_numpy()
            assert np.all(np.abs(away) < MICROSECOND), (name, column)
        if "bin_s" in rows.column_names:
            assert rows["bin_s"].to_numpy() == pytest.approx(np.ones(3))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_unit_that_is_no_time_is_refused(tmp_path, writer):
    path = writer(tmp_path / "a.fits", {"TIMEUNIT": "parsec"}, None, 1.0)

    with pytest.raises(ArchiveError, match="TIMEUNIT is 'parsec'"):
        rows_of(path)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("header", "place"),
    [
        ({}, "spacecraft"),
        ({"TIMEREF": "LOCAL"}, "spacecraft"),
        ({"TIMEREF": "SOLARSYSTEM", "TIMESYS": "TDB"}, "barycentre"),
        ({"TIMEREF": "SOLARSYSTEM"}, "barycentre"),
        ({"TIMESYS": "TDB"}, "barycentre"),
        ({"TIMEREF": "GEOCENTRIC"}, "geocentre"),
        ({"TREFPOS": "BARYCENTER", "TIMESYS": "TDB"}, "barycentre"),
    ],
)
def test_times_of_another_place_than_the_spacecraft_are_marked(
    tmp_path, writer, header, place
):
    tables, _ = rows_of(writer(tmp_path / "a.fits", header, "s", 1.0))

    for name, rows in tables.items():
        assert {place_of(rule) for rule in rows["time_rule"].to_pylist()} == {place}, (
            name
        )


def test_the_account_says_where_times_are_of(tmp_path):
    path = swift_events(tmp_path / "a.fits", {"TIMEREF": "GEOCENTRIC"}, "s", 1.0)

    assert "times are of arrival at the geocentre" in rows_of(path)[1].understood


@pytest.mark.parametrize("writer", [bat_lightcurve, bat_rates])
def test_swift_seconds_elapse_across_a_leap_second(tmp_path, writer):
    start, utcf = 504921600.0, -16.5
    bins = np.ones(4) if writer is bat_lightcurve else np.arange(1, 5, dtype="i4")
    arguments = (bins, np.ones(4)) if writer is bat_lightcurve else (bins,)
    path = writer(tmp_path / "a.lc", *arguments, TSTART=start, UTCFINIT=utcf)
    with fits.open(path, mode="update") as hdus:
        hdus["RATE"].data["TIME"] = start + np.array([0.0, 10.0, 20.0, 30.0])
        hdus["RATE"].add_checksum()

    rates = rows_of(path)[0]["rates"]
    time = rates["time"].to_numpy()

    assert np.diff(time).tolist() == [10_000_000_000] * 3
    assert to_utc_iso(time)[-1] == "2017-01-01T00:00:12.500"
    assert rates["utcf_s"].to_pylist() == [-16.5, -16.5, -17.5, -17.5]


def test_the_corrections_of_elapsed_seconds_give_the_same_instants():
    met = 504921600.0 + np.array([-1e6, 0.0, 10.0, 25.0, 1e6, np.nan])
    tt, utcf = swift_elapsed(met, utcf_s=-16.5, at_met_s=504921600.0)

    assert np.array_equal(tt, to_tt("swift-met-utcf", met, utcf_s=utcf), equal_nan=True)
    assert np.isnat(tt).tolist() == [False] * 5 + [True]
