"""Light curve and report of the burst that is selected in a monitor."""

import base64

import pytest
from bs4 import BeautifulSoup
from orbital_widgets import BurstMonitor

BURST = "GRB 120102S"


@pytest.fixture(scope="module")
def monitor(stocked):
    stocked.bursts.scan_store()
    shown = BurstMonitor(stocked, cause="burst", static=True).wait()
    yield shown
    shown.close()


def select(monitor, *, matched):
    """Select an excursion that coincides with the burst, or with none."""
    rows = monitor.bursts.to_dicts()
    row = next(r for r in rows if (BURST in r["matches"]) is matched)
    if not matched:
        row = next(r for r in rows if r["matches"] == "[]")
    monitor.select(row["burst_id"])
    return monitor.wait()


def test_the_light_curve_is_that_of_the_catalogued_burst(stocked, monitor):
    shown = BurstMonitor(stocked, cause="burst", static=False).wait()
    select(shown, matched=True)
    shown.light_curve()
    shown.wait()
    part = shown._curve

    assert BURST in part.text.value
    assert part.is_drawn
    shown.close()


def test_a_burst_without_a_position_says_why_it_has_no_curve(monitor):
    select(monitor, matched=False).light_curve()
    monitor.wait()

    assert "no catalogued burst or notice coincides" in monitor._curve.text.value
    assert not monitor._curve.is_drawn


def test_a_curve_is_forgotten_with_its_burst(monitor):
    select(monitor, matched=False).light_curve()
    monitor.wait()
    select(monitor, matched=True)

    assert "" == monitor._curve.text.value


def test_the_report_is_of_the_session_and_offered_as_a_file(
    stocked, tmp_path, monkeypatch
):
    monkeypatch.setenv("ORBITAL_DATABASE", "another")
    monkeypatch.setenv("ORBITAL_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    monitor = BurstMonitor(stocked, cause="burst", static=True).wait()
    monitor.report()
    monitor._report.wait(300)
    shown = BeautifulSoup(monitor._report.text.value, "html.parser")
    monitor.close()
    page = next((tmp_path / "reports").rglob("burst.html")).read_bytes()

    assert "burst.html, written in" in shown.text
    assert "burst.html" == shown.a["download"]
    assert page == base64.b64decode(shown.a["href"].partition(",")[2])
    assert not (tmp_path / "elsewhere").exists()
