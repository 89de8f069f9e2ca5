"""A burst that the watcher finds starts its own report; other alerts start none."""

from threading import Event

import pytest

from orbital_kernel.commands.bursts import reporting
from orbital_kernel.commands.bursts.reporting import BurstReports
from orbital_kernel.monitor.alerts import alert, burst_id_of
from orbital_kernel.monitor.checkpoint import Checkpoints
from orbital_kernel.monitor.deliver import Delivery

ROW = {
    **dict.fromkeys(("significance", "timescale_s", "t90_s", "t90_err_s", "t50_s")),
    "observatory": "swift",
    "series": "night",
    "time_utc": "2020-01-01T00:00:00",
    "cause": "burst",
    "evidence": "it is",
    "simulated": True,
    "matches": None,
    "band": None,
    "band_low_kev": None,
    "band_high_kev": None,
    "channels": None,
}


def about(burst_id, *, cause="burst", kind="initial"):
    row = {**ROW, "burst_id": burst_id, "cause": cause}
    return alert(kind, key="7", record=1, row=row, instrument=None)


@pytest.mark.parametrize("burst_id", ["night 1.0", 'it\'s "7"', "a: 'b' c"])
def test_an_alert_names_the_row_that_it_is_about(burst_id):
    assert burst_id == burst_id_of(about(burst_id))


@pytest.mark.parametrize(
    "sent",
    [about("night 1", cause="glitch"), about("night 1", kind="retraction")],
)
def test_alerts_that_are_not_of_a_burst_need_no_page(tmp_path, sent):
    assert not BurstReports(tmp_path, "night 1".__eq__, print).takes(sent)
    assert BurstReports(tmp_path, "night 1".__eq__, print).takes(about("night 1"))


def test_a_burst_that_an_update_has_replaced_gets_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(reporting, "SETTLE_S", 0.0)
    notes = []
    BurstReports(tmp_path / "out", "night 1".__eq__, notes.append).send(
        about("replaced")
    )

    assert ([], []) == (notes, list(tmp_path.iterdir()))


class Pages:
    """A slow sink: it sends when it may, and keeps the order of what it sent."""

    name, waits, newest_first = "pages", True, True

    def __init__(self, folder):
        self.takes = BurstReports(folder, bool, print).takes
        self.may, self.began, self.sent = Event(), Event(), []

    def send(self, alert):
        self.began.set()
        assert self.may.wait(30)
        self.sent.append(burst_id_of(alert))


def test_the_newest_burst_comes_before_those_that_wait_also_after_a_restart(tmp_path):
    notes, first, second = [], Pages(tmp_path), Pages(tmp_path)
    store = Checkpoints(tmp_path / "watch")
    old = [about("old 1"), about("glitch", cause="glitch"), about("old 2")]
    killed = Delivery([first], notes.append)
    killed.offer(store.save([], old, ["pages"]))
    assert first.began.wait(30)
    store.settle(killed.settled())
    store.save([], [about("live")], ["pages"])

    again = Delivery([second], notes.append)
    again.offer(Checkpoints(tmp_path / "watch").outbox())
    waiting = again.waiting
    second.may.set()
    again.flush(30)
    again.stop()
    killed.stop()
    first.may.set()

    assert 3 == waiting
    assert ["live", "old 2", "old 1"] == second.sent
    assert ["pages: 2 more wait, the newest is next"] == notes[:1]
