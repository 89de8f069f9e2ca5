"""Real catalogues: Chandra's and Swift-XRT's sources, beside shifted skies."""

import pytest

from orbital_kernel import connect
from orbital_kernel.questions.matching import match

FOLDERS = ("chandra/catalogs", "swift_xrt/catalogs")


@pytest.fixture(scope="module")
def matching(home, archive):
    """Return the match of the real catalogues of both observatories."""
    session = connect(home, database="realmatch")
    session.storage.apply()
    for folder in FOLDERS:
        session.ingest(archive / folder)
    return match(session, ("swift", "chandra"))


def test_there_are_more_matches_than_on_shifted_skies(matching):
    (pairing,) = matching.plan.pairings
    chance = pairing.chance

    assert chance.matches == matching.to_json()["accepted"]
    assert chance.excess > 2.9 * chance.excess_error
    assert chance.shifted + 3 * chance.shifted_error < chance.matches / 4


def test_every_real_row_takes_part_or_is_counted_with_its_reason(matching):
    stored = {n: matching.store.rows(f"{n}.sources") for n in ("swift", "chandra")}

    assert stored == matching.rows
    assert sum(stored.values()) == sum(matching.errors.values()) + sum(
        matching.excluded.values()
    )
    assert matching.errors[next(e for e in matching.errors if "XRT" in e)] == 3662
    assert matching.sources["chandra"] < matching.rows["chandra"]


def test_the_nucleus_of_ngc_1068_is_a_blend_and_not_lost(matching):
    """Swift-XRT sees as one source what Chandra resolves, at 02:42:40.7 -00:00:47."""
    region = matching.pairs.filter(
        matching.pairs["left_id"].str.starts_with("SDS82 02:42:40.740")
    )

    assert region["p_any"].min() > 0.99
    assert region["p_i"].max() < 0.6
    assert matching.blends > 0
