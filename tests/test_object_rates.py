"""Rates that a monitor's own name of a burst marks as of that burst."""

from datetime import datetime

import pytest

from orbital_kernel.questions.object_rates import monitor_names


@pytest.mark.parametrize(
    ("time", "name"),
    [
        (datetime(2008, 9, 16, 0, 13, 50), "GRB080916009"),  # noqa: DTZ001 - TT
        (datetime(2013, 4, 27, 7, 49, 4), "GRB130427324"),  # noqa: DTZ001 - TT
    ],
)
def test_a_burst_is_found_under_the_monitors_name_of_its_minute(time, name):
    names = monitor_names(time)

    assert name in names
    assert all(other[:9] == name[:9] for other in names)
    assert max(int(n[9:]) for n in names) - min(int(n[9:]) for n in names) <= 3


def test_an_object_without_a_trigger_has_no_such_name():
    assert () == monitor_names(None)
