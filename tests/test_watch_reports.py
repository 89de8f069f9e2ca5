"""A burst that the watcher finds starts its own report; other alerts start none."""

import pytest

from orbital_kernel.commands.bursts import reporting
from orbital_kernel.commands.bursts.reporting import BurstReports
from orbital_kernel.monitor.alerts import alert, burst_id_of

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
    [
        about("night 1", cause="glitch"),
        about("night 1", kind="retraction"),
        about("replaced"),
    ],
)
def test_alerts_that_are_not_of_a_stored_burst_write_no_page(
    tmp_path, monkeypatch, sent
):
    monkeypatch.setattr(reporting, "SETTLE_S", 0.0)
    notes = []
    BurstReports(tmp_path / "out", "night 1".__eq__, notes.append).send(sent)

    assert ([], []) == (notes, list(tmp_path.iterdir()))
