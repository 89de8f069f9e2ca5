"""Steps, sources that rise and set, and SAA: never a burst."""

import json
from pathlib import Path

import numpy as np
import pytest
from burst_series import MET, frame, raw

from orbital_kernel.science.bursts import calibration, scan
from orbital_kernel.science.bursts.calibration.nights import night_causes

ROOT = Path(calibration.__file__).parent
GUIDE = ROOT.parents[3] / "docs/guide/bursts.md"
REAL = "burst of 15 to 60 sigma"


def ramp(t, at, lasts):
    return np.clip((t - at) / lasts, 0.0, 1.0)


def causes(series):
    return scan(series)["cause"].to_list()


@pytest.mark.parametrize("lasts", [0.01, 3.0, 10.0, 15.0])
@pytest.mark.parametrize("rate", [-900, -200, 200, 500, 1200])
@pytest.mark.parametrize("seed", [3, 11])
def test_a_step_of_the_level_is_never_a_burst(seed, rate, lasts):
    series = raw(seed=seed, shape=lambda t: 6500 + rate * ramp(t, 500, lasts))
    assert "burst" not in causes(series)


def test_a_step_in_one_band_is_compared_in_that_band():
    series = raw(
        bins=1500,
        seed=11,
        channels=4,
        shape=lambda t: 6500 + 200 * np.sin(t / 600 + 11) + 345 * ramp(t, 415, 10),
    )
    assert "burst" not in causes(series)


@pytest.mark.parametrize("lasts", [100, 160, 220])
@pytest.mark.parametrize("rate", [150, 600])
def test_a_source_that_rises_and_sets_is_unknown_with_its_reason(rate, lasts):
    series = raw(
        shape=lambda t: 6500 + rate * (ramp(t, 400, 10) - ramp(t, 400 + lasts, 10))
    )
    rows = scan(series)
    assert "burst" not in rows["cause"].to_list()
    for evidence in rows["evidence"]:
        assert "rises" in evidence or "step" in evidence or "one side" in evidence


@pytest.mark.parametrize("sets", [True, False])
def test_a_net_source_that_rises_or_sets_is_not_a_burst(sets):
    t = np.arange(1200.0)
    seen = 1 - ramp(t, 600, 10) if sets else ramp(t, 600, 10)
    rate = np.random.default_rng(2).normal(0.0, 0.01, 1200) + 0.03 * seen
    series = frame(MET + t, 1.0, rate, kind="net", errors=np.full(1200, 0.01))
    rows = scan(series)
    assert ["unknown"] == rows["cause"].to_list()
    assert "Earth's limb" in rows["evidence"][0]


def test_nights_hold_no_false_burst_and_most_true_ones():
    rows = {r["event"]: r for r in night_causes(4, seed=5).to_dicts()}
    assert rows.pop(REAL)["burst"] >= 0.7
    rows.pop("burst of 10 to 15 sigma")
    assert {0.0} == {r["burst"] for r in rows.values()}
    assert 1.0 == rows["SAA entry"]["other"]


def test_the_guide_quotes_the_stored_table_of_nights():
    stored = json.loads((ROOT / "nights.json").read_text())
    guide = GUIDE.read_text()
    assert stored["provenance"]["command"] in guide
    for r in stored["nights"]:
        shares = " | ".join(f"{r[k]:.2f}" for k in ("burst", "other", "silent"))
        assert f"| {r['event']} | {r['stretches']} | {shares} |" in guide
