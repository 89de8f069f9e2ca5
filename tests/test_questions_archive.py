"""Real logs and bursts through the store give what all pairs compared one by one give.

The brute force reads the files with the csv module and compares every row of one with
every row of the other by the haversine formula.
"""

import csv
import math
import re

import numpy as np
import pytest
from astropy.time import Time

from orbital_kernel import connect, embedded

CHANMASTER = "chandra/obs_logs/chanmaster_2011-08.tsv"
SWIFTMASTR = "swift_xrt/obs_logs/swiftmastr_stripe82.csv"
GRB_TABLE = "swift_bat/catalogs/swift_grb_table_to_230911C.tsv"
EVER_DAYS = 20_000.0


@pytest.fixture(scope="module")
def logs(archive, tmp_path_factory):
    """Return a session of its own that holds the two logs and the burst table."""
    home = tmp_path_factory.mktemp("logs")
    session = connect(home)
    session.storage.apply()
    report = session.ingest(*(archive / name for name in FILES))
    assert () == report.in_state("refused")
    yield session
    embedded.stop(home)


FILES = (CHANMASTER, SWIFTMASTR, GRB_TABLE)


def read(path, delimiter, *, encoding="utf-8"):
    text = path.read_bytes().decode(encoding, errors="replace")
    return list(
        csv.DictReader(
            text.splitlines(),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE,
        )
    )


def degrees(text, *, hours):
    """Return degrees of '17:48:45.40' or '226.796', NaN of anything else."""
    parts = re.fullmatch(
        r"([+-]?)(\d+)[: ](\d+)[: ](\d+(?:\.\d*)?)", (text or "").strip()
    )
    if parts is None:
        number = re.fullmatch(r"[+-]?\d+(\.\d*)?", (text or "").strip())
        return float(number[0]) if number else math.nan
    sign, degrees, minutes, seconds = parts.groups()
    value = int(degrees) + int(minutes) / 60 + float(seconds) / 3600
    return (-value if sign == "-" else value) * (15 if hours else 1)


def days_tt(stamps):
    return Time(stamps, format="isot", scale="utc").tt.mjd


def stamp(text, order):
    """Return an ISO time of '5/9/2011 13:33:10' or '20/11/2004'; order says which."""
    date, _, clock = text.strip().partition(" ")
    numbers = dict(zip(order, map(int, date.split("/")), strict=True))
    hour, minute, second = (
        (*map(int, clock.split(":")), 0, 0, 0)[:3] if clock else (0, 0, 0)
    )
    return (
        f"{numbers['y']:04d}-{numbers['m']:02d}-{numbers['d']:02d}"
        f"T{hour:02d}:{minute:02d}:{second:02d}"
    )


@pytest.fixture(scope="module")
def chandra(archive):
    rows = {}
    for row in read(archive / CHANMASTER, "\t"):
        place = degrees(row["ra"], hours=True), degrees(row["dec"], hours=False)
        exposed = float(row["exposure"].strip() or 1) > 0
        if exposed and row["time"].strip() and not any(map(math.isnan, place)):
            rows[row["obsid"].strip()] = (*place, stamp(row["time"], "mdy"))
    return placed(rows)


@pytest.fixture(scope="module")
def swift(archive):
    rows = {
        row["OBSID"].strip().zfill(11): (
            float(row["RA"]),
            float(row["DEC"]),
            stamp(row["START_TIME"], "dmy"),
        )
        for row in read(archive / SWIFTMASTR, ",")
        if row["RA"].strip()
        and row["START_TIME"].strip()
        and float(row["XRT_EXPOSURE"] or 1) > 0
        and not row["NAME"].upper().startswith("SAA-COLD")
    }
    return placed(rows)


