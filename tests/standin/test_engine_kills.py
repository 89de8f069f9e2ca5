"""A short run of the kill campaign: `make kills-standin` runs the long one."""

from kills import campaign


def test_killed_at_random_moments_nothing_confirmed_is_lost(fresh_standin):
    books = campaign(fresh_standin(), kills=4, seed=5, longest=0.8)

    assert [] == books.faults
    assert books.commits > 10
    assert any(kind.done for kind in books.kinds)
