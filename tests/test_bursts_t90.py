"""T90 against the BAT catalogue, in the half of the bursts that only reports."""

import numpy as np
import pytest
from burst_shapes import net_case
from click.testing import CliRunner

from orbital_kernel.__main__ import cli
from orbital_kernel.commands.bursts.agreement import of_files
from orbital_kernel.science.bursts import scan
from orbital_kernel.science.bursts.calibration.agreement import (
    CHOSEN,
    REPORTED,
    agreement,
    half_of,
)

CATALOGUE = "swift_bat/catalogs/bat_catalog_summary_general.txt"
CURVES = ("swift_bat/grb_lightcurves_1s", "swift_bat/grb_lightcurves_64ms")


def test_the_halves_are_the_parity_of_the_trigger_number():
    assert [CHOSEN, REPORTED] == [half_of(130088), half_of(114753)]


def test_t90_agrees_in_the_half_that_only_reports(archive):
    rows = of_files(archive / CATALOGUE, [archive / c for c in CURVES], lambda _: None)
    halves = {r["half"]: r for r in agreement(rows).to_dicts()}
    assert 16 == rows.height
    assert halves[REPORTED]["series"] >= 8
    assert halves[REPORTED]["near"] >= 0.8
    assert 0.7 <= halves[CHOSEN]["width"] <= 1.5
    assert 0.7 <= halves[REPORTED]["width"] <= 1.5
    assert (rows["residual_of_truth"].abs() < 3).all()


def test_the_error_of_t90_is_that_of_simulated_bursts():
    residuals = []
    for shape in ("fred", "pulses", "short", "plateau"):
        for seed in range(12):
            case = net_case(
                shape, seed, bin_s=0.064 if shape == "short" else 1.0, sigma=50.0
            )
            row = scan(case.series).sort("significance").row(-1, named=True)
            residuals.append((row["t90_s"] - case.t90_s) / row["t90_err_s"])
    off = np.abs(residuals - np.median(residuals))
    assert 0.5 < 1.4826 * np.median(off) < 1.5


@pytest.mark.parametrize("options", [["--t90", __file__], ["--nights", "1", "--keep"]])
def test_calibrations_that_exclude_each_other_are_refused(options):
    reply = CliRunner().invoke(cli, ["bursts", "calibrate", *options])
    assert 2 == reply.exit_code
