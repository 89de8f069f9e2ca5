"""Control charts: steps and drifts are found and dated, and clean series rarely alarm."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError
from orbital_kernel.science.counting import poisson_interval
from orbital_kernel.science.quality import chart
from orbital_kernel.science.quality.chartlimits import limit

START = np.datetime64("2020-01-01", "ns")
DAY_NS = 86_400_000_000_000


def series(values):
    days = np.arange(len(values)) * np.timedelta64(DAY_NS, "ns")
    return pl.DataFrame({"time": START + days, "value": values})


def day(at):
    return START.astype(np.int64) + round(at * DAY_NS)


@pytest.mark.parametrize("samples", [24, 150])
def test_clean_series_alarm_at_the_stated_rate(samples):
    alarms = sum(
        chart(series(np.random.default_rng([k, samples]).normal(size=samples))).alarm
        for k in range(1000)
    )
    low, high = poisson_interval(alarms, 0.999)

    assert low <= 10 <= high


def test_steps_of_five_sigma_are_dated_within_one_sampling_interval():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        at = int(rng.integers(10, 70))
        values = rng.normal(size=80) - 5.0 * (np.arange(80) >= at)
        change = chart(series(values)).change

        assert "step" == change.kind
        assert DAY_NS >= abs(change.since - day(at))
        assert pytest.approx(-5.0, abs=1.5) == change.size


def test_the_onset_of_a_drift_is_in_its_interval_as_often_as_stated():
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        at = rng.uniform(20, 60)
        values = rng.normal(size=100) + 0.2 * np.maximum(np.arange(100) - at, 0)
        change = chart(series(values)).change
        assert "drift" == change.kind
        inside += change.low <= day(at) <= change.high

    assert 0.95 * 200 - 3 * np.sqrt(200 * 0.95 * 0.05) <= inside


def test_a_date_does_not_depend_on_unit_or_epoch():
    values = np.random.default_rng(3).normal(size=60) + 6 * (np.arange(60) >= 33)
    first = chart(series(values)).change
    second = chart(series(1e-12 * values + 5e-10)).change

    assert (first.kind, first.since, first.low) == (
        second.kind,
        second.since,
        second.low,
    )


def test_one_outlying_point_is_no_step():
    values = np.random.default_rng(4).normal(size=60)
    values[20] = 30.0
    drawn = chart(series(values))

    assert drawn.change is None
    assert [20] == drawn.frame["outside"].arg_true().to_list()


def test_values_that_differ_by_rounding_only_do_not_alarm():
    values = np.full(40, 1.0)
    values[20:] += 2e-16

    assert not chart(series(values)).alarm


def test_too_few_samples_are_refused_with_their_number():
    with pytest.raises(QueryError, match="needs 8 samples, there are 5"):
        chart(series(np.zeros(5)))


def test_limits_rise_with_length_and_rarity():
    assert limit("change", 40, 0.01) < limit("change", 400, 0.01)
    assert limit("change", 40, 0.01) < limit("change", 40, 0.001)
    assert limit("change", 1280, 0.01) < limit("change", 100_000, 0.01)
