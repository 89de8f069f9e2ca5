"""A short run of the kill campaign: `make kills-standin` runs the long one."""

import pytest
from kill_kinds import CopiesForBackup
from kills import campaign

KILLS = 4


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # sockets
def test_killed_at_random_moments_nothing_confirmed_is_lost(fresh_standin):
    books = campaign(fresh_standin(), kills=KILLS, seed=5, longest=0.3, always=True)

    assert [] == books.faults
    assert books.commits >= KILLS
    assert [] == [kind for kind in books.kinds if kind.done < KILLS]
    (copies,) = (kind for kind in books.kinds if isinstance(kind, CopiesForBackup))
    assert copies.opened == 1