@pytest.fixture(scope="module")
def bursts(archive):
    """Return bursts with time and place: UVOT's, else XRT's, else BAT's."""
    rows = {}
    for n, row in enumerate(read(archive / GRB_TABLE, "\t", encoding="latin-1")):
        name = re.fullmatch(
            r"(?:GRB ?)?((\d\d)(\d\d)(\d\d)[A-Z]?.*)", row["GRB"].strip()
        )
        clock = re.fullmatch(
            r"(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)", (row["Time [UT]"] or "").strip()
        )
        if not name or not clock:
            continue
        for instrument in ("UVOT", "XRT", "BAT"):
            ra = degrees(row[f"{instrument} RA (J2000)"], hours=True)
            dec = degrees(row[f"{instrument} Dec (J2000)"], hours=False)
            if not (math.isnan(ra) or math.isnan(dec)):
                _, year, month, day = name.groups()
                time = (
                    f"20{year}-{month}-{day}T{int(clock[1]):02d}:{clock[2]}:{clock[3]}"
                )
                rows[f"GRB {name[1]}", n] = (ra, dec, time)
                break
    return placed(rows)


def placed(rows):
    names = list(rows)
    ra, dec, stamps = zip(*rows.values(), strict=True)
    return names, np.array(ra), np.array(dec), days_tt(list(stamps))


def haversine(ra1, dec1, ra2, dec2):
    a1, d1, a2, d2 = map(np.radians, (ra1[:, None], dec1[:, None], ra2, dec2))
    half = np.sin((d2 - d1) / 2) ** 2
    half = half + np.cos(d1) * np.cos(d2) * np.sin((a2 - a1) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def test_pointings_of_both_within_12_arcmin_are_those_of_all_pairs(
    logs, chandra, swift
):
    apart = haversine(swift[1], swift[2], chandra[1], chandra[2])
    expected = {(swift[0][i], chandra[0][j]) for i, j in np.argwhere(apart <= 0.2)}

    pairs = logs.objects_observed_by(
        "swift", "chandra", within_arcmin=12, within_days=EVER_DAYS
    )

    assert len(expected) > 100
    assert expected == set(pairs.select("obs_id_a", "obs_id_b").rows())
    assert len(expected) == len(pairs)
    worst = pairs.row(int(pairs["separation_arcmin"].arg_max()), named=True)
    i, j = swift[0].index(worst["obs_id_a"]), chandra[0].index(worst["obs_id_b"])
    assert pytest.approx(60 * apart[i, j]) == worst["separation_arcmin"]


def test_pairs_within_30_days_are_those_of_all_pairs_too(logs, chandra, swift):
    apart = haversine(swift[1], swift[2], chandra[1], chandra[2])
    lag = chandra[3] - swift[3][:, None]
    expected = np.argwhere((apart <= 0.2) & (np.abs(lag) <= 30))

    pairs = logs.objects_observed_by(
        "swift", "chandra", within_arcmin=12, within_days=30
    )

    assert {(swift[0][i], chandra[0][j]) for i, j in expected} == set(
        pairs.select("obs_id_a", "obs_id_b").rows()
    )


def test_chandra_follow_ups_of_swift_bursts_are_those_of_all_pairs(
    logs, chandra, bursts
):
    apart = haversine(bursts[1], bursts[2], chandra[1], chandra[2])
    lag = chandra[3] - bursts[3][:, None]
    near = np.argwhere((apart <= 5 / 60) & (lag >= 0) & (lag <= 400))
    expected = sorted((bursts[0][i][0], chandra[0][j]) for i, j in near)

    pairs = logs.follow_ups(
        catalog="swift-grb-table", by="chandra", within_arcmin=5, within_days=400
    )

    assert len(expected) > 50
    assert expected == sorted(pairs.select("name", "obs_id").rows())
    first = pairs.row(0, named=True)
    i = next(n for n, (name, _) in enumerate(bursts[0]) if name == first["name"])
    j = chandra[0].index(first["obs_id"])
    assert pytest.approx(lag[i, j], abs=1e-6) == first["dt_days"]
