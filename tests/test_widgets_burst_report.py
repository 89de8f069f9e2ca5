"""Light curve and report of the burst that is selected in a monitor."""

import base64

import pytest
from bs4 import BeautifulSoup
from orbital_widgets import BurstMonitor, BurstReport

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


def test_the_light_curve_is_that_of_the_catalogued_burst(monitor, stocked):
    part = BurstReport(select(monitor, matched=True), static=False)
    part.light_curve()
    part.wait()

    assert BURST in part._curve_html.value
    assert 1 == len(part._slot.children)
    part.close()


def test_a_burst_without_a_position_says_why_it_has_no_curve(monitor):
    part = BurstReport(select(monitor, matched=False), static=True)
    part.light_curve()
    part.wait()

    assert "no catalogued burst or notice coincides" in part._curve_html.value
    part.close()


def test_the_report_is_written_and_offered_as_a_file(monitor, tmp_path):
    part = BurstReport(select(monitor, matched=True), folder=tmp_path, static=True)
    part.write()
    part.wait()
    link = BeautifulSoup(part._report_html.value, "html.parser").a

    assert "burst.html" == link["download"]
    page = (tmp_path / "burst.html").read_bytes()
    assert base64.b64decode(link["href"].partition(",")[2]) == page
    part.close()


def test_the_button_of_the_monitor_asks_the_database_of_its_session(
    stocked, tmp_path, monkeypatch
):
    monkeypatch.setenv("ORBITAL_DATABASE", "another")
    monkeypatch.setenv("ORBITAL_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    monitor = BurstMonitor(stocked, cause="burst", static=True).wait()
    monitor.report()
    monitor._report.wait(300)
    shown = monitor._report.text.value
    monitor.close()

    assert "burst.html, written in" in shown
    assert not (tmp_path / "elsewhere").exists()
