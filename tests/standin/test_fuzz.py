"""A short fuzz campaign; a long one is `make fuzz-standin SEED=… SIZE=…`."""

from fuzz import Target, campaign

SEED, SIZE = 20260101, 60


def test_broken_requests_are_answered_properly_and_change_nothing(fresh_standin):
    statuses = campaign(Target(fresh_standin()), seed_=SEED, size=SIZE)

    assert {200, 400} <= set(statuses)
    assert sum(statuses.values()) >= SIZE
