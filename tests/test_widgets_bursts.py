"""The burst monitor without a browser: list, rates, acknowledgements, follow-up, replay."""

import polars as pl
import pytest
from orbital_widgets import BurstMonitor
from orbital_widgets.acknowledgements import acknowledged
from orbital_widgets.burst_look import look
from orbital_widgets.burst_replay import BurstReplay

from orbital_kernel.model.predicate import Clause, Equal


@pytest.fixture
def monitor(stocked):
    shown = BurstMonitor(stocked, every_s=600).wait()
    yield shown
    shown.close()


@pytest.fixture
def forgotten(stocked):
    """Take what a test acknowledged out of the store."""
    yield
    with stocked.store.transaction() as tx:
        tx.delete("ops.actions", [Clause("action", (Equal("acknowledged"),))])


def test_excursions_are_listed_newest_first_with_cause_and_coincidences(
    monitor, stocked
):
    stored = stocked.bursts.stored()

    assert stored["time"].sort(descending=True).to_list() == (
        monitor.bursts["time"].to_list()
    )
    for cause in stored["cause"].unique():
        assert f">{cause}</td>" in monitor._list.value


def test_only_one_series_around_the_window_is_read(stocked):
    stored = stocked.bursts.stored().filter(cause="burst")
    answer = look(stocked, newest=50, selected=stored["burst_id"][0])

    assert [stored["series"][0]] == answer.rates["series"].unique().to_list()
    assert 0 < len(answer.rates) < len(stocked.series(stored["series"][0]))
    start = answer.selected["time"]
    assert answer.rates["time"].min() < start < answer.rates["time"].max()


def test_a_selected_excursion_is_drawn_with_its_window(monitor):
    first = monitor.bursts["burst_id"][-1]
    monitor._menu.value = first
    monitor.wait()

    assert first == monitor.look.selected["burst_id"]
    assert first == monitor._drawn[0]
    assert first in monitor._drawn[1]


def test_an_acknowledgement_survives_with_who_and_when(monitor, stocked, forgotten):
    burst_id = monitor.look.selected["burst_id"]
    monitor._by.value = "Ada <b>"
    monitor._ack.click()
    monitor.wait()
    later = BurstMonitor(stocked, every_s=600, static=True).wait()
    later.close()

    assert "Ada <b>" == acknowledged(stocked, [burst_id])[burst_id]["actor"]
    assert monitor._ack.disabled
    assert later._ack.disabled
    assert "Ada &lt;b&gt;, 20" in later._static_html()


def test_without_a_name_nothing_is_acknowledged(monitor, stocked):
    monitor._by.value = " "
    monitor._ack.click()
    monitor.wait()

    assert {} == acknowledged(stocked, monitor.bursts["burst_id"].to_list())
    assert "field By" in monitor._state.value


def test_a_follow_up_lists_who_can_observe_or_says_why_not(stocked):
    stored = stocked.bursts.stored().filter(pl.col("matches") != "[]")
    monitor = BurstMonitor(stocked, every_s=600, selected=stored["burst_id"][0]).wait()
    monitor.follow_up()
    monitor.wait()
    placed = monitor._follow_up._html.value
    glitch = monitor.bursts.filter(cause="glitch")["burst_id"][0]
    monitor.select(glitch)
    monitor.wait()
    monitor.follow_up()
    monitor.wait()
    monitor.close()

    assert "Follow-up of RA" in placed
    assert "<td" in placed
    assert "has no position" in monitor._follow_up._html.value


def test_a_replay_shows_bins_and_windows_as_they_came(monitor):
    monitor.play()
    monitor.wait()
    replay = monitor.replay
    few = len(replay.source.data["x"])
    replay.advance(0.5 * (replay.stop_ms - replay.start_ms) / 1000)
    half = len(replay.source.data["x"])
    replay.advance(1e6)

    assert 0 < few < half < len(replay.source.data["x"])
    assert replay.done
    assert all(window.visible for window in replay.windows)


def test_no_window_is_shown_before_it_has_ended(stocked):
    burst = stocked.bursts.stored().filter(cause="burst")[:1]
    replay = BurstReplay(stocked.series(burst["series"][0]), burst)
    window = replay.windows[0]
    replay.advance((window.right - replay.start_ms) / 1000 - 0.5)
    assert not window.visible
    replay.advance(1.0)

    assert window.visible


def test_a_cause_that_nothing_has_is_said(monitor):
    monitor._causes.value = "known-source"
    monitor.wait()

    assert "No excursion of cause" in monitor._state.value
    assert monitor._ack.disabled


def test_in_a_report_it_is_html_without_a_kernel(stocked):
    monitor = BurstMonitor(stocked, every_s=600, static=True)
    page = monitor._repr_mimebundle_()["text/html"]
    monitor.close()

    assert "<iframe" in page
    assert "coincides with" in page
