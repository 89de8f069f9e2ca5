import polars as pl
import pytest
from burst_series import net, raw

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts import Detector

SERIES = {
    "net": lambda: net((300.0, 10.0, 5.0), (700.0, 60.0, 3.0), missing=((500, 560),)),
    "raw": lambda: raw((500.0, 20.0, 800.0), (800.0, 1.0, 3000.0)),
    "raw, four channels": lambda: raw(
        (100.0, 3.0, 1500.0), bins=3000, bin_s=0.064, channels=4
    ),
}


@pytest.fixture(params=SERIES, ids=str)
def series(request):
    return SERIES[request.param]().sort("met_s", "channel")


def triggers_of(series):
    detector = Detector()
    return detector.feed(series) + detector.finish()


def test_batches_of_any_size_give_the_same_triggers(series):
    for size in (7, 100, 1001):
        detector, triggers = Detector(), []
        for batch in series.iter_slices(size):
            triggers += detector.feed(batch)
        assert triggers_of(series) == triggers + detector.finish()


def test_a_restart_at_any_place_gives_the_same_triggers_each_once(series):
    expected = triggers_of(series)
    for share in (0.05, 0.25, 0.42, 0.43, 0.5, 0.67, 0.71, 0.9):
        cut = int(share * series.height)
        before = Detector()
        triggers = before.feed(series[:cut])
        after = Detector.from_state(before.state())
        triggers += after.feed(series[cut:]) + after.finish()
        assert expected == triggers


def test_a_trigger_is_reported_before_the_burst_is_over():
    series = net((300.0, 60.0, 5.0))
    early = Detector().feed(series[:310])
    assert ["initial"] == [trigger.state for trigger in early]


def test_an_initial_trigger_and_its_end_have_one_key():
    triggers = triggers_of(net((300.0, 10.0, 5.0)))
    assert ["initial", "final"] == [trigger.state for trigger in triggers]
    assert 1 == len({trigger.key for trigger in triggers})


def test_late_rows_are_counted_and_excluded():
    series = net((300.0, 10.0, 5.0))
    detector = Detector()
    detector.feed(series[:400])
    detector.feed(series[100:200])
    assert 100 == detector.late


def test_rows_out_of_order_within_the_allowed_lateness_change_nothing():
    from orbital_kernel.science.bursts import Settings  # noqa: PLC0415

    series = net((300.0, 10.0, 5.0))
    swapped = [series[k ^ 3] for k in range(series.height - series.height % 4)]
    detector, triggers = Detector(Settings(lateness_s=5.0)), []
    for row in swapped:
        triggers += detector.feed(row)
    assert 0 == detector.late
    assert triggers_of(series) == triggers + detector.finish()


def test_another_kind_of_rows_is_refused():
    detector = Detector()
    detector.feed(net()[:10])
    with pytest.raises(QueryError, match="one detector a series"):
        detector.feed(raw()[:10])


def test_a_burst_astride_a_batch_of_one_channel_waits_for_the_others():
    parts = raw((100.0, 3.0, 1500.0), bins=3000, bin_s=0.064, channels=4)
    by_channel = parts.sort("met_s").partition_by("channel")
    detector, triggers = Detector(), detector_first(parts)
    assert triggers == triggers_of(parts)
    assert 4 == len(by_channel)
    assert [] == detector.finish()


def detector_first(parts):
    detector, triggers = Detector(), []
    triggers += detector.feed(parts.filter(pl.col("met_s") <= parts["met_s"].min()))
    remainder = parts.filter(pl.col("met_s") > parts["met_s"].min()).sort("met_s")
    for batch in remainder.iter_slices(333):
        triggers += detector.feed(batch)
    return triggers + detector.finish()


@pytest.mark.parametrize("batch", [5, 397, 1000])
def test_a_state_taken_in_the_middle_of_a_bin_loses_no_row(batch):
    series = raw((300, 20, 0.3), channels=4).sort("met_s", "channel")
    restarted, uninterrupted = Detector(), Detector()
    triggers, expected = [], []

    for start in range(0, min(len(series), 9 * batch), batch):
        part = series.slice(start, batch)
        triggers += restarted.feed(part)
        expected += uninterrupted.feed(part)
        restarted = Detector.from_state(restarted.state())
        assert _waiting(uninterrupted) == _waiting(restarted)

    assert expected + uninterrupted.finish() == triggers + restarted.finish()


def _waiting(detector):
    return 0 if detector._pending is None else len(detector._pending)
