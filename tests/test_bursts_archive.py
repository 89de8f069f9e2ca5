"""The detector on the real files: catalogued bursts found, excursions told apart."""

import csv

import pytest
from burst_series import real

from orbital_kernel.science.bursts import scan

NOT_OVER = {"130427A", "130925A"}
"""Their emission goes on to the end of the files."""


@pytest.fixture(scope="module")
def expected(archive):
    with (archive / "expected/bat_lightcurves_expected.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def scans(archive, expected):
    return [(row, scan(real(archive / row["file"]))) for row in expected]


def test_every_catalogued_burst_is_found_and_nothing_else(scans):
    assert 16 == len(scans)
    for row, bursts in scans:
        assert ["burst"] == bursts["cause"].to_list(), row["grb"]
        t90 = float(row["t90"])
        around = max(5.0, 0.1 * t90)
        start = bursts["met_s"][0] - float(row["catalog_met"])
        assert start <= float(row["t90_stop"]) + around, row["grb"]
        stop = start + bursts["timescale_s"][0]
        assert stop >= float(row["t90_start"]) - around, row["grb"]


def test_t90_agrees_with_the_catalogue_for_bright_bursts(scans):
    off = {
        row["grb"]
        for row, bursts in scans
        if float(row["peak_bin_sn"]) > 15
        and abs(bursts["t90_s"][0] - float(row["t90"]))
        > max(0.25 * float(row["t90"]), 2 * float(row["bin_s"]))
    }
    assert off == set()


def test_emission_until_the_end_of_a_file_is_reported(scans):
    limits = {
        row["grb"]
        for row, bursts in scans
        if "T90 is a lower limit" in bursts["evidence"][0]
    }
    assert limits == NOT_OVER


@pytest.fixture(scope="module")
def excursions(archive):
    """Return (kind listed, causes reported over it) of each listed excursion."""
    with (archive / "expected/bat_rate_1s_excursions.csv").open() as file:
        listed = list(csv.DictReader(file))
    files = {row["file"] for row in listed}
    scans = {f: scan(real(archive / "swift_bat/rates_1s" / f)) for f in files}
    return [(row, _over(row, scans[row["file"]])) for row in listed]


def _over(row, scanned):
    start = float(row["met_start"])
    stop = start + float(row["duration_s"])
    return {
        excursion["cause"]
        for excursion in scanned.iter_rows(named=True)
        if excursion["met_s"] < stop
        and excursion["met_s"] + excursion["timescale_s"] > start
    }


def test_turn_ons_and_saa_ramps_of_raw_rates_are_recognised(excursions):
    for row, causes in excursions:
        if row["kind"] == "SAA":
            assert "saa" in causes
        if row["kind"].startswith("turn-on") and "GRB241030a" not in row["object"]:
            assert "turn-on" in causes


def test_high_glitches_of_raw_rates_are_recognised(excursions):
    for row, causes in excursions:
        alone = row["kind"] == "single bin" and float(row["z_max"]) > 10
        if alone and row["object"] != "GRB241030a":
            assert "glitch" in causes, row


def test_nearly_all_listed_excursions_are_reported(excursions):
    missed = [row["met_start"] for row, causes in excursions if not causes]
    assert len(missed) <= 4


def test_no_raw_rate_file_of_64_ms_holds_a_burst(archive):
    for path in sorted((archive / "swift_bat/rates_64ms").iterdir()):
        assert "burst" not in scan(real(path))["cause"].to_list(), path.name
